//! Rollback deployments: back to an earlier release, at once, and never on to the bad one again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use windlass_engine::deployment::{Accepted, Action, Command, Event, step};
use windlass_engine::plan::{PlanProblem, RestoreInput, candidates, last_good, restore};
use windlass_engine::rollout::{Begun, Phase};
use windlass_model::{
    Change, DeploymentState, Environment, Fact, InstanceEnd, OnFailure, Outcome, Plan, PlanKind,
    Promoted, Repair, ReturnReason, ServiceSpec, SlotId, StuckReason, TaskKind,
};

use crate::builders::{App, Kind, instance_id, name, release};
use crate::show;
use crate::world::World;

/// Where a rollback comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    /// The standby runs and answers.
    Warm,
    /// Only the kept release is there.
    Cold,
}

/// What runs before: version 1, which the file's strategy brought, and version 0 before that.
fn before(app: &App) -> Environment {
    let mut environment = app.environment();
    let spec = app.spec();
    for (service, state) in &mut environment.services {
        let wanted = &spec.services[service];
        let known = Promoted {
            release: release(service.as_str(), "0"),
            spec: state.promoted[0].spec.clone(),
        };
        state.promoted.truncate(1);
        state.promoted.push(known);
        let slots = state.stable.iter_mut().chain(&mut state.standby);
        let specs = slots.map(|slot| &mut slot.spec);
        let promoted = state.promoted.iter_mut().map(|known| &mut known.spec);
        for spec in specs.chain(promoted) {
            spec.needs.clone_from(&wanted.needs);
            spec.strategy.clone_from(&wanted.strategy);
            spec.overlap = wanted.overlap;
        }
    }
    environment
}

fn plan(environment: &Environment, back: Back) -> Plan {
    let services = environment.services.iter();
    let wanted: BTreeMap<_, _> = services
        .map(|(service, state)| (service.clone(), state.promoted[1].clone()))
        .collect();
    let warm = match back {
        Back::Warm => wanted.keys().cloned().collect(),
        Back::Cold => BTreeSet::new(),
    };
    let input = RestoreInput {
        environment,
        folder: "/srv/shop",
        wanted: &wanted,
        warm: &warm,
        on_failure: OnFailure::All,
        parallel: 8,
    };
    restore(&input).expect("a plan")
}

/// A rollback of all of `app` from version 1 to version 0.
pub(crate) fn rollback(app: &App, back: Back) -> World {
    let environment = before(app);
    let plan = plan(&environment, back);
    assert_eq!(plan.kind, PlanKind::Rollback);
    World::of(environment, app.opened(plan))
}

/// The environment of a rollback after it has ended: version, slot, standby, rolled back from.
fn left(world: &World) -> (String, SlotId, bool, Vec<String>) {
    let environment = world.environment();
    let state = &environment.services[&name("api")];
    let stable = state.stable.as_ref().expect("it runs");
    let bad = state.rolled_back.iter();
    (
        stable.release.version.0.clone(),
        stable.id,
        state.standby.is_some() || state.standby_kept.is_some(),
        bad.map(|release| release.version.0.clone()).collect(),
    )
}

fn canary() -> App {
    App::of("api", Kind::Canary)
}

/// D20: at once, without a canary, a gate or a watch.
#[test]
fn a_rollback_starts_the_kept_release_beside_and_takes_all_traffic_at_once() {
    let mut world = rollback(&canary().with_standby(), Back::Cold);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    assert_eq!(
        world.told,
        [
            "api: start new0 v0 #0 at 20000",
            "api: timer 1 5s",
            "api: back 1: 8000 1(old0)=0 2(new0)=100",
            "api: timer 2 5s",
            "confirm promotion",
            "api: keep new0",
            "api: drain 1 within 30s",
            "api: back 2: 8000 2(new0)=100",
            "api: stop old0",
            "api: stop kept0",
            "prove api at 0 not 1",
        ]
    );
    let bad = vec!["1".to_owned()];
    assert_eq!(left(&world), ("0".to_owned(), SlotId(2), false, bad));
}

#[test]
fn a_warm_rollback_starts_and_clears_nothing() {
    let mut world = rollback(&canary().with_standby(), Back::Warm);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    assert_eq!(
        world.told,
        [
            "api: back 1: 8000 1(old0)=0 0(kept0)=100",
            "api: timer 1 5s",
            "confirm promotion",
            "api: keep kept0",
            "api: drain 1 within 30s",
            "api: back 2: 8000 0(kept0)=100",
            "api: stop old0",
            "prove api at 0 not 1",
        ]
    );
    let bad = vec!["1".to_owned()];
    assert_eq!(left(&world), ("0".to_owned(), SlotId(0), false, bad));
}

#[test]
fn a_standby_that_does_not_answer_gets_no_traffic_until_it_does() {
    let mut world = rollback(&canary().with_standby(), Back::Warm);
    let kept = instance_id("api", "kept0");
    let state = &world.base.services[&name("api")];
    let probe = &state.standby.as_ref().expect("it stands by").spec.ready;
    let within = probe.within;
    let service = name("api");
    let lost = windlass_engine::rollout::Event::InstanceLost {
        instance: kept.clone(),
        end: InstanceEnd::Unready("HTTP 503".to_owned()),
        last_lines: Vec::new(),
    };
    // Followed before it begins.
    assert!(
        world
            .rollout("api")
            .watched()
            .iter()
            .any(|w| w.instance.id == kept)
    );
    let event = Event::Rollout {
        service,
        event: lost,
    };
    let opened = step(world.deployment.clone(), &event).deployment;
    world.deployment = opened;
    let begun = step(world.deployment.clone(), &Event::Began);
    assert_eq!(
        begun.deployment.rollouts[&name("api")].remaining(),
        Some(within)
    );
    let route = |a: &Action| show::deployment_action(a).contains("back 1");
    assert!(!begun.actions.iter().any(route));
    let service = name("api");
    let event = windlass_engine::rollout::Event::InstanceReady { instance: kept };
    let ready = step(begun.deployment, &Event::Rollout { service, event });
    assert!(ready.actions.iter().any(route));
}

#[test]
fn a_rollback_of_what_may_not_overlap_stops_the_bad_release_first() {
    for kind in [Kind::Recreate, Kind::WorkerInPlace] {
        let mut world = rollback(&App::of("api", kind), Back::Cold);
        let bake = windlass_model::Millis::ZERO;
        assert_eq!(world.rollout("api").plan.change, Change::InPlace { bake });
        assert_eq!(world.run_to_end(), Outcome::Promoted);
        assert!(world.at("api: stop old0") < world.at("api: start new0 v0 #0 at 20000"));
        world.never("back0");
        assert_eq!(left(&world).0, "0");
    }
}

#[test]
fn providers_go_back_to_an_earlier_release_before_their_consumers() {
    let app = App::of("auth", Kind::Canary).and("api", Kind::Canary, &["auth"]);
    let mut world = rollback(&app, Back::Cold);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    let auth = world.at("auth: back 1: 8000 1(old0)=0 2(new0)=100");
    assert!(auth < world.at("api: start new0 v0 #0 at 20100"));
    world.at("prove api at 0 not 1 auth at 0 not 1");
    for action in &world.told {
        assert!(
            !action.contains(": route"),
            "neither a halt nor a trip stops it: {action}"
        );
    }
}

/// D24: what fails on the way back is terminal until a person comes, and said apart.
#[test]
fn a_rollback_that_fails_holds_where_it_is_and_never_takes_the_bad_release_back() {
    let app = App::of("auth", Kind::Canary)
        .and("api", Kind::Canary, &["auth"])
        .and("mail", Kind::Canary, &[]);
    let mut world = rollback(&app, Back::Cold).with(|script| {
        script.start_fails.insert(instance_id("api", "new0"), 1);
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    let Phase::Stuck(StuckReason::RollbackFailed(why)) = &world.rollout("api").phase else {
        panic!("{:?}", world.rollout("api").phase);
    };
    assert!(matches!(why, ReturnReason::InstanceLost { .. }), "{why:?}");
    assert!(world.facts.iter().any(|f| matches!(f, Fact::Stuck { .. })));
    // The others have gone on.
    for service in ["auth", "mail"] {
        assert_eq!(world.rollout(service).phase, Phase::Passed);
        assert_eq!(world.rollout(service).weight.get(), 100);
    }
    // What had not moved: an abort would take auth back to what is bad.
    world.says_abort();
    assert_eq!(world.deployment.state(), DeploymentState::Stuck);
    world.says_repair(Repair::Retry);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    let starts = world
        .told
        .iter()
        .filter(|t| t.starts_with("api: start new0"));
    assert_eq!(starts.count(), 2);
}

#[test]
fn a_retry_of_a_rollback_asks_only_for_what_is_missing() {
    let mut world = rollback(&canary(), Back::Cold).with(|script| {
        script.route_refused.insert(name("api"), 1);
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    let rows = world.told.len();
    world.says_repair(Repair::Retry);
    assert_eq!(world.told[rows], "api: back 2: 8000 1(old0)=0 2(new0)=100");
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    assert_eq!(world.rollout("api").returned_because, None);
}

/// The journal would name a release that does not serve, and forget the one that does.
#[test]
fn a_rollback_that_failed_is_not_done_on_anybodys_word() {
    let mut world = rollback(&canary(), Back::Cold).with(|script| {
        script.route_refused.insert(name("api"), 1);
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    let done = Command::Repair(Repair::Done);
    assert!(matches!(world.deployment.accepts(done), Accepted::No(_)));
    world.says_repair(Repair::Done);
    assert_eq!(world.deployment.state(), DeploymentState::Stuck);
    assert_eq!(left(&world).0, "1");
}

#[test]
fn a_rollback_that_is_given_up_leaves_what_was_stable() {
    let mut world = rollback(&canary(), Back::Cold).with(|script| {
        script.route_refused.insert(name("api"), 1);
    });
    world.run();
    world.says_repair(Repair::Abandon);
    assert_eq!(left(&world).0, "1");
    assert_eq!(left(&world).3, Vec::<String>::new());
}

#[test]
fn a_rollback_can_be_aborted_only_before_anything_has_moved() {
    for back in [Back::Warm, Back::Cold] {
        let app = App::of("auth", Kind::Canary)
            .with_standby()
            .and("api", Kind::WorkerInPlace, &[])
            .with_standby();
        let length = {
            let mut whole = rollback(&app, back);
            whole.run_to_end();
            whole.journal.len()
        };
        for at in 1..length {
            let mut world = rollback(&app, back);
            world.run_until(|w| w.journal.len() >= at);
            let moves = |s: &str| {
                let rollout = world.rollout(s);
                rollout.has_begun(Begun::Routing) || rollout.has_begun(Begun::StoppingOld)
            };
            let moved = moves("auth") || moves("api");
            world.says_abort();
            let outcome = if moved {
                Outcome::Promoted
            } else {
                Outcome::RolledBack
            };
            assert_eq!(world.run_to_end(), outcome, "{back:?} at {at}");
        }
    }
}

#[test]
fn a_rollback_survives_a_death_at_any_row() {
    for (kind, back) in [
        (Kind::Canary, Back::Warm),
        (Kind::Canary, Back::Cold),
        (Kind::Recreate, Back::Cold),
        (Kind::ListenAdded, Back::Cold),
        (Kind::ListenRemoved, Back::Cold),
    ] {
        let app = App::of("api", kind).instances(2).with_standby();
        let mut whole = rollback(&app, back);
        whole.run_to_end();
        for at in 1..whole.journal.len() {
            let mut world = rollback(&app, back).with(|script| {
                script.crashes.insert(at);
            });
            assert_eq!(world.run_to_end(), Outcome::Promoted);
            assert_eq!(world.outside, whole.outside, "a death at row {at}");
        }
    }
}

/// Where the router tells its figures is no setting of a release: whoever watches a rollback reads them.
#[test]
fn a_rollback_leaves_the_metrics_where_they_are() {
    let at = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
    let tells = |spec: &mut ServiceSpec, metrics| {
        spec.listen.as_mut().expect("it listens").metrics = metrics;
    };
    for (now, then) in [(at(9_180), None), (None, at(9_100)), (at(9_180), at(9_100))] {
        for back in [Back::Warm, Back::Cold] {
            let app = canary().with_standby();
            let mut environment = before(&app);
            let state = environment
                .services
                .get_mut(&name("api"))
                .expect("it is there");
            tells(&mut state.stable.as_mut().expect("it runs").spec, now);
            tells(&mut state.promoted[0].spec, now);
            tells(&mut state.promoted[1].spec, then);
            tells(&mut state.standby.as_mut().expect("one").spec, then);
            let plan = plan(&environment, back);
            assert!(
                !plan
                    .tasks
                    .iter()
                    .any(|task| matches!(task.kind, TaskKind::Route { .. }))
            );
            let mut world = World::of(environment, app.opened(plan));
            assert_eq!(world.run_to_end(), Outcome::Promoted);
            let after = world.environment();
            let stable = after.services[&name("api")]
                .stable
                .clone()
                .expect("it runs");
            assert_eq!(stable.release.version.0, "0");
            let metrics = stable.spec.listen.map(|listen| listen.metrics);
            assert_eq!(metrics, Some(now), "from {then:?}, {back:?}");
        }
    }
}

#[test]
fn the_last_good_release_is_the_newest_that_nobody_rolled_back_from() {
    let mut world = rollback(&canary(), Back::Cold);
    world.run_to_end();
    let after = world.environment();
    let state = &after.services[&name("api")];
    let known = |version: &str| release("api", version);
    let names = |all: Vec<&Promoted>| -> Vec<String> {
        let all = all.into_iter();
        all.map(|known| known.release.version.0.clone()).collect()
    };
    let order: Vec<&Promoted> = state.promoted.iter().collect();
    assert_eq!(names(order), ["0", "1"]);
    // A person may name what was rolled back from; of itself nothing goes there.
    assert_eq!(names(candidates(state)), ["1"]);
    assert_eq!(last_good(state), None);
    let mut more = state.clone();
    let older = Promoted {
        release: known("older"),
        spec: more.promoted[0].spec.clone(),
    };
    more.promoted.push(older.clone());
    assert_eq!(last_good(&more), Some(&older));
}

#[test]
fn a_restore_plans_nothing_for_what_is_so_already_and_refuses_what_does_not_run() {
    let environment = before(&canary());
    let known = environment.services[&name("api")].promoted.clone();
    let of = |service: &str, known: &Promoted| {
        restore(&RestoreInput {
            environment: &environment,
            folder: "/srv/shop",
            wanted: &BTreeMap::from([(name(service), known.clone())]),
            warm: &BTreeSet::new(),
            on_failure: OnFailure::All,
            parallel: 8,
        })
    };
    let so = of("api", &known[0]).expect("a plan");
    assert!(so.rollouts.is_empty() && so.unchanged.contains(&name("api")));
    let back = of("api", &known[1]).expect("a plan");
    assert_eq!(back, of("api", &known[1]).expect("the same again"));
    assert_ne!(back.id, so.id);
    let refused = of("mail", &known[1]).expect_err("it does not run");
    let service = name("mail");
    assert!(refused.contains(&PlanProblem::NothingRuns { service }));
    let kinds: Vec<&TaskKind> = back.tasks.iter().map(|task| &task.kind).collect();
    assert!(matches!(
        kinds[..],
        [
            TaskKind::Start { .. },
            TaskKind::Shift { .. },
            TaskKind::Promote,
            TaskKind::Drain { .. },
            TaskKind::Retire { .. },
        ]
    ));
}

#[test]
fn a_rollback_that_fails_while_it_is_promoted_is_not_promoted() {
    let mut world = rollback(&canary(), Back::Cold);
    assert!(world.run_until(World::is_promoting));
    let event = windlass_engine::rollout::Event::InstanceLost {
        instance: instance_id("api", "new0"),
        end: InstanceEnd::Exited(1),
        last_lines: Vec::new(),
    };
    let service = name("api");
    world.commit(Event::Rollout { service, event });
    world.commit(Event::PromotionConfirmed);
    assert!(!world.is_promoted());
    assert_eq!(world.deployment.state(), DeploymentState::Stuck);
    assert_eq!(left(&world).0, "1");
}
