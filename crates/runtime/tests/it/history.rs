//! Histories that are lost, older than what runs, or spoken for by two.

use windlass_api::{AdoptAnswer, Command, Exit, Problem};
use windlass_edge::{ErrorKind, Target as _, TrafficRouter as _};
use windlass_model::{AppName, DeploymentState, Epoch, Happened, Millis, Outcome, Percent};
use windlass_runtime::{From, Signed, Terms, When};
use windlass_testkit::{App, Effect, Ending, FakeRouter, FakeTarget, Lab, Stopped, run};

use crate::fixture::{
    alive, assert_clean, begun, count, promoted, put, say, shares, shop, splits, stable, state,
    until_baking, web,
};

/// Nothing takes effect, however often a controller is started.
async fn assert_nothing_is_done(lab: &mut Lab) {
    let (lines, rows) = (lab.world.ledger.lines(), lab.world.disk.all_rows().len());
    for _ in 0..6 {
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(60)).await;
        assert!(lab.handle().lost_history().is_some());
    }
    assert_eq!(lab.world.ledger.lines(), lines, "nothing takes effect");
    assert_eq!(lab.world.disk.all_rows().len(), rows);
}

fn assert_lost(refused: &Problem) {
    assert_eq!(refused.exit, Exit::Stuck, "{refused:?}");
    let told = format!("{refused:?}");
    assert!(
        told.contains("epoch") && told.contains("windlass repair --adopt"),
        "{told}"
    );
}

async fn assert_every_change_is_refused(lab: &Lab) {
    let handle = lab.handle();
    let by = || "ana".to_owned();
    let from = || From::File(Box::new(shop([web()]).wanted()));
    let app: AppName = shop([]).spec().app.clone();
    assert_lost(
        &handle
            .deploy(from(), Terms::of(by()), When::Now)
            .await
            .expect_err("lost"),
    );
    assert_lost(&handle.down(app, None, by()).await.expect_err("lost"));
    let id = windlass_model::DeploymentId::from_tail("gone").expect("an id");
    assert_lost(&say(lab, &id, Command::Abort).await.expect_err("lost"));
}

async fn adopted(lab: &mut Lab) -> AdoptAnswer {
    let by = Signed {
        by: "ana".to_owned(),
        why: Some("the backup is a day old".to_owned()),
    };
    let answer = lab.handle().adopt(by).await;
    let answer = answer.expect("it is adopted");
    lab.pass(Millis::from_secs(1)).await;
    assert!(
        lab.handle().status().await.is_err(),
        "the controller has ended"
    );
    lab.crash_and_restart().await;
    assert_eq!(lab.handle().lost_history(), None);
    let noted = lab.world.disk.happenings().into_iter();
    let mut noted = noted.filter_map(|it| match it.what {
        Happened::Adopted { by, why } => Some((by, why)),
        _ => None,
    });
    let why = Some("the backup is a day old".to_owned());
    assert_eq!(noted.next_back(), Some(("ana".to_owned(), why)));
    answer
}

/// D23.
#[test]
fn a_lost_journal_starts_nothing_and_is_told() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let runs = stable(&lab, "web");
        lab.crash_and_restart().await;
        lab.world.disk.lose();
        lab.crash_and_restart().await;
        let lost = lab.handle().lost_history().expect("it is noticed");
        assert_eq!((lost.own, lost.heard), (1, 2));
        assert_every_change_is_refused(&lab).await;
        let status = lab.handle().status().await.expect("what runs is shown");
        let web = status[0].services.values().next().expect("one");
        let shown = web.stable.as_ref().expect("what runs");
        assert_eq!(shown.instances[0].id, runs.instances[0].id);
        assert_eq!(shown.weight, Some(Percent::FULL));
        assert_nothing_is_done(&mut lab).await;
        assert_eq!(alive(&lab), 1, "what runs goes on");
    });
}

/// D23.
#[test]
fn an_older_journal_that_was_put_back_starts_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(30))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        // The copy holds an open deployment; it went on, and another came after it.
        let copy = lab.world.disk.backup();
        lab.crash_and_restart().await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        put(&lab, &["web"], "three");
        promoted(&mut lab, &shop([web()])).await;
        let before = splits(&lab, "web");
        lab.crash().await;
        lab.world.disk.restore(&copy);
        lab.start().await;
        assert_every_change_is_refused(&lab).await;
        assert_nothing_is_done(&mut lab).await;
        assert_eq!(splits(&lab, "web"), before);
        assert!(!lab.panicked());

        // What runs is taken over; the open deployment of the old copy is given up.
        let answer = adopted(&mut lab).await;
        assert_eq!(answer.environments.len(), 1);
        assert_eq!(answer.left.len(), 1, "the standby is nobody's: {answer:?}");
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(splits(&lab, "web"), before, "nothing was moved by it");
        let view = lab.handle().show(id).await.expect("it is known");
        assert_eq!(view.state, DeploymentState::Ended(Outcome::Abandoned));
        assert_eq!(state(&lab, "web").next_slot.0, 3);
        put(&lab, &["web"], "four");
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(
            splits(&lab, "web").last(),
            Some(&shares([(2, 0), (3, 100)]))
        );
        assert_eq!(lab.world.ledger.complaints(), Vec::<String>::new());
    });
}

#[test]
fn what_was_adopted_is_kept_and_can_be_deployed_over() {
    run(async {
        let mut lab = Lab::new().await;
        let worker = || windlass_testkit::Service::new("worker").bake(Millis::from_secs(1));
        let app = || shop([web(), worker()]);
        put(&lab, &["web", "worker"], "one");
        promoted(&mut lab, &app()).await;
        let (web_slot, worker_slot) = (stable(&lab, "web"), stable(&lab, "worker"));
        lab.crash_and_restart().await;
        lab.world.disk.lose();
        lab.crash_and_restart().await;
        let answer = adopted(&mut lab).await;
        assert_eq!((answer.epoch, answer.left.len()), (2, 0));
        assert_eq!(answer.environments[0].services.len(), 2);
        assert_eq!(stable(&lab, "web"), web_slot);
        assert_eq!(stable(&lab, "worker").instances, worker_slot.instances);
        lab.reboot().await;
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!((alive(&lab), count(&lab, Effect::Revived)), (2, 2));
        put(&lab, &["web", "worker"], "two");
        promoted(&mut lab, &app()).await;
        assert_eq!(stable(&lab, "web").id.0, 1, "no slot number is used again");
        assert_clean(&lab);
    });
}

#[test]
fn a_death_while_it_is_adopted_leaves_it_to_be_adopted_again() {
    run(async {
        for commit in 0..=1 {
            let mut lab = Lab::new().await;
            put(&lab, &["web"], "one");
            let id = begun(&lab, &shop([web()])).await;
            until_baking(&mut lab, &id, "web", 100).await;
            let copy = lab.world.disk.backup();
            lab.until_ended(&id).await;
            lab.crash_and_restart().await;
            lab.crash().await;
            lab.world.disk.restore(&copy);
            lab.start().await;
            let next = lab.world.disk.commits() + 1 + commit;
            lab.world
                .disk
                .crash_at(windlass_testkit::Crash::Before(next));
            let handle = lab.handle();
            let died = lab.unless_it_dies(handle.adopt("ana".to_owned())).await;
            assert_eq!(died.err(), Some(Stopped::Died));
            lab.obey().await;
            assert!(lab.handle().lost_history().is_some());
            let noted = lab.world.disk.happenings().into_iter();
            let mut noted = noted.map(|it| it.what);
            let is = |it: Happened| matches!(it, Happened::Adopted { .. });
            assert!(!noted.any(is), "it was not done");
            adopted(&mut lab).await;
            assert_eq!(alive(&lab), 1);
            put(&lab, &["web"], "two");
            promoted(&mut lab, &shop([web()])).await;
            assert_clean(&lab);
        }
    });
}

#[test]
fn a_whole_history_is_not_adopted() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        lab.crash_and_restart().await;
        let refused = lab.handle().adopt("ana".to_owned()).await;
        assert_eq!(refused.expect_err("it is whole").exit, Exit::Refused);
        put(&lab, &["web"], "two");
        promoted(&mut lab, &shop([web()])).await;
    });
}

/// K27.
#[test]
fn of_two_controllers_the_older_is_refused_everything_and_lets_go() {
    run(async {
        let mut old = Lab::new().await;
        put(&old, &["web"], "one");
        promoted(&mut old, &shop([web()])).await;
        put(&old, &["web"], "two");
        let part = || web().canary(&[(25, 10_000), (100, 10_000)]);
        let id = begun(&old, &shop([part()])).await;
        until_baking(&mut old, &id, "web", 25).await;
        // Another controller on the same world, while the first still lives.
        let mut new = Lab::in_world(old.world.clone());
        new.start().await;
        new.pass(Millis::from_secs(1)).await;
        let refused = say(&old, &id, Command::Abort).await;
        assert_eq!(refused.expect_err("its write is refused").exit, Exit::Stuck);
        let (front, host) = (&new.world.front, &new.world.host);
        let router = FakeRouter::new(front, Epoch(1));
        let route = router.apply(windlass_control::TableChange::default()).await;
        assert_eq!(route.expect_err("an old epoch").kind, ErrorKind::Refused);
        let instance = stable(&new, "web").instances[0].clone();
        let shim = FakeTarget::new(host, Epoch(1)).stop(&instance.id).await;
        assert_eq!(shim.expect_err("an old epoch").kind, ErrorKind::Refused);
        assert_eq!(new.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        // Both follow what is stable; only the newer may start it again.
        let now = stable(&new, "web").instances[0].id.clone();
        for lost in [&instance.id, &now] {
            new.world.host.lose_shim(lost);
        }
        new.pass(Millis::from_secs(60)).await;
        assert_eq!((alive(&new), count(&new, Effect::Revived)), (2, 2));
        assert_clean(&new);
        assert!(!old.panicked());
        old.crash().await;
    });
}

/// D9, as a controller sees it.
#[test]
fn a_deployment_whose_beginning_cannot_be_read_harms_only_itself() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.world.disk.damage_opening(&id);
        lab.crash_and_restart().await;
        let list = lab.handle().deployments(10, None).await.expect("a list");
        let states: Vec<DeploymentState> = list.iter().map(|view| view.state).collect();
        let promoted_before = DeploymentState::Ended(Outcome::Promoted);
        assert_eq!(states, [DeploymentState::Stuck, promoted_before]);
        assert!(list[0].poisoned.is_some());
        let blog = App::new("blog", [web().listen(9_000)]);
        promoted(&mut lab, &blog).await;
        let kept = lab.world.host.kept();
        assert!(kept.contains(&stable(&lab, "web").release.identity));
        // Down ends also what only its traces tell of.
        let handle = lab.handle();
        let down = handle.down(shop([]).spec().app.clone(), None, "ana".to_owned());
        assert!(!down.await.expect("it goes down").last);
        assert_eq!(alive(&lab), 1, "the other application's");
        promoted(&mut lab, &shop([web()])).await;
    });
}

#[test]
fn a_stored_plan_keeps_its_releases_across_controllers() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "planned");
        let wanted = App::new("blog", [web().listen(9_000)]).wanted();
        let plan = lab.handle().plan(wanted).await.expect("a plan").plan;
        lab.crash_and_restart().await;
        for number in 0..12 {
            put(&lab, &["web"], &format!("content {number}"));
            promoted(&mut lab, &shop([web().bake(Millis::from_secs(1))])).await;
        }
        let id = lab
            .deploy_from(From::Plan(plan.id))
            .await
            .expect("it is taken");
        let id = id.expect("there is something to do");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn what_was_planned_before_the_last_change_is_dropped() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "planned");
        let wanted = shop([web()]).wanted();
        let plan = lab.handle().plan(wanted).await.expect("a plan").plan;
        let brought = plan.rollouts.into_values().next().expect("web").release;
        assert!(lab.world.host.kept().contains(&brought.identity));
        put(&lab, &["web"], "another");
        promoted(&mut lab, &shop([web()])).await;
        assert!(!lab.world.host.kept().contains(&brought.identity));
    });
}

#[test]
fn whatever_may_be_gone_back_to_is_kept() {
    run(async {
        let mut lab = Lab::new().await;
        // One application is left as it is for long, the other moves on.
        put(&lab, &["web"], "one");
        let blog = App::new("blog", [web().listen(9_000).bake(Millis::from_secs(1))]);
        promoted(&mut lab, &blog).await;
        put(&lab, &["web"], "two");
        promoted(&mut lab, &blog).await;
        for number in 0..12 {
            put(&lab, &["web"], &format!("content {number}"));
            promoted(&mut lab, &shop([web().bake(Millis::from_secs(1))])).await;
        }
        let blog = lab
            .world
            .disk
            .environment(&blog.spec().app, &windlass_testkit::environment_name());
        let kept = lab.world.host.kept();
        let states = blog.expect("it was deployed").services.into_values();
        let promoted: Vec<_> = states.flat_map(|state| state.promoted).collect();
        assert_eq!(promoted.len(), 2);
        assert!(
            promoted
                .iter()
                .all(|known| kept.contains(&known.release.identity))
        );
    });
}
