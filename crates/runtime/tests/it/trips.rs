//! Tripwires, triggers and the halt: what goes back without anybody saying so, and what waits.

use windlass_api::{Command, Exit};
use windlass_model::{
    DeploymentId, Fact, Millis, OnFailure, Outcome, ReturnReason, Rule, SlotId, Trigger,
};
use windlass_testkit::{Ending, Lab, Script, Service, Unready, run};

use crate::fixture::{
    alive, assert_clean, begun, facts, failed, promoted, put, say, script, shop, splits, stable,
    state, three_canaries, until_baking, web,
};

const NAMES: [&str; 3] = ["auth", "api", "web"];

/// Version two of three canaries, with `web` at 5 %.
async fn web_at_five(lab: &mut Lab) -> DeploymentId {
    put(lab, &NAMES, "one");
    promoted(lab, &shop(three_canaries())).await;
    put(lab, &NAMES, "two");
    let id = begun(lab, &shop(three_canaries())).await;
    until_baking(lab, &id, "web", 5).await;
    id
}

/// The share of the old slot of one service.
fn old(lab: &Lab, service: &str) -> u8 {
    let last = splits(lab, service).pop().expect("it is routed");
    last.get(&0).copied().unwrap_or_default()
}

/// The last split of one service came at this time.
fn moved_at(lab: &Lab, service: &str) -> Millis {
    let key = shop([]).key(service);
    let all = lab.world.front.splits().into_iter();
    let last = all.rev().find(|split| split.service == key);
    last.expect("it is routed").at
}

#[test]
fn a_trip_takes_back_what_needs_the_service_while_nobody_is_there_and_the_rest_follows() {
    run(async {
        let mut lab = Lab::new().await;
        let id = web_at_five(&mut lab).await;
        lab.crash().await;
        lab.world.front.trip(&shop([]).key("api"), 9, 6);
        assert_eq!((old(&lab, "api"), old(&lab, "web")), (100, 100));
        assert_eq!(moved_at(&lab, "api"), moved_at(&lab, "web"), "one swap");
        assert_eq!(old(&lab, "auth"), 0, "auth is nobody's consumer");
        lab.pass(Millis::from_secs(30)).await;
        lab.start().await;
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_eq!(old(&lab, "auth"), 100);
        let told: Vec<(String, Vec<String>, String)> = facts(&lab, &id)
            .into_iter()
            .filter_map(|fact| match fact {
                Fact::TripwireFired {
                    service,
                    took_back,
                    saw,
                } => {
                    let names = took_back.iter().map(ToString::to_string).collect();
                    Some((service.to_string(), names, saw))
                }
                _ => None,
            })
            .collect();
        let [(service, took_back, saw)] = &told[..] else {
            unreachable!("told once: {told:?}");
        };
        assert_eq!(service, "api");
        assert_eq!(took_back, &["api", "web"]);
        assert!(
            saw.starts_with("6 of 9 answers of version ")
                && saw.ends_with(" were errors, 30s before the controller heard of it"),
            "{saw}"
        );
        let (_, why) = &failed(&lab, &id)[0];
        assert!(matches!(why, ReturnReason::Tripped { .. }), "{why:?}");
        assert_eq!(lab.world.front.trips(), [], "it is acknowledged");
        for name in NAMES {
            assert_eq!(lab.world.front.armed(&shop([]).key(name)), None);
            assert_eq!(stable(&lab, name).id.0, 0);
        }
        assert_eq!(alive(&lab), 3);
        assert_clean(&lab);
    });
}

#[test]
fn a_candidate_that_dies_while_nobody_is_there_is_off_the_traffic_at_once() {
    run(async {
        let mut lab = Lab::new().await;
        let id = web_at_five(&mut lab).await;
        lab.crash().await;
        let before = lab.world.time.now();
        let route = lab.world.front.route(&shop([]).key("auth"));
        let slot = route
            .expect("it is routed")
            .slots
            .pop()
            .expect("it has slots");
        lab.world.host.kill(&slot.instances[0].id);
        lab.pass(Millis::from_secs(1)).await;
        for name in NAMES {
            assert_eq!(old(&lab, name), 100, "{name}");
            let took = moved_at(&lab, name).less(before);
            assert!(took <= Millis::from_millis(100), "{took}");
        }
        lab.start().await;
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_trip_and_a_promotion_never_both_happen() {
    let (mut tripped, mut promotions) = (0, 0);
    for after in (0..200).step_by(4) {
        run(async {
            let mut lab = Lab::new().await;
            put(&lab, &["web"], "one");
            promoted(&mut lab, &shop([web()])).await;
            lab.world
                .front
                .trouble
                .begin(after, 0, Millis::from_millis(40));
            put(&lab, &["web"], "two");
            let id = begun(&lab, &shop([web()])).await;
            let passed = lab.until(&id, |fact| matches!(fact, Fact::RolloutPassed { .. }));
            passed.await.expect("it passes");
            lab.pass(Millis::from_millis(after)).await;
            let key = shop([]).key("web");
            let armed = lab.world.front.armed(&key).is_some();
            lab.world.front.trip(&key, 9, 6);
            let ending = lab.until_ended(&id).await;
            let expected = if armed {
                tripped += 1;
                Outcome::RolledBack
            } else {
                promotions += 1;
                Outcome::Promoted
            };
            assert_eq!(ending, Ending::Ended(expected), "tripped after {after} ms");
            assert_eq!(lab.world.front.armed(&key), None);
            assert_clean(&lab);
        });
    }
    assert!(tripped > 3 && promotions > 3, "{tripped} and {promotions}");
}

#[test]
fn a_trip_without_anything_to_go_back_to_is_told_and_changes_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        script(
            &lab,
            "web",
            "one",
            Script {
                unready: Some(Unready {
                    after: Millis::from_secs(20),
                    lasts: None,
                }),
                ..Script::default()
            },
        );
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.pass(Millis::from_secs(30)).await;
        lab.world.front.trip(&shop([]).key("web"), 9, 6);
        assert_eq!(old(&lab, "web"), 0, "nobody is there to go back to");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let told = facts(&lab, &id);
        let told: Vec<_> = told
            .iter()
            .filter(|fact| matches!(fact, Fact::TripwireWithheld { .. }))
            .collect();
        assert_eq!(told.len(), 1, "{told:?}");
    });
}

fn watched() -> Service {
    web().canary(&[(50, 60_000), (100, 60_000)])
}

/// As [`watched`], and not compared with what serves beside it.
fn by_threshold() -> Service {
    let triggers = Trigger::DEFAULTS.into_iter().take(3);
    watched().with(|spec| spec.rollback_on = triggers.map(Rule::from).collect())
}

/// Version two of `web` at 50 %, of which so many of a hundred answers are errors from then on.
async fn failing(lab: &mut Lab, percent: u64) -> DeploymentId {
    failing_as(lab, by_threshold, percent).await
}

async fn failing_as(lab: &mut Lab, watched: fn() -> Service, percent: u64) -> DeploymentId {
    put(lab, &["web"], "one");
    promoted(lab, &shop([watched()])).await;
    let key = shop([]).key("web");
    lab.world.front.requests_come(&key, 200);
    put(lab, &["web"], "two");
    let id = begun(lab, &shop([watched()])).await;
    until_baking(lab, &id, "web", 50).await;
    lab.world.front.errors(&key, SlotId(1), percent);
    id
}

fn evidence(lab: &Lab, id: &DeploymentId) -> Vec<String> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::TriggerFired { saw, .. } => Some(saw),
        _ => None,
    })
    .collect()
}

#[test]
fn errors_above_the_trigger_take_it_back_with_the_evidence() {
    run(async {
        let mut lab = Lab::new().await;
        let id = failing(&mut lab, 10).await;
        let before = lab.world.time.now();
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let took = moved_at(&lab, "web").less(before);
        assert!(
            took >= Millis::from_secs(9) && took <= Millis::from_secs(14),
            "{took}"
        );
        let saw = evidence(&lab, &id);
        assert_eq!(saw.len(), 1, "{saw:?}");
        assert!(
            saw[0].starts_with("100 of 1,000 answers of version "),
            "{saw:?}"
        );
        assert_clean(&lab);
    });
}

#[test]
fn errors_below_the_threshold_are_compared_with_what_serves_beside_it() {
    run(async {
        let mut lab = Lab::new().await;
        let id = failing_as(&mut lab, watched, 4).await;
        let before = lab.world.time.now();
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let took = moved_at(&lab, "web").less(before);
        assert!(took <= Millis::from_secs(10), "{took}");
        let saw = evidence(&lab, &id);
        assert_eq!(saw.len(), 1, "{saw:?}");
        let worse =
            saw[0].starts_with("errors 4.00 % against 0.00 % beside it: shown to be worse; ");
        assert!(worse, "{saw:?}");
        assert_clean(&lab);
    });
}

#[test]
fn errors_below_the_trigger_take_nothing_back() {
    run(async {
        let mut lab = Lab::new().await;
        let id = failing(&mut lab, 4).await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(evidence(&lab, &id), Vec::<String>::new());
    });
}

#[test]
fn what_was_answered_while_no_controller_lived_is_judged_by_the_next_one() {
    run(async {
        let mut lab = Lab::new().await;
        let id = failing(&mut lab, 10).await;
        lab.crash().await;
        lab.pass(Millis::from_secs(20)).await;
        let before = lab.world.time.now();
        lab.start().await;
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let took = moved_at(&lab, "web").less(before);
        assert!(took <= Millis::from_secs(1), "{took}");
        assert_eq!(evidence(&lab, &id).len(), 1);
    });
}

#[test]
fn another_life_of_the_router_begins_the_judgement_anew() {
    run(async {
        let mut lab = Lab::new().await;
        let id = failing(&mut lab, 10).await;
        for _ in 0..4 {
            lab.pass(Millis::from_secs(9)).await;
            lab.world.front.come_back();
        }
        assert_eq!(evidence(&lab, &id), Vec::<String>::new());
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
    });
}

/// The holds and resumes of a deployment, by whom.
fn holds(lab: &Lab, id: &DeploymentId) -> Vec<(bool, String)> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::Held { by } => Some((true, by)),
        Fact::Resumed { by } => Some((false, by)),
        _ => None,
    })
    .collect()
}

/// Version two of a canary, halted at 5 %.
async fn halted(lab: &mut Lab) -> DeploymentId {
    let part = || web().canary(&[(5, 2_000), (100, 2_000)]);
    put(lab, &["web"], "one");
    promoted(lab, &shop([part()])).await;
    put(lab, &["web"], "two");
    let id = begun(lab, &shop([part()])).await;
    until_baking(lab, &id, "web", 5).await;
    lab.world.brake.halt("eve");
    lab.pass(Millis::from_secs(300)).await;
    assert_eq!(old(lab, "web"), 95, "nothing is raised");
    assert_eq!(holds(lab, &id), [(true, "halt (eve)".to_owned())]);
    id
}

#[test]
fn a_halt_holds_a_raise_and_its_lift_goes_on() {
    run(async {
        let mut lab = Lab::new().await;
        let id = halted(&mut lab).await;
        let refused = say(&lab, &id, Command::Resume).await;
        let refused = refused.expect_err("it is halted");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Refused, "WL0340")
        );
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(300)).await;
        assert_eq!(old(&lab, "web"), 95);
        lab.world.brake.lift();
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let halted = (true, "halt (eve)".to_owned());
        let lifted = (false, "halt (lifted by lifter)".to_owned());
        assert_eq!(holds(&lab, &id), [halted, lifted]);
        assert_clean(&lab);
    });
}

#[test]
fn a_persons_hold_outlives_the_halt() {
    run(async {
        let mut lab = Lab::new().await;
        let id = halted(&mut lab).await;
        assert_eq!(say(&lab, &id, Command::Hold).await, Ok(()));
        lab.crash_and_restart().await;
        lab.world.brake.lift();
        lab.pass(Millis::from_secs(300)).await;
        assert_eq!(lab.ending(&id), None);
        assert_eq!(holds(&lab, &id).len(), 2);
        assert_eq!(say(&lab, &id, Command::Resume).await, Ok(()));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn what_goes_back_does_not_ask_for_a_halt() {
    run(async {
        let mut lab = Lab::new().await;
        let id = halted(&mut lab).await;
        assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_eq!(old(&lab, "web"), 100);
        assert_eq!(state(&lab, "web").promoted.len(), 1);
        assert_clean(&lab);
    });
}

#[test]
fn a_trip_of_what_has_gone_back_already_holds_up_nobodys_promotion() {
    let mut late = 0;
    for after in (0..100).step_by(5) {
        run(async {
            let mut lab = Lab::new().await;
            let part = |name, port, bake| {
                let service = Service::new(name).listen(port).drain(Millis::ZERO);
                service.bake(Millis::from_secs(bake))
            };
            let app = shop([part("auth", 8001, 1), part("web", 8002, 5)])
                .on_failure(OnFailure::Dependents);
            put(&lab, &["auth", "web"], "one");
            promoted(&mut lab, &app).await;
            put(&lab, &["auth", "web"], "two");
            let ends = Script::ends_after(Millis::from_millis(1_900 + after));
            script(&lab, "web", "two", ends);
            let id = begun(&lab, &app).await;
            let lost = lab.until(&id, |fact| matches!(fact, Fact::InstanceLost { .. }));
            lost.await.expect("it is lost");
            // Its own way back is under way, and the other one has passed.
            lab.world.front.trip(&app.key("web"), 9, 6);
            let ending = lab.until_ended(&id).await;
            assert_eq!(ending, Ending::Ended(Outcome::PartlyPromoted), "{after}");
            assert!(lab.world.front.trips().is_empty());
            let is_trip = |fact: &Fact| matches!(fact, Fact::TripwireFired { .. });
            let facts = facts(&lab, &id);
            let told = facts.iter().position(is_trip);
            let returned = facts
                .iter()
                .position(|fact| matches!(fact, Fact::RolloutReturned { .. }));
            late += usize::from(told.expect("it is told") > returned.expect("it is back"));
            assert_clean(&lab);
        });
    }
    assert!(late > 0, "no trip was told after its service was back");
}
