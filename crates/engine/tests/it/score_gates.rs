//! A step that needs a score beside its time, its evidence and the sight of its answers.

use windlass_engine::rollout::Event;
use windlass_model::{
    Below, Change, Fact, Gate, Measure, Millis, ReturnReason, RolloutPhase, ScoreNeed,
    ScoreSummary, Verdict,
};

use crate::asks;
use crate::builders::{App, BAKE, Kind};
use crate::evidence::judged;
use crate::walk::{API, Walk, applied, ready, started};

/// What it asks for once it goes on.
const GOES_ON: &str = "route 2: 8000 1(old0)=75 2(new0)=25";

/// A score that lies from `low` to `high`.
pub(crate) fn summary(low: f64, high: f64) -> ScoreSummary {
    ScoreSummary {
        at_us: 0,
        low: Measure::nearest(low),
        high: Measure::nearest(high),
        band: None,
        permit: None,
        lost: Vec::new(),
    }
}

fn scored(low: f64, high: f64) -> Event {
    let score = Box::new(summary(low, high));
    Event::Scored { step: 0, score }
}

fn is(score: f64) -> Event {
    scored(score, score)
}

/// Watched at 5 %, which needs evidence and a score of 90.
fn baking(below: Below) -> Walk {
    let gate = Gate {
        longest: BAKE.plus(Millis::from_secs(5)),
        ..Gate::default()
    };
    let mut api = Walk::app(&App::of(API, Kind::Canary).needs_evidence(gate));
    let Change::Beside { steps } = &mut api.rollout.plan.change else {
        unreachable!("a canary");
    };
    let first = steps.first_mut().expect("a step");
    first.score = Some(ScoreNeed {
        at_least: 90,
        below,
    });
    api.after(&[
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
        applied(1),
    ])
}

/// Its time is over and its evidence was there; its score alone keeps it.
fn shut() -> Walk {
    let mut api = baking(Below::Hold).after(&[judged(Verdict::Pass, 5, 4_000), is(80.0)]);
    asks!(api.waits_out());
    assert!(api.rollout.is_shut());
    api
}

#[test]
fn a_score_that_comes_when_the_evidence_is_gone_passes_no_step() {
    for verdict in [Verdict::NoData, Verdict::Inconclusive] {
        let mut api = shut().after(&[judged(verdict, 5, 4_000)]);
        let asked = api.hears(&is(95.0));
        assert_eq!(api.phase(), RolloutPhase::Baking, "{verdict}: {asked:?}");
        let [Fact::EvidenceAwaited { verdict: told, .. }] = &api.facts[..] else {
            unreachable!("{:?}", api.facts);
        };
        assert_eq!(*told, verdict);
        // Both are there again.
        let asked = api.hears(&judged(Verdict::Pass, 5, 8_000));
        assert_eq!(asked.first().map(String::as_str), Some(GOES_ON));
    }
}

#[test]
fn evidence_that_goes_twice_is_waited_for_twice() {
    let mut api = shut().after(&[judged(Verdict::NoData, 5, 0), is(95.0)]);
    api = api.after(&[is(80.0), judged(Verdict::Pass, 5, 8_000)]);
    assert!(api.rollout.is_shut());
    api = api.after(&[judged(Verdict::NoData, 5, 0)]);
    api.hears(&is(95.0));
    assert!(
        matches!(api.facts[..], [Fact::EvidenceAwaited { .. }]),
        "{:?}",
        api.facts
    );
    api = api.after(&[judged(Verdict::Pass, 5, 9_000)]);
    assert_eq!(api.phase(), RolloutPhase::Shifting);
}

#[test]
fn a_score_that_comes_while_nobody_sees_its_answers_passes_a_step_once_somebody_does() {
    let mut api = shut().after(&[Event::SightLost]);
    asks!(api.hears(&is(95.0)));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    let asked = api.hears(&Event::SightBack);
    assert_eq!(asked.first().map(String::as_str), Some(GOES_ON));
}

#[test]
fn evidence_that_comes_while_nobody_sees_its_answers_passes_no_step_by_its_score() {
    let mut api = baking(Below::Hold).after(&[is(95.0)]);
    api.waits_out();
    api = api.after(&[Event::SightLost]);
    asks!(api.hears(&judged(Verdict::Pass, 5, 4_000)));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    let asked = api.hears(&Event::SightBack);
    assert_eq!(asked.first().map(String::as_str), Some(GOES_ON));
}

#[test]
fn a_score_that_is_not_known_waits_however_low_it_must_be() {
    let mut api =
        baking(Below::Rollback).after(&[judged(Verdict::Pass, 5, 4_000), scored(10.0, 70.0)]);
    asks!(api.waits_out());
    assert!(api.rollout.is_shut(), "{:?}", api.facts);
    let [.., Fact::GateShut { then, .. }] = &api.facts[..] else {
        unreachable!("{:?}", api.facts);
    };
    assert_eq!(*then, Below::Hold);
    api.hears(&is(70.0));
    assert!(matches!(api.reason(), ReturnReason::LowScore { .. }));
}
