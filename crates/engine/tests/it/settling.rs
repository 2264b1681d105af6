//! After promotion: what leaves drains and stops, and there is no way back.

use windlass_engine::rollout::{Event, Phase};
use windlass_model::{Fact, RolloutPhase, SlotId, StuckReason};

use crate::asks;
use crate::builders::{Kind, name};
use crate::walk::{
    API, Walk, applied, drained, fired, lost, not_stopped, ready, refused, return_requested,
    stopped,
};

/// Promoted; the final route of a moved listener is on its way.
fn routing() -> Walk {
    let mut api = Walk::of(Kind::Move).after(&[Event::NeedsPassed, ready("old0"), applied(1)]);
    api.waits_out();
    asks!(
        api.hears(&Event::Promoted),
        "keep old0",
        "route 2: 8500 1(old0)=100"
    );
    api
}

/// Promoted; an old worker is being stopped.
fn stopping() -> Walk {
    let mut api = Walk::of(Kind::Worker).after(&[Event::NeedsPassed, ready("new0")]);
    api.waits_out();
    asks!(api.hears(&Event::Promoted), "keep new0", "stop old0");
    api
}

#[test]
fn a_final_route_that_is_refused_is_asked_for_again() {
    let mut api = routing();
    asks!(api.hears(&refused(2)), "timer 5 1s");
    assert_eq!(api.resumes(), ["keep old0", "timer 5 1s"]);
    api.ignores(&refused(1));
    asks!(api.hears(&fired(5)), "route 3: 8500 1(old0)=100");
    api.ignores(&applied(2));
    asks!(api.hears(&applied(3)));
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn an_old_instance_that_stays_is_asked_to_stop_again() {
    let mut api = stopping();
    asks!(api.hears(&not_stopped("old0")), "timer 4 1s");
    assert_eq!(api.resumes(), ["keep new0", "timer 4 1s"]);
    asks!(api.hears(&fired(4)), "stop old0");
    asks!(api.hears(&stopped("old0")));
    assert_eq!(
        api.facts.first(),
        Some(&Fact::SlotRetired {
            service: name(API),
            slot: SlotId(1)
        })
    );
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn a_listener_that_goes_is_closed_again_when_refused() {
    let mut api = Walk::of(Kind::ListenRemoved).after(&[Event::NeedsPassed, ready("new0")]);
    api.waits_out();
    api.hears(&Event::Promoted);
    asks!(api.hears(&refused(1)), "timer 4 1s");
    assert_eq!(api.resumes(), ["keep new0", "timer 4 1s"]);
    asks!(api.hears(&fired(4)), "route 2: 8000 closed 1(old0)=0");
    assert_eq!(
        api.resumes(),
        ["keep new0", "route 2: 8000 closed 1(old0)=0"]
    );
    api.hears(&applied(2));
    asks!(api.hears(&drained(1)), "route 3: nothing");
    asks!(api.hears(&refused(3)), "timer 5 1s");
    asks!(api.hears(&fired(5)), "route 4: nothing");
    asks!(api.hears(&applied(4)), "stop old0");
}

#[test]
fn nothing_turns_a_promoted_rollout_back() {
    for event in [
        return_requested(),
        Event::ReturnTurn,
        lost("new0"),
        lost("old0"),
        drained(1),
        Event::Promoted,
    ] {
        for walk in [routing(), stopping()] {
            let mut api = walk;
            asks!(api.hears(&event));
            assert_eq!(api.phase(), RolloutPhase::Settling);
        }
    }
}

#[test]
fn too_many_tries_call_a_person_whose_word_begins_them_anew() {
    let mut api = stopping();
    let mut tries = 0;
    while api.phase() == RolloutPhase::Settling {
        tries += 1;
        api.hears(&not_stopped("old0"));
        let timer = api.rollout.counters.timers.0;
        api.hears(&fired(timer));
    }
    assert_eq!(tries, 121);
    let why = StuckReason::SettleFailed("it stays".to_owned());
    assert_eq!(api.rollout.phase, Phase::Stuck(why));
    assert_eq!(api.rollout.returned_because, None);
    asks!(api.hears(&return_requested()));
    asks!(api.hears(&Event::Retried), "keep new0", "stop old0");
    asks!(api.hears(&not_stopped("old0")), "timer 124 1s");
    asks!(api.hears(&stopped("old0")));
    assert_eq!(api.phase(), RolloutPhase::Done);
}
