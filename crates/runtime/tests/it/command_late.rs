//! Runs of scripts whose time is over, or may be, and words about what is stuck for that.

use windlass_api::{Command, Word};
use windlass_model::{
    CommandState, DeploymentId, Fact, Happened, InstanceEnd, Millis, Outcome, Repair, ReturnReason,
    STATUS_SILENT, StuckReason,
};
use windlass_runtime::{RollbackAt, Signed};
use windlass_testkit::{
    Crash, End, Ending, Lab, Script, app_name, environment_name, going_back, run, service_name,
};

use crate::command_target::{legacy, nobody_saw, runs_for, seven_begins, six, stuck};
use crate::fixture::{alive, begun, facts, failed, promoted, put, say, script, shop};

/// A run that ends well after three seconds.
fn well() -> Script {
    Script {
        ends: Some(End {
            after: Millis::from_secs(3),
            end: InstanceEnd::Exited(0),
        }),
        ..Script::command()
    }
}

/// A run that does not end.
fn endless() -> Script {
    Script {
        ends: Some(End {
            after: Millis::from_secs(1_000_000),
            end: InstanceEnd::Exited(0),
        }),
        ..Script::command()
    }
}

/// Version 7 runs so.
async fn seven(lab: &mut Lab, what: Script) -> DeploymentId {
    put(lab, &["legacy"], "seven");
    script(lab, "legacy", "seven", what);
    seven_begins(lab).await
}

#[test]
fn a_run_that_ended_well_while_nobody_was_there_does_not_go_back_on_one_unclear_answer() {
    run(async {
        let mut lab = six().await;
        let once = Script {
            unclear_first: 1,
            ..well()
        };
        let id = seven(&mut lab, once).await;
        lab.stay_down_for(Millis::from_secs(100));
        lab.crash_and_restart().await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn one_whose_status_stays_unclear_goes_back_once_its_time_was_over() {
    run(async {
        let mut lab = six().await;
        let never = Script {
            unclear_first: u32::MAX,
            ..well()
        };
        let id = seven(&mut lab, never).await;
        lab.stay_down_for(Millis::from_secs(100));
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(10)).await;
        assert_eq!(failed(&lab, &id).len(), 1, "{:?}", facts(&lab, &id));
    });
}

#[test]
fn a_status_that_hangs_until_the_limit_is_told_as_one_that_did_not_answer() {
    run(async {
        let mut lab = six().await;
        let hangs = Script {
            status_takes: Millis::from_secs(1_000),
            ..Script::command()
        };
        let id = seven(&mut lab, hangs).await;
        lab.pass(Millis::from_secs(100)).await;
        let why = failed(&lab, &id).remove(0).1;
        let ReturnReason::InstanceLost { end, .. } = why else {
            panic!("{why:?}");
        };
        assert_eq!(end, InstanceEnd::NeverReady(STATUS_SILENT.to_owned()));
    });
}

#[test]
fn the_time_of_a_run_whose_beginning_has_no_row_goes_by_too() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        script(&lab, "legacy", "seven", endless());
        let id = begun(&lab, &legacy("7")).await;
        while lab.world.host.runs().len() < 2 {
            lab.world.pass(Millis::from_millis(1)).await;
        }
        let begun = |fact: &Fact| matches!(fact, Fact::CommandStarted { .. });
        assert!(!facts(&lab, &id).iter().any(begun), "nobody has written it");
        lab.stay_down_for(Millis::from_secs(61));
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(1)).await;
        assert_eq!(failed(&lab, &id).len(), 1, "{:?}", facts(&lab, &id));
    });
}

#[test]
fn one_that_the_next_controller_begins_has_its_whole_time() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        script(&lab, "legacy", "seven", well());
        let id = begun(&lab, &legacy("7")).await;
        // Its first row says that it starts, and nobody has begun it.
        let next = lab.world.disk.commits() + 1;
        lab.world.disk.crash_at(Crash::After(next));
        lab.stay_down_for(Millis::from_secs(100));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(lab.world.host.runs().len(), 2);
    });
}

/// The rollback from version 7 to 6, which hangs.
async fn rollback_hangs(lab: &mut Lab) -> DeploymentId {
    put(lab, &["legacy"], "seven");
    promoted(lab, &legacy("7")).await;
    script(lab, "legacy", &going_back("seven"), endless());
    let at = RollbackAt {
        app: app_name("shop"),
        environment: environment_name(),
        service: None,
        to: None,
        agreed: None,
    };
    let by = "ana".to_owned().into();
    let answer = lab.handle().rollback(at, by).await.expect("it begins");
    answer.deployment.expect("there is something to do")
}

#[test]
fn a_rollback_that_hangs_is_gone_before_it_is_told_whenever_its_controller_dies() {
    run(async {
        let mut number = 0;
        loop {
            let mut lab = six().await;
            let id = rollback_hangs(&mut lab).await;
            let last = lab.world.disk.commits() + number;
            if number > 0 {
                lab.world.disk.crash_at(Crash::After(last));
            }
            assert_eq!(lab.until_ended(&id).await, Ending::Stuck, "{number}");
            assert_eq!(alive(&lab), 0, "{number}: {:?}", facts(&lab, &id));
            if number > 0 && lab.world.disk.commits() < last {
                break;
            }
            number += 1;
        }
        assert!(number > 4, "{number}");
    });
}

#[test]
fn a_word_about_what_was_stuck_is_not_taken_for_what_is_stuck_since() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        let slow = Script {
            status: CommandState::Unclear("hi".to_owned()),
            status_takes: Millis::from_millis(900),
            ..Script::run(InstanceEnd::Unknown)
        };
        script(&lab, "legacy", "seven", slow);
        let (id, ending) = lab.deployed(&legacy("7")).await;
        assert_eq!(ending, Ending::Stuck);
        // The next try ends in the same way, and soon.
        nobody_saw(&lab, CommandState::NotLive("nothing".to_owned()));
        let repair = |how| say(&lab, &id, Command::Repair { how });
        let again = async {
            lab.world.pass(Millis::from_millis(200)).await;
            repair(Repair::Retry).await
        };
        let (done, again) = futures_util::join!(repair(Repair::Done), again);
        assert_eq!(again, Ok(()));
        assert_eq!(stuck(&lab, &id).len(), 2, "{:?}", facts(&lab, &id));
        let refused = done.expect_err("it was tried again");
        assert_eq!(refused.code.0, "WL0313");
        assert!(
            refused.title.contains("has changed meanwhile"),
            "{refused:?}"
        );
        let word = |fact: &Fact| {
            matches!(
                fact,
                Fact::Repaired {
                    how: Repair::Done,
                    ..
                }
            )
        };
        assert!(!facts(&lab, &id).iter().any(word));
        assert_eq!(lab.ending(&id), Some(Ending::Stuck));
    });
}

#[test]
fn down_of_a_stuck_script_says_what_ended_with_it_and_notes_who_did_that() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        nobody_saw(&lab, CommandState::NotLive("nothing".to_owned()));
        let (id, ending) = lab.deployed(&legacy("7")).await;
        assert_eq!(ending, Ending::Stuck);
        assert_eq!(
            stuck(&lab, &id),
            [StuckReason::OutcomeUnknown("7".to_owned())]
        );
        let app = shop([]).spec().app.clone();
        let down = lab.handle().down(app, None, "ana".to_owned()).await;
        let down = down.expect("it goes down");
        assert_eq!((down.ended.len(), down.stuck), (0, vec![id.clone()]));
        assert_eq!(down.stays, [service_name("legacy")]);
        let noted = lab.world.disk.happenings().into_iter();
        let mut noted = noted.filter_map(|it| match it.what {
            Happened::TakenDown { stuck, by, .. } => Some((stuck, by)),
            _ => None,
        });
        assert_eq!(noted.next_back(), Some((Some(id), "ana".to_owned())));
    });
}

/// Somebody wants it to go back, with this reason.
async fn abort(lab: &Lab, id: &DeploymentId, why: &str) -> bool {
    let by = Signed {
        by: "ana".to_owned(),
        why: Some(why.to_owned()),
    };
    let said = lab.handle().command(id.clone(), Command::Abort, by).await;
    said.inspect_err(|refused| assert_eq!(refused.code.0, "WL0313"))
        .is_ok()
}

#[test]
fn reasons_for_what_goes_back_already_are_kept_once_each_and_not_without_end() {
    run(async {
        let mut lab = six().await;
        let id = runs_for(&mut lab, Millis::from_secs(30)).await;
        script(&lab, "legacy", &going_back("seven"), endless());
        assert!(abort(&lab, &id, "first").await);
        lab.pass(Millis::from_secs(1)).await;
        for _ in 0..3 {
            assert!(abort(&lab, &id, "it is late").await);
        }
        lab.crash_and_restart().await;
        assert!(abort(&lab, &id, "it is late").await);
        let shown = lab.handle().show(id.clone()).await.expect("it is known");
        let reasons = shown.because.iter();
        let reasons: Vec<_> = reasons.map(|it| (it.why.as_str(), it.word)).collect();
        let aborted = Some(Word::Aborted);
        assert_eq!(reasons, [("first", aborted), ("it is late", aborted)]);
        let mut kept = 0;
        while abort(&lab, &id, &format!("reason {kept}")).await {
            kept += 1;
            assert!(kept < 100, "without end");
        }
        assert!(abort(&lab, &id, "reason 0").await, "it is kept already");
        assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
    });
}
