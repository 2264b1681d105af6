//! What a person does about what is stuck.

use windlass_engine::deployment::{Event, resume};
use windlass_model::{DeploymentState, Fact, OnFailure, Outcome, Repair, RolloutPhase, SlotId};

use crate::builders::{App, Kind, instance_id, name};
use crate::world::{World, by};

/// Stuck on its way back: no router answers.
fn stuck_back(app: &App) -> World {
    let mut world = World::new(app);
    world.run_to_share("api", 25);
    world.says_abort();
    world.script.router_silent.insert(name("api"));
    assert_eq!(world.run(), DeploymentState::Stuck);
    world
}

/// Stuck after the promotion: the old instance stays.
fn stuck_promoted() -> World {
    let mut world = World::new(&App::of("api", Kind::Worker)).with(|script| {
        script.stop_fails.insert(instance_id("api", "old0"), 130);
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    world
}

fn stable(world: &World) -> (String, SlotId) {
    let environment = world.environment();
    let slot = environment.services[&name("api")].stable.clone();
    let slot = slot.expect("something is stable");
    (slot.release.version.0, slot.id)
}

fn repaired(world: &World) -> Vec<Repair> {
    let of = |fact: &Fact| match fact {
        Fact::Repaired { how, .. } => Some(*how),
        _ => None,
    };
    world.facts.iter().filter_map(of).collect()
}

#[test]
fn a_retry_tries_what_is_stuck_once_more_and_keeps_its_reason() {
    let mut world = stuck_back(&App::of("api", Kind::Canary));
    let why = world.rollout("api").returned_because.clone();
    world.script.router_silent.clear();
    world.says_repair(Repair::Retry);
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    assert_eq!(world.rollout("api").returned_because, why);
    assert_eq!(repaired(&world), [Repair::Retry]);
    let mut world = stuck_promoted();
    world.says_repair(Repair::Retry);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn a_retry_leaves_what_is_not_stuck_alone() {
    let app = App::of("api", Kind::Canary)
        .and("web", Kind::Canary, &[])
        .on_failure(OnFailure::Dependents);
    let mut world = World::new(&app);
    world.run_to_share("web", 25);
    world.script.router_silent.insert(name("api"));
    world.ends("api", "new0");
    assert!(world.run_until(|w| w.deployment.state() == DeploymentState::Stuck));
    world.script.router_silent.clear();
    world.says_repair(Repair::Retry);
    assert_eq!(world.run_to_end(), Outcome::PartlyPromoted);
    assert_eq!(world.rollout("web").shown(), RolloutPhase::Done);
}

#[test]
fn what_a_person_has_done_counts_as_back_and_the_rest_goes_on() {
    let app = App::of("auth", Kind::Canary).and("api", Kind::Canary, &["auth"]);
    let mut world = World::new(&app);
    world.run_to_share("api", 25);
    world.script.router_silent.insert(name("api"));
    world.says_abort();
    assert!(world.run_until(|w| w.deployment.state() == DeploymentState::Stuck));
    // Its provider waits for its turn all the same.
    assert_eq!(world.rollout("auth").shown(), RolloutPhase::Returning);
    world.says_repair(Repair::Done);
    assert_eq!(world.rollout("api").shown(), RolloutPhase::Returned);
    while !world.deployment.is_ended() {
        assert!(world.run_until(|w| !w.deployment.proving) || world.deployment.is_ended());
        world.run();
    }
    assert_eq!(
        world.deployment.state(),
        DeploymentState::Ended(Outcome::RolledBack)
    );
    assert_eq!(stable(&world), ("1".to_owned(), SlotId(1)));
}

#[test]
fn what_a_person_has_settled_ends_promoted() {
    let mut world = stuck_promoted();
    world.says_repair(Repair::Done);
    assert_eq!(
        world.deployment.state(),
        DeploymentState::Ended(Outcome::Promoted)
    );
    assert_eq!(stable(&world), ("2".to_owned(), SlotId(2)));
}

#[test]
fn what_is_abandoned_ends_at_once_frees_the_lock_and_changes_no_more() {
    let mut back = stuck_back(&App::of("api", Kind::Canary));
    let mut promoted = stuck_promoted();
    for (world, expected) in [(&mut back, "1"), (&mut promoted, "2")] {
        let before = world.environment();
        let rows = world.told.len();
        world.says_repair(Repair::Abandon);
        assert_eq!(
            world.deployment.state(),
            DeploymentState::Ended(Outcome::Abandoned)
        );
        assert_eq!(world.told.len(), rows, "nothing is asked for");
        assert_eq!(resume(&world.deployment), []);
        assert!(matches!(
            world.facts.last(),
            Some(Fact::Ended {
                outcome: Outcome::Abandoned
            })
        ));
        let after = world.environment();
        assert_eq!(after.lock, None);
        assert_eq!(after.services, before.services);
        assert_eq!(stable(world).0, expected);
    }
}

#[test]
fn what_is_taken_down_while_it_is_stuck_was_abandoned_and_not_rolled_back() {
    let mut world = stuck_back(&App::of("api", Kind::Canary));
    world.commit(Event::TakenDown { by: by() });
    let mut first = World::new(&App::of("api", Kind::First));
    first.run_to_share("api", 100);
    first.script.router_silent.insert(name("api"));
    first.says_abort();
    assert_eq!(first.run(), DeploymentState::Stuck);
    first.commit(Event::TakenDown { by: by() });
    let ended = DeploymentState::Ended(Outcome::Abandoned);
    assert_eq!([world, first].map(|it| it.deployment.state()), [ended; 2]);
}
