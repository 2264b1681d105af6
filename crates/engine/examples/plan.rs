//! Measures compiling a plan, for two shapes of the graph, and prints one JSON line for each: `chain`,
//! where each service needs the one before it, and `wide`, where each needs three, near and far.
//!
//! `plan [SERVICES] [ROUNDS]`

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use windlass_engine::plan::{Input, compile};
use windlass_engine::sha256;
use windlass_model::{
    AppName, Environment, EnvironmentName, Finalize, Instance, InstanceId, Label, Millis,
    OnFailure, Overlap, Probe, ProcessSpec, Promoted, Release, Rule, ServiceName, ServiceSpec,
    ServiceState, Slot, SlotId, Speaks, Spec, Stop, Strategy, Template, Version,
};

/// Services unless said otherwise.
const SERVICES: u16 = 1_000;

/// Most services: each has a port of its own.
const SERVICES_MOST: u16 = 20_000;

/// Plans measured unless said otherwise.
const ROUNDS: usize = 20;

/// Most plans measured.
const ROUNDS_MOST: usize = 1_000;

/// Plans before the measuring begins.
const WARM_UP: usize = 2;

type Failure = Box<dyn std::error::Error>;

/// What service `number` needs, by number.
type Shape = fn(u16) -> BTreeSet<u16>;

/// Everything that a plan is computed from.
struct Wanted {
    spec: Spec,
    environment: Environment,
    releases: BTreeMap<ServiceName, Release>,
}

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let services = words
        .next()
        .map_or(Ok(SERVICES), |word| word.parse())?
        .min(SERVICES_MOST);
    let rounds = words
        .next()
        .map_or(Ok(ROUNDS), |word| word.parse())?
        .clamp(1, ROUNDS_MOST);
    let shapes: [(&str, Shape); 2] = [("chain", chain), ("wide", wide)];
    for (name, shape) in shapes {
        let wanted = wanted(services, shape)?;
        let mut times = Vec::with_capacity(rounds);
        let mut tasks = 0;
        for round in 0..WARM_UP + rounds {
            let (took, found) = measured(&wanted)?;
            tasks = found;
            if round >= WARM_UP {
                times.push(took);
            }
        }
        times.sort_unstable();
        let micros = |at: usize| times.get(at).map_or(0, Duration::as_micros);
        let line = serde_json::json!({
            "shape": name,
            "services": services,
            "tasks": tasks,
            "rounds": rounds,
            "p50_us": u64::try_from(micros(rounds / 2))?,
            "most_us": u64::try_from(micros(rounds - 1))?,
        });
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

/// Compiles once; how long it took and how many tasks there are.
fn measured(wanted: &Wanted) -> Result<(Duration, usize), Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "what is measured has no clock; who measures needs one"
    )]
    let begun = std::time::Instant::now();
    let plan = compile(Input {
        spec: &wanted.spec,
        environment: &wanted.environment,
        releases: &wanted.releases,
    })
    .map_err(|problems| format!("the plan is refused: {problems:?}"))?;
    Ok((begun.elapsed(), plan.tasks.len()))
}

fn chain(number: u16) -> BTreeSet<u16> {
    number.checked_sub(1).into_iter().collect()
}

fn wide(number: u16) -> BTreeSet<u16> {
    [number / 2, number / 3, number.saturating_sub(10)]
        .into_iter()
        .filter(|need| *need < number)
        .collect()
}

/// An application whose services all run version 1 and are all to run version 2.
fn wanted(services: u16, shape: Shape) -> Result<Wanted, Failure> {
    let (app, name) = (
        AppName::new("bench")?,
        EnvironmentName::default_environment(),
    );
    let mut wanted = Wanted {
        spec: Spec {
            app: app.clone(),
            environment: name.clone(),
            on_failure: OnFailure::All,
            parallel: 8,
            finalize: Finalize::default(),
            score: windlass_model::ScoreSpec::default(),
            before: Vec::new(),
            services: BTreeMap::new(),
        },
        environment: Environment::empty(app, name),
        releases: BTreeMap::new(),
    };
    for number in 0..services {
        let service = service_name(number)?;
        let needs: Result<BTreeSet<ServiceName>, Failure> =
            shape(number).into_iter().map(service_name).collect();
        let spec = service_spec(number, needs?);
        let stable = release(number, "1");
        let state = ServiceState {
            promoted: vec![Promoted {
                release: stable.clone(),
                spec: spec.clone(),
            }],
            stable: Some(slot(number, stable, spec.clone())?),
            next_slot: SlotId(1),
            ..ServiceState::default()
        };
        wanted.environment.services.insert(service.clone(), state);
        wanted
            .releases
            .insert(service.clone(), release(number, "2"));
        wanted.spec.services.insert(service, spec);
    }
    Ok(wanted)
}

fn service_name(number: u16) -> Result<ServiceName, Failure> {
    Ok(ServiceName::new(&format!("s{number}"))?)
}

fn service_spec(number: u16, needs: BTreeSet<ServiceName>) -> ServiceSpec {
    ServiceSpec {
        needs,
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
        listen: Some(address(number).into()),
        traffic: Box::default(),
        speaks: Speaks::Http1,
        ready: Probe::default(),
        strategy: Strategy::BlueGreen,
        overlap: Overlap::No,
        bake: Millis::from_secs(30),
        drain: Millis::from_secs(30),
        analysis: None,
        rollback_on: Rule::defaults(),
        detailed: None,
        metrics: BTreeMap::new(),
        rollback_within: ServiceSpec::ROLLBACK_WITHIN,
        was: None,
    }
}

fn slot(number: u16, release: Release, spec: ServiceSpec) -> Result<Slot, Failure> {
    let instance = Instance {
        id: InstanceId::from_tail(&format!("s{number}"))?,
        place: "local".to_owned(),
        address: address(SERVICES_MOST + number),
    };
    Ok(Slot {
        id: SlotId(0),
        label: Label::Blue,
        release,
        spec,
        instances: vec![instance],
    })
}

fn release(number: u16, version: &str) -> Release {
    Release {
        version: Version(version.to_owned()),
        identity: sha256(format!("s{number} {version}").as_bytes()),
        artefact: sha256(format!("files of s{number} {version}").as_bytes()),
    }
}

/// Nobody listens there: a plan opens nothing.
fn address(number: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1_024 + number))
}
