//! A world in which deployments really run: instances start and become ready, routes take effect,
//! slots drain, timers fire, and some of it goes wrong as a test has said. Time jumps from one
//! happening to the next, so that every run is the same.

use std::collections::{BTreeMap, BTreeSet};

use windlass_engine::deployment::{Action, Course, Deployment, Event, Prove, Wire, resume, step};
use windlass_engine::environment::{after, locked, renamed};
use windlass_engine::rollout::{self, Phase, Rollout};
use windlass_model::{
    DeploymentState, Environment, Fact, InstanceEnd, InstanceId, Millis, Outcome, Percent, Proof,
    Repair, Route, RouteMode, RouteSlot, ServiceName, ServiceState, Slot, Speaks,
};

use crate::builders::{App, instance_id, local, name};
use crate::judge::Judge;
use crate::show;

/// Happenings after which a run is taken for endless.
const LONGEST: usize = 20_000;

/// What goes wrong, how often.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// Never ready, however long they run.
    pub(crate) never_ready: BTreeSet<InstanceId>,
    /// End so many milliseconds after they became ready.
    pub(crate) ends_after_ready: BTreeMap<InstanceId, u64>,
    /// Starts whose address is taken.
    pub(crate) address_taken: BTreeMap<InstanceId, u32>,
    /// Starts that fail.
    pub(crate) start_fails: BTreeMap<InstanceId, u32>,
    /// Stops that fail.
    pub(crate) stop_fails: BTreeMap<InstanceId, u32>,
    /// Routes that are refused.
    pub(crate) route_refused: BTreeMap<ServiceName, u32>,
    /// Times that the router does not take other names.
    pub(crate) renames_fail: u32,
    /// Services whose routers answer nothing any more.
    pub(crate) router_silent: BTreeSet<ServiceName>,
    /// Journal lengths at which the controller dies: at odd ones after the actions were begun, at
    /// even ones before.
    pub(crate) crashes: BTreeSet<usize>,
}

/// What stays when the controller dies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outside {
    /// Instances that run; whether they answer well.
    pub(crate) running: BTreeMap<InstanceId, bool>,
    /// Instances that are started again when they end.
    pub(crate) kept: BTreeSet<InstanceId>,
    /// What the routers do.
    pub(crate) routes: BTreeMap<ServiceName, Route>,
    /// What they may take back by themselves.
    pub(crate) wires: BTreeMap<ServiceName, Wire>,
}

/// Something that comes of itself.
#[derive(Clone, Debug)]
enum Happening {
    /// An answer or a timer; gone when the controller dies.
    Said(Event),
    /// An instance ends.
    Ends(ServiceName, InstanceId),
    /// An instance answers well again.
    Heals(ServiceName, InstanceId),
}

/// A deployment and everything around it.
pub(crate) struct World {
    pub(crate) deployment: Deployment,
    pub(crate) base: Environment,
    pub(crate) journal: Vec<Event>,
    pub(crate) facts: Vec<Fact>,
    /// Every action, in order, as one line.
    pub(crate) told: Vec<String>,
    pub(crate) outside: Outside,
    pub(crate) script: Script,
    opened: Deployment,
    judge: Judge,
    due: BTreeMap<(u64, u64), Happening>,
    watched: BTreeSet<InstanceId>,
    now: u64,
    number: u64,
    next_address: u16,
}

/// The route of a service that nothing is being done to.
pub(crate) fn settled_route(state: &ServiceState) -> Option<Route> {
    let stable = state.stable.as_ref()?;
    let slot = |slot: &Slot, weight| RouteSlot {
        slot: slot.id,
        label: slot.label,
        version: slot.release.version.clone(),
        weight,
        instances: slot.instances.clone(),
        probe: slot.spec.ready.clone(),
        speaks: Speaks::default(),
    };
    let standby = state.standby.iter().map(|s| slot(s, Percent::ZERO));
    Some(Route {
        listeners: vec![stable.spec.listen.clone()?],
        mode: RouteMode::Serve,
        slots: standby.chain([slot(stable, Percent::FULL)]).collect(),
        traffic: stable.spec.traffic.clone(),
        thresholds: Vec::new(),
    })
}

/// What is kept running.
fn slots(environment: &Environment) -> impl Iterator<Item = &Slot> {
    let states = environment.services.values();
    states.flat_map(|state| state.stable.iter().chain(&state.standby))
}

/// What failed and is left as it is: it may run, or end and stay so.
/// What is started again when it ends: not the run of a command.
fn kept(environment: &Environment) -> BTreeSet<InstanceId> {
    let all = slots(environment).filter(|slot| slot.spec.command.is_none());
    let all = all.flat_map(|slot| &slot.instances);
    all.map(|i| i.id.clone()).collect()
}

fn left(environment: &Environment) -> BTreeSet<InstanceId> {
    let failed = environment.services.values().flat_map(|s| &s.failed);
    let instances = failed.flat_map(|failed| &failed.slot.instances);
    instances.map(|i| i.id.clone()).collect()
}

impl World {
    pub(crate) fn new(app: &App) -> Self {
        Self::of(app.environment(), app.deployment())
    }

    /// The world in which `deployment` is about to begin.
    pub(crate) fn of(base: Environment, deployment: Deployment) -> Self {
        let all = slots(&base).flat_map(|slot| &slot.instances);
        let all: BTreeSet<InstanceId> = all.map(|i| i.id.clone()).collect();
        let kept = kept(&base);
        let all = all.into_iter().chain(left(&base));
        let running = all.map(|id| (id, true)).collect();
        let states = base.services.iter();
        let outside = Outside {
            kept,
            running,
            routes: states
                .filter_map(|(service, state)| Some((service.clone(), settled_route(state)?)))
                .collect(),
            wires: BTreeMap::new(),
        };
        Self {
            judge: Judge::new(&renamed(&base, &deployment.plan.renames), &deployment),
            opened: deployment.clone(),
            deployment,
            base,
            outside,
            journal: Vec::new(),
            facts: Vec::new(),
            told: Vec::new(),
            script: Script::default(),
            due: BTreeMap::new(),
            watched: BTreeSet::new(),
            now: 0,
            number: 0,
            next_address: 50_000,
        }
    }

    /// The same, with a script.
    pub(crate) fn with(mut self, write: impl FnOnce(&mut Script)) -> Self {
        write(&mut self.script);
        self
    }

    pub(crate) fn rollout(&self, service: &str) -> &Rollout {
        &self.deployment.rollouts[&name(service)]
    }

    fn later(&mut self, millis: u64, happening: Happening) {
        self.number += 1;
        self.due.insert((self.now + millis, self.number), happening);
    }

    fn answers(&mut self, millis: u64, service: &ServiceName, event: rollout::Event) {
        let service = service.clone();
        self.later(millis, Happening::Said(Event::Rollout { service, event }));
    }

    /// Commits one event, then acts, unless the controller dies.
    pub(crate) fn commit(&mut self, event: Event) {
        let before = self.deployment.clone();
        let stepped = step(before.clone(), &event);
        if stepped.deployment == before && stepped.facts.is_empty() {
            return;
        }
        self.judge.sees(&before, &event, &stepped);
        self.journal.push(event);
        self.deployment = stepped.deployment;
        self.facts.extend(stepped.facts);
        let length = self.journal.len();
        let dies = self.script.crashes.remove(&length);
        if !dies || length % 2 == 1 {
            self.watches();
            for action in stepped.actions {
                self.performs(action);
            }
        }
        if dies {
            self.crash();
        }
    }

    /// A new controller reads the journal and asks again for what is unanswered.
    pub(crate) fn crash(&mut self) {
        self.due
            .retain(|_, happening| !matches!(happening, Happening::Said(_)));
        self.watched.clear();
        assert_eq!(self.replayed(), self.deployment, "replay ends the same");
        // It also tells the shims of whatever is stable what they must know.
        for (service, state) in self.environment().services {
            let slots = state.stable.iter().chain(&state.standby);
            // The run of a command is over.
            let slots = slots.filter(|slot| slot.spec.command.is_none());
            for instance in slots.flat_map(|slot| &slot.instances) {
                if !self.is_being_stopped(&service) {
                    self.keeps(&service, instance.id.clone());
                }
            }
        }
        self.watches();
        for action in resume(&self.deployment) {
            self.performs(action);
        }
    }

    /// The journal, from its text on.
    pub(crate) fn replayed(&self) -> Deployment {
        self.journal.iter().fold(self.opened.clone(), |now, event| {
            let text = serde_json::to_string(event).expect("an event is plain data");
            let read: Event = serde_json::from_str(&text).expect("what was written is read");
            step(now, &read).deployment
        })
    }

    pub(crate) fn environment(&self) -> Environment {
        after(&self.base, &self.deployment)
    }

    /// Follows exactly the instances that matter now; a new watch tells what it finds.
    fn watches(&mut self) {
        let rollouts = self.deployment.rollouts.iter();
        let wanted: Vec<(ServiceName, rollout::Watched)> = rollouts
            .flat_map(|(s, r)| r.watched().into_iter().map(|w| (s.clone(), w)))
            .collect();
        self.watched
            .retain(|id| wanted.iter().any(|(_, w)| w.instance.id == *id));
        for (service, watch) in wanted {
            let instance = watch.instance.id;
            if !self.watched.insert(instance.clone()) {
                continue;
            }
            match self.outside.running.get(&instance) {
                None => self.tells_lost(&service, &instance, InstanceEnd::Unknown),
                Some(true) if !watch.presumed_ready => self.tells_ready(&service, &instance),
                Some(false) if watch.presumed_ready => {
                    let saw = InstanceEnd::Unready("HTTP 503".to_owned());
                    self.tells_lost(&service, &instance, saw);
                }
                Some(true | false) => {}
            }
        }
    }

    fn tells_ready(&mut self, service: &ServiceName, instance: &InstanceId) {
        let instance = instance.clone();
        let event = rollout::Event::InstanceReady { instance };
        self.answers(200, service, event);
    }

    fn tells_lost(&mut self, service: &ServiceName, instance: &InstanceId, end: InstanceEnd) {
        let instance = instance.clone();
        let event = rollout::Event::InstanceLost {
            instance,
            end,
            last_lines: Vec::new(),
        };
        self.answers(1, service, event);
    }

    fn performs(&mut self, action: Action) {
        self.told.push(show::deployment_action(&action));
        match action {
            Action::ConfirmPromotion => {
                for service in self.deployment.wired() {
                    self.outside.wires.remove(&service);
                }
                self.later(1, Happening::Said(Event::PromotionConfirmed));
            }
            Action::Arm(wires) => {
                let moved = |(service, wire): (ServiceName, Option<Wire>)| {
                    let wire = wire?;
                    let route = self.outside.routes.get(&service)?;
                    (route.weight(wire.slot) > Percent::ZERO).then_some((service, wire))
                };
                let wires: Vec<_> = wires.into_iter().filter_map(moved).collect();
                self.outside.wires.extend(wires);
            }
            Action::Rename(_) if self.script.renames_fail > 0 => {
                self.script.renames_fail -= 1;
                let saw = "it is not there".to_owned();
                self.later(30_000, Happening::Said(Event::RenameFailed { saw }));
            }
            Action::Rename(names) => {
                for (service, from) in names {
                    if let Some(route) = self.outside.routes.remove(&from) {
                        self.outside.routes.insert(service, route);
                    }
                }
                self.later(1, Happening::Said(Event::Renamed));
            }
            Action::Prove(looks) => {
                let proofs = looks.into_iter();
                let proofs = proofs.map(|(service, look)| (service, proof(&look)));
                let proofs = proofs.collect();
                self.later(5_000, Happening::Said(Event::Proved { proofs }));
            }
            Action::Rollout {
                service,
                action,
                wires,
            } => {
                let silent = self.script.router_silent.contains(&service);
                for (watched, wire) in wires.into_iter().filter(|_| !silent) {
                    match wire {
                        Some(wire) => self.outside.wires.insert(watched, wire),
                        None => self.outside.wires.remove(&watched),
                    };
                }
                self.performs_for(&service, action);
            }
        }
    }

    /// A router takes back what its wire for `service` says, at once.
    pub(crate) fn trips(&mut self, service: &str) {
        let service = name(service);
        let wire = self.outside.wires.remove(&service).expect("it is armed");
        for (service, route) in &wire.way_back {
            self.outside.routes.insert(service.clone(), route.clone());
        }
        self.later(
            1,
            Happening::Said(Event::Tripped {
                took_back: wire.way_back.into_keys().collect(),
                service,
                saw: "6 errors in 6 answers".to_owned(),
            }),
        );
    }

    fn performs_for(&mut self, service: &ServiceName, action: rollout::Action) {
        match action {
            rollout::Action::StartInstance(start) => self.starts(service, &start),
            rollout::Action::StopInstance { instance } => self.stops(service, instance),
            rollout::Action::ApplyRoute { attempt, route, .. } => {
                self.routes(service, attempt, route);
            }
            rollout::Action::KeepInstance { instance } => self.keeps(service, instance),
            rollout::Action::AwaitDrain { slot, .. } => {
                let event = rollout::Event::SlotDrained { slot, cut: 0 };
                self.answers(50, service, event);
            }
            rollout::Action::StartTimer { timer, after } => {
                let event = rollout::Event::TimerFired { timer };
                self.answers(after.as_millis(), service, event);
            }
        }
    }

    /// Whether the stable slot of `service` makes room for a new one.
    fn is_being_stopped(&self, service: &ServiceName) -> bool {
        let rollout = self.deployment.rollouts.get(service);
        rollout.is_some_and(|rollout| {
            rollout.has_begun(rollout::Begun::StoppingOld)
                && !matches!(rollout.phase, Phase::Returned)
                && !rollout.is_promoted()
        })
    }

    fn keeps(&mut self, service: &ServiceName, instance: InstanceId) {
        if !self.outside.running.contains_key(&instance) {
            self.outside.running.insert(instance.clone(), false);
            let heals = Happening::Heals(service.clone(), instance.clone());
            self.later(1_000, heals);
        }
        self.outside.kept.insert(instance);
    }

    fn starts(&mut self, service: &ServiceName, start: &rollout::Start) {
        let instance = start.instance.id.clone();
        let script = &mut self.script;
        let event = if self.outside.running.contains_key(&instance) {
            rollout::Event::InstanceStarted { instance }
        } else if goes_wrong(&mut script.address_taken, &instance) {
            self.next_address += 1;
            let next = local(self.next_address);
            rollout::Event::AddressTaken { instance, next }
        } else if goes_wrong(&mut script.start_fails, &instance) {
            let why = "no such program".to_owned();
            rollout::Event::StartFailed { instance, why }
        } else {
            let well = !script.never_ready.contains(&instance);
            if let Some(after) = script.ends_after_ready.remove(&instance) {
                let ends = Happening::Ends(service.clone(), instance.clone());
                self.later(300 + after, ends);
            }
            self.outside.running.insert(instance.clone(), well);
            if start.keep {
                self.outside.kept.insert(instance.clone());
            }
            rollout::Event::InstanceStarted { instance }
        };
        self.answers(5, service, event);
    }

    fn stops(&mut self, service: &ServiceName, instance: InstanceId) {
        let event = if goes_wrong(&mut self.script.stop_fails, &instance) {
            let why = "it stays".to_owned();
            rollout::Event::StopFailed { instance, why }
        } else {
            self.outside.running.remove(&instance);
            self.outside.kept.remove(&instance);
            rollout::Event::InstanceStopped {
                instance,
                killed_after: None,
                last_lines: Vec::new(),
            }
        };
        self.answers(20, service, event);
    }

    fn routes(&mut self, service: &ServiceName, attempt: u32, route: Option<Route>) {
        if self.script.router_silent.contains(service) {
            return;
        }
        let event = if goes_wrong(&mut self.script.route_refused, service) {
            let why = "refused".to_owned();
            rollout::Event::RouteFailed { attempt, why }
        } else {
            match route {
                Some(route) => self.outside.routes.insert(service.clone(), route),
                None => self.outside.routes.remove(service),
            };
            rollout::Event::RouteApplied { attempt }
        };
        self.answers(2, service, event);
    }

    /// An instance ends by itself; one that is kept comes back after a second.
    pub(crate) fn ends(&mut self, service: &str, instance: &str) {
        let happening = Happening::Ends(name(service), instance_id(service, instance));
        self.later(0, happening);
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Said(event) => {
                // A watch that was ended tells nothing any more.
                let unwatched = matches!(
                    &event,
                    Event::Rollout {
                        event: rollout::Event::InstanceReady { instance }
                            | rollout::Event::InstanceLost { instance, .. },
                        ..
                    } if !self.watched.contains(instance)
                );
                if !unwatched {
                    self.commit(event);
                }
            }
            // A command that is live has ended already.
            Happening::Ends(service, instance)
                if self.outside.running.get(&instance) == Some(&true)
                    && self.rollout(service.as_str()).is_command() => {}
            Happening::Ends(service, instance) => {
                if !self.outside.running.contains_key(&instance) {
                    return;
                }
                if self.outside.kept.contains(&instance) {
                    self.outside.running.insert(instance.clone(), false);
                    let heals = Happening::Heals(service.clone(), instance.clone());
                    self.later(1_000, heals);
                } else {
                    self.outside.running.remove(&instance);
                }
                if self.watched.contains(&instance) {
                    self.tells_lost(&service, &instance, InstanceEnd::Exited(1));
                }
            }
            Happening::Heals(service, instance) => {
                if let Some(well) = self.outside.running.get_mut(&instance) {
                    *well = true;
                    if self.watched.contains(&instance) {
                        self.tells_ready(&service, &instance);
                    }
                }
            }
        }
    }

    /// Runs until `there`, or until nothing comes of itself any more; says whether it got there.
    pub(crate) fn run_until(&mut self, there: impl Fn(&Self) -> bool) -> bool {
        if self.journal.is_empty() {
            self.commit(Event::Began);
        }
        for _ in 0..LONGEST {
            if there(self) {
                return true;
            }
            if self.deployment.is_ended() {
                return false;
            }
            let Some(((at, _), happening)) = self.due.pop_first() else {
                return false;
            };
            self.now = at;
            self.happens(happening);
        }
        panic!("it never ends");
    }

    /// Runs until the candidate of `service` has this share confirmed.
    pub(crate) fn run_to_share(&mut self, service: &str, share: u8) {
        let there = self.run_until(|world| world.rollout(service).weight.get() == share);
        assert!(there, "{service} never had {share} %: {:?}", self.told);
    }

    /// Runs as far as it goes of itself.
    pub(crate) fn run(&mut self) -> DeploymentState {
        self.run_until(|_| false);
        self.deployment.state()
    }

    /// Runs to the end, with a person who ends every hold and tries everything stuck again.
    pub(crate) fn run_to_end(&mut self) -> Outcome {
        for _ in 0..20 {
            match self.run() {
                DeploymentState::Ended(outcome) => {
                    self.is_tidy();
                    return outcome;
                }
                DeploymentState::Held => self.commit(Event::ResumeRequested { by: by() }),
                DeploymentState::Stuck => self.says_repair(Repair::Retry),
                state @ (DeploymentState::Running
                | DeploymentState::Returning
                | DeploymentState::Settling) => {
                    panic!(
                        "waits for ever in {state:?}: {:#?}",
                        self.deployment.rollouts
                    )
                }
            }
        }
        panic!("a person alone does not get it to its end");
    }

    /// What runs and where traffic goes is exactly what the environment says, and the journal alone
    /// tells it.
    pub(crate) fn is_tidy(&self) {
        assert_eq!(self.replayed(), self.deployment, "replay ends the same");
        let environment = self.environment();
        assert_eq!(environment.lock, None);
        assert_eq!(self.outside.wires, BTreeMap::new(), "nothing is armed");
        let mut wanted = BTreeSet::new();
        for slot in slots(&environment) {
            wanted.extend(slot.instances.iter().map(|i| i.id.clone()));
        }
        let left = left(&environment);
        let besides = |all: BTreeSet<InstanceId>| -> BTreeSet<InstanceId> {
            all.into_iter().filter(|id| !left.contains(id)).collect()
        };
        let running = besides(self.outside.running.keys().cloned().collect());
        assert_eq!(running, wanted, "what runs is what must");
        let started_again = besides(self.outside.kept.clone());
        assert_eq!(
            started_again,
            kept(&environment),
            "and it is started again when it ends"
        );
        for (service, state) in &environment.services {
            let mut route = self.outside.routes.get(service).cloned();
            let mut must = settled_route(state);
            for route in [&mut route, &mut must].into_iter().flatten() {
                // The label and probe of an adjusted slot are as wanted; the order is nobody's.
                route.slots.sort_by_key(|slot| slot.slot);
                // A retired standby may stay in the table at 0 until the next change.
                let standby = state.standby.as_ref().map(|slot| slot.id);
                route
                    .slots
                    .retain(|s| s.weight > Percent::ZERO || Some(s.slot) == standby);
            }
            assert_eq!(route, must, "traffic of {service}");
        }
    }

    pub(crate) fn says_hold(&mut self) {
        self.commit(Event::HoldRequested { by: by() });
    }

    pub(crate) fn says_resume(&mut self) {
        self.commit(Event::ResumeRequested { by: by() });
    }

    pub(crate) fn says_abort(&mut self) {
        self.commit(Event::AbortRequested { by: by() });
    }

    pub(crate) fn says_repair(&mut self, how: Repair) {
        self.commit(Event::RepairRequested { by: by(), how });
    }

    pub(crate) fn says_promote(&mut self) {
        self.commit(Event::PromoteRequested { by: by() });
    }

    /// Whether this line was told, and where.
    pub(crate) fn at(&self, line: &str) -> usize {
        let found = self.told.iter().position(|told| told == line);
        found.unwrap_or_else(|| panic!("{line:?} was never told: {:#?}", self.told))
    }

    pub(crate) fn never(&self, part: &str) {
        let found = self.told.iter().find(|told| told.contains(part));
        assert_eq!(found, None, "{part:?} must never be told");
    }

    /// Work time since the beginning, in milliseconds.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Whether the promotion is being confirmed.
    pub(crate) fn is_promoting(&self) -> bool {
        self.deployment.course == Course::Promoting
    }

    /// Whether the deployment is past its commit point.
    pub(crate) fn is_promoted(&self) -> bool {
        self.deployment.course == Course::Promoted
    }

    /// The environment while it runs is the locked one.
    pub(crate) fn begins_locked(&self) {
        assert_eq!(
            locked(&self.base, &self.opened),
            after(&self.base, &self.opened)
        );
    }
}

/// What is seen where all is well.
fn proof(look: &Prove) -> Proof {
    let count = |slot: &Slot| u16::try_from(slot.instances.len()).expect("few instances");
    Proof {
        version: look.at.release.version.clone(),
        share: look.at.spec.address().map(|_| Percent::FULL),
        ready: count(&look.at),
        instances: count(&look.at),
        left: look.left.release.version.clone(),
        stray: look.at.spec.address().map(|_| 0),
        watched: Millis::from_secs(5),
    }
}

fn goes_wrong<K: Ord>(left: &mut BTreeMap<K, u32>, key: &K) -> bool {
    match left.get_mut(key) {
        Some(times) if *times > 0 => {
            *times -= 1;
            true
        }
        Some(_) | None => false,
    }
}

/// Who speaks in these tests.
pub(crate) fn by() -> String {
    "ada".to_owned()
}
