//! The old slot stops before the new one starts: `recreate`, and workers that may not overlap.

use windlass_engine::rollout::{Event, Stage};
use windlass_model::{ReturnReason, RolloutPhase};

use crate::asks;
use crate::builders::{App, Kind};
use crate::walk::{
    API, Walk, applied, drained, lost, not_started, not_stopped, ready, refused, return_requested,
    started, stopped, taken,
};

/// The old slot is gone, the new one starts.
fn starting() -> Walk {
    Walk::of(Kind::Recreate).after(&[Event::NeedsPassed, applied(1), drained(1), stopped("old0")])
}

fn baking() -> Walk {
    starting().after(&[started("new0"), ready("new0"), applied(2)])
}

#[test]
fn recreate_closes_drains_stops_and_only_then_starts() {
    let mut api = Walk::of(Kind::Recreate);
    asks!(
        api.hears(&Event::NeedsPassed),
        "route 1: 8000 closed 1(old0)=0",
        "timer 1 5s"
    );
    assert_eq!(api.phase(), RolloutPhase::StoppingOld);
    asks!(api.hears(&applied(1)), "drain 1 within 30s");
    api.ignores(&drained(2));
    asks!(api.hears(&drained(1)), "stop old0");
    asks!(
        api.hears(&stopped("old0")),
        "start new0 v2 #0 at 20000",
        "timer 2 5s"
    );
    asks!(api.hears(&started("new0")));
    asks!(
        api.hears(&ready("new0")),
        "route 2: 8000 2(new0)=100",
        "timer 3 5s"
    );
    asks!(api.hears(&applied(2)), "timer 4 5s");
    asks!(api.waits_out());
    // Nothing old is left to settle.
    asks!(api.hears(&Event::Promoted), "keep new0");
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn a_worker_is_stopped_without_any_route() {
    let mut api = Walk::of(Kind::WorkerInPlace);
    asks!(api.hears(&Event::NeedsPassed), "stop old0");
    asks!(
        api.hears(&stopped("old0")),
        "start new0 v2 #0 at 20000",
        "timer 1 5s"
    );
    asks!(api.hears(&ready("new0")), "timer 2 5s");
    asks!(api.waits_out());
    asks!(api.hears(&Event::Promoted), "keep new0");
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn the_standby_is_cleared_before_the_old_slot_makes_room() {
    let mut api = Walk::app(&App::of(API, Kind::Recreate).with_standby());
    asks!(api.hears(&Event::NeedsPassed), "stop kept0");
    asks!(
        api.hears(&stopped("kept0")),
        "route 1: 8000 closed 1(old0)=0",
        "timer 1 5s"
    );
}

#[test]
fn a_close_that_fails_gives_the_traffic_back_to_what_still_runs() {
    let refuse = |api: &mut Walk| api.hears(&refused(1));
    let wait = Walk::waits_out;
    for fail in [refuse, wait] {
        let mut api = Walk::of(Kind::Recreate).after(&[Event::NeedsPassed]);
        asks!(fail(&mut api));
        assert!(matches!(api.reason(), ReturnReason::ShiftFailed(_)));
        let asked = api.hears(&Event::ReturnTurn);
        assert_eq!(asked[1], "back 2: 8000 1(old0)=100");
        assert_eq!(api.hears(&applied(2))[1], "back 3: 8000 1(old0)=100");
        asks!(api.hears(&applied(3)));
        assert_eq!(api.phase(), RolloutPhase::Returned);
    }
}

#[test]
fn an_abort_while_the_old_slot_drains_stops_nothing() {
    let mut api = Walk::of(Kind::Recreate).after(&[Event::NeedsPassed, applied(1)]);
    asks!(api.hears(&return_requested()));
    let asked = api.hears(&Event::ReturnTurn);
    assert_eq!(asked[1], "back 2: 8000 1(old0)=100");
    let asked = api.hears(&applied(2));
    assert!(
        asked.iter().all(|line| !line.starts_with("stop")),
        "{asked:?}"
    );
}

#[test]
fn an_old_slot_that_stays_is_stopped_on_the_way_back_and_started_again() {
    let mut api = Walk::app(&App::of(API, Kind::Recreate).instances(2)).after(&[
        Event::NeedsPassed,
        applied(1),
        drained(1),
        stopped("old0"),
    ]);
    asks!(api.hears(&not_stopped("old1")));
    let why = ReturnReason::StopFailed("it stays".to_owned());
    assert_eq!(api.reason(), &why);
    let asked = api.hears(&Event::ReturnTurn);
    assert_eq!(asked[1], "back 2: 8000 closed 2(new0 new1)=0");
    let asked = api.hears(&applied(2));
    assert_eq!(asked[1..], ["stop old0", "stop old1"]);
    asks!(api.hears(&stopped("old0")));
    asks!(
        api.hears(&stopped("old1")),
        "start back0 v1 #0 at 30000 kept",
        "start back1 v1 #1 at 30001 kept"
    );
    asks!(api.hears(&ready("back1")));
    asks!(
        api.hears(&ready("back0")),
        "back 3: 8000 1(back0 back1)=100"
    );
    asks!(api.hears(&applied(3)));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

/// From the turn on: close, drain, stop, start the old release again, open.
fn starts_the_old_again(mut api: Walk) {
    assert_eq!(api.stage(), Stage::Turn);
    let attempt = api.rollout.counters.attempt + 1;
    let closes = format!("back {attempt}: 8000 closed 2(new0)=0");
    assert_eq!(api.hears(&Event::ReturnTurn)[1], closes);
    assert_eq!(api.hears(&applied(attempt))[1..], ["drain 2 within 30s"]);
    asks!(api.hears(&drained(2)), "stop new0", "stop old0");
    asks!(api.hears(&stopped("old0")));
    asks!(
        api.hears(&stopped("new0")),
        "start back0 v1 #0 at 30000 kept"
    );
    asks!(api.hears(&started("back0")));
    let opens = format!("back {}: 8000 1(back0)=100", attempt + 1);
    assert_eq!(api.hears(&ready("back0")), [opens]);
    asks!(api.hears(&applied(attempt + 1)));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
#[expect(
    clippy::useless_vec,
    reason = "an array of them is too large for the stack"
)]
fn a_return_after_the_old_slot_is_gone_starts_it_again() {
    for event in [lost("new0"), return_requested()] {
        let mut passed = baking();
        passed.waits_out();
        for walk in vec![
            starting(),
            starting().after(&[started("new0"), ready("new0")]),
            baking(),
            passed,
        ] {
            let mut api = walk;
            asks!(api.hears(&event));
            starts_the_old_again(api);
        }
    }
}

#[test]
fn a_worker_goes_back_without_any_route() {
    let mut api =
        Walk::of(Kind::WorkerInPlace).after(&[Event::NeedsPassed, stopped("old0"), lost("new0")]);
    asks!(
        api.hears(&Event::ReturnTurn),
        "timer 2 5s",
        "stop new0",
        "stop old0"
    );
    asks!(api.hears(&stopped("old0")));
    asks!(
        api.hears(&stopped("new0")),
        "start back0 v1 #0 at 30000 kept"
    );
    asks!(api.hears(&ready("back0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn starting_the_old_release_again_is_tried_again() {
    let mut api =
        Walk::of(Kind::WorkerInPlace).after(&[Event::NeedsPassed, stopped("old0"), lost("new0")]);
    api.hears(&Event::ReturnTurn);
    api.hears(&stopped("old0"));
    api.hears(&stopped("new0"));
    asks!(
        api.hears(&taken("back0", 30_001)),
        "start back0 v1 #0 at 30001 kept"
    );
    let asked = api.hears(&not_started("back0"));
    assert_eq!(asked, ["timer 3 1s"]);
    asks!(
        api.hears(&crate::walk::fired(3)),
        "start back0 v1 #0 at 30001 kept"
    );
    asks!(api.hears(&started("back0")));
    asks!(api.hears(&ready("back0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
    assert_eq!(api.rollout.back[0].address.port(), 30_001);
}

#[test]
fn one_old_instance_that_serves_is_better_than_none_when_the_time_is_over() {
    let mut api = Walk::app(&App::of(API, Kind::Recreate).instances(2)).after(&[
        Event::NeedsPassed,
        applied(1),
        drained(1),
        stopped("old0"),
        stopped("old1"),
        lost("new0"),
        Event::ReturnTurn,
        applied(2),
        drained(2),
        stopped("new0"),
        stopped("new1"),
        stopped("old0"),
        stopped("old1"),
        ready("back0"),
    ]);
    assert_eq!(api.stage(), Stage::Restarting);
    let asked = api.waits_out();
    assert_eq!(
        asked.last().map(String::as_str),
        Some("back 3: 8000 1(back0 back1)=100")
    );
    asks!(api.hears(&applied(3)));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn a_new_listener_in_place_is_unrouted_at_the_end_of_the_way_back() {
    let mut api = Walk::of(Kind::ListenAddedInPlace).after(&[
        Event::NeedsPassed,
        applied(1),
        drained(1),
        stopped("old0"),
        lost("new0"),
        Event::ReturnTurn,
        applied(2),
        drained(2),
        stopped("new0"),
        stopped("old0"),
        started("back0"),
    ]);
    // Its closed route must not answer 503 for ever.
    asks!(api.hears(&ready("back0")), "back 3: nothing");
    asks!(api.hears(&applied(3)));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn a_listener_that_goes_in_place_stays_closed_until_promotion() {
    let mut api = Walk::of(Kind::ListenRemovedInPlace).after(&[
        Event::NeedsPassed,
        applied(1),
        drained(1),
        stopped("old0"),
    ]);
    asks!(api.hears(&ready("new0")), "timer 3 5s");
    assert_eq!(api.phase(), RolloutPhase::Baking);
    let mut back = api.clone();
    asks!(api.waits_out());
    asks!(api.hears(&Event::Promoted), "keep new0", "route 2: nothing");
    asks!(api.hears(&applied(2)));
    assert_eq!(api.phase(), RolloutPhase::Done);
    back.hears(&return_requested());
    let asked = back.hears(&Event::ReturnTurn);
    assert_eq!(asked[1], "back 2: 8000 closed 2(new0)=0");
    let asked = back.hears(&applied(2));
    assert_eq!(asked[1..], ["stop new0", "stop old0"]);
    back.hears(&stopped("new0"));
    back.hears(&stopped("old0"));
    asks!(back.hears(&ready("back0")), "back 3: 8000 1(back0)=100");
}
