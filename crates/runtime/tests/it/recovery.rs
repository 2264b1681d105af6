//! What the next controller does after one has died.

use windlass_control::Restart;
use windlass_model::{Fact, Millis, Outcome, Percent, ReturnReason, Strategy};
use windlass_testkit::{Crash, Effect, Ending, Lab, Script, World, run};

use crate::fixture::{
    RESIDENT, alive, assert_clean, begun, count, facts, failed, passed, promoted, put, script,
    shares, shop, splits, stable, state, three_canaries, until_baking, web,
};

/// D23.
#[test]
fn an_empty_journal_starts_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        lab.crash().await;
        // The same host and router, another disk: everything the controller knew is gone.
        let lines = lab.world.ledger.lines().len();
        let mut lost = Lab::in_world(World {
            disk: World::new().disk,
            ..lab.world.clone()
        });
        lost.start().await;
        lost.pass(Millis::from_secs(60)).await;
        assert_eq!(
            lost.world.ledger.lines().len(),
            lines,
            "nothing takes effect"
        );
        assert_eq!(alive(&lost), 1, "what runs goes on");
        assert!(lost.handle().lost_history().is_some());
    });
}

#[test]
fn a_restart_while_nothing_is_open_changes_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let lines = lab.world.ledger.lines().len();
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(lab.world.ledger.lines().len(), lines);
        assert_eq!(
            lab.tasks(),
            RESIDENT + alive(&lab),
            "and one follower for each"
        );
    });
}

#[test]
fn routes_that_the_router_lost_are_put_back() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        promoted(&mut lab, &shop([web()])).await;
        let before = lab.world.front.route(&shop([]).key("web"));
        lab.crash().await;
        lab.world.front.lose_table();
        lab.start().await;
        assert_eq!(lab.world.front.route(&shop([]).key("web")), before);
        assert_clean(&lab);
    });
}

#[test]
fn routes_that_the_router_lost_are_put_back_while_the_controller_lives() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let before = lab.world.front.route(&shop([]).key("web"));
        lab.world.front.lose_table();
        lab.pass(Millis::from_secs(1)).await;
        assert_eq!(lab.world.front.route(&shop([]).key("web")), before);
        // Also where the router can't be asked at first.
        lab.world.front.lose_table();
        lab.world.front.go_away();
        lab.pass(Millis::from_secs(10)).await;
        lab.world.front.come_back();
        lab.pass(Millis::from_secs(2)).await;
        assert_eq!(lab.world.front.route(&shop([]).key("web")), before);
        assert_clean(&lab);
    });
}

#[test]
fn a_canary_whose_table_was_lost_goes_back_while_the_controller_lives() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let app = shop([web().canary(&[(50, 60_000), (100, 2_000)])]);
        let id = begun(&lab, &app).await;
        until_baking(&mut lab, &id, "web", 50).await;
        lab.world.front.lose_table();
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        let aborted = facts(&lab, &id).into_iter().find_map(|fact| match fact {
            Fact::AbortRequested { by } => Some(by),
            _ => None,
        });
        let aborted = aborted.expect("it was aborted");
        assert!(aborted.contains("lost its table"), "{aborted}");
        let route = lab.world.front.route(&app.key("web")).expect("a route");
        let stable = route.slots.iter().find(|slot| slot.weight == Percent::FULL);
        assert_eq!(
            stable.map(|slot| slot.slot),
            Some(crate::fixture::stable(&lab, "web").id)
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_table_that_was_lost_before_a_canary_has_moved_stops_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web()])).await;
        lab.world.front.lose_table();
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_clean(&lab);
    });
}

#[test]
fn what_was_taken_down_stays_down() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let app = shop([web()]);
        promoted(&mut lab, &app).await;
        let down = lab
            .handle()
            .down(app.spec().app.clone(), None, "ana".to_owned())
            .await;
        assert!(down.expect("it goes down").last);
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(
            (alive(&lab), lab.world.front.route(&app.key("web"))),
            (0, None)
        );
    });
}

#[test]
fn an_instance_promoted_just_before_the_death_is_kept_all_the_same() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web()])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        let next = lab.world.disk.commits();
        // Passed, promoted: the controller dies with the row that promotes.
        lab.world.disk.crash_at(Crash::After(next + 2));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let alive = lab.world.host.alive();
        assert_eq!(alive.values().collect::<Vec<_>>(), [&Restart::BackOff]);
    });
}

/// D22: the remaining deadline is kept.
#[test]
fn a_bake_goes_on_where_it_was_journalled() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let before = lab.world.time.now();
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(30))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.pass(Millis::from_secs(21)).await;
        lab.stay_down_for(Millis::from_secs(1_000));
        lab.crash_and_restart().await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let took = lab.world.time.now().less(before);
        let (least, most) = (Millis::from_secs(1_030), Millis::from_secs(1_040));
        assert!(
            took >= least && took <= most,
            "{took}: downtime counts for nothing"
        );
    });
}

#[test]
fn a_candidate_that_died_meanwhile_is_no_candidate_any_more() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        script(&lab, "web", "two", Script::ends_after(Millis::from_secs(5)));
        let id = begun(&lab, &shop([web()])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.stay_down_for(Millis::from_secs(60));
        lab.crash_and_restart().await;
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_clean(&lab);
    });
}

#[test]
fn readiness_lost_while_nobody_was_there_is_seen_before_the_bake_ends() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        script(
            &lab,
            "web",
            "two",
            Script::unready_after(Millis::from_secs(10)),
        );
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(6))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        // One second is left of the bake: fewer than three bad answers at their usual pace.
        lab.pass(Millis::from_millis(5_500)).await;
        lab.stay_down_for(Millis::from_secs(60));
        lab.crash_and_restart().await;
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        let why = failed(&lab, &id);
        assert!(
            matches!(&why[..], [(_, ReturnReason::Tripped { .. })]),
            "the router saw it while nobody was there: {why:?}"
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_raise_is_not_repeated_for_a_candidate_that_is_gone() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        lab.world.front.trust();
        let id = begun(&lab, &shop([web()])).await;
        // The row that decides the raise is durable; the raise itself never leaves.
        lab.world
            .disk
            .crash_at(Crash::After(lab.world.disk.commits() + 3));
        lab.stay_down_for(Millis::from_secs(60));
        script(
            &lab,
            "web",
            "two",
            Script::ends_after(Millis::from_secs(10)),
        );
        let ending = lab.until_ended(&id).await;
        assert_eq!(
            ending,
            Ending::Ended(Outcome::RolledBack),
            "{:?}",
            facts(&lab, &id)
        );
        let raised = splits(&lab, "web")
            .into_iter()
            .filter(|s| s.get(&1) == Some(&100))
            .count();
        assert_eq!(raised, 0, "{:?}", splits(&lab, "web"));
        assert_clean(&lab);
    });
}

/// K27.
#[test]
fn an_older_controller_that_wakes_up_changes_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let part = || web().canary(&[(25, 10_000), (100, 10_000)]);
        let id = begun(&lab, &shop([part()])).await;
        until_baking(&mut lab, &id, "web", 25).await;
        // Another controller on the same world, while the first still lives.
        let mut newer = Lab::in_world(lab.world.clone());
        newer.start().await;
        assert_eq!(
            newer.until_ended(&id).await,
            Ending::Ended(Outcome::Promoted)
        );
        assert_clean(&newer);
        lab.crash().await;
    });
}

#[test]
fn open_deployments_of_many_rows_are_read_whole() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(3_000))])).await;
        lab.pass(Millis::from_secs(2_990)).await;
        assert!(
            lab.world.disk.rows(&id).len() > 500,
            "a row for each five seconds"
        );
        lab.crash_and_restart().await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(passed(&lab, &id), ["web"]);
    });
}

/// Plays the second of two deployments with a death at each of its commits in turn, before it is
/// durable and after; each must come to the end that it has without one.
async fn at_every_commit(
    app: impl Fn() -> windlass_testkit::App,
    names: &[&str],
    what: &Script,
    outcome: Outcome,
) -> u64 {
    let mut number = 0;
    loop {
        number += 1;
        for crash in [Crash::Before, Crash::After] {
            let mut lab = Lab::new().await;
            put(&lab, names, "one");
            promoted(&mut lab, &app()).await;
            put(&lab, names, "two");
            script(&lab, names[names.len() - 1], "two", what.clone());
            let id = begun(&lab, &app()).await;
            let crash = crash(lab.world.disk.commits() + number);
            lab.world.disk.crash_at(crash);
            let ending = lab.until_ended(&id).await;
            assert_eq!(
                ending,
                Ending::Ended(outcome),
                "{crash:?}: {:?}",
                facts(&lab, &id)
            );
            assert_clean(&lab);
            assert_eq!(
                alive(&lab),
                names.len() * if outcome == Outcome::Promoted { 2 } else { 1 }
            );
            if lab.world.disk.commits()
                < match crash {
                    Crash::Before(n) | Crash::After(n) => n,
                }
            {
                return number;
            }
        }
    }
}

/// K26, D22: finished steps are not run again (the ledger tells), the rest is.
#[test]
fn a_death_at_any_commit_of_a_promotion_changes_no_end() {
    let quick = || web().canary(&[(25, 1_000), (100, 1_000)]);
    let app = move || shop([quick(), quick_api()]);
    let points = run(at_every_commit(
        app,
        &["web", "api"],
        &Script::default(),
        Outcome::Promoted,
    ));
    assert!(points > 14, "{points}");
}

fn quick_api() -> windlass_testkit::Service {
    windlass_testkit::Service::new("api")
        .listen(8_002)
        .needs(&["web"])
        .bake(Millis::from_secs(1))
}

/// K26, D22: what goes back goes on going back.
#[test]
fn a_death_at_any_commit_of_a_return_changes_no_end() {
    let app = || shop([web().bake(Millis::from_secs(1)), quick_api()]);
    let fails = Script::ends_after(Millis::from_millis(900));
    let points = run(at_every_commit(
        app,
        &["web", "api"],
        &fails,
        Outcome::RolledBack,
    ));
    assert!(points > 14, "{points}");
}

#[test]
fn a_death_at_any_commit_of_a_return_in_place_changes_no_end() {
    let app = || shop([web().strategy(Strategy::Recreate)]);
    let fails = Script::ends_after(Millis::from_millis(900));
    let points = run(at_every_commit(app, &["web"], &fails, Outcome::RolledBack));
    assert!(points > 12, "{points}");
}

#[test]
fn a_story_is_the_same_each_time_it_is_told() {
    let told = || {
        run(async {
            let mut lab = Lab::new().await;
            lab.world.host.trouble.begin(7, 20, Millis::from_millis(20));
            lab.world
                .front
                .trouble
                .begin(8, 20, Millis::from_millis(20));
            put(&lab, &["auth", "api", "web"], "one");
            promoted(&mut lab, &shop(three_canaries())).await;
            put(&lab, &["auth", "api", "web"], "two");
            lab.world.disk.crash_at(Crash::After(60));
            promoted(&mut lab, &shop(three_canaries())).await;
            let rows = lab.world.disk.all_rows().into_iter();
            let rows: Vec<String> = rows.map(|row| format!("{row:?}")).collect();
            (rows, lab.world.ledger.lines(), lab.world.front.splits())
        })
    };
    assert_eq!(told(), told());
}

/// D9: the old state or the new one, never none.
#[test]
fn a_crash_before_a_deployment_is_journalled_leaves_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        lab.world.disk.crash_at(Crash::Before(2));
        assert!(lab.deploy(&shop([web()])).await.is_err());
        lab.obey().await;
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(
            (
                lab.world.disk.deployments().len(),
                count(&lab, Effect::Started)
            ),
            (0, 0)
        );
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(stable(&lab, "web").id.0, 0);
        assert_eq!(
            (state(&lab, "web").standby, splits(&lab, "web")),
            (None, vec![shares([(0, 100)])])
        );
        let ended = lab.world.disk.deployments();
        let ended = facts(&lab, &ended[0].id);
        assert!(ended.contains(&Fact::Ended {
            outcome: Outcome::Promoted
        }));
    });
}
