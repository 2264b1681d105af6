//! Deployments that go back.

use windlass_api::Command;
use windlass_model::{
    Fact, InstanceEnd, Millis, OnFailure, Outcome, Overlap, Percent, Repair, ReturnReason,
    ServiceKey, Strategy,
};
use windlass_testkit::{Effect, Ending, Front, Lab, Script, Service, Unready, run};

use crate::fixture::{
    alive, assert_clean, begun, count, facts, failed, promoted, put, say, script, shares, shop,
    splits, stable, state, three, three_canaries, until_baking, web,
};

/// Deploys version one of `web`, then version two that does `what`.
async fn second(lab: &mut Lab, what: Script, part: fn() -> Service) -> Ending {
    put(lab, &["web"], "one");
    promoted(lab, &shop([part()])).await;
    put(lab, &["web"], "two");
    script(lab, "web", "two", what);
    let (id, ending) = lab.deployed(&shop([part()])).await;
    assert!(!failed(lab, &id).is_empty(), "{:?}", facts(lab, &id));
    ending
}

fn assert_back_at_one(lab: &Lab) {
    assert_eq!(state(lab, "web").promoted.len(), 1);
    assert_eq!((alive(lab), stable(lab, "web").instances.len()), (1, 1));
    assert_clean(lab);
}

#[test]
fn what_can_not_be_started_never_gets_traffic() {
    run(async {
        let mut lab = Lab::new().await;
        let ending = second(&mut lab, Script::rejected(), web).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        assert_eq!(splits(&lab, "web"), [shares([(0, 100)])]);
        assert_back_at_one(&lab);
    });
}

#[test]
fn what_is_never_ready_is_given_up_in_time_with_its_last_answer() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        script(&lab, "web", "one", Script::never_ready());
        let before = lab.world.time.now();
        let (id, ending) = lab.deployed(&shop([web()])).await;
        assert_eq!(
            ending,
            Ending::Ended(Outcome::Failed),
            "there was nothing before"
        );
        assert!(lab.world.time.now().less(before) < Millis::from_secs(15));
        let [(_, ReturnReason::InstanceLost { end, .. })] = &failed(&lab, &id)[..] else {
            unreachable!("one service failed for one instance");
        };
        assert_eq!(*end, InstanceEnd::NeverReady("HTTP 503".to_owned()));
        assert_eq!((alive(&lab), splits(&lab, "web").len()), (0, 0));
    });
}

#[test]
fn a_first_deployment_that_fails_late_leaves_no_route() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        script(&lab, "web", "one", Script::ends_after(Millis::from_secs(1)));
        let (_, ending) = lab.deployed(&shop([web()])).await;
        assert_eq!(ending, Ending::Ended(Outcome::Failed));
        assert_eq!(lab.world.front.route(&shop([]).key("web")), None);
        assert_eq!(alive(&lab), 0);
        assert_clean(&lab);
    });
}

/// The time until a first version that ends has failed while reading a log takes so long, and what is
/// told of the last lines that it printed.
async fn given_up(reading: Millis) -> (Millis, Vec<String>) {
    let mut lab = Lab::new().await;
    lab.world.host.told.logs_take(reading);
    put(&lab, &["web"], "one");
    script(&lab, "web", "one", Script::ends_after(Millis::from_secs(1)));
    let before = lab.world.time.now();
    let (id, ending) = lab.deployed(&shop([web()])).await;
    assert_eq!(ending, Ending::Ended(Outcome::Failed));
    let told = facts(&lab, &id);
    let lost = told.iter().find_map(|fact| match fact {
        Fact::InstanceLost { last_lines, .. } => Some(last_lines.clone()),
        _ => None,
    });
    let lines = lost.unwrap_or_else(|| unreachable!("it ended: {told:?}"));
    (lab.world.time.now().less(before), lines)
}

#[test]
fn a_log_that_can_not_be_read_holds_up_no_news_of_an_end() {
    run(async {
        let (usual, lines) = given_up(Millis::ZERO).await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        let (stalled, lines) = given_up(Millis::from_secs(3_600)).await;
        assert_eq!(lines, Vec::<String>::new());
        let late = stalled.less(usual);
        assert!(late <= Millis::from_millis(200), "{late}");
    });
}

#[test]
fn readiness_lost_while_baking_takes_the_traffic_back() {
    run(async {
        let mut lab = Lab::new().await;
        let part = || {
            web()
                .bake(Millis::from_secs(20))
                .canary(&[(25, 20_000), (100, 20_000)])
        };
        let ending = second(&mut lab, Script::unready_after(Millis::from_secs(3)), part).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let expected = [
            shares([(0, 100)]),
            shares([(0, 75), (1, 25)]),
            shares([(0, 100), (1, 0)]),
            shares([(0, 100)]),
        ];
        assert_eq!(splits(&lab, "web"), expected);
        assert_back_at_one(&lab);
    });
}

#[test]
fn one_bad_answer_is_no_loss() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let blink = Unready {
            after: Millis::from_millis(1_500),
            lasts: Some(Millis::from_millis(1_000)),
        };
        script(
            &lab,
            "web",
            "one",
            Script {
                unready: Some(blink),
                ..Script::default()
            },
        );
        promoted(&mut lab, &shop([web().bake(Millis::from_secs(6))])).await;
    });
}

#[test]
fn a_crash_of_a_candidate_is_seen_at_once() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        let candidate = lab
            .world
            .front
            .route(&shop([]).key("web"))
            .expect("it is routed");
        lab.world.host.kill(&candidate.slots[1].instances[0].id);
        let killed = lab.world.time.now();
        lab.until(
            &id,
            |fact| matches!(fact, Fact::TrafficShifted { slot, .. } if slot.0 == 0),
        )
        .await
        .expect("the traffic goes back");
        let took = lab.world.time.now().less(killed);
        assert!(took < Millis::from_millis(20), "{took}");
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_back_at_one(&lab);
    });
}

#[test]
fn recreate_that_fails_starts_the_old_release_again() {
    run(async {
        let mut lab = Lab::new().await;
        let part = || web().strategy(Strategy::Recreate);
        let ending = second(&mut lab, Script::never_ready(), part).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        assert_eq!(count(&lab, Effect::Started), 3);
        assert_eq!(splits(&lab, "web").last(), Some(&shares([(0, 100)])));
        let route = lab
            .world
            .front
            .route(&shop([]).key("web"))
            .expect("it is routed");
        assert_eq!(route.slots[0].instances, stable(&lab, "web").instances);
        assert_back_at_one(&lab);
    });
}

#[test]
fn a_worker_that_fails_gives_its_place_back() {
    run(async {
        for overlap in [Overlap::No, Overlap::Yes] {
            let mut lab = Lab::new().await;
            let part = || {
                Service::new("web")
                    .bake(Millis::from_secs(4))
                    .overlap(overlap)
            };
            put(&lab, &["web"], "one");
            promoted(&mut lab, &shop([part()])).await;
            put(&lab, &["web"], "two");
            script(&lab, "web", "two", Script::ends_after(Millis::from_secs(1)));
            let (_, ending) = lab.deployed(&shop([part()])).await;
            assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
            assert_back_at_one(&lab);
        }
    });
}

/// A canary whose share of one half never comes to be: it goes back from 5 %.
fn half_never_comes(prevent: fn(&Front, &ServiceKey, Percent)) {
    run(async {
        let mut lab = Lab::new().await;
        let part = || web().canary(&[(5, 1_000), (50, 1_000), (100, 1_000)]);
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([part()])).await;
        put(&lab, &["web"], "two");
        let half = Percent::new(50).expect("a share");
        prevent(&lab.world.front, &shop([]).key("web"), half);
        let (id, ending) = lab.deployed(&shop([part()])).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        assert!(matches!(
            &failed(&lab, &id)[..],
            [(_, ReturnReason::ShiftFailed(_))]
        ));
        let expected = [
            shares([(0, 100)]),
            shares([(0, 95), (1, 5)]),
            shares([(0, 100), (1, 0)]),
            shares([(0, 100)]),
        ];
        assert_eq!(splits(&lab, "web"), expected);
        assert_back_at_one(&lab);
    });
}

#[test]
fn a_raise_that_is_refused_goes_back() {
    half_never_comes(Front::refuse_after);
}

/// K22.
#[test]
fn a_share_that_the_router_takes_and_does_not_apply_is_no_share_and_nothing_old_goes() {
    half_never_comes(Front::ignore_from);
}

#[test]
fn a_failure_takes_everything_back_consumers_first() {
    run(async {
        let mut lab = Lab::new().await;
        let names = ["auth", "api", "web"];
        put(&lab, &names, "one");
        promoted(&mut lab, &shop(three())).await;
        put(&lab, &names, "two");
        script(&lab, "web", "two", Script::ends_after(Millis::from_secs(1)));
        let (id, ending) = lab.deployed(&shop(three())).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let back: Vec<String> = facts(&lab, &id)
            .into_iter()
            .filter_map(|fact| match fact {
                Fact::TrafficShifted { service, slot, .. } if slot.0 == 0 => {
                    Some(service.to_string())
                }
                _ => None,
            })
            .collect();
        assert_eq!(back, ["web", "api", "auth"]);
        let revision = lab
            .world
            .disk
            .environment(&shop([]).spec().app, &shop([]).spec().environment);
        assert_eq!(
            revision.expect("it is stored").revision,
            1,
            "nothing stable has changed"
        );
        assert_eq!(alive(&lab), 3);
        assert_clean(&lab);
    });
}

#[test]
fn with_on_failure_dependents_the_rest_goes_on() {
    run(async {
        let mut lab = Lab::new().await;
        let names = ["auth", "api", "web"];
        let app = || shop(three_canaries()).on_failure(OnFailure::Dependents);
        put(&lab, &names, "one");
        promoted(&mut lab, &app()).await;
        put(&lab, &names, "two");
        script(&lab, "api", "two", Script::ends_after(Millis::from_secs(1)));
        let (id, ending) = lab.deployed(&app()).await;
        assert_eq!(ending, Ending::Ended(Outcome::PartlyPromoted));
        let why: Vec<String> = failed(&lab, &id)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(why, ["api", "web"]);
        let slots = names.map(|name| stable(&lab, name).id.0);
        assert_eq!(slots, [1, 0, 0]);
        assert_clean(&lab);
    });
}

#[test]
fn a_scale_that_fails_is_undone() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        script(&lab, "web", "one", Script::never_ready());
        let (_, ending) = lab.deployed(&shop([web().instances(3)])).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        assert_back_at_one(&lab);
    });
}

#[test]
fn without_capacity_to_go_back_to_it_stays_and_calls_a_person() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let fails = Script::unready_after(Millis::from_secs(30));
        script(&lab, "web", "one", fails);
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(300))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.pass(Millis::from_secs(60)).await;
        let candidate = lab
            .world
            .front
            .route(&shop([]).key("web"))
            .expect("it is routed");
        lab.world.host.kill(&candidate.slots[1].instances[0].id);
        assert_eq!(lab.until_ended(&id).await, Ending::Stuck);
        let last = splits(&lab, "web").pop();
        assert_eq!(
            last,
            Some(shares([(0, 0), (1, 100)])),
            "it is left where it is"
        );
        // The person mends the old one, and has the way back tried again.
        lab.world.host.kill(&stable(&lab, "web").instances[0].id);
        lab.pass(Millis::from_secs(5)).await;
        let how = Repair::Retry;
        let said = say(&lab, &id, Command::Repair { how }).await;
        assert_eq!(said, Ok(()));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_back_at_one(&lab);
    });
}

#[test]
fn a_promotion_that_can_not_settle_calls_a_person_and_stays_promoted() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        lab.world.front.trouble.begin(1, 0, Millis::from_millis(50));
        let id = begun(&lab, &shop([web().listen(9_090)])).await;
        lab.until(&id, |fact| matches!(fact, Fact::Promoted { .. }))
            .await
            .expect("it is promoted");
        lab.world.front.go_away();
        assert_eq!(lab.until_ended(&id).await, Ending::Stuck);
        assert_eq!(stable(&lab, "web").id.0, 1, "the promotion holds");
        lab.world.front.come_back();
        let how = Repair::Retry;
        let said = say(&lab, &id, Command::Repair { how }).await;
        assert_eq!(said, Ok(()), "tries again");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!((stable(&lab, "web").id.0, alive(&lab)), (1, 2));
        assert_clean(&lab);
    });
}

#[test]
fn a_slot_is_stopped_once_its_requests_have_ended_or_their_time_is_over() {
    for (requests_take, drained_after, expected_cut) in [(2_000, 2_000, 0), (60_000, 5_000, 3)] {
        run(async {
            let mut lab = Lab::new().await;
            put(&lab, &["web"], "one");
            promoted(&mut lab, &shop([web()])).await;
            put(&lab, &["web"], "two");
            lab.world
                .front
                .requests_take(Millis::from_millis(requests_take));
            let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
            until_baking(&mut lab, &id, "web", 100).await;
            assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
            let said = lab.world.time.now();
            lab.until_ended(&id).await;
            let mut lines = lab.world.ledger.lines().into_iter();
            let stopped = lines.rfind(|line| line.effect == Effect::Stopped);
            let took = stopped.expect("it is stopped").at.less(said).as_millis();
            assert!(
                (drained_after..drained_after + 100).contains(&took),
                "{took}"
            );
            let cut = facts(&lab, &id).into_iter().find_map(|fact| match fact {
                Fact::SlotDrained { cut, .. } => Some(cut),
                _ => None,
            });
            assert_eq!(cut, Some(expected_cut));
            assert_clean(&lab);
        });
    }
}
