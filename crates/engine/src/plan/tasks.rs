//! The graph of tasks that people see: what is done, after what, and what undoes it.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::{
    Change, Release, RolloutPlan, ServiceName, Slot, Step, Task, TaskId, TaskKind,
};

#[derive(Default)]
struct Graph {
    tasks: Vec<Task>,
}

impl Graph {
    fn add(
        &mut self,
        service: Option<&ServiceName>,
        after: BTreeSet<TaskId>,
        kind: TaskKind,
        undo: Option<String>,
    ) -> TaskId {
        let id = TaskId(u32::try_from(self.tasks.len()).unwrap_or(u32::MAX));
        let wave = after
            .iter()
            .filter_map(|id| self.wave(*id))
            .max()
            .map_or(0, |w| w + 1);
        let service = service.cloned();
        self.tasks.push(Task {
            id,
            service,
            after,
            wave,
            kind,
            undo,
            no_way_back: false,
        });
        id
    }

    fn wave(&self, id: TaskId) -> Option<u32> {
        let index = usize::try_from(id.0).ok()?;
        self.tasks.get(index).map(|task| task.wave)
    }
}

/// All tasks of `rollouts`, providers before consumers, then the promotion and what follows it.
pub(super) fn tasks(rollouts: &BTreeMap<ServiceName, RolloutPlan>) -> Vec<Task> {
    if rollouts.is_empty() {
        return Vec::new();
    }
    let mut graph = Graph::default();
    let mut last: BTreeMap<&ServiceName, TaskId> = BTreeMap::new();
    for service in ordered(rollouts) {
        let Some(plan) = rollouts.get(service) else {
            continue;
        };
        let needs = plan.needs.iter();
        let after = needs.filter_map(|need| last.get(need).copied()).collect();
        let end = forward(&mut graph, service, plan, after);
        last.insert(service, end);
    }
    let promote = graph.add(None, last.into_values().collect(), TaskKind::Promote, None);
    for (service, plan) in rollouts {
        settle(&mut graph, service, plan, promote);
    }
    graph.tasks
}

/// Providers before consumers, by name where that leaves a choice.
fn ordered(rollouts: &BTreeMap<ServiceName, RolloutPlan>) -> Vec<&ServiceName> {
    let mut missing: BTreeMap<&ServiceName, usize> = BTreeMap::new();
    let mut consumers: BTreeMap<&ServiceName, Vec<&ServiceName>> = BTreeMap::new();
    for (service, plan) in rollouts {
        missing.insert(service, plan.needs.len());
        for need in &plan.needs {
            consumers.entry(need).or_default().push(service);
        }
    }
    let free = missing.iter().filter(|(_, needs)| **needs == 0);
    let mut free: BTreeSet<&ServiceName> = free.map(|(service, _)| *service).collect();
    let mut ordered = Vec::new();
    while let Some(service) = free.pop_first() {
        ordered.push(service);
        for consumer in consumers.remove(service).unwrap_or_default() {
            if let Some(needs) = missing.get_mut(consumer) {
                *needs = needs.saturating_sub(1);
                if *needs == 0 {
                    free.insert(consumer);
                }
            }
        }
    }
    ordered
}

fn forward(
    graph: &mut Graph,
    service: &ServiceName,
    plan: &RolloutPlan,
    mut after: BTreeSet<TaskId>,
) -> TaskId {
    let name = Some(service);
    let mut end = TaskId(0);
    let mut add = |kind: TaskKind, undo: Option<String>| {
        end = graph.add(name, std::mem::take(&mut after), kind, undo);
        after = BTreeSet::from([end]);
    };
    if let Some(standby) = &plan.standby {
        add(
            TaskKind::RetireStandby {
                version: standby.release.version.clone(),
            },
            None,
        );
    }
    let old = plan.stable.as_ref();
    if let (Change::InPlace { .. }, Some(old)) = (&plan.change, old) {
        let version = old.release.version.clone();
        let undo = format!("start {version} again");
        add(TaskKind::StopOld { version }, Some(undo));
    }
    if let Some((kind, undo)) = start(plan, old) {
        add(kind, Some(undo));
    }
    let before = old.and_then(|old| old.spec.listen);
    if before != plan.spec.listen {
        let open: Vec<_> = plan.spec.listen.into_iter().collect();
        let close = before.into_iter().collect();
        let undo = plan.spec.listen.map(|address| format!("close {address}"));
        add(TaskKind::Route { open, close }, undo);
    }
    for Step { to, bake } in steps(plan) {
        if plan.spec.listen.is_some() && !matches!(plan.change, Change::Adjust { .. }) {
            let undo = old.map_or_else(
                || "take it off the router".to_owned(),
                |old| format!("{} back to 100 %", old.release.version),
            );
            add(TaskKind::Shift { to }, Some(undo));
        }
        add(TaskKind::Bake { within: bake }, None);
    }
    end
}

fn steps(plan: &RolloutPlan) -> Vec<Step> {
    let to = windlass_model::Percent::FULL;
    match &plan.change {
        Change::First { bake } | Change::InPlace { bake } | Change::Adjust { bake } => {
            vec![Step { to, bake: *bake }]
        }
        Change::Beside { steps } => steps.clone(),
    }
}

fn start(plan: &RolloutPlan, old: Option<&Slot>) -> Option<(TaskKind, String)> {
    let Release { version, .. } = plan.release.clone();
    let instances = plan.spec.process.instances;
    match (&plan.change, old) {
        (Change::Adjust { .. }, Some(old)) => {
            let from = u16::try_from(old.instances.len()).unwrap_or(u16::MAX);
            (from != instances).then(|| {
                (
                    TaskKind::Scale {
                        from,
                        to: instances,
                    },
                    format!("back to {from}"),
                )
            })
        }
        (
            Change::First { .. }
            | Change::Beside { .. }
            | Change::InPlace { .. }
            | Change::Adjust { .. },
            _,
        ) => Some((
            TaskKind::Start { version, instances },
            "stop them".to_owned(),
        )),
    }
}

fn settle(graph: &mut Graph, service: &ServiceName, plan: &RolloutPlan, promote: TaskId) {
    let Some(old) = &plan.stable else { return };
    if !matches!(plan.change, Change::Beside { .. }) {
        return;
    }
    let version = old.release.version.clone();
    let after = BTreeSet::from([promote]);
    if plan.spec.listen.is_some() && old.spec.listen.is_some() {
        let within = old.spec.drain;
        let drain = TaskKind::Drain {
            version: version.clone(),
            within,
        };
        let drained = graph.add(Some(service), after, drain, None);
        let standby = TaskKind::Standby { version };
        graph.add(Some(service), BTreeSet::from([drained]), standby, None);
    } else {
        graph.add(Some(service), after, TaskKind::Retire { version }, None);
    }
}
