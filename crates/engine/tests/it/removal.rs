//! A service goes.

use windlass_engine::plan::{PlanProblem, remove};
use windlass_model::{
    Change, DeploymentState, Fact, Outcome, PlanKind, Repair, RolloutPhase, ServiceState, SlotId,
    TaskKind,
};

use crate::builders::{App, Kind, instance_id, name};
use crate::world::World;

fn app(kind: Kind) -> App {
    App::of("api", kind).instances(2).with_standby()
}

/// `api` is about to be removed.
pub(crate) fn removal(kind: Kind) -> World {
    let app = app(kind);
    let environment = app.environment();
    let plan = remove(&environment, "/srv/shop", &name("api")).expect("a plan");
    assert_eq!(plan.kind, PlanKind::Remove);
    World::of(environment, app.opened(plan))
}

#[test]
fn a_removed_service_is_closed_drained_unrouted_and_then_stopped() {
    let mut world = removal(Kind::Canary);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    assert_eq!(
        world.told,
        [
            "confirm promotion",
            "api: route 1: 8000 closed 1(old0 old1)=0",
            "api: drain 1 within 30s",
            "api: route 2: nothing",
            "api: stop old0",
            "api: stop old1",
            "api: stop kept0",
            "api: stop kept1",
        ]
    );
    assert_eq!(
        world
            .facts
            .iter()
            .filter(|f| matches!(f, Fact::Removed { .. }))
            .count(),
        1
    );
    let retired = |fact: &Fact| match fact {
        Fact::SlotRetired { slot, .. } => Some(*slot),
        _ => None,
    };
    let retired: Vec<SlotId> = world.facts.iter().filter_map(retired).collect();
    assert_eq!(retired, [SlotId(1), SlotId(0)]);
}

#[test]
fn a_removed_worker_is_stopped_without_any_route() {
    let mut world = removal(Kind::Worker);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    world.never("route");
    world.at("api: stop old1");
}

#[test]
fn of_a_removed_service_only_its_slot_numbers_are_left() {
    let mut world = removal(Kind::Canary);
    let before = world.base.clone();
    world.run_to_end();
    let after = world.environment();
    let left = ServiceState {
        next_slot: SlotId(2),
        ..ServiceState::default()
    };
    assert_eq!(after.services[&name("api")], left);
    assert_eq!(after.revision, before.revision + 1);
}

#[test]
fn nothing_has_changed_when_a_removal_is_aborted_before_its_promotion() {
    let mut world = removal(Kind::Canary);
    assert!(world.run_until(World::is_promoting));
    assert_eq!(world.rollout("api").shown(), RolloutPhase::Passed);
    world.says_abort();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    let services = world.environment().services;
    assert_eq!(services, world.base.services);
    world.never("stop");
}

#[test]
fn a_removal_that_is_stuck_is_mended_like_any_other() {
    for how in [Repair::Retry, Repair::Done] {
        let mut world = removal(Kind::Worker).with(|script| {
            script.stop_fails.insert(instance_id("api", "old0"), 121);
        });
        assert_eq!(world.run(), DeploymentState::Stuck);
        world.says_repair(how);
        world.run();
        assert_eq!(
            world.deployment.state(),
            DeploymentState::Ended(Outcome::Promoted)
        );
        assert_eq!(world.environment().services[&name("api")].stable, None);
    }
}

#[test]
fn what_does_not_run_or_is_still_needed_is_not_removed() {
    let app = App::of("auth", Kind::Canary).and("api", Kind::Canary, &["auth"]);
    let mut environment = app.environment();
    let spec = app.spec();
    let api = environment.services.get_mut(&name("api")).expect("api");
    let stable = api.stable.as_mut().expect("it runs");
    stable
        .spec
        .needs
        .clone_from(&spec.services[&name("api")].needs);
    let of = |service: &str| remove(&environment, "/srv", &name(service));
    assert_eq!(
        of("mail"),
        Err(vec![PlanProblem::NothingRuns {
            service: name("mail")
        }])
    );
    assert_eq!(
        of("auth"),
        Err(vec![PlanProblem::StillNeeded {
            service: name("auth"),
            consumer: name("api")
        }])
    );
    let plan = of("api").expect("nobody needs it");
    assert_eq!(plan.rollouts[&name("api")].change, Change::Remove);
    assert_eq!(plan, of("api").expect("the same again"));
    let kinds: Vec<&TaskKind> = plan.tasks.iter().map(|task| &task.kind).collect();
    assert!(matches!(
        kinds[..],
        [
            TaskKind::Promote,
            TaskKind::Unroute { .. },
            TaskKind::Drain { .. },
            TaskKind::Retire { .. },
        ]
    ));
}
