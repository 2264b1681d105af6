//! The health score around a deployment: what it was, what it has to reach, and what it became.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{
    Before, Fact, PlanKind, Reach, ScoreGate, ScoreStage, ScoreSummary, ServiceName, Trigger,
};

use super::advance::ended;
use super::state::{Course, Deployment};
use super::step::Turn;
use crate::rollout::{self, Phase, Rollout};

/// What is known of the health score of one deployment. Stays as it is where the plan has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    /// What it was before anything moved.
    pub before: Option<Box<ScoreSummary>>,
    /// Whether the deployment may begin.
    pub gate: Gate,
    /// Whether all is done but the last measurement.
    pub ending: bool,
    /// What it had become when all was done.
    pub after: Option<Box<ScoreSummary>>,
}

/// Whether the score lets a deployment begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// It was not measured yet.
    #[default]
    Unmeasured,
    /// It is too low, or not known.
    Shut,
    /// It does, or nothing asks for it, or a person said so.
    Open,
}

/// What the score is measured for now. A measurement answers the wish that it began with, so that what was
/// seen before a step is no evidence of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreWish {
    /// Of what time.
    pub stage: ScoreStage,
    /// The steps that need it now, by service.
    #[serde(default)]
    pub steps: BTreeMap<ServiceName, usize>,
}

impl Deployment {
    /// What the score is measured for now: once soon, and then again and again as long as it is so. Answered
    /// by [`Event::Scored`](super::Event::Scored). None where nothing asks for it.
    pub fn score_wish(&self) -> Option<ScoreWish> {
        let wish = |stage, steps| Some(ScoreWish { stage, steps });
        if self.plan.score.is_empty() || self.is_ended() {
            return None;
        }
        if self.scores.ending {
            return wish(ScoreStage::After, BTreeMap::new());
        }
        match self.course {
            Course::Forward | Course::Promoting if self.awaits_score() => {
                wish(ScoreStage::Before, BTreeMap::new())
            }
            Course::Forward | Course::Promoting => {
                let steps = self.steps_that_need_it();
                // Without a score from before nothing can be said of a drop.
                let known = self.scores.before.as_ref().and_then(|it| it.known());
                let is_watched = known.is_some() && self.rollouts.values().any(watches_score);
                let wanted = !steps.is_empty() || is_watched;
                wanted.then_some(ScoreWish {
                    stage: ScoreStage::During,
                    steps,
                })
            }
            Course::Promoted | Course::Returning | Course::Ended(_) => None,
        }
    }

    fn steps_that_need_it(&self) -> BTreeMap<ServiceName, usize> {
        let bakes = |rollout: &Rollout| matches!(rollout.phase, Phase::Baking { .. });
        let all = self.rollouts.iter();
        all.filter(|(_, rollout)| bakes(rollout) && rollout.score_need().is_some())
            .map(|(service, rollout)| (service.clone(), rollout.step))
            .collect()
    }

    /// Whether nothing may begin before the score says so.
    pub(super) fn awaits_score(&self) -> bool {
        is_scored(self) && self.scores.gate != Gate::Open
    }

    /// The gates that keep it from going on because of a score. A way back has none.
    pub fn shut_gates(&self) -> Vec<ScoreGate> {
        match self.course {
            Course::Forward | Course::Promoting => {}
            Course::Promoted | Course::Returning | Course::Ended(_) => return Vec::new(),
        }
        let before = before_gate(self).filter(|_| self.scores.gate == Gate::Shut);
        let steps = self.rollouts.values().filter(|rollout| rollout.is_shut());
        let steps = steps.filter_map(|rollout| Some(rollout.score_gate(rollout.score_need()?)));
        before.into_iter().chain(steps).collect()
    }

    /// The score that it needs to begin.
    pub fn score_before(&self) -> Option<u16> {
        let first = self.plan.before.first();
        first.map(|Before::Score(at_least)| *at_least)
    }
}

/// Whether its score is measured at all. What only changes names has nothing to be measured by.
fn is_scored(deployment: &Deployment) -> bool {
    let plan = &deployment.plan;
    plan.kind == PlanKind::Deploy && !plan.score.is_empty() && !plan.rollouts.is_empty()
}

/// Whether a rule of a candidate that has traffic, or may have, rests on the score.
fn watches_score(rollout: &Rollout) -> bool {
    let mut triggers = rollout
        .plan
        .spec
        .rollback_on
        .iter()
        .flat_map(|rule| &rule.all);
    rollout.may_be_watched() && triggers.any(|it| matches!(it, Trigger::ScoreDrops { .. }))
}

fn before_gate(deployment: &Deployment) -> Option<ScoreGate> {
    let at_least = deployment.score_before()?;
    Some(ScoreGate {
        at_least,
        step: None,
    })
}

/// The score was measured.
pub(super) fn scored(turn: &mut Turn, of: &ScoreWish, score: &ScoreSummary) {
    // What it was measured for may be over.
    if turn.deployment.score_wish().map(|wish| wish.stage) != Some(of.stage) {
        return;
    }
    match of.stage {
        ScoreStage::Before => before(turn, score),
        ScoreStage::During => {
            for (service, step) in &of.steps {
                let event = rollout::Event::Scored {
                    step: *step,
                    score: Box::new(score.clone()),
                };
                turn.rollout(service, &event);
            }
        }
        ScoreStage::After => {
            told(turn, ScoreStage::After, score);
            turn.deployment.scores.after = Some(Box::new(score.clone()));
            turn.deployment.scores.ending = false;
            ended(turn);
        }
    }
}

fn told(turn: &mut Turn, stage: ScoreStage, score: &ScoreSummary) {
    turn.facts.push(Fact::Scored {
        stage,
        score: Box::new(score.clone()),
    });
}

/// Nothing has moved yet. What comes to the same as the last time is no news.
fn before(turn: &mut Turn, score: &ScoreSummary) {
    let known = turn.deployment.scores.before.as_ref();
    if known.is_some_and(|known| known.says_the_same(score)) {
        return;
    }
    if known.is_none() {
        told(turn, ScoreStage::Before, score);
    }
    let score = Box::new(score.clone());
    turn.deployment.scores.before = Some(score.clone());
    let gate = before_gate(&turn.deployment);
    let reach = gate.as_ref().map(|gate| score.reach(gate.at_least));
    turn.deployment.scores.gate = match reach {
        None | Some(Reach::Reached) => Gate::Open,
        Some(Reach::Below | Reach::Unknown) => Gate::Shut,
    };
    turn.facts.extend(gate.map(|gate| match reach {
        Some(Reach::Below | Reach::Unknown) => Fact::GateShut {
            gate,
            score,
            then: windlass_model::Below::Hold,
        },
        Some(Reach::Reached) | None => Fact::GatePassed {
            gate,
            score: Some(score),
            by: None,
        },
    }));
}

/// A person goes on all the same: every gate that is shut lets go, and it is told of whom. One that asks for
/// a score which was not measured yet stays.
pub(super) fn let_go(turn: &mut Turn, by: &str) {
    let at_step = |service: &ServiceName| {
        let rollout = turn.deployment.rollouts.get(service)?;
        rollout.score.last.clone()
    };
    let gates = turn.deployment.shut_gates().into_iter();
    let facts: Vec<Fact> = gates
        .map(|gate| {
            let score = match &gate.step {
                None => turn.deployment.scores.before.clone(),
                Some(step) => at_step(&step.service),
            };
            Fact::GatePassed {
                gate,
                score,
                by: Some(by.to_owned()),
            }
        })
        .collect();
    turn.facts.extend(facts);
    if turn.deployment.scores.gate == Gate::Shut {
        turn.deployment.scores.gate = Gate::Open;
    }
}

/// Whether the end waits for one more measurement; asks for it. Where nothing was begun nothing can have
/// changed.
pub(super) fn measures_the_end(turn: &mut Turn) -> bool {
    let begun = |rollout: &Rollout| !rollout.begun.is_empty() || rollout.phase == Phase::Done;
    let now = &turn.deployment;
    if !is_scored(now) || now.scores.before.is_none() || !now.rollouts.values().any(begun) {
        return false;
    }
    turn.deployment.scores.ending = true;
    true
}
