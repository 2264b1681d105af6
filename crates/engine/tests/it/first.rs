//! The first deployment of a service: nothing to go back to.

use windlass_engine::rollout::{Event, Stage};
use windlass_model::{Fact, InstanceEnd, ReturnReason, RolloutPhase};

use crate::asks;
use crate::builders::{App, BAKE, Kind, instance_id, name};
use crate::walk::{
    API, Walk, applied, drained, fired, lost, not_started, ready, refused, return_requested,
    started, stopped, taken,
};

/// At 100 %, being watched.
fn baking() -> Walk {
    Walk::of(Kind::First).after(&[
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
        applied(1),
    ])
}

/// D19.
#[test]
fn steps_below_100_percent_are_skipped() {
    let mut api = Walk::of(Kind::First);
    asks!(
        api.hears(&Event::NeedsPassed),
        "start new0 v2 #0 at 20000",
        "timer 1 5s"
    );
    assert_eq!(api.phase(), RolloutPhase::Starting);
    asks!(api.hears(&started("new0")));
    asks!(
        api.hears(&ready("new0")),
        "route 1: 8000 2(new0)=100",
        "timer 2 5s"
    );
    asks!(api.hears(&applied(1)), "timer 3 5s");
    assert_eq!(
        api.facts.last(),
        Some(&Fact::BakeStarted {
            service: name(API),
            within: BAKE
        })
    );
    asks!(api.waits_out());
    assert_eq!(api.phase(), RolloutPhase::Passed);
    asks!(api.hears(&Event::Promoted), "keep new0");
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn a_worker_is_watched_without_any_route() {
    let mut api = Walk::of(Kind::FirstWorker).after(&[Event::NeedsPassed, started("new0")]);
    asks!(api.hears(&ready("new0")), "timer 2 5s");
    assert_eq!(api.phase(), RolloutPhase::Baking);
    asks!(api.waits_out());
    asks!(api.hears(&Event::Promoted), "keep new0");
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn no_traffic_reaches_any_of_three_before_all_are_ready() {
    let mut api = Walk::app(&App::of(API, Kind::First).instances(3));
    asks!(
        api.hears(&Event::NeedsPassed),
        "start new0 v2 #0 at 20000",
        "start new1 v2 #1 at 20001",
        "start new2 v2 #2 at 20002",
        "timer 1 5s"
    );
    asks!(api.hears(&ready("new0")));
    asks!(api.hears(&ready("new2")));
    asks!(
        api.hears(&ready("new1")),
        "route 1: 8000 2(new0 new1 new2)=100",
        "timer 2 5s"
    );
}

#[test]
fn a_start_that_fails_turns_back_at_once() {
    let mut api = Walk::of(Kind::First).after(&[Event::NeedsPassed]);
    asks!(api.hears(&not_started("new0")));
    assert_eq!(api.stage(), Stage::Turn);
    assert_eq!(
        api.reason(),
        &ReturnReason::InstanceLost {
            instance: instance_id(API, "new0"),
            end: InstanceEnd::NotStarted("no such program".to_owned())
        }
    );
    // Nothing was routed, so that nothing is unrouted.
    asks!(api.hears(&Event::ReturnTurn), "timer 2 5s", "stop new0");
    asks!(api.hears(&stopped("new0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn a_crash_before_ready_turns_back_without_waiting_for_the_deadline() {
    let mut api = Walk::of(Kind::First).after(&[Event::NeedsPassed, started("new0")]);
    asks!(api.hears(&lost("new0")));
    assert_eq!(api.stage(), Stage::Turn);
}

#[test]
fn never_ready_turns_back_at_the_deadline_with_the_last_answer() {
    let mut api = Walk::of(Kind::First).after(&[Event::NeedsPassed, started("new0")]);
    api.hears(&Event::ProbeFailed {
        instance: instance_id(API, "new0"),
        saw: "HTTP 503".to_owned(),
    });
    asks!(api.waits_out());
    assert_eq!(
        api.reason(),
        &ReturnReason::InstanceLost {
            instance: instance_id(API, "new0"),
            end: InstanceEnd::NeverReady("HTTP 503".to_owned())
        }
    );
    // 60 s in slices of 5 s.
    assert_eq!(api.rollout.counters.timers.0, 12);
}

#[test]
fn a_bad_answer_is_told_when_it_is_another_one_than_before() {
    let mut api = Walk::of(Kind::First).after(&[Event::NeedsPassed, started("new0")]);
    let mut told = |saw: &str| {
        api.hears(&Event::ProbeFailed {
            instance: instance_id(API, "new0"),
            saw: saw.to_owned(),
        });
        std::mem::take(&mut api.facts)
    };
    let [
        Fact::NotReady {
            instance,
            saw,
            within,
            ..
        },
    ] = &told("connection refused")[..]
    else {
        panic!("the first one is told");
    };
    assert_eq!(*instance, instance_id(API, "new0"));
    assert_eq!(
        (saw.as_str(), within.as_millis()),
        ("connection refused", 60_000)
    );
    assert_eq!(told("connection refused"), [], "it is known");
    assert_eq!(told("HTTP 503: no database").len(), 1);
    api.hears(&ready("new0"));
    api.facts.clear();
    api.hears(&Event::ProbeFailed {
        instance: instance_id(API, "new0"),
        saw: "HTTP 500".to_owned(),
    });
    assert_eq!(api.facts, [], "of one that is ready its loss is told");
}

#[test]
fn of_a_bad_answer_only_the_beginning_is_kept() {
    let instance = instance_id(API, "new0");
    let api = Walk::of(Kind::First).after(&[
        Event::NeedsPassed,
        Event::ProbeFailed {
            instance: instance.clone(),
            saw: "ä".repeat(10_000),
        },
    ]);
    assert_eq!(api.rollout.health.last_seen[&instance], "ä".repeat(300));
}

#[test]
fn a_taken_address_is_replaced_five_times() {
    let mut api = Walk::of(Kind::First).after(&[Event::NeedsPassed]);
    for port in 20_001..=20_004 {
        let line = format!("start new0 v2 #0 at {port}");
        assert_eq!(api.hears(&taken("new0", port)), [line]);
    }
    asks!(api.hears(&taken("new0", 20_005)));
    assert_eq!(api.stage(), Stage::Turn);
}

#[test]
fn a_late_answer_to_a_start_changes_no_address() {
    let mut api = baking();
    api.ignores(&taken("new0", 20_001));
    api.ignores(&not_started("new0"));
    assert_eq!(api.rollout.candidate.instances[0].address.port(), 20_000);
}

#[test]
fn what_was_routed_is_unrouted_before_it_stops() {
    for event in [lost("new0"), return_requested()] {
        let mut api = baking();
        asks!(api.hears(&event));
        asks!(
            api.hears(&Event::ReturnTurn),
            "timer 4 5s",
            "back 2: nothing"
        );
        asks!(api.hears(&applied(2)), "timer 5 5s", "stop new0");
        asks!(api.hears(&stopped("new0")));
        assert_eq!(api.phase(), RolloutPhase::Returned);
    }
}

#[test]
fn a_refused_or_unconfirmed_route_turns_back() {
    let shifting = || Walk::of(Kind::First).after(&[Event::NeedsPassed, ready("new0")]);
    let mut api = shifting();
    asks!(api.hears(&refused(1)));
    let refused = ReturnReason::ShiftFailed("refused".to_owned());
    assert_eq!(api.reason(), &refused);
    let mut api = shifting();
    asks!(api.waits_out());
    let late = ReturnReason::ShiftFailed("not confirmed within 30s".to_owned());
    assert_eq!(api.reason(), &late);
}

#[test]
fn a_worker_that_dies_is_only_stopped() {
    let mut api = Walk::of(Kind::FirstWorker).after(&[
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
        lost("new0"),
    ]);
    asks!(api.hears(&Event::ReturnTurn), "timer 3 5s", "stop new0");
    asks!(api.hears(&stopped("new0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn what_has_not_begun_is_back_at_once() {
    let mut api = Walk::of(Kind::First);
    asks!(api.hears(&return_requested()));
    api.hears(&Event::ReturnTurn);
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn what_is_over_hears_nothing_any_more() {
    let mut done = baking();
    done.waits_out();
    done.hears(&Event::Promoted);
    let mut returned = Walk::of(Kind::First).after(&[return_requested(), Event::ReturnTurn]);
    for event in [
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
        lost("new0"),
        not_started("new0"),
        taken("new0", 1),
        applied(1),
        refused(1),
        drained(2),
        stopped("new0"),
        fired(3),
        Event::Held,
        Event::Resumed,
        Event::Expedited,
        return_requested(),
        Event::ReturnTurn,
        Event::Promoted,
    ] {
        done.ignores(&event);
        returned.ignores(&event);
    }
}
