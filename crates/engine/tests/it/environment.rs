//! What an environment runs once a deployment has come so far.

use windlass_engine::deployment::Event;
use windlass_engine::environment::{REMEMBERED, after};
use windlass_model::{Environment, Fact, OnFailure, Outcome, Promoted, ServiceState, SlotId};

use crate::builders::{App, KINDS, Kind, instance_id, name, release, service_spec};
use crate::world::{World, by};

fn api(environment: &Environment) -> &ServiceState {
    &environment.services[&name("api")]
}

fn stable(environment: &Environment) -> (String, Vec<String>) {
    let slot = api(environment).stable.as_ref().expect("stable");
    let ids = slot.instances.iter().map(|i| i.id.as_str().to_owned());
    (slot.release.version.0.clone(), ids.collect())
}

fn failing(app: &App) -> World {
    World::new(app).with(|script| {
        script.never_ready.insert(instance_id("api", "new0"));
    })
}

#[test]
fn a_promotion_makes_the_candidate_stable_and_the_old_slot_stands_by() {
    let mut world = World::new(&App::of("api", Kind::Canary));
    let before = world.base.clone();
    world.run_until(World::is_promoted);
    // From the commit point on, long before the old slot has drained.
    for _ in 0..2 {
        let now = world.environment();
        assert_eq!(
            stable(&now),
            ("2".to_owned(), vec!["ins_apinew0".to_owned()])
        );
        assert_eq!(api(&now).standby, api(&before).stable);
        assert_eq!(now.revision, before.revision + 1);
        let versions: Vec<&str> = api(&now)
            .promoted
            .iter()
            .map(|known| known.release.version.0.as_str())
            .collect();
        assert_eq!(versions, ["2", "1"]);
        world.run_to_end();
    }
}

#[test]
fn before_the_promotion_nothing_but_the_lock_and_the_slot_number_moves() {
    let mut world = World::new(&App::of("api", Kind::Canary));
    world.run_to_share("api", 100);
    let now = world.environment();
    assert_eq!(now.lock, Some(world.deployment.id.clone()));
    assert_eq!(api(&now).next_slot, SlotId(3));
    assert_eq!(api(&now).stable, api(&world.base).stable);
    assert_eq!(now.revision, world.base.revision);
}

#[test]
fn a_candidate_that_failed_is_left_running_only_if_somebody_wants_to_look_at_it() {
    let app = || {
        let app = App::of("auth", Kind::Canary).and("api", Kind::Canary, &["auth"]);
        app.and("web", Kind::Canary, &[])
    };
    for (app, kept) in [(app(), None), (app().keep_failed(), Some("2"))] {
        let mut world = failing(&app);
        assert_eq!(world.run_to_end(), Outcome::RolledBack);
        world.is_tidy();
        let now = world.environment();
        let failed = api(&now).failed.as_ref();
        let version = failed.map(|failed| failed.slot.release.version.0.as_str());
        assert_eq!(version, kept);
        assert!(failed.is_none_or(|failed| failed.by == world.deployment.id));
        for other in ["auth", "web"] {
            let state = &now.services[&name(other)];
            assert_eq!(state.failed, None, "{other} went back because api failed");
        }
        let told = world.facts.iter();
        let told = told.filter(|fact| matches!(fact, Fact::FailedKept { .. }));
        assert_eq!(told.count(), usize::from(kept.is_some()));
    }
}

#[test]
fn what_a_person_aborts_has_not_failed_and_goes() {
    let mut world = World::new(&App::of("api", Kind::Canary).keep_failed());
    world.run_to_share("api", 25);
    world.says_abort();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    world.is_tidy();
    assert_eq!(api(&world.environment()).failed, None);
}

#[test]
fn a_failed_candidate_that_was_kept_goes_before_the_next_one_starts() {
    for app in [
        App::of("api", Kind::Canary).with_failed(),
        App::of("api", Kind::Canary).with_failed().with_standby(),
    ] {
        let mut world = World::new(&app);
        assert_eq!(world.run_to_end(), Outcome::Promoted);
        world.is_tidy();
        assert_eq!(api(&world.environment()).failed, None);
        let at = |what: &str| world.told.iter().position(|told| told.contains(what));
        assert!(at("stop failed0") < at("start new0"), "{:#?}", world.told);
        assert!(at("stop failed0").is_some());
    }
}

#[test]
fn the_lock_is_freed_at_the_end_only() {
    for kind in KINDS {
        for fails in [false, true] {
            let app = App::of("api", kind);
            let mut world = if fails {
                failing(&app)
            } else {
                World::new(&app)
            };
            world.commit(Event::Began);
            while !world.deployment.is_ended() {
                assert!(world.environment().lock.is_some());
                let rows = world.journal.len();
                world.run_until(|w| w.journal.len() > rows);
            }
            assert_eq!(world.environment().lock, None);
        }
    }
}

#[test]
fn a_return_leaves_everything_but_the_slot_number() {
    let app = App::of("api", Kind::Canary).with_standby();
    let mut world = failing(&app);
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    let now = world.environment();
    assert_eq!(api(&now).stable, api(&world.base).stable);
    assert_eq!(api(&now).promoted, api(&world.base).promoted);
    assert_eq!(api(&now).next_slot, SlotId(3));
    assert_eq!(now.revision, world.base.revision);
    // The standby was cleared before anything else, and is gone.
    assert_eq!(api(&now).standby, None);
}

#[test]
fn an_abort_before_the_standby_is_touched_keeps_it() {
    let app = App::of("auth", Kind::Canary)
        .and("api", Kind::Canary, &["auth"])
        .with_standby();
    let mut world = World::new(&app);
    world.run_to_share("auth", 5);
    world.says_abort();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    assert!(api(&world.environment()).standby.is_some());
}

#[test]
fn an_in_place_return_runs_the_old_release_under_new_instances() {
    let mut world = failing(&App::of("api", Kind::WorkerInPlace).instances(2));
    world.run_to_end();
    let expected = vec!["ins_apiback0".to_owned(), "ins_apiback1".to_owned()];
    assert_eq!(stable(&world.environment()), ("1".to_owned(), expected));
    assert_eq!(world.environment().revision, world.base.revision);
}

#[test]
fn until_it_is_back_the_old_slot_stays_what_it_was() {
    let mut world = failing(&App::of("api", Kind::WorkerInPlace));
    while !world.deployment.is_ended() {
        let now = world.environment();
        assert_eq!(api(&now).stable, api(&world.base).stable);
        let rows = world.journal.len();
        world.run_until(|w| w.journal.len() > rows);
    }
    assert_ne!(api(&world.environment()).stable, api(&world.base).stable);
}

#[test]
fn a_slot_number_is_never_used_again() {
    let mut world = World::new(&App::of("api", Kind::ScaleUp));
    let state = world.base.services.get_mut(&name("api")).expect("api");
    // Used by candidates that failed; an adjustment stays in slot 1.
    state.next_slot = SlotId(9);
    assert_eq!(api(&world.environment()).next_slot, SlotId(9));
}

#[test]
fn what_is_taken_down_after_its_promotion_was_promoted() {
    let mut world = World::new(&App::of("api", Kind::Worker)).with(|script| {
        script.stop_fails.insert(instance_id("api", "old0"), 130);
    });
    world.run();
    world.commit(Event::TakenDown { by: by() });
    assert!(world.deployment.is_ended());
    assert_eq!(stable(&world.environment()).0, "2");
    assert_eq!(world.environment().lock, None);
}

#[test]
fn an_in_place_promotion_has_no_standby() {
    let mut world = World::new(&App::of("api", Kind::Recreate).with_standby());
    world.run_to_end();
    assert_eq!(api(&world.environment()).standby, None);
    assert_eq!(stable(&world.environment()).0, "2");
}

#[test]
fn a_partial_promotion_changes_only_what_was_promoted() {
    let app = App::of("auth", Kind::Canary)
        .and("api", Kind::Canary, &["auth"])
        .on_failure(OnFailure::Dependents);
    let mut world = failing(&app);
    assert_eq!(world.run_to_end(), Outcome::PartlyPromoted);
    let now = world.environment();
    assert_eq!(stable(&now).0, "1");
    let auth = now.services[&name("auth")].stable.as_ref().expect("stable");
    assert_eq!(auth.release.version.0, "2");
    assert_eq!(now.revision, world.base.revision + 1);
}

#[test]
fn a_service_stuck_after_the_promotion_is_promoted_all_the_same() {
    let mut world = World::new(&App::of("api", Kind::Worker)).with(|script| {
        script.stop_fails.insert(instance_id("api", "old0"), 130);
    });
    world.run();
    assert_eq!(stable(&world.environment()).0, "2");
    world.run_to_end();
    assert_eq!(stable(&world.environment()).0, "2");
}

#[test]
fn an_adjustment_keeps_the_slot_and_remembers_its_release_once() {
    let mut world = World::new(&App::of("api", Kind::MoveAndScaleUp));
    world.run_to_end();
    let now = world.environment();
    let expected = vec!["ins_apiold0".to_owned(), "ins_apinew0".to_owned()];
    assert_eq!(stable(&now), ("1".to_owned(), expected));
    let slot = api(&now).stable.as_ref().expect("stable");
    assert_eq!((slot.id, slot.spec.process.instances), (SlotId(1), 2));
    assert_eq!(api(&now).promoted.len(), 1);
}

#[test]
fn promoted_releases_are_remembered_newest_first_up_to_a_limit() {
    let mut world = World::new(&App::of("api", Kind::Canary));
    let state = world.base.services.get_mut(&name("api")).expect("api");
    let known = |version: &str| Promoted {
        release: release("api", version),
        spec: service_spec(),
    };
    state.promoted = (10..30).map(|n| known(&n.to_string())).collect();
    // Promoted once before: it moves to the front.
    state.promoted[2] = known("2");
    world.run_until(World::is_promoted);
    let now = world.environment();
    let versions: Vec<&str> = api(&now)
        .promoted
        .iter()
        .map(|known| known.release.version.0.as_str())
        .collect();
    assert_eq!(versions, ["2", "10", "11", "13", "14"]);
    assert_eq!(versions.len(), REMEMBERED);
}

#[test]
fn the_same_deployment_gives_the_same_answer_whenever_it_is_asked() {
    for kind in KINDS {
        let mut world = World::new(&App::of("api", kind).with_standby());
        world.run_to_end();
        assert_eq!(
            after(&world.base, &world.deployment),
            after(&world.base, &world.replayed())
        );
    }
}
