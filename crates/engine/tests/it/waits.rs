//! Holds, timers, and what a person skips.

use windlass_engine::rollout::Event;
use windlass_model::{Millis, RolloutPhase};

use crate::asks;
use crate::builders::{App, Kind};
use crate::walk::{
    API, Walk, applied, drained, fired, lost, ready, return_requested, started, stopped,
};

fn starting() -> Walk {
    Walk::of(Kind::Canary).after(&[Event::NeedsPassed, started("new0")])
}

fn baking() -> Walk {
    starting().after(&[ready("new0"), applied(1)])
}

fn remaining(api: &Walk) -> Millis {
    api.rollout.remaining().expect("a wait")
}

#[test]
fn a_hold_stops_a_bake_and_its_end_goes_on_with_what_remained() {
    let mut api = baking();
    asks!(api.hears(&fired(3)), "timer 4 5s");
    assert_eq!(remaining(&api), Millis::from_secs(5));
    asks!(api.hears(&Event::Held));
    // Timers of before the hold mean nothing any more.
    api.ignores(&fired(4));
    api.ignores(&fired(3));
    asks!(api.hears(&Event::Resumed), "timer 5 5s");
    api.ignores(&fired(4));
    asks!(
        api.hears(&fired(5)),
        "route 2: 8000 1(old0)=75 2(new0)=25",
        "timer 6 5s"
    );
}

/// K14.
#[test]
fn a_hold_stops_the_time_to_become_ready_but_not_the_start() {
    let mut api = starting();
    asks!(api.hears(&Event::Held));
    api.ignores(&fired(1));
    assert_eq!(remaining(&api), Millis::from_secs(60));
    let mut resumed = api.clone();
    asks!(resumed.hears(&Event::Resumed), "timer 2 5s");
    asks!(api.hears(&ready("new0")));
    assert_eq!(api.phase(), RolloutPhase::Holding);
    api.ignores(&fired(1));
    asks!(
        api.hears(&Event::Resumed),
        "route 1: 8000 1(old0)=95 2(new0)=5",
        "timer 2 5s"
    );
}

#[test]
fn a_share_confirmed_during_a_hold_is_watched_after_it() {
    let mut api = starting().after(&[ready("new0"), Event::Held]);
    api.ignores(&fired(2));
    asks!(api.hears(&applied(1)));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    asks!(api.hears(&Event::Resumed), "timer 3 5s");
}

#[test]
fn an_unconfirmed_share_is_waited_for_after_a_hold() {
    let mut api = starting().after(&[ready("new0"), Event::Held]);
    asks!(api.hears(&Event::Resumed), "timer 3 5s");
    // An end of a hold that there was not starts no second timer.
    asks!(api.hears(&Event::Resumed));
    asks!(api.hears(&fired(3)), "timer 4 5s");
}

#[test]
fn a_crash_during_a_hold_goes_back() {
    for walk in [
        baking(),
        starting(),
        starting().after(&[Event::Held, ready("new0")]),
    ] {
        let mut api = walk.after(&[Event::Held]);
        asks!(api.hears(&lost("new0")));
        assert_eq!(api.phase(), RolloutPhase::Returning);
    }
}

#[test]
fn a_way_back_is_never_held() {
    let mut api = baking().after(&[Event::Held, return_requested(), Event::Held]);
    assert!(!api.rollout.held);
    let asked = api.hears(&Event::ReturnTurn);
    assert_eq!(asked[0], "timer 4 5s");
    api.hears(&Event::Held);
    asks!(api.hears(&fired(4)), "timer 5 5s");
}

#[test]
fn work_time_of_a_way_back_begins_with_its_turn() {
    let mut api = baking().after(&[return_requested()]);
    // However long what needs it takes to go back.
    assert_eq!(api.resumes(), Vec::<String>::new());
    api.hears(&Event::ReturnTurn);
    assert_eq!(remaining(&api), Millis::from_secs(120));
    // Draining and stopping have the time they were promised.
    api.hears(&applied(2));
    assert_eq!(remaining(&api), Millis::from_secs(120 + 30 + 30));
}

#[test]
fn in_place_a_hold_waits_before_the_old_slot_makes_room() {
    for end in [Event::Resumed, Event::Expedited] {
        let mut api = Walk::app(&App::of(API, Kind::Recreate).with_standby());
        api.hears(&Event::NeedsPassed);
        asks!(api.hears(&Event::Held));
        asks!(api.hears(&stopped("kept0")));
        assert_eq!(api.phase(), RolloutPhase::Holding);
        asks!(
            api.hears(&end),
            "route 1: 8000 closed 1(old0)=0",
            "timer 1 5s"
        );
    }
}

#[test]
fn in_place_a_hold_never_makes_the_gap_longer() {
    let mut api = Walk::of(Kind::Recreate).after(&[Event::NeedsPassed, Event::Held]);
    asks!(api.hears(&applied(1)), "drain 1 within 30s");
    asks!(api.hears(&drained(1)), "stop old0");
    asks!(api.hears(&stopped("old0")), "start new0 v2 #0 at 20000");
    asks!(api.hears(&ready("new0")), "route 2: 8000 2(new0)=100");
    asks!(api.hears(&applied(2)));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    asks!(api.hears(&Event::Resumed), "timer 2 5s");
}

#[test]
fn skipping_ends_a_bake_and_goes_to_the_last_step() {
    let mut api = baking();
    asks!(
        api.hears(&Event::Expedited),
        "route 2: 8000 1(old0)=0 2(new0)=100",
        "timer 4 5s"
    );
    asks!(api.hears(&applied(2)));
    assert_eq!(api.phase(), RolloutPhase::Passed);
}

#[test]
fn skipping_lifts_a_hold_and_goes_to_the_last_step() {
    let mut holding = starting().after(&[Event::Held, ready("new0")]);
    asks!(
        holding.hears(&Event::Expedited),
        "route 1: 8000 1(old0)=0 2(new0)=100",
        "timer 2 5s"
    );
    let mut held = baking().after(&[Event::Held]);
    asks!(
        held.hears(&Event::Expedited),
        "route 2: 8000 1(old0)=0 2(new0)=100",
        "timer 4 5s"
    );
}

#[test]
fn skipping_never_skips_readiness_or_a_confirmation() {
    for walk in [
        Walk::of(Kind::Canary).after(&[Event::Expedited, Event::NeedsPassed]),
        starting().after(&[Event::Expedited]),
    ] {
        let mut api = walk;
        assert_eq!(api.phase(), RolloutPhase::Starting);
        asks!(
            api.hears(&ready("new0")),
            "route 1: 8000 1(old0)=0 2(new0)=100",
            "timer 2 5s"
        );
        assert_eq!(api.phase(), RolloutPhase::Shifting);
    }
    let mut api = starting().after(&[ready("new0")]);
    asks!(api.hears(&Event::Expedited));
    assert_eq!(api.phase(), RolloutPhase::Shifting);
    asks!(
        api.hears(&applied(1)),
        "route 2: 8000 1(old0)=0 2(new0)=100",
        "timer 3 5s"
    );
}

#[test]
fn skipping_during_a_hold_lets_the_time_to_become_ready_go_on() {
    let mut api = starting().after(&[Event::Held]);
    asks!(api.hears(&Event::Expedited), "timer 2 5s");
    let mut api = starting().after(&[ready("new0"), Event::Held]);
    asks!(api.hears(&Event::Expedited), "timer 3 5s");
}

#[test]
fn a_crash_repeats_at_most_one_slice_of_a_wait() {
    let mut api = baking();
    api.hears(&fired(3));
    assert_eq!(api.resumes(), ["timer 4 5s"]);
    assert_eq!(remaining(&api), Millis::from_secs(5));
}

#[test]
fn what_a_hold_stopped_stays_stopped_over_a_crash() {
    let api = baking().after(&[Event::Held]);
    assert_eq!(api.resumes(), Vec::<String>::new());
}

#[test]
fn whoever_follows_health_anew_is_told_what_is_known() {
    let presumed = |api: &Walk| -> Vec<bool> {
        let watched = api.rollout.watched();
        watched.iter().map(|w| w.presumed_ready).collect()
    };
    assert_eq!(presumed(&starting()), [false, true]);
    // After a crash a candidate that was ready and is not any more must be told as lost.
    assert_eq!(presumed(&baking()), [true, true]);
    assert_eq!(presumed(&baking().after(&[lost("old0")])), [true, false]);
    // In place nobody follows what was stopped.
    let gone = [Event::NeedsPassed, applied(1), drained(1)];
    let mut api = Walk::of(Kind::Recreate).after(&gone);
    assert!(presumed(&api).is_empty());
    api = api.after(&[stopped("old0"), started("new0")]);
    assert_eq!(presumed(&api), [false]);
}
