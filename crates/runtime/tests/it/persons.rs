//! What people say to a running deployment.

use windlass_api::{Command, Exit};
use windlass_model::{Fact, Measure, Millis, Outcome, RolloutPhase, ScoreSummary};
use windlass_runtime::{From, Signed};
use windlass_testkit::{Effect, Ending, Lab, Script, run};

use crate::fixture::{
    alive, assert_clean, begun, count, facts, passed, phases, promoted, put, say, script, shares,
    shop, splits, stable, three_canaries, until_baking, web,
};

const NAMES: [&str; 3] = ["auth", "api", "web"];

/// Version two of three canaries, on its way over version one.
async fn on_the_way(lab: &mut Lab) -> windlass_model::DeploymentId {
    put(lab, &NAMES, "one");
    promoted(lab, &shop(three_canaries())).await;
    put(lab, &NAMES, "two");
    begun(lab, &shop(three_canaries())).await
}

#[test]
fn an_abort_takes_everything_back_and_a_second_one_changes_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        let id = on_the_way(&mut lab).await;
        until_baking(&mut lab, &id, "api", 25).await;
        assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
        assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        let aborts = facts(&lab, &id);
        let aborts = aborts
            .iter()
            .filter(|fact| matches!(fact, Fact::AbortRequested { .. }));
        assert_eq!(aborts.count(), 1);
        for name in NAMES {
            assert_eq!(stable(&lab, name).id.0, 0, "{name}");
        }
        assert_eq!(alive(&lab), 3);
        assert_clean(&lab);
    });
}

#[test]
fn why_somebody_holds_and_aborts_is_journalled_with_it_and_shown() {
    run(async {
        let mut lab = Lab::new().await;
        let id = on_the_way(&mut lab).await;
        until_baking(&mut lab, &id, "api", 25).await;
        let say = async |command, why: &str| {
            let (by, why) = ("ana".to_owned(), Some(why.to_owned()));
            let handle = lab.handle();
            let said = handle.command(id.clone(), command, Signed { by, why });
            said.await.expect("it applies");
        };
        say(Command::Hold, "the queue grows").await;
        let status = lab.handle().status().await.expect("status");
        let reason = &status[0].lock.as_ref().expect("it runs").reason;
        assert_eq!(reason, "ana holds it; ana says why: the queue grows");
        say(Command::Abort, "it still grows").await;
        lab.until_ended(&id).await;
        let view = lab.handle().show(id.clone()).await.expect("it is known");
        let because = view.because.iter();
        let because: Vec<_> = because.map(|it| (&*it.by, &*it.why)).collect();
        assert_eq!(
            because,
            [("ana", "the queue grows"), ("ana", "it still grows")]
        );
        assert_clean(&lab);
    });
}

#[test]
fn who_promotes_past_a_score_is_named_with_what_it_was_for_ever() {
    run(async {
        let mut lab = Lab::new().await;
        lab.world.gauge.is(80.0);
        let app = shop([web()]).scored().before(85);
        put(&lab, &["web"], "one");
        let id = begun(&lab, &app).await;
        lab.pass(Millis::from_secs(11)).await;
        say(&lab, &id, Command::Promote).await.expect("it is held");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let view = lab.handle().show(id.clone()).await.expect("it is there");
        assert!(view.by_hand);
        let let_go = view.score.expect("it is measured").let_go;
        let [one] = &let_go[..] else {
            panic!("{let_go:?}");
        };
        assert_eq!((one.by.as_str(), one.gate.at_least), ("ana", 85));
        let score = one.score.as_ref().and_then(ScoreSummary::known);
        assert_eq!(score, Some(Measure::nearest(80.0)));
        let ended = view.ended_us.expect("it has ended");
        assert!((view.started_us..=ended).contains(&one.at_us), "{one:?}");
        let all = lab.handle().deployments(10, None).await.expect("a list");
        assert!(all.iter().any(|view| view.id == id && view.by_hand));
    });
}

#[test]
fn what_went_back_has_nothing_ready_any_more() {
    run(async {
        let mut lab = Lab::new().await;
        let id = on_the_way(&mut lab).await;
        until_baking(&mut lab, &id, "api", 25).await;
        say(&lab, &id, Command::Abort).await.expect("it runs");
        lab.until_ended(&id).await;
        let view = lab.handle().show(id.clone()).await.expect("it is there");
        assert!(!view.by_hand);
        let ready = view.rollouts.values().map(|part| part.ready);
        assert_eq!(ready.sum::<u16>(), 0, "nothing of it runs");
    });
}

#[test]
fn an_abort_after_the_promotion_is_refused_with_the_reason() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        lab.world.front.requests_take(Millis::from_secs(600));
        let id = begun(&lab, &shop([web()])).await;
        lab.until(&id, |fact| matches!(fact, Fact::Promoted { .. }))
            .await
            .expect("it is promoted");
        let refused = say(&lab, &id, Command::Abort)
            .await
            .expect_err("it is promoted");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Refused, "WL0313")
        );
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        for command in [
            Command::Abort,
            Command::Hold,
            Command::Resume,
            Command::Promote,
        ] {
            let refused = say(&lab, &id, command).await.expect_err("it is over");
            assert_eq!(refused.exit, Exit::Refused, "{command:?}");
        }
        let cut = facts(&lab, &id).into_iter().find_map(|fact| match fact {
            Fact::SlotDrained { cut, .. } => Some(cut),
            _ => None,
        });
        assert_eq!(
            cut,
            Some(3),
            "requests that did not end in time are counted"
        );
    });
}

#[test]
fn a_hold_stops_work_time_until_it_is_lifted() {
    run(async {
        let mut lab = Lab::new().await;
        let id = on_the_way(&mut lab).await;
        until_baking(&mut lab, &id, "auth", 25).await;
        lab.pass(Millis::from_secs(1)).await;
        assert_eq!(say(&lab, &id, Command::Hold).await, Ok(()));
        assert_eq!(say(&lab, &id, Command::Hold).await, Ok(()));
        lab.pass(Millis::from_secs(3_000)).await;
        assert_eq!(
            splits(&lab, "auth").last(),
            Some(&shares([(0, 75), (1, 25)]))
        );
        let held = lab.world.time.now();
        assert_eq!(say(&lab, &id, Command::Resume).await, Ok(()));
        until_baking(&mut lab, &id, "auth", 100).await;
        let left = lab.world.time.now().less(held);
        assert!(
            left >= Millis::from_secs(1) && left <= Millis::from_millis(2_100),
            "{left}"
        );
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_clean(&lab);
    });
}

#[test]
fn a_hold_before_a_raise_holds_it_back() {
    run(async {
        let mut lab = Lab::new().await;
        let id = on_the_way(&mut lab).await;
        assert_eq!(say(&lab, &id, Command::Hold).await, Ok(()));
        lab.pass(Millis::from_secs(100)).await;
        assert_eq!(
            phases(&lab, &id, "auth").last(),
            Some(&RolloutPhase::Holding)
        );
        assert_eq!(splits(&lab, "auth").len(), 1);
        assert_eq!(say(&lab, &id, Command::Resume).await, Ok(()));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn an_abort_wins_over_a_hold() {
    run(async {
        let mut lab = Lab::new().await;
        let id = on_the_way(&mut lab).await;
        until_baking(&mut lab, &id, "auth", 25).await;
        assert_eq!(say(&lab, &id, Command::Hold).await, Ok(()));
        assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_hold_waits_for_nobody_who_fails() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        script(&lab, "web", "two", Script::ends_after(Millis::from_secs(3)));
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        assert_eq!(say(&lab, &id, Command::Hold).await, Ok(()));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
    });
}

#[test]
fn a_promote_skips_bakes_and_steps_but_starts_in_order() {
    run(async {
        let mut lab = Lab::new().await;
        let id = on_the_way(&mut lab).await;
        until_baking(&mut lab, &id, "auth", 5).await;
        let before = lab.world.time.now();
        assert_eq!(say(&lab, &id, Command::Promote).await, Ok(()));
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::Promoted));
        let took = lab.world.time.now().less(before);
        assert!(took < Millis::from_secs(6), "{took}");
        assert_eq!(passed(&lab, &id), NAMES);
        let auth = [
            shares([(0, 100)]),
            shares([(0, 95), (1, 5)]),
            shares([(0, 0), (1, 100)]),
        ];
        assert_eq!(splits(&lab, "auth"), auth);
        assert_clean(&lab);
    });
}

#[test]
fn a_retry_begins_the_same_plan_afresh_unless_it_is_stale() {
    run(async {
        let mut lab = Lab::new().await;
        let id = on_the_way(&mut lab).await;
        let running = lab
            .deploy_from(From::Retry(id.clone()))
            .await
            .expect_err("it runs");
        assert!(format!("{running:?}").contains("WL0304"), "{running:?}");
        until_baking(&mut lab, &id, "web", 25).await;
        assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
        lab.until_ended(&id).await;
        put(&lab, &NAMES, "what lies in the folder does not matter");
        let again = lab
            .deploy_from(From::Retry(id.clone()))
            .await
            .expect("it is accepted");
        let again = again.expect("there is something to do");
        assert_eq!(
            lab.until_ended(&again).await,
            Ending::Ended(Outcome::Promoted)
        );
        assert_eq!(passed(&lab, &again), NAMES);
        let stale = lab
            .deploy_from(From::Retry(id))
            .await
            .expect_err("stable has changed");
        assert!(format!("{stale:?}").contains("WL0305"), "{stale:?}");
        assert_clean(&lab);
    });
}

#[test]
fn a_retry_after_a_return_in_place_knows_the_new_instances() {
    run(async {
        let mut lab = Lab::new().await;
        let part = || web().strategy(windlass_model::Strategy::Recreate);
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([part()])).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([part()])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        let again = lab
            .deploy_from(From::Retry(id))
            .await
            .expect("it is accepted");
        let again = again.expect("there is something to do");
        assert_eq!(
            lab.until_ended(&again).await,
            Ending::Ended(Outcome::Promoted)
        );
        assert_eq!(alive(&lab), 1);
        assert_clean(&lab);
    });
}

#[test]
fn an_abort_lets_go_of_starts_that_still_wait() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let slow = Script {
            starts_after: Millis::from_secs(5),
            ..Script::default()
        };
        script(&lab, "web", "one", slow);
        let app = shop([web().instances(6)]).parallel(1);
        let id = begun(&lab, &app).await;
        lab.pass(Millis::from_secs(1)).await;
        let before = lab.world.time.now();
        assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Failed));
        assert_eq!((count(&lab, Effect::Started), alive(&lab)), (1, 0));
        let took = lab.world.time.now().less(before);
        assert!(took < Millis::from_secs(10), "{took}");
        assert_clean(&lab);
    });
}

#[test]
fn a_word_to_nobody_is_refused() {
    run(async {
        let lab = Lab::new().await;
        let nobody = windlass_model::DeploymentId::parse("dep_0").expect("an id");
        let refused = say(&lab, &nobody, Command::Abort)
            .await
            .expect_err("there is none");
        assert_eq!((refused.status, refused.code.0.as_str()), (404, "WL0307"));
    });
}
