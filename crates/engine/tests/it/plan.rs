//! What a plan says, and what its id covers.

use std::collections::BTreeSet;

use windlass_engine::plan::{Input, PlanProblem, compile, lasts};
use windlass_model::{
    Change, Environment, InstanceId, Listen, Millis, OnFailure, PathPrefix, Plan, Release,
    ServiceName, ServiceSpec, SlotId, Spec, Step, Strategy, Task, TaskKind, Tls, TlsFiles,
};

use crate::builders::{
    App, BAKE, KINDS, Kind, canary, listener, local, name, percent, release, service_spec,
};

type Releases = std::collections::BTreeMap<ServiceName, Release>;

/// What a plan is computed from, to be changed a little.
struct Wanted {
    spec: Spec,
    environment: Environment,
    releases: Releases,
}

impl Wanted {
    fn of(app: &App) -> Self {
        Self {
            spec: app.spec(),
            environment: app.environment(),
            releases: app.releases(),
        }
    }

    fn compiled(&self) -> Result<Plan, Vec<PlanProblem>> {
        compile(Input {
            spec: &self.spec,
            environment: &self.environment,
            releases: &self.releases,
        })
    }

    fn plan(&self) -> Plan {
        self.compiled().expect("a plan")
    }

    fn service(&mut self, service: &str) -> &mut ServiceSpec {
        self.spec
            .services
            .get_mut(&name(service))
            .expect("a service")
    }
}

fn shop() -> App {
    App::of("auth", Kind::Canary)
        .and("api", Kind::Recreate, &["auth"])
        .and("web", Kind::First, &["api"])
        .with_standby()
}

fn at_once() -> Change {
    Change::Beside {
        steps: vec![Step {
            to: percent(100),
            bake: BAKE,
            score: None,
        }],
    }
}

fn change(kind: Kind) -> Change {
    App::of("api", kind).plan().rollouts[&name("api")]
        .change
        .clone()
}

#[test]
fn the_same_input_gives_the_same_plan_byte_for_byte() {
    for kind in KINDS {
        let text =
            || serde_json::to_string(&shop().and("mail", kind, &["web"]).plan()).expect("json");
        assert_eq!(text(), text());
        let read: Plan = serde_json::from_str(&text()).expect("a plan");
        assert_eq!(read, shop().and("mail", kind, &["web"]).plan());
    }
}

#[test]
fn the_id_covers_the_spec_the_releases_what_is_stable_and_the_revision() {
    let edits: [fn(&mut Wanted); 8] = [
        |w| w.service("auth").bake = Millis::from_secs(11),
        |w| w.service("web").process.instances = 2,
        |w| w.spec.on_failure = OnFailure::Dependents,
        |w| w.spec.parallel = 3,
        |w| {
            w.releases.insert(name("api"), release("api", "3"));
        },
        |w| {
            let state = w.environment.services.get_mut(&name("auth")).expect("auth");
            state.stable.as_mut().expect("stable").release = release("auth", "0");
        },
        |w| {
            let state = w.environment.services.get_mut(&name("auth")).expect("auth");
            state.standby = state.stable.take();
        },
        |w| w.environment.revision += 1,
    ];
    let mut seen = BTreeSet::from([shop().plan().id]);
    for (at, edit) in edits.into_iter().enumerate() {
        let mut wanted = Wanted::of(&shop());
        edit(&mut wanted);
        assert!(seen.insert(wanted.plan().id), "edit {at} changes the id");
    }
}

#[test]
fn the_id_covers_no_instances_addresses_slots_or_locks() {
    let edits: [fn(&mut Wanted); 4] = [
        |w| {
            let state = w.environment.services.get_mut(&name("auth")).expect("auth");
            let stable = state.stable.as_mut().expect("stable");
            stable.instances[0].id = InstanceId::from_tail("other").expect("an id");
            stable.instances[0].address = local(9);
            stable.id = SlotId(77);
            state.next_slot = SlotId(78);
        },
        |w| w.environment.folder = "/elsewhere".to_owned(),
        |w| w.environment.lock = windlass_model::DeploymentId::from_tail("9").ok(),
        // A first deployment that failed leaves only its slot number.
        |w| {
            let state = w.environment.services.entry(name("web")).or_default();
            state.next_slot = SlotId(1);
        },
    ];
    let id = shop().plan().id;
    for (at, edit) in edits.into_iter().enumerate() {
        let mut wanted = Wanted::of(&shop());
        edit(&mut wanted);
        assert_eq!(wanted.plan().id, id, "edit {at} changes nothing");
    }
}

#[test]
fn each_change_is_what_it_must_be() {
    for (kind, expected) in [
        (Kind::First, Change::First { bake: BAKE }),
        (Kind::FirstWorker, Change::First { bake: BAKE }),
        (Kind::BlueGreen, at_once()),
        (Kind::Canary, Change::Beside { steps: canary() }),
        (Kind::Worker, at_once()),
        (Kind::WorkerInPlace, Change::InPlace { bake: BAKE }),
        (Kind::Recreate, Change::InPlace { bake: BAKE }),
        (Kind::ScaleUp, Change::Adjust { bake: BAKE }),
        (Kind::ScaleDown, Change::Adjust { bake: BAKE }),
        (Kind::Move, Change::Adjust { bake: BAKE }),
        (Kind::MoveAndScaleUp, Change::Adjust { bake: BAKE }),
        (Kind::Treat, Change::Adjust { bake: BAKE }),
        // Nothing is served yet that a smaller step could share.
        (Kind::ListenAdded, at_once()),
        (Kind::ListenAddedInPlace, Change::InPlace { bake: BAKE }),
        (Kind::ListenRemoved, at_once()),
        (Kind::ListenRemovedInPlace, Change::InPlace { bake: BAKE }),
        (Kind::AdjustListenRemoved, Change::Adjust { bake: BAKE }),
    ] {
        assert_eq!(change(kind), expected, "{kind:?}");
    }
}

#[test]
fn rolling_is_a_canary_of_k_of_n() {
    let shares = |instances: u16| -> Vec<u8> {
        let mut wanted = Wanted::of(&App::of("api", Kind::BlueGreen));
        wanted.service("api").strategy = Strategy::Rolling;
        wanted.service("api").process.instances = instances;
        match &wanted.plan().rollouts[&name("api")].change {
            Change::Beside { steps } => steps.iter().map(|step| step.to.get()).collect(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(shares(1), [100]);
    assert_eq!(shares(3), [33, 66, 100]);
    assert_eq!(shares(4), [25, 50, 75, 100]);
    // However many instances: whole shares, each once, never nothing.
    assert_eq!(shares(1_000), (1..=100).collect::<Vec<u8>>());
}

#[test]
fn the_same_release_as_wanted_stays_as_it_is_whatever_the_policy_says() {
    let mut wanted = Wanted::of(&App::of("api", Kind::Canary));
    wanted.releases.insert(name("api"), release("api", "1"));
    let api = wanted.service("api");
    api.bake = Millis::from_secs(99);
    api.drain = Millis::from_secs(99);
    api.strategy = Strategy::Rolling;
    let plan = wanted.plan();
    assert_eq!(plan.unchanged, BTreeSet::from([name("api")]));
    assert!(plan.rollouts.is_empty() && plan.tasks.is_empty());
}

#[test]
fn what_runs_but_is_not_in_the_file_is_unmanaged() {
    let mut wanted = Wanted::of(&shop());
    wanted.spec.services.remove(&name("auth"));
    let plan = wanted.plan();
    assert_eq!(plan.unmanaged, BTreeSet::from([name("auth")]));
    // Nor is anything waited for that does not change.
    assert_eq!(plan.rollouts[&name("api")].needs, BTreeSet::new());
    // One that does not run any more is not.
    let auth = wanted
        .environment
        .services
        .get_mut(&name("auth"))
        .expect("auth");
    auth.stable = None;
    assert_eq!(wanted.plan().unmanaged, BTreeSet::new());
}

#[test]
fn a_rollout_waits_only_for_needs_that_change_too() {
    let mut wanted = Wanted::of(&shop());
    let needs = |plan: &Plan, service: &str| plan.rollouts[&name(service)].needs.clone();
    assert_eq!(needs(&wanted.plan(), "api"), BTreeSet::from([name("auth")]));
    wanted.releases.insert(name("auth"), release("auth", "1"));
    let plan = wanted.plan();
    assert_eq!(plan.unchanged, BTreeSet::from([name("auth")]));
    assert_eq!(needs(&plan, "api"), BTreeSet::new());
    assert_eq!(needs(&plan, "web"), BTreeSet::from([name("api")]));
}

#[test]
fn an_address_that_another_service_keeps_until_promotion_is_refused() {
    // A service that is not in the file any more.
    let mut wanted = Wanted::of(&shop());
    wanted.spec.services.remove(&name("auth"));
    wanted.service("web").listen = Some(listener(0).into());
    let taken = |service: &str, at: usize, owner: &str| PlanProblem::ListenTaken {
        service: name(service),
        listen: Box::new(listener(at).into()),
        taken: Box::new(listener(at).into()),
        owner: name(owner),
        // It is new, and that one is wanted no more.
        may_be_it: service == "web",
    };
    assert_eq!(wanted.compiled(), Err(vec![taken("web", 0, "auth")]));
    // Two that want to change places: all of it is said at once.
    let app = App::of("auth", Kind::Canary).and("api", Kind::Canary, &[]);
    let mut wanted = Wanted::of(&app);
    wanted.service("auth").listen = Some(listener(1).into());
    wanted.service("api").listen = Some(listener(0).into());
    let both = vec![taken("api", 0, "auth"), taken("auth", 1, "api")];
    assert_eq!(wanted.compiled(), Err(both.clone()));
    assert_eq!(
        both[0].to_string(),
        "api: 127.0.0.1:8000 is served by auth: free it first by a deployment of its own"
    );
}

#[test]
fn what_may_only_have_another_name_is_told_how_to_say_so() {
    let mut wanted = Wanted::of(&shop());
    let auth = wanted.spec.services.remove(&name("auth")).expect("auth");
    for service in wanted.spec.services.values_mut() {
        service.needs.clear();
    }
    wanted.spec.services.insert(name("login"), auth);
    let problems = wanted.compiled().expect_err("auth has the address");
    assert_eq!(
        problems[0].to_string(),
        "login: 127.0.0.1:8000 is served by auth: is login that service under another name, give it \
         `was: auth`, and requests and history go over to it; else free it first by a deployment of its own"
    );
}

#[test]
fn on_one_address_one_service_can_t_stay_behind_when_the_others_change_to_tls() {
    let app = App::of("auth", Kind::Canary).and("api", Kind::Canary, &[]);
    let mut wanted = Wanted::of(&app);
    let below = |path| Listen {
        path: PathPrefix::new(path).unwrap(),
        tls: Some(Tls::Files(TlsFiles {
            certificate: "/c.pem".to_owned(),
            key: "/k.pem".to_owned(),
        })),
        ..listener(0).into()
    };
    // Both on the address that auth has in the clear, in one deployment.
    wanted.service("auth").listen = Some(below("/"));
    wanted.service("api").listen = Some(below("/api"));
    assert!(wanted.compiled().is_ok());
    // Without auth, which stays as it is.
    wanted.spec.services.remove(&name("auth"));
    let problems = wanted.compiled().expect_err("a problem");
    assert_eq!(
        problems[0].to_string(),
        "api: /api on 127.0.0.1:8000 (TLS) can't be served beside 127.0.0.1:8000 of auth: on one \
         address all speak TLS, or none, and all believe the same proxies"
    );
}

/// `2 api wave 1 after 0 1: StopOld … | undo`.
fn line(task: &Task) -> String {
    let service = task.service.as_ref().map_or("-", ServiceName::as_str);
    let after: Vec<String> = task.after.iter().map(|id| id.0.to_string()).collect();
    let at = |all: &[Listen]| all.iter().map(|it| it.address).collect::<Vec<_>>();
    let kind = match &task.kind {
        TaskKind::RetireFailed { version } => format!("retire failed {version}"),
        TaskKind::RetireStandby { version } => format!("retire standby {version}"),
        TaskKind::StopOld { version } => format!("stop {version}"),
        TaskKind::Start { version, instances } => format!("start {instances} of {version}"),
        TaskKind::Run { job, version } => format!("run {job} to {version}"),
        TaskKind::Route { open, close } => format!("open {:?} close {:?}", at(open), at(close)),
        TaskKind::Treat => "treat".to_owned(),
        TaskKind::Scale { from, to } => format!("scale {from} to {to}"),
        TaskKind::Shift { to } => format!("shift to {to}"),
        TaskKind::Bake { within } => format!("bake {within}"),
        TaskKind::Promote => "promote".to_owned(),
        TaskKind::Drain { version, within } => format!("drain {version} within {within}"),
        TaskKind::Standby { version } => format!("standby {version}"),
        TaskKind::Retire { version } => format!("retire {version}"),
        TaskKind::Unroute { close } => format!("unroute {:?}", at(close)),
        TaskKind::Rename { from } => format!("rename {from}"),
    };
    assert!(!task.no_way_back);
    let undo = task
        .undo
        .as_ref()
        .map_or(String::new(), |undo| format!(" | {undo}"));
    let (id, wave) = (task.id.0, task.wave);
    format!(
        "{id} {service} wave {wave} after [{}]: {kind}{undo}",
        after.join(" ")
    )
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.tasks.iter().map(line).collect()
}

#[test]
fn tasks_say_what_is_done_after_what_and_what_undoes_it() {
    let app = App::of("auth", Kind::Canary)
        .with_standby()
        .and("api", Kind::Recreate, &["auth"])
        .and("web", Kind::First, &["api", "auth"]);
    let expected = [
        "0 auth wave 0 after []: retire standby 0",
        "1 auth wave 1 after [0]: start 1 of 2 | stop them",
        "2 auth wave 2 after [1]: shift to 5 % | 1 back to 100 %",
        "3 auth wave 3 after [2]: bake 10s",
        "4 auth wave 4 after [3]: shift to 25 % | 1 back to 100 %",
        "5 auth wave 5 after [4]: bake 10s",
        "6 auth wave 6 after [5]: shift to 100 % | 1 back to 100 %",
        "7 auth wave 7 after [6]: bake 10s",
        "8 api wave 8 after [7]: stop 1 | start 1 again",
        "9 api wave 9 after [8]: start 1 of 2 | stop them",
        "10 api wave 10 after [9]: shift to 100 % | 1 back to 100 %",
        "11 api wave 11 after [10]: bake 10s",
        "12 web wave 12 after [7 11]: start 1 of 2 | stop them",
        "13 web wave 13 after [12]: open [127.0.0.1:8002] close [] | close 127.0.0.1:8002",
        "14 web wave 14 after [13]: shift to 100 % | take it off the router",
        "15 web wave 15 after [14]: bake 10s",
        "16 - wave 16 after [7 11 15]: promote",
        "17 auth wave 17 after [16]: drain 1 within 30s",
        "18 auth wave 18 after [17]: standby 1",
    ];
    assert_eq!(lines(&app.plan()), expected);
}

#[test]
fn adjustments_workers_and_listeners_that_go_have_their_tasks() {
    let tasks = |kind: Kind| lines(&App::of("api", kind).plan());
    assert_eq!(
        tasks(Kind::MoveAndScaleUp),
        [
            "0 api wave 0 after []: scale 1 to 2 | back to 1",
            "1 api wave 1 after [0]: open [127.0.0.1:8500] close [127.0.0.1:8000] | close 127.0.0.1:8500",
            "2 api wave 2 after [1]: bake 10s",
            "3 - wave 3 after [2]: promote",
        ]
    );
    assert_eq!(
        tasks(Kind::Worker),
        [
            "0 api wave 0 after []: start 1 of 2 | stop them",
            "1 api wave 1 after [0]: bake 10s",
            "2 - wave 2 after [1]: promote",
            "3 api wave 3 after [2]: retire 1",
        ]
    );
    assert_eq!(
        tasks(Kind::AdjustListenRemoved),
        [
            "0 api wave 0 after []: open [] close [127.0.0.1:8000]",
            "1 api wave 1 after [0]: bake 10s",
            "2 - wave 2 after [1]: promote",
        ]
    );
}

#[test]
fn every_task_comes_after_and_in_a_later_wave_than_what_it_waits_for() {
    for first in KINDS {
        for second in KINDS {
            let app = App::of("b", first)
                .with_standby()
                .and("a", second, &["b"])
                .and("c", Kind::Canary, &["a"]);
            let plan = app.plan();
            for (at, task) in plan.tasks.iter().enumerate() {
                assert_eq!(usize::try_from(task.id.0), Ok(at));
                let before = task.after.iter().map(|id| &plan.tasks[id.0 as usize]);
                let wave = before.clone().map(|t| t.wave + 1).max().unwrap_or(0);
                assert_eq!(task.wave, wave);
                assert!(before.into_iter().all(|t| t.id < task.id));
            }
            // Providers first, whatever they are called.
            let start = |service: &str| {
                let of = |t: &Task| t.service.as_ref().is_some_and(|s| s.as_str() == service);
                plan.tasks.iter().position(of).expect("a task")
            };
            assert!(start("b") < start("a") && start("a") < start("c"));
        }
    }
}

#[test]
fn a_plan_of_a_thousand_services_compiles() {
    let service = |at: usize| name(&format!("s{at}"));
    let mut spec = shop().spec();
    let mut releases = Releases::new();
    spec.services.clear();
    for at in 0..1_000 {
        let mut wanted = service_spec();
        // A chain and a fan: each needs the one before it and the first.
        wanted.needs.extend((at > 0).then(|| service(at - 1)));
        wanted.needs.extend((at > 0).then(|| service(0)));
        wanted.listen = Some(local(10_000 + u16::try_from(at).expect("few")).into());
        spec.services.insert(service(at), wanted);
        releases.insert(service(at), release("any", "1"));
    }
    let environment = Environment::empty(spec.app.clone(), spec.environment.clone());
    let input = Input {
        spec: &spec,
        environment: &environment,
        releases: &releases,
    };
    let plan = compile(input).expect("a plan");
    assert_eq!(plan.rollouts.len(), 1_000);
    assert_eq!(plan.tasks.len(), 4 * 1_000 + 1);
    assert_eq!(plan.tasks.last().map(|task| task.wave), Some(4_000));
}

#[test]
fn a_plan_lasts_as_long_as_the_longest_way_through_its_watches_and_starts() {
    let apart = App::of("auth", Kind::First).and("web", Kind::First, &[]);
    let in_a_row = App::of("auth", Kind::First).and("web", Kind::First, &["auth"]);
    let known = [("auth", 4), ("web", 1)];
    let starts = known.map(|(service, seconds)| (name(service), Millis::from_secs(seconds)));
    let starts = starts.into_iter().collect();
    let lasts = |app: &App, starts| lasts(&Wanted::of(app).plan(), starts);
    let nothing = std::collections::BTreeMap::new();
    assert_eq!(
        lasts(&apart, &nothing),
        BAKE,
        "what is not known takes no time"
    );
    assert_eq!(lasts(&in_a_row, &nothing), BAKE.plus(BAKE));
    let slowest = Millis::from_secs(4);
    assert_eq!(lasts(&apart, &starts), BAKE.plus(slowest));
    let both = Millis::from_secs(5);
    assert_eq!(lasts(&in_a_row, &starts), BAKE.plus(BAKE).plus(both));
}
