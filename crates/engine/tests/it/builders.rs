//! Small applications to deploy: what runs, what is wanted, and what the plan makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use windlass_engine::deployment::{Deployment, OpenSlot, Opening, wishes};
use windlass_engine::plan::{Input, compile};
use windlass_engine::sha256;
use windlass_model::{
    AppName, CommandSpec, DeploymentId, Digest, Environment, EnvironmentName, Finalize, Gate,
    Instance, InstanceId, KeptFailed, Label, Millis, OnFailure, Overlap, Pass, Percent, Plan,
    Probe, ProcessSpec, Promoted, Release, Rule, ServiceName, ServiceSpec, ServiceState, Slot,
    SlotId, Speaks, Spec, StandbyKept, Step, Sticky, Stop, Strategy, Template, Trigger, Version,
};

/// How long every step is watched.
pub(crate) const BAKE: Millis = Millis::from_secs(10);
/// How long requests on an old slot may take.
pub(crate) const DRAIN: Millis = Millis::from_secs(30);

/// What changes about one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing runs yet.
    First,
    /// Nothing runs yet, and nothing will listen.
    FirstWorker,
    /// A new release, all at once.
    BlueGreen,
    /// A new release at 5, 25 and 100 %.
    Canary,
    /// A new release without `listen` beside the old.
    Worker,
    /// A new release without `listen` after the old.
    WorkerInPlace,
    /// A new release with `listen` after the old.
    Recreate,
    /// The same release with one more instance.
    ScaleUp,
    /// The same release with one instance fewer.
    ScaleDown,
    /// The same release on another listener.
    Move,
    /// The same release on another listener, with one more instance.
    MoveAndScaleUp,
    /// The same release, whose requests are treated otherwise.
    Treat,
    /// A new release that listens, where the old did not.
    ListenAdded,
    /// The same, with strategy `recreate`.
    ListenAddedInPlace,
    /// A new release that does not listen any more, beside the old.
    ListenRemoved,
    /// The same, after the old.
    ListenRemovedInPlace,
    /// The same release, which does not listen any more.
    AdjustListenRemoved,
    /// Nothing was deployed by the command yet.
    FirstCommand,
    /// A command brings another version, and has a rollback.
    Command,
    /// The same without a rollback.
    CommandOneWay,
}

/// Every kind there is.
pub(crate) const KINDS: [Kind; 20] = [
    Kind::First,
    Kind::FirstWorker,
    Kind::BlueGreen,
    Kind::Canary,
    Kind::Worker,
    Kind::WorkerInPlace,
    Kind::Recreate,
    Kind::ScaleUp,
    Kind::ScaleDown,
    Kind::Move,
    Kind::MoveAndScaleUp,
    Kind::Treat,
    Kind::ListenAdded,
    Kind::ListenAddedInPlace,
    Kind::ListenRemoved,
    Kind::ListenRemovedInPlace,
    Kind::AdjustListenRemoved,
    Kind::FirstCommand,
    Kind::Command,
    Kind::CommandOneWay,
];

impl Kind {
    fn runs_before(self) -> bool {
        !matches!(self, Self::First | Self::FirstWorker | Self::FirstCommand)
    }

    fn listens_before(self) -> bool {
        self.runs_before()
            && !matches!(
                self,
                Self::Worker
                    | Self::WorkerInPlace
                    | Self::ListenAdded
                    | Self::ListenAddedInPlace
                    | Self::Command
                    | Self::CommandOneWay
            )
    }

    fn listens_after(self) -> bool {
        !matches!(
            self,
            Self::FirstWorker
                | Self::Worker
                | Self::WorkerInPlace
                | Self::ListenRemoved
                | Self::ListenRemovedInPlace
                | Self::AdjustListenRemoved
        ) && !self.is_command()
    }

    /// What makes a command of it.
    fn command(self) -> Option<CommandSpec> {
        let rollback = (self == Self::Command).then(|| vec![Template::literal("./rollback")]);
        let command = CommandSpec {
            status: None,
            rollback,
            pass: Pass::default(),
        };
        self.is_command().then_some(command)
    }

    /// Whether a script deploys it.
    pub(crate) fn is_command(self) -> bool {
        matches!(
            self,
            Self::FirstCommand | Self::Command | Self::CommandOneWay
        )
    }

    fn moves(self) -> bool {
        matches!(self, Self::Move | Self::MoveAndScaleUp)
    }

    /// Whether the release stays the same.
    pub(crate) fn adjusts(self) -> bool {
        matches!(
            self,
            Self::ScaleUp
                | Self::ScaleDown
                | Self::Move
                | Self::MoveAndScaleUp
                | Self::Treat
                | Self::AdjustListenRemoved
        )
    }

    fn strategy(self) -> Strategy {
        match self {
            Self::Canary | Self::First | Self::ListenAdded => Strategy::Canary(canary()),
            Self::Recreate | Self::ListenAddedInPlace => Strategy::Recreate,
            Self::FirstWorker
            | Self::BlueGreen
            | Self::Worker
            | Self::WorkerInPlace
            | Self::ScaleUp
            | Self::ScaleDown
            | Self::Move
            | Self::MoveAndScaleUp
            | Self::Treat
            | Self::ListenRemoved
            | Self::ListenRemovedInPlace
            | Self::AdjustListenRemoved
            | Self::FirstCommand
            | Self::Command
            | Self::CommandOneWay => Strategy::BlueGreen,
        }
    }

    fn overlap(self) -> Overlap {
        if matches!(self, Self::Worker | Self::ListenRemoved) {
            Overlap::Yes
        } else {
            Overlap::No
        }
    }
}

/// 5, 25 and 100 %.
pub(crate) fn canary() -> Vec<Step> {
    [5, 25, 100]
        .map(|to| Step {
            to: percent(to),
            bake: BAKE,
            score: None,
        })
        .to_vec()
}

pub(crate) fn percent(share: u64) -> Percent {
    Percent::new(share).expect("at most a hundred")
}

pub(crate) fn name(service: &str) -> ServiceName {
    ServiceName::new(service).expect("a service name")
}

/// `ins_apinew0` for instance `new0` of `api`.
pub(crate) fn instance_id(service: &str, instance: &str) -> InstanceId {
    InstanceId::from_tail(&format!("{service}{instance}")).expect("an instance id")
}

pub(crate) fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A release of `service`: everything about it follows from the two texts.
pub(crate) fn release(service: &str, version: &str) -> Release {
    Release {
        version: Version(version.to_owned()),
        identity: digest(&format!("{service} {version}")),
        artefact: digest(&format!("files of {service} {version}")),
    }
}

pub(crate) fn digest(text: &str) -> Digest {
    sha256(text.as_bytes())
}

/// A service that nobody needs to know more about.
pub(crate) fn service_spec() -> ServiceSpec {
    ServiceSpec {
        needs: BTreeSet::new(),
        version: None,
        process: ProcessSpec {
            argv: vec![Template::literal("./server")],
            files: Vec::new(),
            instances: 1,
            env: BTreeMap::new(),
            memory: None,
            stop: Stop::default(),
        },
        command: None,
        listen: None,
        traffic: Box::default(),
        speaks: Speaks::Http1,
        ready: Probe::default(),
        strategy: Strategy::BlueGreen,
        overlap: Overlap::No,
        bake: BAKE,
        drain: DRAIN,
        analysis: None,
        rollback_on: Rule::defaults(),
        detailed: None,
        metrics: BTreeMap::new(),
        rollback_within: ServiceSpec::ROLLBACK_WITHIN,
        was: None,
    }
}

/// One service of an application.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: ServiceName,
    pub(crate) kind: Kind,
    pub(crate) instances: u16,
    pub(crate) needs: Vec<ServiceName>,
    pub(crate) standby: bool,
    pub(crate) failed: bool,
    pub(crate) rollback_on: Vec<Rule>,
    pub(crate) analysis: Option<Gate>,
}

/// An application in the middle of its life.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) parts: Vec<Part>,
    pub(crate) on_failure: OnFailure,
    pub(crate) keep_failed: bool,
}

impl App {
    /// One service with one instance before (two where one leaves).
    pub(crate) fn of(service: &str, kind: Kind) -> Self {
        let nothing = Self {
            parts: Vec::new(),
            on_failure: OnFailure::All,
            keep_failed: false,
        };
        nothing.and(service, kind, &[])
    }

    /// The same with one more service.
    pub(crate) fn and(mut self, service: &str, kind: Kind, needs: &[&str]) -> Self {
        self.parts.push(Part {
            name: name(service),
            kind,
            instances: if kind == Kind::ScaleDown { 2 } else { 1 },
            needs: needs.iter().map(|need| name(need)).collect(),
            standby: false,
            failed: false,
            rollback_on: Rule::defaults(),
            analysis: None,
        });
        self
    }

    /// The last service runs so many instances.
    pub(crate) fn instances(mut self, instances: u16) -> Self {
        let part = self.parts.last_mut().expect("a service");
        // One run is all there is of a command.
        part.instances = if part.kind.is_command() { 1 } else { instances };
        self
    }

    /// The last service has a standby of an earlier deployment.
    pub(crate) fn with_standby(mut self) -> Self {
        self.parts.last_mut().expect("a service").standby = true;
        self
    }

    /// The last service is taken back by these alone.
    pub(crate) fn rollback_on(self, triggers: &[Trigger]) -> Self {
        self.rules(triggers.iter().cloned().map(Rule::from).collect())
    }

    pub(crate) fn rules(mut self, rules: Vec<Rule>) -> Self {
        self.parts.last_mut().expect("a service").rollback_on = rules;
        self
    }

    /// Each step of the last service needs evidence.
    pub(crate) fn needs_evidence(mut self, gate: Gate) -> Self {
        self.parts.last_mut().expect("a service").analysis = Some(gate);
        self
    }

    /// The last service has a failed candidate of an earlier deployment, kept for a look.
    pub(crate) fn with_failed(mut self) -> Self {
        self.parts.last_mut().expect("a service").failed = true;
        self
    }

    /// Somebody wants to look at what fails.
    pub(crate) fn keep_failed(mut self) -> Self {
        self.keep_failed = true;
        self
    }

    pub(crate) fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    fn before(&self, at: usize) -> ServiceSpec {
        let part = &self.parts[at];
        let mut spec = service_spec();
        spec.process.instances = part.instances;
        spec.listen = part.kind.listens_before().then(|| listener(at).into());
        spec.command = part.kind.command();
        spec
    }

    fn after(&self, at: usize) -> ServiceSpec {
        let part = &self.parts[at];
        let mut spec = service_spec();
        spec.needs = part.needs.iter().cloned().collect();
        spec.process.instances = match part.kind {
            Kind::ScaleUp | Kind::MoveAndScaleUp => part.instances + 1,
            Kind::ScaleDown => part.instances - 1,
            _ => part.instances,
        };
        let port = if part.kind.moves() { 500 } else { 0 };
        spec.listen = part
            .kind
            .listens_after()
            .then(|| local(listener(at).port() + port).into());
        spec.command = part.kind.command();
        spec.strategy = part.kind.strategy();
        spec.overlap = part.kind.overlap();
        spec.traffic.sticky = (part.kind == Kind::Treat).then_some(Sticky::Cookie);
        spec.rollback_on.clone_from(&part.rollback_on);
        spec.analysis = part.analysis;
        spec
    }

    /// What is wanted.
    pub(crate) fn spec(&self) -> Spec {
        Spec {
            app: AppName::new("shop").expect("a name"),
            environment: EnvironmentName::default_environment(),
            on_failure: self.on_failure,
            parallel: 8,
            finalize: Finalize::default(),
            score: windlass_model::ScoreSpec::default(),
            before: Vec::new(),
            services: (0..self.parts.len())
                .map(|at| (self.parts[at].name.clone(), self.after(at)))
                .collect(),
        }
    }

    /// What runs: version 1 in slot 1, labelled blue; a standby of version 0 in slot 0.
    pub(crate) fn environment(&self) -> Environment {
        let spec = self.spec();
        let mut environment = Environment::empty(spec.app, spec.environment);
        environment.revision = 7;
        for (at, part) in self.parts.iter().enumerate() {
            if !part.kind.runs_before() {
                continue;
            }
            let service = part.name.as_str();
            let slot = |id: u32, label, version: &str, tag: &str| Slot {
                id: SlotId(id),
                label,
                release: release(service, version),
                spec: self.before(at),
                instances: instances(service, tag, part.instances, at),
            };
            let stable = slot(1, Label::Blue, "1", "old");
            let standby = (part.standby && !part.kind.is_command())
                .then(|| slot(0, Label::Green, "0", "kept"));
            let known = |slot: &Slot| Promoted {
                release: slot.release.clone(),
                spec: slot.spec.clone(),
            };
            let state = ServiceState {
                promoted: [&stable].into_iter().chain(&standby).map(known).collect(),
                standby_kept: standby.as_ref().map(|_| StandbyKept {
                    by: DeploymentId::from_tail("0").expect("an id"),
                    finalize: Finalize::default(),
                }),
                stable: Some(stable),
                standby,
                failed: (part.failed && !part.kind.is_command()).then(|| KeptFailed {
                    by: DeploymentId::from_tail("0").expect("an id"),
                    slot: slot(7, Label::Green, "1b", "failed"),
                }),
                next_slot: SlotId(2),
                adopted: false,
                down: None,
                rolled_back: BTreeSet::new(),
            };
            environment.services.insert(part.name.clone(), state);
        }
        environment
    }

    /// Version 2 of everything that changes its release, else version 1.
    pub(crate) fn releases(&self) -> BTreeMap<ServiceName, Release> {
        let version = |kind: Kind| if kind.adjusts() { "1" } else { "2" };
        self.parts
            .iter()
            .map(|part| {
                let release = release(part.name.as_str(), version(part.kind));
                (part.name.clone(), release)
            })
            .collect()
    }

    pub(crate) fn plan(&self) -> Plan {
        let input = Input {
            spec: &self.spec(),
            environment: &self.environment(),
            releases: &self.releases(),
        };
        compile(input).expect("a plan")
    }

    /// Ids and addresses for all that `plan` wishes.
    pub(crate) fn opening(&self, plan: &Plan) -> Opening {
        let mut opening = Opening {
            keep_failed: self.keep_failed,
            ..Opening::default()
        };
        for (service, wish) in wishes(plan) {
            let at = self.parts.iter().position(|p| p.name == service);
            let at = at.expect("a service of the application");
            let open = OpenSlot {
                slot: SlotId(2),
                fresh: instances(service.as_str(), "new", wish.fresh, at),
                back: instances(service.as_str(), "back", wish.back, at),
            };
            opening.slots.insert(service, open);
        }
        opening
    }

    /// A deployment of `plan` that has not begun.
    pub(crate) fn opened(&self, plan: Plan) -> Deployment {
        let opening = self.opening(&plan);
        let id = DeploymentId::from_tail("1").expect("an id");
        Deployment::open(id, plan, &opening)
    }

    /// A deployment of its plan that has not begun.
    pub(crate) fn deployment(&self) -> Deployment {
        self.opened(self.plan())
    }
}

/// Where the service at this place listens.
pub(crate) fn listener(at: usize) -> SocketAddr {
    local(8_000 + u16::try_from(at).expect("few services"))
}

fn instances(service: &str, tag: &str, count: u16, at: usize) -> Vec<Instance> {
    let first = match tag {
        "old" => 10_000,
        "new" => 20_000,
        "back" => 30_000,
        _ => 40_000,
    };
    let at = u16::try_from(at).expect("few services");
    (0..count)
        .map(|n| Instance {
            id: instance_id(service, &format!("{tag}{n}")),
            place: "local".to_owned(),
            address: local(first + at * 100 + n),
        })
        .collect()
}
