//! A step that needs evidence, and what follows where there is none.

use windlass_engine::deployment;
use windlass_engine::rollout::Event;
use windlass_model::{
    DeploymentState, Fact, Follow, Gate, Judgement, Lacking, Measure, Millis, Outcome, Past,
    Percent, ReturnReason, RolloutPhase, SlotId, Tally, Verdict,
};

use crate::asks;
use crate::builders::{App, BAKE, Kind, name};
use crate::walk::{API, Walk, applied, fired, ready, started};
use crate::world::{self, World};

/// Half a minute after the bake.
const LONGEST: Millis = Millis::from_secs(40);

fn gate() -> Gate {
    Gate {
        longest: LONGEST,
        ..Gate::default()
    }
}

/// The candidate's answers at a share say this, of so many requests there.
pub(crate) fn judged(verdict: Verdict, share: u8, here: u64) -> Event {
    let tally = |requests| Tally {
        requests,
        errors: 1,
    };
    Event::Judged {
        slot: SlotId(2),
        judgement: Box::new(Judgement {
            share: Percent::try_from(share).expect("a share"),
            verdict,
            words: "0.10 % against 0.10 % beside it".to_owned(),
            stable: tally(here),
            candidate: tally(here),
            here,
            at_least: Measure::nearest(0.5),
            at_most: Measure::nearest(2.0),
            evidence: Measure::nearest(0.1),
            needed: Measure::nearest(4.6),
            visible: None,
            more_requests: Some(4_000_u64.saturating_sub(here)),
            not_watched: Vec::new(),
            rising: Vec::new(),
            unanswered: false,
            read: std::collections::BTreeSet::new(),
            unread: std::collections::BTreeMap::new(),
        }),
    }
}

/// Watched at 5 %.
fn baking(gate: Gate) -> Walk {
    Walk::app(&App::of(API, Kind::Canary).needs_evidence(gate)).after(&[
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
        applied(1),
    ])
}

/// Lets its time pass; what is asked for once it waits for something else.
fn bakes_out(api: &mut Walk) -> Vec<String> {
    let awaiting = api.rollout.awaiting;
    for _ in 0..1_000 {
        let timer = api.running_timer().expect("a running timer");
        let asked = api.hears(&fired(timer));
        if api.rollout.awaiting != awaiting || api.phase() != RolloutPhase::Baking {
            return asked;
        }
    }
    unreachable!("the wait never ends");
}

/// Its bake is over, and there is no evidence.
fn awaiting(gate: Gate) -> Walk {
    let mut api = baking(gate);
    bakes_out(&mut api);
    api
}

#[test]
fn a_bake_that_is_over_waits_for_evidence_and_goes_on_once_that_comes() {
    let mut api = baking(gate()).after(&[judged(Verdict::Inconclusive, 5, 1_000)]);
    asks!(bakes_out(&mut api), "timer 5 5s");
    assert_eq!(api.phase(), RolloutPhase::Baking);
    assert_eq!(
        api.facts,
        [Fact::EvidenceAwaited {
            service: name(API),
            verdict: Verdict::Inconclusive,
            more_requests: Some(3_000),
            within: LONGEST.less(BAKE),
        }]
    );
    asks!(
        api.hears(&judged(Verdict::Pass, 5, 4_000)),
        "route 2: 8000 1(old0)=75 2(new0)=25",
        "timer 6 5s"
    );
}

#[test]
fn evidence_that_is_there_already_costs_no_time_and_the_bake_is_kept() {
    let mut api = baking(gate());
    asks!(api.hears(&judged(Verdict::Pass, 5, 4_000)));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    asks!(
        api.waits_out(),
        "route 2: 8000 1(old0)=75 2(new0)=25",
        "timer 5 5s"
    );
}

#[test]
fn what_is_missing_is_told_again_when_half_of_it_has_come() {
    let mut api = baking(gate()).after(&[judged(Verdict::Inconclusive, 5, 1_000)]);
    bakes_out(&mut api);
    api.hears(&judged(Verdict::Inconclusive, 5, 1_500));
    assert_eq!(api.facts, []);
    api.hears(&judged(Verdict::Inconclusive, 5, 2_600));
    let [Fact::EvidenceAwaited { more_requests, .. }] = &api.facts[..] else {
        unreachable!("{:?}", api.facts);
    };
    assert_eq!(*more_requests, Some(1_400));
}

#[test]
fn evidence_of_another_share_is_none_of_this_step() {
    let mut api = baking(gate()).after(&[judged(Verdict::Pass, 5, 4_000)]);
    api.waits_out();
    api.hears(&applied(2));
    // At 25 % nothing was compared yet, whatever is known from 5 %.
    for event in [judged(Verdict::Pass, 25, 0), Event::SightBack] {
        api.hears(&event);
    }
    bakes_out(&mut api);
    assert_eq!(api.rollout.verdict(), Verdict::NoData);
    assert_eq!(api.phase(), RolloutPhase::Baking);
    let asked = api.hears(&judged(Verdict::Pass, 25, 10));
    assert_eq!(asked[0], "route 3: 8000 1(old0)=0 2(new0)=100");
    // At 100 % nothing serves beside it: no time would bring any.
    api.hears(&applied(3));
    asks!(api.waits_out());
    assert_eq!(api.phase(), RolloutPhase::Passed);
}

#[test]
fn when_the_longest_time_is_over_the_policy_says_what_follows() {
    let all = [Follow::Hold, Follow::Rollback, Follow::GoOn];
    for (verdict, then) in [Verdict::NoData, Verdict::Inconclusive]
        .into_iter()
        .flat_map(|verdict| all.map(|then| (verdict, then)))
    {
        let mut gate = gate();
        match verdict {
            Verdict::NoData => gate.no_data = then,
            _ => gate.inconclusive = then,
        }
        let mut api = awaiting(gate).after(&[judged(verdict, 5, 100)]);
        let asked = bakes_out(&mut api);
        let missing = api.facts.iter().find_map(|fact| match fact {
            Fact::EvidenceMissing { verdict, then, .. } => Some((*verdict, *then)),
            _ => None,
        });
        assert_eq!(missing, Some((verdict, then)));
        match then {
            Follow::Hold => {
                assert_eq!((api.phase(), asked.len()), (RolloutPhase::Baking, 0));
                assert_eq!(api.running_timer(), None);
            }
            Follow::Rollback => {
                assert_eq!(api.phase(), RolloutPhase::Returning);
                let why = api.reason();
                assert!(matches!(why, ReturnReason::NoEvidence { .. }), "{why:?}");
            }
            Follow::GoOn => assert_eq!(asked[0], "route 2: 8000 1(old0)=75 2(new0)=25"),
        }
    }
}

#[test]
fn what_is_shown_for_good_needs_no_time() {
    let mut api = baking(gate());
    api.hears(&judged(Verdict::Fail, 5, 1_000));
    assert_eq!(api.phase(), RolloutPhase::Returning);
    let mut error = gate();
    error.error = Follow::Rollback;
    let mut api = awaiting(error);
    api.hears(&judged(Verdict::Error, 5, 1_000));
    assert_eq!(api.phase(), RolloutPhase::Returning);
}

#[test]
fn neither_a_bake_nor_a_wait_goes_on_while_answers_cannot_be_seen() {
    let mut api = awaiting(gate()).after(&[Event::SightLost]);
    assert_eq!(api.running_timer(), None);
    let left = api.rollout.remaining();
    assert_eq!(api.phase(), RolloutPhase::Baking);
    api.hears(&Event::SightBack);
    assert_eq!(api.rollout.remaining(), left);
    assert!(api.running_timer().is_some());
}

#[test]
fn evidence_that_comes_while_a_person_holds_it_is_used_when_that_ends() {
    let mut api = awaiting(gate()).after(&[Event::Held]);
    asks!(api.hears(&judged(Verdict::Pass, 5, 4_000)));
    let asked = api.hears(&Event::Resumed);
    assert_eq!(asked[0], "route 2: 8000 1(old0)=75 2(new0)=25");
}

#[test]
fn a_hold_for_want_of_evidence_is_lifted_by_a_person_and_the_next_step_asks_again() {
    let mut world = World::new(&App::of(API, Kind::Canary).needs_evidence(gate()));
    assert!(world.run_until(|world| world.deployment.held));
    let by = world.facts.iter().find_map(|fact| match fact {
        Fact::Held { by } => Some(by.clone()),
        _ => None,
    });
    assert_eq!(by.as_deref(), Some("the analysis of api (no data)"));
    assert_eq!(world.rollout(API).weight.get(), 5);
    world.says_resume();
    assert!(world.run_until(|world| world.deployment.held));
    assert_eq!(world.rollout(API).weight.get(), 25);
    assert_eq!(world.deployment.state(), DeploymentState::Held);
    world.says_promote();
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    let past = |at: u8, bake: Millis| Past {
        scores: Vec::new(),
        by: world::by(),
        at: Percent::try_from(at).expect("a share"),
        bake,
        steps: Vec::new(),
        evidence: Some(Lacking {
            verdict: Verdict::NoData,
            more_requests: None,
        }),
    };
    // The bake at 100 % was skipped with the gate.
    let expected = [past(5, Millis::ZERO), past(25, BAKE)];
    assert_eq!(world.rollout(API).past, expected);
    let told = world.facts.iter().filter_map(|fact| match fact {
        Fact::WentPast { past, .. } => Some(past.clone()),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(world.replayed(), world.deployment);
}

#[test]
fn who_promotes_early_leaves_out_what_is_left_and_who_resumes_or_waits_nothing() {
    let mut world = World::new(&App::of(API, Kind::Canary));
    world.run_to_share(API, 5);
    world.says_hold();
    world.says_resume();
    assert_eq!(world.rollout(API).past, []);
    world.says_promote();
    let [past] = &world.rollout(API).past[..] else {
        unreachable!("{:?}", world.rollout(API).past);
    };
    assert_eq!(past.at.get(), 5);
    assert_eq!(
        past.steps.iter().map(|to| to.get()).collect::<Vec<_>>(),
        [25]
    );
    assert_eq!(past.evidence, None);
    // Of 5, 25 and 100 %.
    assert_eq!(past.bake, BAKE.plus(BAKE).plus(BAKE));
    world.says_promote();
    assert_eq!(world.rollout(API).past.len(), 1);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn a_candidate_with_evidence_at_every_step_is_promoted_without_a_person() {
    let mut world = World::new(&App::of(API, Kind::Canary).needs_evidence(gate()));
    for share in [5, 25] {
        world.run_to_share(API, share);
        let event = judged(Verdict::Pass, share, 4_000);
        let service = name(API);
        world.commit(deployment::Event::Rollout { service, event });
    }
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    let missing = |fact: &&Fact| matches!(fact, Fact::EvidenceMissing { .. });
    assert_eq!(world.facts.iter().find(missing), None);
}

#[test]
fn what_is_not_brought_beside_another_needs_no_evidence() {
    for kind in [Kind::First, Kind::BlueGreen, Kind::Recreate] {
        let mut world = World::new(&App::of(API, kind).needs_evidence(gate()));
        assert_eq!(world.run_to_end(), Outcome::Promoted, "{kind:?}");
    }
}
