//! A command target: one run brings a version, another one takes it back.

use windlass_engine::deployment::Event as Said;
use windlass_engine::rollout::{Event, Phase, Stage};
use windlass_model::{
    DeploymentState, Fact, InstanceEnd, Millis, Outcome, ProbeKind, Repair, ReturnReason,
    RolloutPhase, STILL_RUNS, StuckReason, still_runs,
};

use crate::asks;
use crate::builders::{App, Kind, instance_id, name};
use crate::rollback::{Back, rollback};
use crate::walk::{
    API, Walk, lost, not_started, not_stopped, ready, return_requested, started, stopped,
};
use crate::world::World;

/// Nobody saw how the run ended.
fn unseen(instance: &str) -> Event {
    Event::InstanceLost {
        instance: instance_id(API, instance),
        end: InstanceEnd::Unknown,
        last_lines: Vec::new(),
    }
}

fn running() -> Walk {
    Walk::of(Kind::Command).after(&[Event::NeedsPassed, started("new0")])
}

/// The candidate's run is ended; the way back runs.
fn going_back(kind: Kind) -> Walk {
    Walk::of(kind).after(&[
        Event::NeedsPassed,
        started("new0"),
        lost("new0"),
        Event::ReturnTurn,
        stopped("new0"),
    ])
}

#[test]
fn nothing_is_stopped_before_the_deploy_runs_and_nothing_is_kept_running_after() {
    let mut api = Walk::of(Kind::Command);
    asks!(
        api.hears(&Event::NeedsPassed),
        "deploy new0 by v2: 2 from 1, try 1",
        "timer 1 5s"
    );
    assert_eq!(api.phase(), RolloutPhase::Starting);
    asks!(api.hears(&started("new0")));
    asks!(api.hears(&ready("new0")), "timer 2 5s");
    assert_eq!(api.phase(), RolloutPhase::Baking);
    asks!(api.waits_out());
    // What kept the old run goes; nothing is started again when it ends.
    asks!(api.hears(&Event::Promoted), "stop old0");
    asks!(api.hears(&stopped("old0")));
    assert_eq!(api.phase(), RolloutPhase::Done);
}

#[test]
fn a_first_one_comes_from_nothing_and_is_only_ended_when_it_fails() {
    let mut api = Walk::of(Kind::FirstCommand);
    asks!(
        api.hears(&Event::NeedsPassed),
        "deploy new0 by v2: 2 from nothing, try 1",
        "timer 1 5s"
    );
    let mut api = api.after(&[started("new0"), lost("new0")]);
    asks!(api.hears(&Event::ReturnTurn), "timer 2 5s", "stop new0");
    asks!(api.hears(&stopped("new0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn a_deploy_that_fails_is_taken_back_by_the_rollback_of_the_same_release() {
    let mut api = running().after(&[lost("new0")]);
    asks!(
        api.hears(&Event::ReturnTurn),
        "timer 2 5s",
        "stop new0",
        "stop old0"
    );
    asks!(api.hears(&stopped("new0")));
    asks!(
        api.hears(&stopped("old0")),
        "timer 3 5s",
        "rollback back0 by v2: 1 from 2, try 1"
    );
    asks!(api.hears(&started("back0")));
    asks!(api.hears(&ready("back0")));
    assert_eq!(api.phase(), RolloutPhase::Returned);
}

#[test]
fn without_a_rollback_the_old_release_is_deployed_again() {
    let mut api = going_back(Kind::CommandOneWay);
    asks!(
        api.hears(&stopped("old0")),
        "timer 3 5s",
        "deploy back0 by v1: 1 from 2, try 1"
    );
}

#[test]
fn what_ended_well_is_not_lost_while_it_is_watched() {
    let mut api = running().after(&[ready("new0")]);
    api.ignores(&unseen("new0"));
    assert_eq!(api.phase(), RolloutPhase::Baking);
}

#[test]
fn nobody_but_a_person_runs_again_what_may_have_done_its_work() {
    let mut api = running().after(&[unseen("new0")]);
    assert_eq!(api.phase(), RolloutPhase::Stuck);
    asks!(api.resumes());
    asks!(
        api.hears(&Event::Retried),
        "deploy new0 by v2: 2 from 1, try 2 again",
        "timer 2 5s"
    );
    // After a crash the same try is asked for, which is the same run.
    asks!(
        api.resumes(),
        "deploy new0 by v2: 2 from 1, try 2 again",
        "timer 2 5s"
    );
    let api = api.after(&[started("new0"), ready("new0")]);
    assert_eq!(api.phase(), RolloutPhase::Baking);
}

#[test]
fn a_person_may_say_that_it_is_live_or_have_it_taken_back() {
    let stuck = || running().after(&[unseen("new0")]);
    let mut api = stuck();
    let by = "mira".to_owned();
    asks!(api.hears(&Event::DoneByHand { by }), "timer 2 5s");
    assert_eq!(api.phase(), RolloutPhase::Baking);
    let mut api = stuck().after(&[return_requested()]);
    asks!(
        api.hears(&Event::ReturnTurn),
        "timer 2 5s",
        "stop new0",
        "stop old0"
    );
}

#[test]
fn a_way_back_that_fails_is_stuck_at_once_and_runs_again_on_demand() {
    for wrong in [lost("back0"), unseen("back0"), not_started("back0")] {
        let mut api = going_back(Kind::Command).after(&[stopped("old0")]);
        if !matches!(wrong, Event::StartFailed { .. }) {
            api = api.after(&[started("back0")]);
        }
        api = api.after(&[wrong]);
        assert_eq!(api.phase(), RolloutPhase::Stuck);
        asks!(
            api.hears(&Event::Retried),
            "timer 4 5s",
            "rollback back0 by v2: 1 from 2, try 2 again"
        );
        assert_eq!(api.stage(), Stage::Restarting);
        let api = api.after(&[started("back0"), ready("back0")]);
        assert_eq!(api.phase(), RolloutPhase::Returned);
    }
}

#[test]
fn an_unknown_outcome_takes_nobody_else_back_and_is_told() {
    let app = App::of(API, Kind::Command).and("web", Kind::Worker, &[]);
    let mut world = World::new(&app);
    assert!(world.run_until(|world| !world.rollout(API).health.started.is_empty()));
    world.commit(Said::Rollout {
        service: name(API),
        event: unseen("new0"),
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    assert_eq!(world.rollout("web").shown(), RolloutPhase::Passed);
    let why = StuckReason::OutcomeUnknown("2".to_owned());
    let service = name(API);
    assert!(world.facts.contains(&Fact::Stuck { service, why }));
    world.says_repair(Repair::Done);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    world.is_tidy();
}

#[test]
fn one_that_is_given_up_leaves_the_old_version_in_the_books() {
    let mut world = World::new(&App::of(API, Kind::Command));
    assert!(world.run_until(|world| !world.rollout(API).health.started.is_empty()));
    world.commit(Said::Rollout {
        service: name(API),
        event: unseen("new0"),
    });
    world.says_repair(Repair::Abandon);
    let environment = world.environment();
    let stable = environment.services[&name(API)].stable.as_ref();
    assert_eq!(stable.expect("a slot").release.version.0, "1");
}

#[test]
fn a_rollback_after_promotion_runs_the_rollback_of_what_it_leaves() {
    let mut world = rollback(&App::of(API, Kind::Command), Back::Cold);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    world.at("api: rollback new0 by v1: 0 from 1, try 1");
    world.is_tidy();
}

/// The way back runs.
fn back_runs() -> Walk {
    going_back(Kind::Command).after(&[stopped("old0"), started("back0")])
}

/// What the run of the way back was last seen to do.
fn seen(saw: &str) -> Event {
    Event::ProbeFailed {
        instance: instance_id(API, "back0"),
        saw: saw.to_owned(),
    }
}

/// Why it is stuck.
fn why(api: &Walk) -> String {
    match &api.rollout.phase {
        Phase::Stuck(StuckReason::CommandFailed(InstanceEnd::NeverReady(saw))) => saw.clone(),
        other => panic!("not stuck so: {other:?}"),
    }
}

#[test]
fn a_way_back_that_hangs_is_ended_at_its_limit_and_runs_again_on_demand_as_another_try() {
    let mut api = back_runs().after(&[seen(STILL_RUNS)]);
    let within = api.rollout.plan.spec.ready.within;
    let left = api.rollout.remaining().expect("it has a limit");
    assert_eq!(left, within, "the limit of every run");
    let asked = api.waits_out();
    assert!(asked.contains(&"stop back0".to_owned()), "{asked:?}");
    // After a crash it is ended all the same.
    assert!(api.resumes().contains(&"stop back0".to_owned()));
    api.hears(&stopped("back0"));
    assert!(
        why(&api).starts_with(&format!("it still ran after {within}, and was ended")),
        "{}",
        why(&api)
    );
    let asked = api.hears(&Event::Retried);
    let again = "rollback back0 by v2: 1 from 2, try 2 again".to_owned();
    assert!(asked.contains(&again), "{asked:?}");
}

#[test]
fn a_way_back_that_hung_is_told_with_the_process_that_it_was() {
    let mut api = back_runs().after(&[seen(&still_runs(Some(4711)))]);
    let within = api.rollout.plan.spec.ready.within;
    api.waits_out();
    api.hears(&stopped("back0"));
    let begin = format!("it still ran after {within} as process 4711, and was ended");
    assert!(why(&api).starts_with(&begin), "{}", why(&api));
}

#[test]
fn a_way_back_that_ended_but_is_not_live_says_its_end_its_last_answer_and_what_was_expected() {
    let mut api = back_runs().after(&[seen(STILL_RUNS), seen("`status` printed \"all good\"")]);
    api.waits_out();
    api.hears(&stopped("back0"));
    let told = why(&api);
    for part in [
        "it ended with status 0",
        "`status` printed \"all good\"",
        "expected: a `status` that says that 1 is live",
    ] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_way_back_that_can_not_be_ended_is_ended_first_when_it_is_tried_again() {
    let mut api = back_runs();
    api.waits_out();
    api.waits_out();
    assert_eq!(api.phase(), RolloutPhase::Stuck);
    api.hears(&Event::Retried);
    let asked = api.hears(&Event::ReturnTurn);
    assert!(asked.contains(&"stop back0".to_owned()), "{asked:?}");
    let asked = api.hears(&stopped("back0"));
    let again = "rollback back0 by v2: 1 from 2, try 2 again".to_owned();
    assert!(asked.contains(&again), "{asked:?}");
}

#[test]
fn a_stop_that_fails_leaves_the_reason_for_it_and_is_told_beside_it() {
    let mut api = back_runs().after(&[seen(STILL_RUNS)]);
    api.waits_out();
    api.hears(&not_stopped("back0"));
    let mut ended = api.clone();
    ended.hears(&stopped("back0"));
    assert!(
        why(&ended).contains("and was ended with all"),
        "{}",
        why(&ended)
    );
    api.waits_out();
    let Phase::Stuck(StuckReason::ReturnTimedOut(told)) = &api.rollout.phase else {
        panic!("not stuck so: {:?}", api.rollout.phase);
    };
    assert!(told.starts_with("it still ran after "), "{told}");
    assert!(
        told.contains(", and could not be ended: it stays; expected: "),
        "{told}"
    );
}

#[test]
fn what_a_run_printed_last_is_known_before_it_is_told_that_it_was_ended() {
    let mut api = back_runs();
    api.waits_out();
    api.hears(&Event::InstanceStopped {
        instance: instance_id(API, "back0"),
        killed_after: None,
        last_lines: vec!["waiting for the lock".to_owned()],
    });
    assert_eq!(api.phase(), RolloutPhase::Stuck);
    let kept = api
        .rollout
        .health
        .last_lines
        .get(&instance_id(API, "back0"));
    assert_eq!(kept, Some(&vec!["waiting for the lock".to_owned()]));
}

/// So long it ran while no controller was there.
fn ran_unseen(instance: &str, secs: u64) -> Event {
    Event::RanUnseen {
        instance: instance_id(API, instance),
        ran: Millis::from_secs(secs),
    }
}

#[test]
fn the_time_of_a_run_goes_by_while_no_controller_is_there() {
    let mut api = running();
    let before = api.rollout.remaining().expect("it has a limit");
    api.hears(&ran_unseen("new0", 3));
    let left = before.less(Millis::from_secs(3));
    assert_eq!(api.rollout.remaining(), Some(left));
    api.ignores(&ran_unseen("old0", 3));
    api.hears(&ran_unseen("new0", before.as_millis() / 1_000));
    assert_eq!(api.phase(), RolloutPhase::Returning);

    let mut api = back_runs();
    api.hears(&ran_unseen("back0", 10_000));
    assert!(matches!(api.stage(), Stage::Ending { .. }));
}

#[test]
fn a_rollback_of_a_script_that_failed_is_done_on_a_word() {
    let mut world = rollback(&App::of(API, Kind::Command), Back::Cold);
    assert!(world.run_until(|world| !world.rollout(API).health.started.is_empty()));
    world.commit(Said::Rollout {
        service: name(API),
        event: lost("new0"),
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    world.says_repair(Repair::Done);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    assert!(world.rollout(API).word.is_some());
    let environment = world.environment();
    let stable = environment.services[&name(API)].stable.as_ref();
    assert_eq!(stable.expect("a slot").release.version.0, "0");
}

#[test]
fn a_rollback_of_a_script_that_hangs_is_ended_at_its_limit_before_a_person_goes_on() {
    let mut world = rollback(&App::of(API, Kind::Command), Back::Cold);
    assert!(world.run_until(|world| !world.rollout(API).health.started.is_empty()));
    world.commit(Said::Rollout {
        service: name(API),
        event: ran_unseen("new0", 10_000),
    });
    assert_ne!(world.deployment.state(), DeploymentState::Stuck);
    assert_eq!(world.run(), DeploymentState::Stuck);
    world.at("api: stop new0");
}

/// The rollback of version 1 runs.
fn rollback_runs() -> Walk {
    let world = rollback(&App::of(API, Kind::Command), Back::Cold);
    let rollout = world.rollout(API).clone();
    Walk::with(rollout).after(&[Event::NeedsPassed, started("new0")])
}

/// The same, past its limit.
fn rollback_hangs() -> Walk {
    hangs(rollback_runs())
}

fn hangs(mut api: Walk) -> Walk {
    let asked = api.waits_out();
    assert!(asked.contains(&"stop new0".to_owned()), "{asked:?}");
    api
}

/// What was seen of a rollback that failed.
fn failed_with(api: &Walk) -> String {
    match &api.rollout.phase {
        Phase::Stuck(StuckReason::RollbackFailed(ReturnReason::InstanceLost {
            end: InstanceEnd::NeverReady(saw),
            ..
        })) => saw.clone(),
        other => panic!("not stuck so: {other:?}"),
    }
}

#[test]
fn a_rollback_that_hangs_is_ended_also_by_the_controller_after_one_that_died_then() {
    let mut api = rollback_hangs();
    assert!(api.resumes().contains(&"stop new0".to_owned()));
    assert!(api.rollout.awaits_stop(&instance_id(API, "new0")));
    api.hears(&stopped("new0"));
    assert_eq!(
        failed_with(&api),
        "it still ran, and was ended with all that it had started"
    );
    asks!(api.resumes());
    // Known to be gone, it runs again at once.
    asks!(
        api.hears(&Event::Retried),
        "rollback new0 by v1: 0 from 1, try 2 again",
        "timer 14 5s"
    );
}

#[test]
fn a_rollback_that_was_ended_is_not_told_as_one_that_still_runs() {
    let runs = Event::ProbeFailed {
        instance: instance_id(API, "new0"),
        saw: STILL_RUNS.to_owned(),
    };
    let api = hangs(rollback_runs().after(&[runs])).after(&[stopped("new0")]);
    assert_eq!(
        failed_with(&api),
        "it still ran, and was ended with all that it had started"
    );
}

#[test]
fn a_rollback_that_can_not_be_ended_says_so_beside_its_reason_and_is_ended_first_when_it_is_tried_again()
 {
    let mut api = rollback_hangs().after(&[not_stopped("new0")]);
    api.waits_out();
    assert_eq!(
        failed_with(&api),
        "it still ran, and could not be ended: it stays"
    );
    let asked = api.hears(&Event::Retried);
    assert!(asked.contains(&"stop new0".to_owned()), "{asked:?}");
    let asked = api.hears(&stopped("new0"));
    let again = "rollback new0 by v1: 0 from 1, try 2 again".to_owned();
    assert!(asked.contains(&again), "{asked:?}");
}

#[test]
fn a_try_that_is_stuck_as_the_one_before_it_is_another_one() {
    let mut api = rollback_hangs().after(&[not_stopped("new0")]);
    api.waits_out();
    let (why, tries) = (failed_with(&api), api.rollout.counters.words);
    api.hears(&Event::Retried);
    api.hears(&not_stopped("new0"));
    api.waits_out();
    assert_eq!(failed_with(&api), why);
    assert_ne!(api.rollout.counters.words, tries);
}

#[test]
fn a_rollback_has_the_limit_and_the_question_of_the_release_whose_script_runs() {
    let world = rollback(&App::of(API, Kind::Command), Back::Cold);
    let mut rollout = world.rollout(API).clone();
    let left = rollout.plan.stable.as_mut().expect("what is left");
    left.spec.ready.within = Millis::from_secs(7);
    left.spec.ready.kind = ProbeKind::Command { status: false };
    let mut api = Walk::with(rollout);
    api.hears(&Event::NeedsPassed);
    assert_eq!(api.rollout.remaining(), Some(Millis::from_secs(7)));
    api.hears(&started("new0"));
    let watched = api.rollout.watched();
    let kinds: Vec<_> = watched.into_iter().map(|it| it.probe.kind).collect();
    assert_eq!(kinds, [ProbeKind::Command { status: false }]);
}

#[test]
fn what_a_person_said_of_a_version_is_not_said_of_the_one_that_it_goes_back_to() {
    let mut api = running().after(&[unseen("new0")]);
    assert_eq!(api.phase(), RolloutPhase::Stuck);
    api.hears(&Event::DoneByHand {
        by: "mira".to_owned(),
    });
    assert_eq!(api.rollout.word.as_deref(), Some("mira"));
    api.hears(&return_requested());
    assert_eq!(api.rollout.word, None);
}
