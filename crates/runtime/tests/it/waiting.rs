//! Deployments that wait for another one, or take its place.

use futures_channel::oneshot;
use windlass_api::{Command, Exit, PlanView, Problem};
use windlass_model::{DeploymentId, Fact, Millis, Outcome, SlotId};
use windlass_runtime::{From, Signed, Terms, When};
use windlass_testkit::{App, Ending, Lab, Service, run};

use crate::fixture::{
    alive, assert_clean, begun, facts, promoted, put, shop, state, until_baking, web,
};

type Answer = Result<(Option<DeploymentId>, PlanView), Problem>;

/// Asks for a deployment that may take its time.
fn ask(lab: &Lab, app: &App, when: When) -> tokio::task::JoinHandle<Answer> {
    let (handle, wanted) = (lab.handle(), app.wanted());
    tokio::task::spawn_local(async move {
        let from = From::File(Box::new(wanted));
        handle.deploy(from, Terms::of("bob".to_owned()), when).await
    })
}

async fn answered(asked: tokio::task::JoinHandle<Answer>) -> Result<DeploymentId, Problem> {
    let (id, _) = asked.await.expect("the task ends")?;
    Ok(id.expect("there is something to do"))
}

/// A file of which every number makes another release.
fn numbered(number: u32) -> App {
    shop([web().env("NUMBER", &number.to_string())])
}

#[test]
fn deployments_wait_their_turn_in_the_order_of_asking() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let first = begun(&lab, &numbered(1)).await;
        let when = When::Wait(Millis::from_secs(600));
        let mut waiting = Vec::new();
        for number in 2..5 {
            waiting.push(ask(&lab, &numbered(number), when));
            lab.pass(Millis::from_millis(10)).await;
        }
        let mut ended = vec![first.clone()];
        assert_eq!(
            lab.until_ended(&first).await,
            Ending::Ended(Outcome::Promoted)
        );
        for asked in waiting {
            let id = answered(asked).await.expect("its turn comes");
            let ending = lab.until_ended(&id).await;
            assert_eq!(ending, Ending::Ended(Outcome::Promoted));
            ended.push(id);
        }
        let known = lab
            .handle()
            .deployments(10, None)
            .await
            .expect("they are known");
        let mut known: Vec<_> = known.into_iter().map(|view| view.id).collect();
        known.reverse();
        assert_eq!(known, ended);
        assert_clean(&lab);
    });
}

#[test]
fn a_wait_that_runs_out_begins_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let long = shop([web().bake(Millis::from_secs(100))]);
        let id = begun(&lab, &long).await;
        put(&lab, &["web"], "two");
        let before = lab.world.time.now();
        let asked = ask(&lab, &long, When::Wait(Millis::from_secs(20)));
        lab.pass(Millis::from_secs(1)).await;
        // Nor does a clock that somebody sets make it longer or shorter.
        lab.world.time.jump_calendar(-8 * 3_600 * 1_000_000);
        let refused = answered(asked).await.expect_err("the other one goes on");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Waiting, "WL0342")
        );
        assert!(refused.title.contains(id.as_str()), "{refused:?}");
        assert_eq!(lab.world.time.now().less(before), Millis::from_secs(20));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(state(&lab, "web").promoted.len(), 1);
    });
}

#[test]
fn whoever_is_in_the_way_of_a_hold_learns_of_it() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let long = shop([web().bake(Millis::from_secs(100))]);
        let id = begun(&lab, &long).await;
        until_baking(&mut lab, &id, "web", 100).await;
        let ana = Signed {
            by: "ana".to_owned(),
            why: Some("the queue grows".to_owned()),
        };
        let handle = lab.handle();
        let held = handle.command(id.clone(), Command::Hold, ana);
        held.await.expect("it waits");
        lab.pass(Millis::from_secs(5)).await;
        put(&lab, &["web"], "two");
        let told = |refused: Problem| (refused.title, refused.hint.expect("what to do"));
        let whose = "ana has held it for 5s: the queue grows";
        let resume = format!("windlass resume {id}");
        let asked = answered(ask(&lab, &long, When::Now)).await;
        let (title, hint) = told(asked.expect_err("it is held"));
        assert_eq!(title, format!("deployment {id} is running, and {whose}"));
        assert!(hint.contains(&resume), "{hint}");
        let waits = ask(&lab, &long, When::Wait(Millis::from_secs(2)));
        lab.pass(Millis::from_secs(3)).await;
        let (title, hint) = told(answered(waits).await.expect_err("it is held still"));
        let title = title.split_once(": ").expect("who holds it").1.to_owned();
        assert_eq!(title, "ana has held it for 7s: the queue grows");
        assert!(hint.contains(&resume), "{hint}");
        let goes_on = handle.command(id.clone(), Command::Resume, Signed::from("ana".to_owned()));
        goes_on.await.expect("it goes on");
        lab.until_ended(&id).await;
    });
}

#[test]
fn a_waiting_deployment_keeps_nobody_else_from_changing_something() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(100))])).await;
        put(&lab, &["web"], "two");
        let asked = ask(&lab, &shop([web()]), When::Wait(Millis::from_secs(600)));
        lab.pass(Millis::from_secs(1)).await;
        let blog = App::new("blog", [web().listen(9_000)]);
        let (_, ending) = lab.deployed(&blog).await;
        assert_eq!(ending, Ending::Ended(Outcome::Promoted));
        assert_eq!(lab.ending(&id), None, "the first one still bakes");
        lab.until_ended(&id).await;
        let second = answered(asked).await.expect("its turn comes");
        lab.until_ended(&second).await;
    });
}

#[test]
fn who_has_left_does_not_begin() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let asked = ask(&lab, &shop([web()]), When::Wait(Millis::from_secs(600)));
        lab.pass(Millis::from_secs(1)).await;
        asked.abort();
        lab.until_ended(&id).await;
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(state(&lab, "web").promoted.len(), 1);
        assert_eq!(
            lab.world
                .disk
                .environment(
                    &windlass_testkit::app_name("shop"),
                    &windlass_testkit::environment_name(),
                )
                .expect("it was deployed")
                .lock,
            None
        );
    });
}

/// Asks for a deployment, and takes it back when the other end of this is told.
fn ask_unless(
    lab: &Lab,
    app: &App,
    when: When,
) -> (tokio::task::JoinHandle<Answer>, oneshot::Sender<()>) {
    let (handle, wanted) = (lab.handle(), app.wanted());
    let (withdraw, withdrawn) = oneshot::channel();
    let asked = tokio::task::spawn_local(async move {
        let from = From::File(Box::new(wanted));
        let terms = Terms::of("bob".to_owned());
        let withdrawn = async { withdrawn.await.expect("the test tells") };
        handle.deploy_unless(from, terms, when, withdrawn).await
    });
    (asked, withdraw)
}

#[test]
fn what_is_taken_back_while_it_waits_does_not_begin_and_says_so_at_once() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(100))])).await;
        put(&lab, &["web"], "two");
        let when = When::Wait(Millis::from_secs(600));
        let (asked, withdraw) = ask_unless(&lab, &shop([web()]), when);
        lab.pass(Millis::from_secs(1)).await;
        withdraw.send(()).expect("it waits");
        let refused = answered(asked).await.expect_err("nobody wants it");
        assert_eq!(refused.code.0, "WL0301");
        assert_eq!(lab.ending(&id), None, "the other one still bakes");
        lab.until_ended(&id).await;
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(state(&lab, "web").promoted.len(), 1);
    });
}

#[test]
fn what_is_taken_back_before_it_has_begun_does_not_begin_though_it_need_not_wait() {
    run(async {
        let lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let (asked, withdraw) = ask_unless(&lab, &shop([web()]), When::Now);
        withdraw.send(()).expect("it is asked for");
        let refused = answered(asked).await.expect_err("nobody wants it");
        assert_eq!(refused.code.0, "WL0301");
        assert_eq!(lab.handle().deployments(10, None).await, Ok(Vec::new()));
    });
}

#[test]
fn a_newer_deployment_takes_the_place_of_a_running_one() {
    run(async {
        let mut lab = Lab::new().await;
        let part = || web().canary(&[(25, 60_000), (100, 2_000)]);
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([part()])).await;
        put(&lab, &["web"], "two");
        let bad = begun(&lab, &shop([part()])).await;
        until_baking(&mut lab, &bad, "web", 25).await;
        put(&lab, &["web"], "three");
        let asked = ask(&lab, &shop([web()]), When::Supersede);
        assert_eq!(
            lab.until_ended(&bad).await,
            Ending::Ended(Outcome::RolledBack)
        );
        let told = facts(&lab, &bad);
        assert!(
            told.iter()
                .any(|fact| matches!(fact, Fact::Superseded { by } if by == "bob")),
            "{told:?}"
        );
        let id = answered(asked).await.expect("it begins");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(state(&lab, "web").promoted.len(), 2, "one and three");
        assert_eq!(alive(&lab), 2);
        assert_clean(&lab);
    });
}

#[test]
fn a_superseding_deployment_comes_before_all_that_wait() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &numbered(1)).await;
        let running = begun(&lab, &numbered(2)).await;
        let waits = ask(&lab, &numbered(3), When::Wait(Millis::from_secs(600)));
        lab.pass(Millis::from_millis(10)).await;
        let supersedes = ask(&lab, &numbered(4), When::Supersede);
        lab.until_ended(&running).await;
        let four = answered(supersedes).await.expect("it begins");
        lab.until_ended(&four).await;
        let three = answered(waits).await.expect("its turn comes");
        lab.until_ended(&three).await;
        let known = lab
            .handle()
            .deployments(2, None)
            .await
            .expect("they are known");
        let known: Vec<_> = known.into_iter().map(|view| view.id).collect();
        assert_eq!(known, [three, four]);
    });
}

#[test]
fn the_evidence_against_what_is_superseded_is_not_used_against_what_takes_its_place() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let canary = |number: u32| {
            let web = web().canary(&[(50, 20_000), (100, 1_000)]);
            shop([web.env("NUMBER", &number.to_string())])
        };
        promoted(&mut lab, &canary(1)).await;
        let key = shop([]).key("web");
        lab.world.front.requests_come(&key, 200);
        let bad = begun(&lab, &canary(2)).await;
        until_baking(&mut lab, &bad, "web", 50).await;
        lab.world.front.errors(&key, SlotId(1), 3);
        // Errors of three in a hundred are shown to be worse within seconds: some of that is known.
        lab.pass(Millis::from_secs(2)).await;
        let asked = ask(&lab, &canary(3), When::Supersede);
        lab.until_ended(&bad).await;
        let id = answered(asked).await.expect("it begins");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let fired = |id: &DeploymentId| {
            let facts = facts(&lab, id);
            facts
                .into_iter()
                .any(|fact| matches!(fact, Fact::TriggerFired { .. }))
        };
        assert_eq!((fired(&bad), fired(&id)), (false, false));
        let judged = facts(&lab, &id)
            .into_iter()
            .rev()
            .find_map(|fact| match fact {
                Fact::Judged { judgement, .. } => Some(judgement.candidate.errors),
                _ => None,
            });
        assert_eq!(judged, Some(0), "its own answers only");
    });
}

/// The same under a key.
async fn ask_as(lab: &Lab, key: &str, app: &App, when: When) -> Result<DeploymentId, Problem> {
    let terms = Terms {
        asked_as: Some(key.to_owned()),
        ..Terms::of("bob".to_owned())
    };
    let from = From::File(Box::new(app.wanted()));
    let (id, _) = lab.handle().deploy(from, terms, when).await?;
    Ok(id.expect("there is something to do"))
}

/// Neither who asks nor when tells it from another one of the same person.
#[test]
fn what_was_begun_under_a_key_is_found_by_the_next_controller_and_begins_once() {
    run(async {
        let mut lab = Lab::new().await;
        let wait = When::Wait(Millis::from_secs(600));
        put(&lab, &["web"], "one");
        let mine = ask_as(&lab, "mine", &shop([web()]), wait).await;
        let mine = mine.expect("nothing runs");
        put(&lab, &["web"], "zero");
        let blog = App::new("blog", [web().listen(9_000)]);
        let other = ask_as(&lab, "other", &blog, When::Now).await;
        lab.crash_and_restart().await;
        // It does not wait for itself either.
        for when in [wait, When::Supersede, When::Now] {
            let again = ask_as(&lab, "mine", &shop([web()]), when).await;
            assert_eq!(again.expect("it is known"), mine);
        }
        let again = ask_as(&lab, "other", &blog, wait).await;
        assert_eq!(again.expect("it is known"), other.expect("nothing runs"));
        let ending = lab.until_ended(&mine).await;
        assert_eq!(ending, Ending::Ended(Outcome::Promoted));
        assert_eq!(lab.world.disk.deployments().len(), 2);
    });
}

#[test]
fn a_key_is_known_for_a_day() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let first = ask_as(&lab, "mine", &numbered(1), When::Now).await;
        let first = first.expect("nothing runs");
        lab.until_ended(&first).await;
        let again = ask_as(&lab, "mine", &numbered(2), When::Now).await;
        assert_eq!(again.expect("it is known"), first);
        lab.world.time.jump_calendar(24 * 3_600 * 1_000_000);
        let next = ask_as(&lab, "mine", &numbered(2), When::Now).await;
        assert_ne!(next.expect("nothing runs"), first);
    });
}

#[test]
fn what_is_stuck_is_not_superseded() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let bad = begun(&lab, &shop([web().bake(Millis::from_secs(100))])).await;
        until_baking(&mut lab, &bad, "web", 100).await;
        lab.world.front.go_away();
        put(&lab, &["web"], "three");
        let asked = ask(&lab, &shop([web()]), When::Supersede);
        assert_eq!(lab.until_ended(&bad).await, Ending::Stuck);
        let refused = answered(asked).await.expect_err("it can't go back");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Stuck, "WL0343")
        );
        assert!(
            refused
                .hint
                .expect("a next command")
                .contains("windlass repair"),
        );
    });
}

#[test]
fn who_holds_the_lock_is_told_with_since_when() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(100))])).await;
        lab.pass(Millis::from_secs(61)).await;
        put(&lab, &["web"], "two");
        let asked = ask(&lab, &shop([web()]), When::Now);
        let refused = answered(asked).await.expect_err("one runs");
        assert_eq!(refused.exit, Exit::Refused);
        let detail = refused.detail.expect("whose it is");
        assert!(
            detail.contains("begun by tester") && detail.contains("ago"),
            "{detail}"
        );
        let status = lab.handle().status().await.expect("it can be asked");
        let lock = status[0].lock.clone().expect("it is locked");
        assert_eq!((lock.deployment, lock.by.as_str()), (id, "tester"));
        assert!(!lock.reason.is_empty());
    });
}

#[test]
fn a_disk_that_hangs_while_programs_are_compared_keeps_no_other_change_waiting() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web", "other"], "one");
        promoted(&mut lab, &numbered(1)).await;
        lab.world.host.told.programs_take(Millis::from_secs(3_600));
        let second = Millis::from_secs(1);
        let waits = When::Wait(Millis::from_secs(600));
        for (when, number, name, port) in [(When::Now, 2, "a", 8081), (waits, 3, "b", 8082)] {
            let slow = ask(&lab, &numbered(number), when);
            lab.pass(Millis::from_millis(100)).await;
            let other = App::new(name, [Service::new("other").listen(port)]);
            let asked = lab.world.time.now();
            begun(&lab, &other).await;
            let took = lab.world.time.now().less(asked);
            assert!(took < second, "{took:?}");
            assert!(!slow.is_finished(), "it looks still");
            let id = answered(slow).await.expect("it begins then");
            lab.until_ended(&id).await;
        }
    });
}
