//! Evidence: what a step waits for, and what a controller that comes back knows of it.

use serde_json::Value;
use windlass_api::Command;
use windlass_model::{
    DeploymentId, DeploymentState, Fact, Gate, Millis, Outcome, ReturnReason, SlotId, Verdict,
};
use windlass_testkit::{App, Ending, Lab, run, service_name};

use crate::fixture::{assert_clean, begun, facts, promoted, put, say, shop, until_baking, web};

/// A canary at half of the traffic that needs evidence there.
fn careful(bake_ms: u64) -> App {
    let gate = Gate {
        longest: Millis::from_secs(900),
        ..Gate::default()
    };
    let part = web().canary(&[(50, bake_ms), (100, 2_000)]);
    shop([part.with(|spec| spec.analysis = Some(gate))])
}

/// Version two beside version one, at half of so many requests in a second; one in a hundred of each
/// is answered with an error.
async fn beside(lab: &mut Lab, app: &App, per_second: u64) -> DeploymentId {
    put(lab, &["web"], "one");
    promoted(lab, app).await;
    let key = shop([]).key("web");
    lab.world.front.requests_come(&key, per_second);
    for slot in [0, 1] {
        lab.world.front.errors(&key, SlotId(slot), 1);
        lab.world.front.answers_take(&key, SlotId(slot), TAKES_US);
    }
    put(lab, &["web"], "two");
    let id = begun(lab, app).await;
    until_baking(lab, &id, "web", 50).await;
    id
}

/// What most answers take.
const TAKES_US: u64 = 40_000;

/// Why version two went back, once each of its answers takes so many times as long.
async fn slower(hundredths: u64) -> String {
    let mut lab = Lab::new().await;
    let id = beside(&mut lab, &careful(2_000), 400).await;
    let key = shop([]).key("web");
    let takes = TAKES_US * hundredths / 100;
    lab.world.front.answers_take(&key, SlotId(1), takes);
    assert_eq!(
        lab.until_ended(&id).await,
        Ending::Ended(Outcome::RolledBack)
    );
    let failed = crate::fixture::failed(&lab, &id);
    let [(_, ReturnReason::NoEvidence { verdict, saw })] = &failed[..] else {
        unreachable!("{failed:?}");
    };
    assert_eq!(*verdict, Verdict::Fail);
    saw.clone()
}

#[test]
fn half_as_slow_again_is_seen_beside_what_it_replaces_and_goes_back() {
    run(async {
        for hundredths in [150, 300] {
            let saw = slower(hundredths).await;
            let words = "; slower: 100.00 % of the answers took more than ";
            assert!(saw.contains(words), "{saw}");
            assert!(saw.ends_with(" before"), "{saw}");
        }
    });
}

/// A canary whose every step is shorter than the time for which its errors would have to last.
fn hasty() -> App {
    shop([web().canary(&[(50, 4_000), (100, 4_000)])])
}

/// Both err alike, so that only the trigger on the error rate has something to say.
fn errs(lab: &Lab, per_cent: u64) {
    let key = shop([]).key("web");
    for slot in [0, 1] {
        lab.world.front.errors(&key, SlotId(slot), per_cent);
    }
}

#[test]
fn a_step_waits_for_a_trigger_that_is_met_and_lacks_only_time() {
    run(async {
        let mut lab = Lab::new().await;
        let id = beside(&mut lab, &hasty(), 100).await;
        errs(&lab, 20);
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let failed = crate::fixture::failed(&lab, &id);
        let [(_, ReturnReason::Triggered { trigger, .. })] = &failed[..] else {
            unreachable!("{failed:?}");
        };
        assert_eq!(trigger.to_string(), "error rate > 5% for 10s");
        let whole = |fact: &Fact| matches!(fact, Fact::TrafficShifted { slot, to, .. } if *slot == SlotId(1) && to.get() == 100);
        assert!(
            !facts(&lab, &id).iter().any(whole),
            "nothing was raised meanwhile"
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_step_goes_on_once_a_trigger_is_met_no_more() {
    run(async {
        let mut lab = Lab::new().await;
        let id = beside(&mut lab, &hasty(), 100).await;
        errs(&lab, 20);
        lab.pass(Millis::from_secs(7)).await;
        errs(&lab, 0);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

/// Stopped by a signal it refuses nothing: it only never answers.
#[test]
fn a_bake_stands_still_while_the_router_keeps_silent() {
    run(async {
        let mut lab = Lab::new().await;
        let app = shop([web().canary(&[(50, 30_000), (100, 2_000)])]);
        let id = beside(&mut lab, &app, 100).await;
        lab.pass(Millis::from_secs(5)).await;
        let trouble = &lab.world.front.trouble;
        trouble.begin(1, 0, Millis::from_secs(2_000));
        lab.pass(Millis::from_secs(600)).await;
        let view = lab.handle().show(id.clone()).await.expect("it is known");
        let part = view.rollouts.values().next().expect("one service");
        assert!(part.remaining_ms > Some(20_000), "{:?}", part.remaining_ms);
        let lost = Fact::Sight {
            service: service_name("web"),
            sees: false,
            why: None,
        };
        assert!(facts(&lab, &id).contains(&lost));
        lab.world.front.trouble.begin(1, 0, Millis::from_millis(1));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn a_little_slower_is_no_reason_to_go_back() {
    run(async {
        let mut lab = Lab::new().await;
        let id = beside(&mut lab, &careful(2_000), 400).await;
        let key = shop([]).key("web");
        let takes = TAKES_US + TAKES_US / 20;
        lab.world.front.answers_take(&key, SlotId(1), takes);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn response_times_wait_until_there_is_enough_to_compare_with() {
    run(async {
        let mut lab = Lab::new().await;
        let id = beside(&mut lab, &careful(600_000), 10).await;
        lab.pass(Millis::from_secs(60)).await;
        let why = |view: windlass_api::DeploymentView| {
            let part = view.rollouts.into_values().next().expect("one service");
            part.judgement.expect("it was judged").words
        };
        let view = lab.handle().show(id.clone()).await.expect("a view");
        let words = why(view);
        assert!(words.contains("; response times not compared: "), "{words}");
        assert!(
            words.ends_with(" of 1,000 answers to compare with"),
            "{words}"
        );
        lab.pass(Millis::from_secs(240)).await;
        let words = why(lab.handle().show(id.clone()).await.expect("a view"));
        assert!(
            words.contains("; response times: no difference shown"),
            "{words}"
        );
    });
}

fn awaited(facts: &[Fact]) -> Vec<Verdict> {
    let all = facts.iter().filter_map(|fact| match fact {
        Fact::EvidenceAwaited { verdict, .. } => Some(*verdict),
        _ => None,
    });
    all.collect()
}

#[test]
fn a_step_goes_on_once_a_doubling_would_have_been_seen() {
    run(async {
        let mut lab = Lab::new().await;
        let id = beside(&mut lab, &careful(2_000), 100).await;
        let waits = |fact: &Fact| matches!(fact, Fact::EvidenceAwaited { .. });
        lab.until(&id, waits).await.expect("its bake was too short");
        let view = lab.handle().show(id.clone()).await.expect("a view");
        let part = view.rollouts.values().next().expect("one service");
        let evidence = part.evidence.as_ref().expect("it waits for evidence");
        assert_eq!(evidence.verdict, Verdict::Inconclusive);
        assert!(evidence.more_requests > Some(5_000), "{evidence:?}");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert!(
            awaited(&facts(&lab, &id)).len() > 1,
            "told again on the way: {:?}",
            facts(&lab, &id)
                .iter()
                .filter(|f| waits(f))
                .collect::<Vec<_>>()
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_step_that_nobody_asks_waits_and_then_for_a_person() {
    run(async {
        let mut lab = Lab::new().await;
        let id = beside(&mut lab, &careful(2_000), 0).await;
        let held = |fact: &Fact| matches!(fact, Fact::Held { .. });
        lab.until(&id, held).await.expect("nothing came");
        assert_eq!(awaited(&facts(&lab, &id)), [Verdict::NoData]);
        let view = lab.handle().show(id.clone()).await.expect("a view");
        assert_eq!(view.state, DeploymentState::Held);
        say(&lab, &id, Command::Resume)
            .await
            .expect("a person's word");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_clean(&lab);
    });
}

/// The last tick that is in it, and the state of the one candidate.
fn kept(lab: &Lab) -> Option<(u64, Value)> {
    let seen = lab.world.disk.seen()?;
    let mut seen: Value = serde_json::from_str(&seen).expect("json");
    let last = seen["last"][0].as_u64().expect("a number");
    Some((last, seen["candidates"][0]["watch"].take()))
}

/// What is kept once `last` ticks were judged; the controller is killed after so many seconds each.
async fn after(last: u64, kills: &[u64]) -> Value {
    let mut lab = Lab::new().await;
    lab.stay_down_for(Millis::from_secs(2));
    beside(&mut lab, &careful(600_000), 400).await;
    for kill in kills {
        lab.pass(Millis::from_secs(*kill)).await;
        lab.crash_and_restart().await;
    }
    loop {
        lab.pass(Millis::from_millis(200)).await;
        match kept(&lab) {
            Some((kept, state)) if kept >= last => {
                assert_eq!(kept, last, "killed after {kills:?}");
                return state;
            }
            Some(_) | None => {}
        }
    }
}

#[test]
fn a_controller_that_comes_back_goes_on_bit_by_bit() {
    run(async {
        // Ticks of a second: kept every thirty of them.
        let whole = after(150, &[]).await;
        assert!(whole["here"].as_u64() > Some(20_000), "{whole}");
        for kills in [&[1][..], &[7, 9, 31], &[20, 40], &[64, 1, 1]] {
            assert_eq!(after(150, kills).await, whole, "killed after {kills:?}");
        }
    });
}
