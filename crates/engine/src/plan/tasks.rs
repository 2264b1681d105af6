//! The graph of tasks that people see: what is done, after what, and what undoes it.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::{
    Change, CommandSpec, Job, Listen, Millis, PlanKind, Release, RolloutPlan, ServiceName, Slot,
    Step, Task, TaskId, TaskKind,
};

struct Graph {
    kind: PlanKind,
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
pub(super) fn tasks(
    kind: PlanKind,
    rollouts: &BTreeMap<ServiceName, RolloutPlan>,
    renames: &BTreeMap<ServiceName, ServiceName>,
) -> Vec<Task> {
    let tasks = Vec::new();
    let mut graph = Graph { kind, tasks };
    let renamed: BTreeSet<TaskId> = renames
        .iter()
        .map(|(service, from)| {
            let from = from.clone();
            graph.add(
                Some(service),
                BTreeSet::new(),
                TaskKind::Rename { from },
                None,
            )
        })
        .collect();
    if rollouts.is_empty() {
        return graph.tasks;
    }
    let mut last: BTreeMap<&ServiceName, TaskId> = BTreeMap::new();
    for service in ordered(rollouts) {
        let Some(plan) = rollouts.get(service) else {
            continue;
        };
        let needs = plan.needs.iter();
        let mut after: BTreeSet<TaskId> =
            needs.filter_map(|need| last.get(need).copied()).collect();
        if after.is_empty() {
            after.clone_from(&renamed);
        }
        if matches!(plan.change, Change::Remove) {
            // Nothing is done before the promotion.
            continue;
        }
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
    let (name, kind) = (Some(service), graph.kind);
    let mut end = TaskId(0);
    let mut add = |kind: TaskKind, undo: Option<String>| {
        end = graph.add(name, std::mem::take(&mut after), kind, undo);
        after = BTreeSet::from([end]);
    };
    // Where one goes back beside what serves, they go with that one.
    if !matches!(plan.change, Change::Restore { .. }) {
        for kind in displaced(plan) {
            add(kind, None);
        }
    }
    let old = plan.stable.as_ref();
    if let (Change::InPlace { .. }, Some(old), None) = (&plan.change, old, &plan.spec.command) {
        let version = old.release.version.clone();
        let undo = format!("start {version} again");
        add(TaskKind::StopOld { version }, Some(undo));
    }
    let runs = plan.spec.command.as_ref();
    let start = runs.map_or_else(|| start(plan, old), |by| Some(run(kind, plan, by)));
    if let Some((kind, undo)) = start {
        add(kind, Some(undo));
    }
    let before = old.and_then(|old| old.spec.listen.as_ref());
    let listen = plan.spec.listen.as_ref();
    if before != listen {
        let open: Vec<_> = listen.into_iter().cloned().collect();
        let close = before.into_iter().cloned().collect();
        let undo = listen.map(|listen| match before {
            // The old one is there until promotion, and has all of it.
            Some(before) if before.is_same_place(listen) => "as before".to_owned(),
            Some(_) | None => format!("close {listen}"),
        });
        add(TaskKind::Route { open, close }, undo);
    }
    let was = old.filter(|old| old.spec.listen.is_some());
    if was.is_some_and(|was| listen.is_some() && !was.spec.treats_as(&plan.spec)) {
        add(TaskKind::Treat, Some("as before".to_owned()));
    }
    for Step { to, bake, .. } in steps(plan) {
        if plan.spec.listen.is_some() && !matches!(plan.change, Change::Adjust { .. }) {
            let undo = old.map_or_else(
                || "take it off the router".to_owned(),
                |old| format!("{} back to 100 %", old.release.version),
            );
            add(TaskKind::Shift { to }, Some(undo));
        }
        if bake > Millis::ZERO {
            add(TaskKind::Bake { within: bake }, None);
        }
    }
    end
}

fn steps(plan: &RolloutPlan) -> Vec<Step> {
    let to = windlass_model::Percent::FULL;
    match &plan.change {
        Change::First { bake } | Change::InPlace { bake } | Change::Adjust { bake } => {
            vec![Step {
                to,
                bake: *bake,
                score: None,
            }]
        }
        Change::Restore { .. } => vec![Step {
            to,
            bake: Millis::ZERO,
            score: None,
        }],
        Change::Remove => Vec::new(),
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
        (Change::Remove | Change::Restore { warm: true }, _) => None,
        (
            Change::Restore { .. }
            | Change::First { .. }
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

/// The run of a command, and what undoes it: the same that a rollout asks for.
fn run(kind: PlanKind, plan: &RolloutPlan, command: &CommandSpec) -> (TaskKind, String) {
    let version = plan.release.version.clone();
    let old = plan.stable.as_ref();
    let left = old.and_then(|old| old.spec.command.as_ref());
    let by_rollback =
        kind == PlanKind::Rollback && left.is_some_and(|command| command.rollback.is_some());
    let job = if by_rollback {
        Job::Rollback
    } else {
        Job::Deploy
    };
    let undo = match old.map(|old| &old.release.version) {
        None => "end it; what it did so far stays".to_owned(),
        Some(old) if kind == PlanKind::Rollback => format!("run the deploy of {old}"),
        Some(old) if command.rollback.is_some() => format!("run its rollback to {old}"),
        Some(old) => format!("run the deploy of {old}, if its files are still the same"),
    };
    (TaskKind::Run { job, version }, undo)
}

/// What a rollout stops that it only finds there: what was kept of a failure, and the standby, but for one
/// that it goes back to.
fn displaced(plan: &RolloutPlan) -> impl Iterator<Item = TaskKind> {
    let version = |slot: &Slot| slot.release.version.clone();
    let is_warm = plan.change == Change::Restore { warm: true };
    let failed = plan
        .failed
        .iter()
        .map(move |failed| TaskKind::RetireFailed {
            version: version(failed),
        });
    let standby = plan.standby.iter().filter(move |_| !is_warm);
    failed.chain(standby.map(move |standby| TaskKind::RetireStandby {
        version: version(standby),
    }))
}

/// What follows the promotion.
fn settle(graph: &mut Graph, service: &ServiceName, plan: &RolloutPlan, promote: TaskId) {
    let Some(old) = &plan.stable else { return };
    let (listened, listens) = (old.spec.listen.as_ref(), plan.spec.listen.is_some());
    let version = old.release.version.clone();
    let within = old.spec.drain;
    let drain = TaskKind::Drain {
        version: version.clone(),
        within,
    };
    let retire = TaskKind::Retire {
        version: version.clone(),
    };
    let kinds = match &plan.change {
        Change::Beside { .. } if listened.is_some() && listens => {
            vec![drain, TaskKind::Standby { version }]
        }
        Change::Restore { .. } if listened.is_some() && listens => {
            [drain, retire].into_iter().chain(displaced(plan)).collect()
        }
        Change::Restore { .. } => [retire].into_iter().chain(displaced(plan)).collect(),
        Change::Beside { .. } => vec![retire],
        Change::Remove => removal(plan, (listened, drain, retire)),
        Change::First { .. } | Change::InPlace { .. } | Change::Adjust { .. } => Vec::new(),
    };
    let mut after = BTreeSet::from([promote]);
    for kind in kinds {
        after = BTreeSet::from([graph.add(Some(service), after, kind, None)]);
    }
}

/// A service goes: its requests are turned away first.
fn removal(
    plan: &RolloutPlan,
    (listened, drain, retire): (Option<&Listen>, TaskKind, TaskKind),
) -> Vec<TaskKind> {
    let close: Vec<Listen> = listened.into_iter().cloned().collect();
    let mut kinds = Vec::new();
    if !close.is_empty() {
        kinds.extend([TaskKind::Unroute { close }, drain]);
    }
    kinds.push(retire);
    kinds.extend(plan.standby.iter().map(|standby| TaskKind::RetireStandby {
        version: standby.release.version.clone(),
    }));
    kinds.extend(plan.failed.iter().map(|failed| TaskKind::RetireFailed {
        version: failed.release.version.clone(),
    }));
    kinds
}
