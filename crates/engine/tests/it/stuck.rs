//! Ways back that meet resistance.

use windlass_engine::rollout::{Event, Phase, Stage};
use windlass_model::{Fact, Millis, Percent, RolloutPhase, StuckReason};

use crate::asks;
use crate::builders::{App, Kind};
use crate::walk::{
    API, Walk, applied, drained, fired, lost, not_stopped, ready, refused, return_requested,
    started, stopped, taken,
};

/// Watched at 5 %.
fn baking() -> Walk {
    Walk::of(Kind::Canary).after(&[
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
        applied(1),
    ])
}

/// On the way back, the route asked for.
fn routing() -> Walk {
    baking().after(&[return_requested(), Event::ReturnTurn])
}

fn stopping() -> Walk {
    routing().after(&[applied(2), drained(2)])
}

fn stuck_because(api: &Walk) -> &StuckReason {
    match &api.rollout.phase {
        Phase::Stuck(why) => why,
        other => panic!("not stuck: {other:?}"),
    }
}

#[test]
fn traffic_goes_back_only_to_an_instance_that_is_ready() {
    let mut api = baking().after(&[lost("old0"), lost("new0")]);
    asks!(api.hears(&Event::ReturnTurn), "timer 4 5s");
    assert_eq!(api.stage(), Stage::Capacity);
    // The candidate's word does not count.
    asks!(api.hears(&ready("new0")));
    asks!(
        api.hears(&ready("old0")),
        "back 2: 8000 1(old0)=100 2(new0)=0"
    );
}

#[test]
fn without_capacity_it_holds_where_it_is_and_calls_a_person() {
    let mut api = baking().after(&[lost("old0"), lost("new0"), Event::ReturnTurn]);
    asks!(api.waits_out());
    assert_eq!(stuck_because(&api), &StuckReason::NoCapacity);
    assert!(matches!(api.facts[0], Fact::Stuck { .. }));
    assert_eq!(api.resumes(), Vec::<String>::new());
    // Asked again, once there is capacity.
    asks!(api.hears(&ready("old0")));
    asks!(api.hears(&return_requested()));
    let asked = api.hears(&Event::ReturnTurn);
    assert_eq!(asked[1], "back 2: 8000 1(old0)=100 2(new0)=0");
}

#[test]
fn a_refused_return_is_asked_for_again_and_again_until_its_deadline() {
    let mut api = routing();
    asks!(api.hears(&refused(2)), "timer 5 1s");
    // The deadline's timer and the retry, nothing that has been answered.
    assert_eq!(api.resumes(), ["timer 4 5s", "timer 5 1s"]);
    asks!(api.hears(&fired(5)), "back 3: 8000 1(old0)=100 2(new0)=0");
    api.ignores(&refused(2));
    api.hears(&refused(3));
    asks!(api.waits_out());
    let refused = StuckReason::ReturnTimedOut("refused".to_owned());
    assert_eq!(stuck_because(&api), &refused);
}

#[test]
fn capacity_is_checked_at_every_try() {
    let mut api = routing().after(&[refused(2), lost("old0")]);
    asks!(api.hears(&fired(5)));
    assert_eq!(api.stage(), Stage::Capacity);
}

#[test]
fn a_return_that_no_router_confirms_is_stuck_and_can_be_tried_again() {
    let mut api = routing();
    asks!(api.waits_out());
    let silent = StuckReason::ReturnTimedOut("no answer".to_owned());
    assert_eq!(stuck_because(&api), &silent);
    // 120 s in slices of 5 s, after the three timers of the way forward.
    assert_eq!(api.rollout.counters.timers.0, 3 + 24);
    // Too late: nobody goes on without a person.
    for late in [
        applied(2),
        refused(2),
        fired(27),
        ready("old0"),
        stopped("new0"),
    ] {
        asks!(api.hears(&late));
        assert_eq!(api.phase(), RolloutPhase::Stuck);
    }
    asks!(api.hears(&return_requested()));
    let asked = api.hears(&Event::ReturnTurn);
    assert_eq!(asked[1], "back 3: 8000 1(old0)=100 2(new0)=0");
    api.hears(&applied(3));
    api.hears(&drained(2));
    api.hears(&stopped("new0"));
    asks!(api.hears(&applied(4)));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn a_candidate_that_stays_is_asked_to_stop_again() {
    let mut api = stopping();
    let timer = api.rollout.counters.timers.0 + 1;
    assert_eq!(
        api.hears(&not_stopped("new0")),
        [format!("timer {timer} 1s")]
    );
    asks!(api.hears(&fired(timer)), "stop new0");
    asks!(api.hears(&stopped("new0")), "back 3: 8000 1(old0)=100");
    asks!(api.hears(&refused(3)), "timer 7 1s");
    asks!(api.hears(&fired(7)), "back 4: 8000 1(old0)=100");
    asks!(api.hears(&applied(4)));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn only_the_drain_that_is_waited_for_goes_on() {
    let mut api = routing().after(&[applied(2)]);
    assert_eq!(api.rollout.weight, Percent::ZERO);
    api.ignores(&drained(1));
    asks!(api.hears(&drained(2)), "stop new0");
}

#[test]
fn addresses_for_the_old_release_are_tried_five_times_and_then_more_slowly() {
    let mut api = Walk::of(Kind::WorkerInPlace).after(&[
        Event::NeedsPassed,
        stopped("old0"),
        lost("new0"),
        Event::ReturnTurn,
        stopped("new0"),
        stopped("old0"),
    ]);
    // Its time: a way back, a drain, a stop, and what the old release may take to be ready.
    let within = Millis::from_secs(120 + 30 + 30 + 60);
    assert_eq!(api.rollout.remaining(), Some(within));
    for port in 30_001..=30_004 {
        let line = format!("start back0 v1 #0 at {port} kept");
        assert_eq!(api.hears(&taken("back0", port)), [line]);
    }
    asks!(api.hears(&taken("back0", 30_005)), "timer 3 1s");
    asks!(api.hears(&fired(3)), "start back0 v1 #0 at 30005 kept");
}

#[test]
fn several_that_stay_are_asked_again_together() {
    let mut api = Walk::app(&App::of(API, Kind::Worker).instances(3)).after(&[
        Event::NeedsPassed,
        lost("new0"),
        Event::ReturnTurn,
    ]);
    asks!(api.hears(&not_stopped("new0")), "timer 3 1s");
    asks!(api.hears(&not_stopped("new2")));
    asks!(api.hears(&stopped("new1")));
    asks!(api.hears(&fired(3)), "stop new0", "stop new2");
}

#[test]
fn a_way_back_begins_once_and_tells_a_loss_once() {
    let mut api = routing();
    api.ignores(&Event::ReturnTurn);
    api.ignores(&return_requested());
    api.hears(&lost("new0"));
    api.ignores(&lost("new0"));
}

#[test]
fn a_candidate_that_never_stops_is_stuck_with_the_last_answer() {
    let mut api = stopping().after(&[not_stopped("new0")]);
    asks!(api.waits_out());
    let stays = StuckReason::ReturnTimedOut("it stays".to_owned());
    assert_eq!(stuck_because(&api), &stays);
}

/// In place: the old release runs again, but the route that opens is never confirmed.
fn stuck_at_the_end() -> Walk {
    let mut api = Walk::of(Kind::Recreate).after(&[
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
        ready("back0"),
    ]);
    assert_eq!(api.stage(), Stage::Finishing { attempt: 3 });
    api.waits_out();
    assert_eq!(api.phase(), RolloutPhase::Stuck);
    api
}

#[test]
fn a_repeated_way_back_does_not_close_what_runs_again() {
    let mut api = stuck_at_the_end();
    asks!(api.hears(&return_requested()));
    let asked = api.hears(&Event::ReturnTurn);
    assert_eq!(asked[1..], ["back 4: 8000 1(back0)=100"]);
    asks!(api.hears(&applied(4)));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn a_repeated_way_back_waits_for_an_old_release_that_is_down() {
    let mut api = stuck_at_the_end().after(&[lost("back0"), return_requested()]);
    let asked = api.hears(&Event::ReturnTurn);
    assert_eq!(asked.len(), 1, "only its deadline: {asked:?}");
    assert_eq!(api.stage(), Stage::Restarting);
    asks!(api.hears(&ready("back0")), "back 4: 8000 1(back0)=100");
}

#[test]
fn an_old_release_that_goes_down_before_the_retry_is_waited_for() {
    let mut api = Walk::of(Kind::Recreate).after(&[
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
        ready("back0"),
        refused(3),
        lost("back0"),
    ]);
    let retry = api.rollout.counters.timers.0;
    asks!(api.hears(&fired(retry)));
    assert_eq!(api.stage(), Stage::Restarting);
    asks!(api.hears(&ready("back0")), "back 4: 8000 1(back0)=100");
}
