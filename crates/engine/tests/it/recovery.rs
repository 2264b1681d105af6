//! The controller dies between any two steps, and nothing is lost or done twice.

use windlass_model::{OnFailure, Outcome};

use crate::builders::{App, KINDS, Kind, instance_id};
use crate::world::{Outside, World};

/// What must be the same however often the controller died.
fn end(world: &mut World) -> (Outcome, Outside) {
    let outcome = world.run_to_end();
    (outcome, world.outside.clone())
}

/// Runs `make`'s world once whole, then once per journal row with a death there, then with one at
/// every third row.
fn survives(make: impl Fn() -> World) {
    let mut whole = make();
    let expected = end(&mut whole);
    let length = whole.journal.len();
    for at in 1..length {
        let mut world = make().with(|script| {
            script.crashes.insert(at);
        });
        assert_eq!(end(&mut world), expected, "a death at row {at} of {length}");
    }
    for first in 1..=3 {
        let mut world = make().with(|script| script.crashes.extend((first..length).step_by(3)));
        assert_eq!(end(&mut world), expected, "deaths from row {first} on");
    }
}

#[test]
fn a_promotion_of_every_kind_survives_a_death_at_any_row() {
    for kind in KINDS {
        survives(|| World::new(&App::of("api", kind).instances(2).with_standby()));
    }
}

#[test]
fn a_return_of_every_kind_survives_a_death_at_any_row() {
    for kind in KINDS {
        survives(|| {
            let app = App::of("auth", kind).instances(2).with_standby().and(
                "api",
                Kind::Canary,
                &["auth"],
            );
            World::new(&app).with(|script| {
                script.never_ready.insert(instance_id("api", "new0"));
            })
        });
    }
}

#[test]
fn a_return_of_what_itself_failed_survives_a_death_at_any_row() {
    for kind in KINDS {
        survives(|| {
            World::new(&App::of("api", kind).instances(2)).with(|script| {
                script.never_ready.insert(instance_id("api", "new0"));
                script.stop_fails.insert(instance_id("api", "new0"), 2);
                script.start_fails.insert(instance_id("api", "back0"), 1);
            })
        });
    }
}

#[test]
fn a_partial_promotion_survives_a_death_at_any_row() {
    survives(|| {
        let app = App::of("auth", Kind::Canary)
            .and("api", Kind::Recreate, &["auth"])
            .and("mail", Kind::Worker, &["auth"])
            .on_failure(OnFailure::Dependents);
        World::new(&app).with(|script| {
            script.never_ready.insert(instance_id("api", "new0"));
        })
    });
}

#[test]
fn every_prefix_of_a_journal_replays_to_the_state_it_had() {
    let app = App::of("auth", Kind::Canary).and("api", Kind::Recreate, &["auth"]);
    let mut world = World::new(&app);
    let mut seen = 0;
    loop {
        let length = world.journal.len();
        assert_eq!(world.replayed(), world.deployment);
        seen += 1;
        if !world.run_until(|w| w.journal.len() > length) {
            break;
        }
    }
    assert!(seen > 20, "{seen}");
}
