//! A journal that can't be written, is written by others, or is damaged.

use windlass_api::{Command, Exit};
use windlass_model::{Fact, Millis, Outcome};
use windlass_testkit::{App, Ending, FakeStore, Lab, Script, run};

use crate::fixture::{
    alive, assert_clean, begun, facts, failed, promoted, put, say, script, shares, shop, splits,
    stable, three, until_baking, web,
};

/// Version two of `web`, baking at 25 % of version one's traffic.
async fn quarter(lab: &mut Lab) -> windlass_model::DeploymentId {
    let part = || web().canary(&[(25, 10_000), (100, 10_000)]);
    put(lab, &["web"], "one");
    promoted(lab, &shop([part()])).await;
    put(lab, &["web"], "two");
    let id = begun(lab, &shop([part()])).await;
    until_baking(lab, &id, "web", 25).await;
    id
}

/// What is said of the deployment that runs.
async fn doing(lab: &Lab) -> String {
    let status = lab.handle().status().await.expect("an answer");
    let mut locks = status.into_iter().filter_map(|e| e.lock);
    locks.next().expect("one runs").reason
}

fn kill_candidate(lab: &Lab) {
    let route = lab
        .world
        .front
        .route(&shop([]).key("web"))
        .expect("it is routed");
    lab.world.host.kill(&route.slots[1].instances[0].id);
}

#[test]
fn while_the_disk_is_full_no_raise_goes_out() {
    run(async {
        let mut lab = Lab::new().await;
        let id = quarter(&mut lab).await;
        lab.world.disk.fill(true);
        lab.pass(Millis::from_secs(100)).await;
        assert_eq!(
            splits(&lab, "web").last(),
            Some(&shares([(0, 75), (1, 25)]))
        );
        assert_eq!(
            doing(&lab).await,
            "can't write its journal: the disk is full"
        );
        lab.world.disk.fill(false);
        lab.pass(Millis::from_secs(2)).await;
        assert_eq!(doing(&lab).await, "rolls out web");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_clean(&lab);
    });
}

#[test]
fn while_the_disk_is_full_the_traffic_goes_back_all_the_same() {
    run(async {
        let mut lab = Lab::new().await;
        let id = quarter(&mut lab).await;
        lab.world.disk.fill(true);
        // Another row waits already when the loss is seen.
        lab.pass(Millis::from_secs(6)).await;
        kill_candidate(&lab);
        lab.pass(Millis::from_secs(1)).await;
        assert_eq!(
            splits(&lab, "web").last(),
            Some(&shares([(0, 100), (1, 0)]))
        );
        assert_eq!(failed(&lab, &id), [], "nothing is journalled yet");
        lab.world.disk.fill(false);
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_eq!(alive(&lab), 1);
        assert_clean(&lab);
    });
}

#[test]
fn while_the_disk_is_full_a_way_back_that_failed_is_tried_again() {
    run(async {
        let mut lab = Lab::new().await;
        let id = quarter(&mut lab).await;
        lab.world.disk.fill(true);
        lab.world.front.go_away();
        let handle = lab.handle();
        let said = handle.command(id.clone(), Command::Abort, "ana".to_owned());
        // Longer than a call is tried for, so that the route back has failed.
        let waited = lab.world.pass(Millis::from_secs(40));
        futures_util::future::select(Box::pin(said), Box::pin(waited)).await;
        lab.world.front.come_back();
        lab.pass(Millis::from_secs(3)).await;
        assert_eq!(
            splits(&lab, "web").last(),
            Some(&shares([(0, 100), (1, 0)]))
        );
        assert_eq!(failed(&lab, &id), [], "nothing is journalled yet");
        lab.world.disk.fill(false);
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_whole_chain_goes_back_before_the_disk_has_room() {
    run(async {
        let mut lab = Lab::new().await;
        let names = ["auth", "api", "web"];
        let parts = || three().map(|part| part.bake(Millis::from_secs(10)));
        put(&lab, &names, "one");
        promoted(&mut lab, &shop(parts())).await;
        put(&lab, &names, "two");
        let id = begun(&lab, &shop(parts())).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.world.disk.fill(true);
        kill_candidate(&lab);
        lab.pass(Millis::from_secs(1)).await;
        for name in names {
            assert_eq!(
                splits(&lab, name).last(),
                Some(&shares([(0, 100), (1, 0)])),
                "{name}"
            );
        }
        lab.world.disk.fill(false);
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_clean(&lab);
    });
}

#[test]
fn an_abort_on_a_full_disk_takes_the_traffic_back_and_is_answered_later() {
    run(async {
        let mut lab = Lab::new().await;
        let id = quarter(&mut lab).await;
        lab.world.disk.fill(true);
        let handle = lab.handle();
        let said = handle.command(id.clone(), Command::Abort, "ana".to_owned());
        let room = async {
            lab.world.pass(Millis::from_secs(10)).await;
            let last = splits(&lab, "web").pop();
            lab.world.disk.fill(false);
            last
        };
        let (said, last) = futures_util::join!(said, room);
        assert_eq!((said, last), (Ok(()), Some(shares([(0, 100), (1, 0)]))));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
    });
}

#[test]
fn a_way_back_whose_row_was_lost_with_its_controller_is_gone_on_with() {
    run(async {
        let mut lab = Lab::new().await;
        let id = quarter(&mut lab).await;
        lab.world.disk.fill(true);
        let handle = lab.handle();
        let said = handle.command(id.clone(), Command::Abort, "ana".to_owned());
        let waited = lab.world.pass(Millis::from_secs(2));
        futures_util::future::select(Box::pin(said), Box::pin(waited)).await;
        assert_eq!(
            splits(&lab, "web").last(),
            Some(&shares([(0, 100), (1, 0)]))
        );
        lab.crash().await;
        lab.world.disk.fill(false);
        lab.start().await;
        let ending = lab.until_ended(&id).await;
        assert_eq!(
            ending,
            Ending::Ended(Outcome::RolledBack),
            "{:?}",
            facts(&lab, &id)
        );
        assert_eq!((stable(&lab, "web").id.0, alive(&lab)), (0, 1));
        assert_clean(&lab);
    });
}

#[test]
fn a_deployment_that_another_controller_writes_is_let_go() {
    run(async {
        let mut lab = Lab::new().await;
        let id = quarter(&mut lab).await;
        let _newer = FakeStore::open(&lab.world.disk);
        let before = splits(&lab, "web").len();
        let refused = say(&lab, &id, Command::Abort)
            .await
            .expect_err("it is not ours any more");
        assert_eq!(refused.exit, Exit::Stuck);
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(splits(&lab, "web").len(), before, "it does nothing more");
        let refused = say(&lab, &id, Command::Hold)
            .await
            .expect_err("it stays so");
        assert_eq!(refused.exit, Exit::Stuck);
        lab.crash_and_restart().await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn a_damaged_journal_harms_only_its_own_deployment() {
    run(async {
        let mut lab = Lab::new().await;
        let id = quarter(&mut lab).await;
        let blog = App::new("blog", [web().listen(9_000).bake(Millis::from_secs(60))]);
        let other = begun(&lab, &blog).await;
        lab.world.disk.damage(&id);
        lab.crash_and_restart().await;
        assert_eq!(
            lab.until_ended(&other).await,
            Ending::Ended(Outcome::Promoted)
        );
        assert_eq!(
            splits(&lab, "web").last(),
            Some(&shares([(0, 75), (1, 25)])),
            "left alone"
        );
        let view = lab.handle().show(id.clone()).await.expect("it is known");
        assert!(view.poisoned.is_some());
        let refused = say(&lab, &id, Command::Abort)
            .await
            .expect_err("nobody can tell");
        assert_eq!(refused.exit, Exit::Stuck);
        let refused = lab
            .deploy(&shop([web()]))
            .await
            .expect_err("its lock stays");
        assert!(format!("{refused:?}").contains("WL0304"), "{refused:?}");

        // Down ends what it may have started, and frees the lock.
        let handle = lab.handle();
        let down = handle.down(shop([]).spec().app.clone(), None, "ana".to_owned());
        let down = down.await.expect("it goes down");
        assert!(!down.last);
        assert_eq!(alive(&lab), 1, "the other application's");
        promoted(&mut lab, &shop([web()])).await;
    });
}

#[test]
fn what_a_failing_disk_delays_is_told_once_and_in_order() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        script(&lab, "web", "one", Script::default());
        lab.world.disk.fill_for(2);
        let refused = lab
            .deploy(&shop([web()]))
            .await
            .expect_err("nothing can be kept");
        assert!(format!("{refused:?}").contains("WL0303"), "{refused:?}");
        lab.world.disk.fill_for(0);
        let id = begun(&lab, &shop([web()])).await;
        lab.world.disk.fill_for(3);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let begun = facts(&lab, &id);
        let begun = begun
            .iter()
            .filter(|fact| matches!(fact, Fact::DeploymentStarted { .. }));
        assert_eq!(begun.count(), 1);
        let numbers: Vec<u64> = lab
            .world
            .disk
            .rows(&id)
            .iter()
            .map(|row| row.number)
            .collect();
        let expected: Vec<u64> = (0..numbers.len())
            .map(|n| u64::try_from(n).expect("few"))
            .collect();
        assert_eq!(numbers, expected);
    });
}

#[test]
fn a_raise_that_waited_for_the_disk_does_not_follow_the_way_back() {
    run(async {
        let mut lab = Lab::new().await;
        let id = quarter(&mut lab).await;
        // The bake ends while the disk is full: its raise waits for its row.
        lab.pass(Millis::from_secs(9)).await;
        lab.world.disk.fill(true);
        lab.pass(Millis::from_secs(3)).await;
        let handle = lab.handle();
        let said = handle.command(id.clone(), Command::Abort, "ana".to_owned());
        let waited = lab.world.pass(Millis::from_secs(1));
        futures_util::future::select(Box::pin(said), Box::pin(waited)).await;
        let before = splits(&lab, "web").len();
        lab.world.disk.fill(false);
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let later = splits(&lab, "web").split_off(before);
        assert_eq!(later, [shares([(0, 100)])], "only the table is tidied");
        assert_clean(&lab);
    });
}
