//! Files, as they come out of `config`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use windlass_model::{
    AppName, Before, Below, CategoryName, CategorySpec, CheckName, CheckSource, CheckSpec,
    CommandSpec, EnvironmentName, Finalize, Measure, Millis, NoData, OnFailure, Overlap, Pass,
    Percent, Probe, ProbeKind, ProcessSpec, Rule, Scale, ScoreNeed, ServiceKey, ServiceName,
    ServiceSpec, Speaks, Spec, Step, Stop, Strategy, Template,
};
use windlass_runtime::Wanted;

/// The name of an application.
pub fn app_name(name: &str) -> AppName {
    AppName::new(name).expect("the test gives a good name")
}

/// The environment of a file that names none.
pub fn environment_name() -> EnvironmentName {
    EnvironmentName::default_environment()
}

/// The name of a service.
pub fn service_name(name: &str) -> ServiceName {
    ServiceName::new(name).expect("the test gives a good name")
}

/// A loopback address.
pub fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// One service of a file. Without more it has no `listen` and one instance that must live 200 ms.
#[derive(Clone, Debug)]
pub struct Service {
    name: ServiceName,
    spec: ServiceSpec,
}

impl Service {
    /// A service called `name`.
    pub fn new(name: &str) -> Self {
        let run = Template::parse("./server").expect("it has no places");
        let ready = Probe {
            kind: ProbeKind::Alive {
                at_least: Millis::from_millis(200),
            },
            within: Millis::from_secs(10),
            ..Probe::default()
        };
        let spec = ServiceSpec {
            needs: BTreeSet::new(),
            version: None,
            process: ProcessSpec {
                argv: vec![run],
                files: Vec::new(),
                instances: 1,
                env: BTreeMap::new(),
                memory: None,
                stop: Stop {
                    within: Millis::from_secs(3),
                    ..Stop::default()
                },
            },
            command: None,
            listen: None,
            traffic: Box::default(),
            speaks: Speaks::Http1,
            ready,
            strategy: Strategy::BlueGreen,
            overlap: Overlap::No,
            bake: Millis::from_secs(6),
            drain: Millis::from_secs(5),
            analysis: None,
            rollback_on: Rule::defaults(),
            detailed: None,
            metrics: BTreeMap::new(),
            rollback_within: ServiceSpec::ROLLBACK_WITHIN,
            was: None,
        };
        Self {
            name: service_name(name),
            spec,
        }
    }

    /// Served on a loopback port and asked over HTTP.
    #[must_use]
    pub fn listen(mut self, port: u16) -> Self {
        self.spec.listen = Some(address(port).into());
        self.spec.ready.kind = ProbeKind::Http {
            path: "/ready".to_owned(),
            speaks: Speaks::Http1,
        };
        self
    }

    /// Begins after `names` have passed.
    #[must_use]
    pub fn needs(mut self, names: &[&str]) -> Self {
        self.spec.needs = names.iter().map(|name| service_name(name)).collect();
        self
    }

    /// So many copies.
    #[must_use]
    pub fn instances(mut self, count: u16) -> Self {
        self.spec.process.instances = count;
        self
    }

    /// How a new release takes over.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.spec.strategy = strategy;
        self
    }

    /// A canary: shares, each watched for so many milliseconds.
    #[must_use]
    pub fn canary(self, steps: &[(u64, u64)]) -> Self {
        let step = |(to, bake): &(u64, u64)| Step {
            to: Percent::new(*to).expect("the test gives a share"),
            bake: Millis::from_millis(*bake),
            score: None,
        };
        self.strategy(Strategy::Canary(steps.iter().map(step).collect()))
    }

    /// The same, with the score that each step needs, and what follows of a lower one.
    #[must_use]
    pub fn scored_canary(self, steps: &[(u64, u64, u16)], below: Below) -> Self {
        let step = |(to, bake, at_least): &(u64, u64, u16)| Step {
            to: Percent::new(*to).expect("the test gives a share"),
            bake: Millis::from_millis(*bake),
            score: Some(ScoreNeed {
                at_least: *at_least,
                below,
            }),
        };
        self.strategy(Strategy::Canary(steps.iter().map(step).collect()))
    }

    /// Whether old and new may run at the same time.
    #[must_use]
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.spec.overlap = overlap;
        self
    }

    /// How long it is watched.
    #[must_use]
    pub fn bake(mut self, bake: Millis) -> Self {
        self.spec.bake = bake;
        self
    }

    /// How long requests may take to end.
    #[must_use]
    pub fn drain(mut self, drain: Millis) -> Self {
        self.spec.drain = drain;
        self
    }

    /// Its label.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.spec.version = Some(version.to_owned());
        self
    }

    /// A command brings it, which has a `status` and a `rollback`.
    #[must_use]
    pub fn command(mut self) -> Self {
        let argv = |text| Some(vec![Template::parse(text).expect("it has no places")]);
        self.spec.command = Some(CommandSpec {
            status: argv("./status"),
            rollback: argv("./rollback"),
            pass: Pass::default(),
        });
        self.spec.ready.kind = ProbeKind::Command { status: true };
        self
    }

    /// One more variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        let value = Template::parse(value).expect("the test gives a template");
        self.spec.process.env.insert(name.to_owned(), value);
        self
    }

    /// Work time within which it must be ready.
    #[must_use]
    pub fn ready_within(mut self, within: Millis) -> Self {
        self.spec.ready.within = within;
        self
    }

    /// Any other change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut ServiceSpec)) -> Self {
        change(&mut self.spec);
        self
    }
}

/// One file.
#[derive(Clone, Debug)]
pub struct App {
    spec: Spec,
    folder: PathBuf,
}

impl App {
    /// An application of these services.
    pub fn new(name: &str, services: impl IntoIterator<Item = Service>) -> Self {
        let services = services
            .into_iter()
            .map(|service| (service.name, service.spec))
            .collect();
        let spec = Spec {
            finalize: Finalize::default(),
            score: windlass_model::ScoreSpec::default(),
            before: Vec::new(),
            app: app_name(name),
            environment: environment_name(),
            on_failure: OnFailure::All,
            parallel: 8,
            services,
        };
        Self {
            spec,
            folder: PathBuf::from("/srv").join(name),
        }
    }

    /// What goes back when one service fails.
    #[must_use]
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.spec.on_failure = on_failure;
        self
    }

    /// A health score of one command, whose number is the score.
    #[must_use]
    pub fn scored(self) -> Self {
        self.scored_by(&["./score"])
    }

    /// The same of a command of one's own.
    #[must_use]
    pub fn scored_by(mut self, words: &[&str]) -> Self {
        let word = |word: &&str| Template::parse(word).expect("the test gives a word");
        let check = CheckSpec {
            weight: 1,
            source: CheckSource::Command {
                argv: words.iter().map(word).collect(),
                value: Some("/score".to_owned()),
            },
            scale: Scale {
                bad: Measure::nearest(0.0),
                good: Measure::nearest(100.0),
            },
            no_data: NoData::Hold,
            max_age: Millis::from_secs(86_400),
            within: Millis::from_secs(30),
            remedy: None,
        };
        let checks = BTreeMap::from([(CheckName::new("suite").expect("a name"), check)]);
        let category = CategorySpec { weight: 1, checks };
        let name = CategoryName::new("testing").expect("a name");
        self.spec.score.categories.insert(name, category);
        self
    }

    /// Measured by a metric of a service: 0 is worth 100, and this nothing.
    #[must_use]
    pub fn scored_by_metric(mut self, service: &str, name: &str, bad: f64) -> Self {
        let service = service_name(service);
        let metrics = &self.spec.services[&service].metrics;
        let source = CheckSource::Metric {
            query: Box::new(metrics[name].clone()),
            name: name.to_owned(),
            service,
        };
        self = self.scored();
        let checks = self.spec.score.categories.values_mut();
        for check in checks.flat_map(|category| category.checks.values_mut()) {
            check.source = source.clone();
            check.scale = Scale {
                bad: Measure::nearest(bad),
                good: Measure::nearest(0.0),
            };
        }
        self
    }

    /// A score that is asked for before anything moves.
    #[must_use]
    pub fn before(mut self, score: u16) -> Self {
        self.spec.before = vec![Before::Score(score)];
        self
    }

    /// Its folder.
    #[must_use]
    pub fn folder(mut self, folder: &str) -> Self {
        self.folder = PathBuf::from(folder);
        self
    }

    /// How many instances may be starting at the same time.
    #[must_use]
    pub fn parallel(mut self, parallel: u16) -> Self {
        self.spec.parallel = parallel;
        self
    }

    /// The application as wanted.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Where one of its services lives.
    pub fn key(&self, service: &str) -> ServiceKey {
        ServiceKey {
            app: self.spec.app.clone(),
            environment: self.spec.environment.clone(),
            service: service_name(service),
        }
    }

    /// As it is handed to a controller.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            places: BTreeMap::new(),
            spec: self.spec.clone(),
            folder: self.folder.clone(),
            values: BTreeMap::new(),
            surroundings: BTreeMap::new(),
        }
    }
}
