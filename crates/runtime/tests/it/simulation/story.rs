//! What happens in one seed.

use std::collections::BTreeMap;

use windlass_model::{
    Environment, Millis, OnFailure, Overlap, Percent, ServiceName, ServiceState, Strategy,
};
use windlass_testkit::{App, Script, Seeded, Service, StartScript, address, service_name};

/// Names in the order in which they may need each other.
const NAMES: [&str; 4] = ["auth", "api", "web", "worker"];

/// What they may be called later, in the same order.
const NEW_NAMES: [&str; 4] = ["login", "core", "site", "jobs"];

/// Whether services get other names between two deployments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    Stay,
    Change,
}

/// First port of listeners.
const PORTS: u16 = 8_000;

/// One seed's story: deployments one after the other, and what goes wrong.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) seed: u64,
    pub(super) rounds: Vec<Round>,
    /// Per cent of calls to host and router that fail.
    pub(super) trouble: u64,
    /// Whether the router leaves asking for capacity to the controller.
    pub(super) trusting: bool,
    /// How long requests take to end.
    pub(super) requests_take: Millis,
    /// How long nobody is there after a crash.
    pub(super) down_for: Millis,
}

/// One deployment.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub(super) app: App,
    /// What lies in the folder.
    pub(super) contents: BTreeMap<ServiceName, String>,
    /// What new contents do.
    pub(super) scripts: BTreeMap<ServiceName, Script>,
    /// A service whose raises from this share on are refused.
    pub(super) refused: Option<(ServiceName, Percent)>,
    /// What a person says, and how long after the beginning.
    pub(super) said: Option<(Millis, Said)>,
    /// When the disk is full, and for how many tries.
    pub(super) full: Option<(Millis, u32)>,
}

impl Round {
    /// What an environment has of a service, under its name or the one before.
    pub(super) fn known_in<'e>(
        &self,
        environment: &'e Environment,
        service: &ServiceName,
    ) -> Option<&'e ServiceState> {
        let state = environment.services.get(service);
        let was = || self.app.spec().services[service].was.as_ref();
        state.or_else(|| environment.services.get(was()?))
    }
}

/// What a person says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said {
    Abort,
    HoldFor(Millis),
    Promote,
    /// Nobody says anything: the first tripwire that is armed then fires.
    Trip,
    /// Every raise is halted for so long.
    HaltFor(Millis),
}

/// One service's state between rounds.
#[derive(Clone, Debug)]
struct Part {
    name: &'static str,
    /// The name in the file, and the one before.
    called: &'static str,
    was: Option<&'static str>,
    needs: Vec<&'static str>,
    port: Option<u16>,
    instances: u16,
    content: u64,
}

impl Story {
    pub(super) fn of(seed: u64, names: Names) -> Self {
        let seeded = Seeded::new(seed);
        // Of its own, so that a seed tells the same story otherwise.
        let naming = Seeded::new(seed ^ 0x00ba_dbed);
        let count = 1 + seeded.below(4);
        let mut parts: Vec<Part> = Vec::new();
        for name in NAMES.into_iter().take(usize::try_from(count).unwrap_or(1)) {
            let mut needs: Vec<&'static str> = parts.iter().map(|part| part.name).collect();
            needs.retain(|_| seeded.chance(45));
            parts.push(Part {
                name,
                called: name,
                was: None,
                needs,
                port: seeded.chance(80).then(|| port(name, 0)),
                instances: seeded.pick(&[1, 1, 2, 3]),
                content: 0,
            });
        }
        let mut rounds = vec![round(&seeded, &parts, 20)];
        for _ in 0..=seeded.below(2) {
            for part in &mut parts {
                change(&seeded, part);
                if names == Names::Change && part.was.is_none() && naming.chance(60) {
                    rename(part);
                }
            }
            rounds.push(round(&seeded, &parts, 50));
        }
        Self {
            seed,
            rounds,
            trouble: seeded.pick(&[0, 0, 10, 30]),
            trusting: seeded.chance(50),
            requests_take: Millis::from_millis(seeded.pick(&[0, 40, 1_500, 20_000])),
            down_for: Millis::from_millis(seeded.pick(&[0, 1, 700, 8_000])),
        }
    }

    /// Whether no person and no race of times makes more than one end legal.
    pub(super) fn has_one_end(&self) -> bool {
        self.rounds.iter().all(|round| round.said.is_none())
    }
}

fn place(name: &str) -> usize {
    let known = NAMES.iter().position(|known| *known == name);
    known.expect("every part has one of the names")
}

fn port(name: &str, more: u16) -> u16 {
    PORTS + u16::try_from(place(name)).unwrap_or_default() * 10 + more
}

fn rename(part: &mut Part) {
    part.called = NEW_NAMES[place(part.name)];
    part.was = Some(part.name);
}

fn change(seeded: &Seeded, part: &mut Part) {
    if seeded.chance(75) {
        part.content += 1;
    }
    if seeded.chance(15) {
        part.instances = 1 + part.instances % 3;
    }
    if seeded.chance(15) {
        part.port = Some(port(part.name, part.port.unwrap_or(9) % 10 + 1).min(port(part.name, 9)));
    } else if seeded.chance(5) {
        part.port = None;
    }
}

fn round(seeded: &Seeded, parts: &[Part], faults: u64) -> Round {
    let mut app_parts = Vec::new();
    let mut contents = BTreeMap::new();
    let mut scripts = BTreeMap::new();
    let said = seeded
        .chance(25)
        .then(|| (Millis::from_millis(seeded.below(15_000)), said(seeded)));
    // A person who skips the bakes may promote what would have failed in them: no fault then.
    let patient = !matches!(said, Some((_, Said::Promote)));
    let bad = (seeded.chance(faults) && patient).then(|| seeded.pick(parts));
    let refused = bad
        .clone()
        .filter(|part| part.port.is_some() && seeded.chance(25));
    for part in parts {
        let name = service_name(part.called);
        let content = format!("{} {}", part.name, part.content);
        contents.insert(name.clone(), content);
        scripts.insert(name.clone(), good(seeded));
        let needs = called(parts, &part.needs);
        let mut service = service(seeded, part).needs(&needs);
        let is_bad = bad.as_ref().is_some_and(|bad| bad.name == part.name);
        if is_bad && refused.is_none() {
            let (script, bake) = fault(seeded);
            service = service.with(|spec| longer(spec, bake));
            scripts.insert(name, script);
        }
        app_parts.push(service);
    }
    let on_failure = seeded.pick(&[OnFailure::All, OnFailure::All, OnFailure::Dependents]);
    let when = |most| Millis::from_millis(seeded.below(most));
    let share = |part: Part| {
        let share = Percent::new(seeded.pick(&[1, 50, 100])).expect("a share");
        (service_name(part.called), share)
    };
    Round {
        app: App::new("shop", app_parts)
            .on_failure(on_failure)
            .parallel(seeded.pick(&[1, 8])),
        contents,
        scripts,
        refused: refused.map(share),
        said,
        full: seeded.chance(15).then(|| {
            (
                when(10_000),
                1 + u32::try_from(seeded.below(3)).unwrap_or(0),
            )
        }),
    }
}

/// What the file calls these parts now.
fn called(parts: &[Part], names: &[&str]) -> Vec<&'static str> {
    let named = parts.iter().filter(|part| names.contains(&part.name));
    named.map(|part| part.called).collect()
}

fn said(seeded: &Seeded) -> Said {
    let long = Millis::from_millis(seeded.pick(&[100, 3_000, 40_000]));
    seeded.pick(&[
        Said::Abort,
        Said::HoldFor(long),
        Said::Promote,
        Said::Trip,
        Said::HaltFor(long),
    ])
}

/// A good release, with its own pace.
fn good(seeded: &Seeded) -> Script {
    let start = match seeded.below(10) {
        0 => StartScript::AddressTaken(seeded.pick(&[1, 2, 4])),
        1 => StartScript::AnswerLost(seeded.pick(&[1, 2])),
        _ => StartScript::Starts,
    };
    let listens = seeded.pick(&[0, 50, 400]);
    Script {
        start,
        starts_after: Millis::from_millis(seeded.pick(&[0, 5, 50])),
        listens_after: Millis::from_millis(listens),
        ready_after: Some(Millis::from_millis(listens + seeded.pick(&[0, 100, 2_000]))),
        ignores_stop_for: Millis::from_millis(seeded.pick(&[0, 10, 1_000, 9_000])),
        ..Script::default()
    }
}

/// A release that can't pass, and the bake that makes sure of it.
fn fault(seeded: &Seeded) -> (Script, Millis) {
    let millis = Millis::from_millis;
    let seen = millis(2_000);
    match seeded.below(6) {
        0 => (Script::rejected(), seen),
        1 => (Script::never_ready(), seen),
        2 => (
            Script {
                start: StartScript::AddressTaken(20),
                ..Script::default()
            },
            seen,
        ),
        3 => (
            Script::unready_after(millis(400 + seeded.below(1_200))),
            millis(8_000),
        ),
        _ => (Script::ends_after(millis(seeded.below(1_500))), seen),
    }
}

fn longer(spec: &mut windlass_model::ServiceSpec, bake: Millis) {
    spec.bake = spec.bake.max(bake);
    if let Strategy::Canary(steps) = &mut spec.strategy {
        for step in steps {
            step.bake = step.bake.max(bake);
        }
    }
}

fn service(seeded: &Seeded, part: &Part) -> Service {
    let service = Service::new(part.called)
        .with(|spec| spec.was = part.was.map(service_name))
        .instances(part.instances)
        .bake(Millis::from_millis(seeded.pick(&[2_000, 6_000, 8_000])))
        .drain(Millis::from_secs(seeded.pick(&[1, 2])));
    let Some(port) = part.port else {
        return service.overlap(seeded.pick(&[Overlap::No, Overlap::Yes]));
    };
    let service = service.with(|spec| spec.listen = Some(address(port).into()));
    let service = service.listen(port);
    match seeded.below(5) {
        0 => service.canary(&[(5, 2_000), (25, 2_000), (100, 2_000)]),
        1 => service.canary(&[(50, 7_000), (100, 2_000)]),
        2 => service.strategy(Strategy::Rolling),
        3 => service.strategy(Strategy::Recreate),
        _ => service.strategy(Strategy::BlueGreen),
    }
}
