//! A new release beside the old one: canary, blue-green, workers that may overlap, and a `listen` that
//! comes or goes with the release.

use windlass_engine::rollout::{Event, Stage};
use windlass_model::{Fact, ReturnReason, RolloutPhase, SlotId, Version};

use crate::asks;
use crate::builders::{App, Kind, name, percent};
use crate::walk::{
    API, Walk, applied, drained, lost, not_stopped, ready, refused, return_requested, started,
    stopped,
};

/// Ready and on its way to the first share.
fn shifting(kind: Kind) -> Walk {
    Walk::of(kind).after(&[Event::NeedsPassed, started("new0"), ready("new0")])
}

/// Watched at the first share.
fn baking(kind: Kind) -> Walk {
    shifting(kind).after(&[applied(1)])
}

fn passed(kind: Kind) -> Walk {
    let mut api = shifting(kind);
    let mut attempt = 0;
    while api.phase() != RolloutPhase::Passed {
        if api.phase() == RolloutPhase::Shifting {
            attempt += 1;
            api.hears(&applied(attempt));
        } else {
            api.waits_out();
        }
    }
    api
}

#[test]
fn a_canary_climbs_its_steps_and_is_promoted_without_another_route() {
    let mut api = Walk::of(Kind::Canary);
    asks!(
        api.hears(&Event::NeedsPassed),
        "start new0 v2 #0 at 20000",
        "timer 1 5s"
    );
    asks!(api.hears(&started("new0")));
    asks!(
        api.hears(&ready("new0")),
        "route 1: 8000 1(old0)=95 2(new0)=5",
        "timer 2 5s"
    );
    asks!(api.hears(&applied(1)), "timer 3 5s");
    assert_eq!(
        api.facts.first(),
        Some(&Fact::TrafficShifted {
            service: name(API),
            slot: SlotId(2),
            version: Version("2".to_owned()),
            to: percent(5)
        })
    );
    asks!(
        api.waits_out(),
        "route 2: 8000 1(old0)=75 2(new0)=25",
        "timer 5 5s"
    );
    asks!(api.hears(&applied(2)), "timer 6 5s");
    asks!(
        api.waits_out(),
        "route 3: 8000 1(old0)=0 2(new0)=100",
        "timer 8 5s"
    );
    asks!(api.hears(&applied(3)), "timer 9 5s");
    asks!(api.waits_out());
    assert_eq!(api.phase(), RolloutPhase::Passed);
    // The table is as it must be already: the old slot at 0 drains and stands by.
    asks!(
        api.hears(&Event::Promoted),
        "keep new0",
        "drain 1 within 30s"
    );
    asks!(api.hears(&drained(1)));
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn blue_green_switches_everything_at_once() {
    let mut api = Walk::of(Kind::BlueGreen).after(&[Event::NeedsPassed]);
    asks!(
        api.hears(&ready("new0")),
        "route 1: 8000 1(old0)=0 2(new0)=100",
        "timer 2 5s"
    );
}

#[test]
fn the_displaced_standby_goes_first() {
    let mut api = Walk::app(&App::of(API, Kind::BlueGreen).instances(2).with_standby());
    asks!(api.hears(&Event::NeedsPassed), "stop kept0", "stop kept1");
    assert_eq!(api.phase(), RolloutPhase::Clearing);
    asks!(api.hears(&stopped("kept0")));
    asks!(
        api.hears(&stopped("kept1")),
        "start new0 v2 #0 at 20000",
        "start new1 v2 #1 at 20001",
        "timer 1 5s"
    );
    assert_eq!(
        api.facts.first(),
        Some(&Fact::SlotRetired {
            service: name(API),
            slot: SlotId(0)
        })
    );
}

#[test]
fn a_standby_that_stays_turns_back_and_its_stop_is_finished() {
    let mut api = Walk::app(&App::of(API, Kind::BlueGreen).with_standby());
    api.hears(&Event::NeedsPassed);
    api.ignores(&not_stopped("old0"));
    asks!(api.hears(&not_stopped("kept0")));
    let why = ReturnReason::StopFailed("it stays".to_owned());
    assert_eq!(api.reason(), &why);
    asks!(api.hears(&Event::ReturnTurn), "timer 1 5s", "stop kept0");
    asks!(api.hears(&stopped("kept0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn a_return_before_any_shift_only_stops_the_candidate() {
    let mut api = Walk::of(Kind::Canary).after(&[Event::NeedsPassed, started("new0")]);
    asks!(api.hears(&return_requested()));
    asks!(api.hears(&Event::ReturnTurn), "timer 2 5s", "stop new0");
    asks!(api.hears(&stopped("new0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

/// From the turn on: traffic, drain, stop, and a table without the candidate.
fn goes_back(mut api: Walk, attempt: u32) {
    assert_eq!(api.stage(), Stage::Turn);
    let before = api.rollout.counters.timers.0;
    let timer = |n: u32| format!("timer {} 5s", before + n);
    let back = format!("back {attempt}: 8000 1(old0)=100 2(new0)=0");
    assert_eq!(api.hears(&Event::ReturnTurn), [timer(1), back]);
    assert_eq!(
        api.hears(&applied(attempt)),
        [timer(2), "drain 2 within 30s".to_owned()]
    );
    assert_eq!(
        api.facts,
        [Fact::TrafficShifted {
            service: name(API),
            slot: SlotId(1),
            version: Version("1".to_owned()),
            to: percent(100)
        }]
    );
    asks!(api.hears(&drained(2)), "stop new0");
    let last = attempt + 1;
    let forgets = format!("back {last}: 8000 1(old0)=100");
    assert_eq!(api.hears(&stopped("new0")), [forgets]);
    asks!(api.hears(&applied(last)));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
#[expect(
    clippy::useless_vec,
    reason = "an array of them is too large for the stack"
)]
fn a_return_from_any_share_gives_everything_back_first() {
    for event in [lost("new0"), return_requested()] {
        for (walk, attempt) in vec![
            (shifting(Kind::Canary), 2),
            (baking(Kind::Canary), 2),
            (passed(Kind::Canary), 4),
            (passed(Kind::BlueGreen), 2),
        ] {
            let mut api = walk;
            asks!(api.hears(&event));
            goes_back(api, attempt);
        }
    }
}

#[test]
fn a_share_that_is_refused_or_not_confirmed_in_time_goes_back() {
    let mut api = shifting(Kind::Canary);
    asks!(api.hears(&refused(1)));
    goes_back(api, 2);
    let mut api = shifting(Kind::Canary);
    asks!(api.waits_out());
    goes_back(api, 2);
}

#[test]
fn the_answer_to_another_attempt_passes_no_gate() {
    let mut api = baking(Kind::Canary);
    api.waits_out();
    assert_eq!(api.phase(), RolloutPhase::Shifting);
    for late in [applied(1), refused(1), applied(3)] {
        api.ignores(&late);
    }
    // Nor does the confirmation of a raise that was given up.
    api.hears(&return_requested());
    api.hears(&Event::ReturnTurn);
    api.ignores(&applied(2));
    assert_eq!(api.stage(), Stage::Routing { attempt: 3 });
}

#[test]
fn losing_an_old_instance_is_only_noted() {
    let mut api = baking(Kind::Canary);
    asks!(api.hears(&lost("old0")));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    assert!(matches!(api.facts[..], [Fact::InstanceLost { .. }]));
}

#[test]
fn a_worker_beside_moves_no_traffic_and_its_old_one_stops_after_promotion() {
    let mut api = Walk::of(Kind::Worker).after(&[Event::NeedsPassed, started("new0")]);
    asks!(api.hears(&ready("new0")), "timer 2 5s");
    asks!(api.waits_out());
    assert_eq!(api.phase(), RolloutPhase::Passed);
    asks!(api.hears(&Event::Promoted), "keep new0", "stop old0");
    asks!(api.hears(&stopped("old0")));
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn a_worker_beside_goes_back_by_stopping_the_new_one() {
    let mut api = passed(Kind::Worker);
    asks!(api.hears(&lost("new0")));
    asks!(api.hears(&Event::ReturnTurn), "timer 4 5s", "stop new0");
    asks!(api.hears(&stopped("new0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn a_new_listener_has_nobody_to_share_with() {
    let mut api = Walk::of(Kind::ListenAdded).after(&[Event::NeedsPassed]);
    // A canary's smaller steps would say 5 % and mean all of it.
    asks!(
        api.hears(&ready("new0")),
        "route 1: 8000 2(new0)=100",
        "timer 2 5s"
    );
    api.hears(&applied(1));
    asks!(api.waits_out());
    asks!(api.hears(&Event::Promoted), "keep new0", "stop old0");
}

#[test]
fn a_new_listener_is_unrouted_on_the_way_back() {
    let mut api = passed(Kind::ListenAdded).after(&[return_requested()]);
    asks!(
        api.hears(&Event::ReturnTurn),
        "timer 5 5s",
        "back 2: nothing"
    );
    asks!(api.hears(&applied(2)), "timer 6 5s", "drain 2 within 30s");
    asks!(api.hears(&drained(2)), "stop new0");
    asks!(api.hears(&stopped("new0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn a_listener_that_goes_serves_the_old_slot_until_promotion() {
    let mut api = Walk::of(Kind::ListenRemoved).after(&[Event::NeedsPassed]);
    asks!(api.hears(&ready("new0")), "timer 2 5s");
    assert_eq!(api.phase(), RolloutPhase::Baking);
    let mut back = api.clone();
    asks!(api.waits_out());
    asks!(
        api.hears(&Event::Promoted),
        "keep new0",
        "route 1: 8000 closed 1(old0)=0"
    );
    // Requests end before their listener goes.
    asks!(api.hears(&applied(1)), "drain 1 within 30s");
    asks!(api.hears(&drained(1)), "route 2: nothing");
    asks!(api.hears(&applied(2)), "stop old0");
    asks!(api.hears(&stopped("old0")));
    assert_eq!(api.phase(), RolloutPhase::Done);
    // Going back moves no traffic, because none was moved.
    back.hears(&return_requested());
    asks!(back.hears(&Event::ReturnTurn), "timer 3 5s", "stop new0");
}
