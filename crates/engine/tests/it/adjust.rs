//! The same release: another number of instances, another listener, or both.

use windlass_engine::rollout::{Event, Stage};
use windlass_model::{Outcome, Probe, RolloutPhase};

use crate::builders::{App, Kind, instance_id};
use crate::walk::{Walk, applied, lost, ready, return_requested, started, stopped, unready};
use crate::world::World;
use crate::{asks, show};

#[test]
fn one_more_instance_starts_and_joins_the_slot() {
    let mut api = Walk::of(Kind::ScaleUp);
    asks!(
        api.hears(&Event::NeedsPassed),
        "start new0 v1 #1 at 20000",
        "timer 1 5s"
    );
    asks!(api.hears(&started("new0")));
    asks!(api.hears(&ready("old0")));
    asks!(
        api.hears(&ready("new0")),
        "route 1: 8000 1(old0 new0)=100",
        "timer 2 5s"
    );
    asks!(api.hears(&applied(1)), "timer 3 5s");
    asks!(api.waits_out());
    asks!(api.hears(&Event::Promoted), "keep old0", "keep new0");
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn one_more_instance_goes_back_by_leaving_the_route_before_it_stops() {
    for event in [lost("new0"), return_requested()] {
        let mut api = serving(Kind::ScaleUp, &["old0", "new0"]);
        asks!(api.hears(&event));
        asks!(
            api.hears(&Event::ReturnTurn),
            "timer 4 5s",
            "back 2: 8000 1(old0)=100"
        );
        asks!(api.hears(&applied(2)), "timer 5 5s", "stop new0");
        asks!(api.hears(&stopped("new0")), "back 3: 8000 1(old0)=100");
        asks!(api.hears(&applied(3)));
        assert_eq!(api.phase(), RolloutPhase::Returned);
    }
}

/// All that must be ready is, and the route is confirmed.
fn serving(kind: Kind, all: &[&str]) -> Walk {
    let mut api = Walk::of(kind).after(&[Event::NeedsPassed]);
    for instance in all {
        api.hears(&ready(instance));
    }
    api.hears(&applied(1));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    api
}

#[test]
fn one_instance_fewer_starts_nothing_and_stops_one_after_promotion() {
    let mut api = Walk::of(Kind::ScaleDown);
    // Nothing to start, but what stays must be seen to be ready; both serve until promotion.
    asks!(api.hears(&Event::NeedsPassed), "timer 1 5s");
    asks!(api.hears(&ready("old1")));
    asks!(
        api.hears(&ready("old0")),
        "route 1: 8000 1(old0 old1)=100",
        "timer 2 5s"
    );
    assert_eq!(api.phase(), RolloutPhase::Shifting);
    asks!(api.hears(&applied(1)), "timer 3 5s");
    let mut back = api.clone();
    asks!(api.waits_out());
    asks!(
        api.hears(&Event::Promoted),
        "keep old0",
        "route 2: 8000 1(old0)=100"
    );
    asks!(api.hears(&applied(2)), "stop old1");
    asks!(api.hears(&stopped("old1")));
    assert_eq!(api.phase(), RolloutPhase::Done);
    // Going back stops nobody.
    back.hears(&return_requested());
    let asked = back.hears(&Event::ReturnTurn);
    assert_eq!(asked[1], "back 2: 8000 1(old0 old1)=100");
    let asked = back.hears(&applied(2));
    assert_eq!(asked[1..], ["back 3: 8000 1(old0 old1)=100"]);
    asks!(back.hears(&applied(3)));
    assert_eq!(back.phase(), RolloutPhase::Returned);
}

#[test]
fn the_old_listener_stays_open_until_promotion() {
    let mut api = Walk::of(Kind::Move);
    asks!(api.hears(&Event::NeedsPassed), "timer 1 5s");
    asks!(
        api.hears(&ready("old0")),
        "route 1: 8500 8000 1(old0)=100",
        "timer 2 5s"
    );
    asks!(api.hears(&applied(1)), "timer 3 5s");
    let mut back = api.clone();
    asks!(api.waits_out());
    asks!(
        api.hears(&Event::Promoted),
        "keep old0",
        "route 2: 8500 1(old0)=100"
    );
    asks!(api.hears(&applied(2)));
    assert_eq!(api.phase(), RolloutPhase::Done);
    back.hears(&return_requested());
    let asked = back.hears(&Event::ReturnTurn);
    assert_eq!(asked[1], "back 2: 8000 1(old0)=100");
}

#[test]
fn requests_are_treated_otherwise_at_once_and_as_before_on_the_way_back() {
    let mut api = Walk::of(Kind::Treat).after(&[Event::NeedsPassed]);
    asks!(
        api.hears(&ready("old0")),
        "route 1: 8000 sticky 1(old0)=100",
        "timer 2 5s"
    );
    asks!(api.hears(&applied(1)), "timer 3 5s");
    let mut back = api.clone();
    asks!(api.waits_out());
    asks!(api.hears(&Event::Promoted), "keep old0");
    assert_eq!(api.phase(), RolloutPhase::Done);
    back.hears(&return_requested());
    let asked = back.hears(&Event::ReturnTurn);
    assert_eq!(asked[1], "back 2: 8000 1(old0)=100");
}

#[test]
fn a_moved_listener_and_one_more_instance_go_together() {
    let mut api = Walk::of(Kind::MoveAndScaleUp).after(&[Event::NeedsPassed, ready("old0")]);
    asks!(
        api.hears(&ready("new0")),
        "route 1: 8500 8000 1(old0 new0)=100",
        "timer 2 5s"
    );
    api.hears(&applied(1));
    asks!(api.waits_out());
    asks!(
        api.hears(&Event::Promoted),
        "keep old0",
        "keep new0",
        "route 2: 8500 1(old0 new0)=100"
    );
    asks!(api.hears(&applied(2)));
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn a_listener_that_goes_is_closed_at_promotion_only() {
    let mut api = Walk::of(Kind::AdjustListenRemoved);
    asks!(api.hears(&Event::NeedsPassed), "timer 1 5s");
    asks!(api.hears(&ready("old0")), "timer 2 5s");
    assert_eq!(api.phase(), RolloutPhase::Baking);
    let mut back = api.clone();
    asks!(api.waits_out());
    asks!(api.hears(&Event::Promoted), "keep old0", "route 1: nothing");
    asks!(api.hears(&applied(1)));
    assert_eq!(api.phase(), RolloutPhase::Done);
    back.hears(&return_requested());
    back.hears(&Event::ReturnTurn);
    assert_eq!(back.phase(), RolloutPhase::Returned);
}

/// The whole reason, as text.
fn why(api: &Walk) -> String {
    format!("{:?}", api.reason())
}

#[test]
fn one_that_stays_and_is_lost_turns_back_by_the_same_triggers_as_a_new_one() {
    let all: [(Kind, &[&str]); 3] = [
        (Kind::ScaleUp, &["old0", "new0"]),
        (Kind::ScaleDown, &["old0"]),
        (Kind::Move, &["old0"]),
    ];
    for (kind, all) in all {
        for (event, end) in [(lost("old0"), "Exited"), (unready("old0"), "Unready")] {
            let baking = serving(kind, all);
            let mut passed = baking.clone();
            passed.waits_out();
            assert_eq!(passed.phase(), RolloutPhase::Passed);
            for mut api in [baking, passed] {
                api.hears(&event);
                assert_eq!(api.phase(), RolloutPhase::Returning, "{kind:?}");
                let why = why(&api);
                assert!(why.contains("old0") && why.contains(end), "{why}");
            }
        }
    }
}

#[test]
fn one_that_stays_and_is_lost_while_the_route_is_on_its_way_turns_back() {
    let mut api = Walk::of(Kind::Move).after(&[Event::NeedsPassed, ready("old0")]);
    assert_eq!(api.phase(), RolloutPhase::Shifting);
    api.hears(&unready("old0"));
    assert_eq!(api.phase(), RolloutPhase::Returning);
    // It is asked for without regard to what is ready: the same instances serve either way.
    let asked = api.hears(&Event::ReturnTurn);
    assert_eq!(asked[1], "back 2: 8000 1(old0)=100");
    api.hears(&applied(2));
    asks!(api.hears(&applied(3)));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn without_a_trigger_one_that_stays_and_is_lost_stops_the_clock() {
    let app = App::of("api", Kind::ScaleDown).rollback_on(&[]);
    let mut api = Walk::app(&app).after(&[Event::NeedsPassed, ready("old0"), applied(1)]);
    asks!(api.hears(&lost("old0")));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    assert_eq!(api.running_timer(), None);
    asks!(api.hears(&ready("old0")), "timer 4 5s");
    api.waits_out();
    // Nor is it promoted while that is so.
    api.hears(&lost("old0"));
    assert_eq!(api.phase(), RolloutPhase::Passed);
    assert!(!api.rollout.is_steady());
}

#[test]
fn what_was_given_up_on_does_not_take_away_the_only_one_that_answers() {
    let mut api = serving(Kind::ScaleUp, &["old0", "new0"]);
    api.hears(&unready("old0"));
    api.hears(&Event::ReturnTurn);
    assert_eq!(api.stage(), Stage::Capacity);
    let asked = api.hears(&ready("old0"));
    assert_eq!(asked, ["back 2: 8000 1(old0)=100"]);
}

#[test]
fn one_that_leaves_may_be_lost_at_any_time() {
    let mut api = Walk::of(Kind::ScaleDown);
    for event in [Event::NeedsPassed, ready("old0"), applied(1)] {
        asks!(api.hears(&lost("old1")));
        api.hears(&event);
    }
    asks!(api.hears(&lost("old1")));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    assert!(api.running_timer().is_some(), "the clock goes on");
    api.waits_out();
    asks!(api.hears(&lost("old1")));
    assert!(api.rollout.is_steady());
    asks!(
        api.hears(&Event::Promoted),
        "keep old0",
        "route 2: 8000 1(old0)=100"
    );
}

#[test]
fn one_that_stays_and_was_bad_before_has_the_time_to_become_ready() {
    for kind in [Kind::ScaleDown, Kind::Move, Kind::MoveAndScaleUp] {
        let mut api = Walk::of(kind).after(&[Event::NeedsPassed, started("new0"), ready("new0")]);
        // It has ended, and is started again: that alone says nothing yet.
        asks!(api.hears(&lost("old0")));
        assert_eq!(api.phase(), RolloutPhase::Starting, "{kind:?}");
        let mut well = api.clone();
        well.hears(&ready("old0"));
        assert_eq!(well.phase(), RolloutPhase::Shifting, "{kind:?}");
        api.waits_out();
        assert_eq!(api.phase(), RolloutPhase::Returning, "{kind:?}");
        let why = why(&api);
        assert!(why.contains("old0") && why.contains("NeverReady"), "{why}");
        // No route was ever asked for, so none goes back.
        let asked = api.hears(&Event::ReturnTurn);
        assert!(!asked.iter().any(|line| line.contains("back")), "{asked:?}");
        if kind == Kind::MoveAndScaleUp {
            asks!(api.hears(&stopped("new0")));
        }
        assert_eq!(api.phase(), RolloutPhase::Returned, "{kind:?}");
    }
}

#[test]
fn skipping_does_not_skip_the_look_at_what_stays() {
    let mut api = Walk::of(Kind::ScaleDown).after(&[Event::Expedited, Event::NeedsPassed]);
    assert_eq!(api.phase(), RolloutPhase::Starting);
    api.hears(&ready("old0"));
    assert_eq!(api.phase(), RolloutPhase::Shifting);
}

#[test]
fn what_stays_is_followed_without_a_presumption_and_as_it_will_be_asked() {
    let mut api = Walk::of(Kind::ScaleDown);
    api.rollout.plan.spec.ready.fall = 7;
    api.hears(&Event::NeedsPassed);
    let seen = |api: &Walk| -> Vec<(String, bool, u16)> {
        let watched = api.rollout.watched().into_iter();
        let seen = watched.map(|w| {
            let id = show::short(&api.rollout.service, &w.instance.id);
            (id, w.presumed_ready, w.probe.fall)
        });
        seen.collect()
    };
    let was = Probe::default().fall;
    let one = |id: &str, presumed, fall| (id.to_owned(), presumed, fall);
    assert_eq!(seen(&api), [one("old0", false, 7), one("old1", true, was)]);
    api.hears(&ready("old0"));
    assert_eq!(seen(&api), [one("old0", true, 7), one("old1", true, was)]);
    api.hears(&return_requested());
    assert_eq!(seen(&api), [one("old0", true, was), one("old1", true, was)]);
}

#[test]
fn a_hung_one_that_stays_is_never_promoted_onto_and_all_stay_as_they_were() {
    for kind in [Kind::ScaleUp, Kind::ScaleDown, Kind::Move] {
        let mut world = World::new(&App::of("api", kind));
        world
            .outside
            .running
            .insert(instance_id("api", "old0"), false);
        assert_eq!(world.run_to_end(), Outcome::RolledBack, "{kind:?}");
        world.never("confirm promotion");
        world.never("route");
        world.never("stop old");
    }
    // One that leaves may be as bad as it likes.
    let mut world = World::new(&App::of("api", Kind::ScaleDown));
    world
        .outside
        .running
        .insert(instance_id("api", "old1"), false);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}
