//! The same release: another number of instances, another listener, or both.

use windlass_engine::rollout::Event;
use windlass_model::RolloutPhase;

use crate::asks;
use crate::builders::Kind;
use crate::walk::{Walk, applied, lost, ready, return_requested, started, stopped};

#[test]
fn one_more_instance_starts_and_joins_the_slot() {
    let mut api = Walk::of(Kind::ScaleUp);
    asks!(
        api.hears(&Event::NeedsPassed),
        "start new0 v1 #1 at 20000",
        "timer 1 5s"
    );
    asks!(api.hears(&started("new0")));
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
        let mut api =
            Walk::of(Kind::ScaleUp).after(&[Event::NeedsPassed, ready("new0"), applied(1)]);
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

#[test]
fn one_instance_fewer_starts_nothing_and_stops_one_after_promotion() {
    let mut api = Walk::of(Kind::ScaleDown);
    // Nothing to start, so nothing to wait for; both serve until promotion.
    asks!(
        api.hears(&Event::NeedsPassed),
        "route 1: 8000 1(old0 old1)=100",
        "timer 1 5s"
    );
    assert_eq!(api.phase(), RolloutPhase::Shifting);
    asks!(api.hears(&applied(1)), "timer 2 5s");
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
    asks!(
        api.hears(&Event::NeedsPassed),
        "route 1: 8500 8000 1(old0)=100",
        "timer 1 5s"
    );
    asks!(api.hears(&applied(1)), "timer 2 5s");
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
fn a_moved_listener_and_one_more_instance_go_together() {
    let mut api = Walk::of(Kind::MoveAndScaleUp).after(&[Event::NeedsPassed]);
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

#[test]
fn an_old_instance_that_is_lost_turns_nothing_back() {
    let mut api = Walk::of(Kind::ScaleUp).after(&[Event::NeedsPassed, ready("new0"), applied(1)]);
    asks!(api.hears(&lost("old0")));
    assert_eq!(api.phase(), RolloutPhase::Baking);
}
