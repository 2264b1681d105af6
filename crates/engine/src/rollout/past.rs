//! What a person lets a rollout go past: told before the word is done, for it changes what is left.

use windlass_model::{
    Follow, GatedStep, Lacking, Millis, Past, Percent, PlanKind, ScoreGate, Step, Verdict,
};

use super::evidence::Awaiting;
use super::state::{Phase, Rollout};

impl Rollout {
    /// What is left out if everything that is left is skipped now; nothing where nothing is left.
    pub(crate) fn skipped(&self, by: String) -> Option<Past> {
        if self.kind != PlanKind::Deploy || self.expedited {
            return None;
        }
        let (bake_left, from) = self.left()?;
        let steps = self.steps();
        let later = steps.get(from..).unwrap_or_default();
        let bakes = later.iter().map(|step| step.bake);
        let below = |step: &&Step| step.to < Percent::FULL;
        let past = Past {
            by,
            at: self.weight,
            bake: bakes.fold(bake_left, Millis::plus),
            steps: later.iter().filter(below).map(|step| step.to).collect(),
            scores: self.unasked(from, later),
            evidence: self.lacking(),
        };
        let is_whole = past.bake == Millis::ZERO
            && past.steps.is_empty()
            && past.scores.is_empty()
            && past.evidence.is_none();
        (!is_whole).then_some(past)
    }

    /// What is left out if the hold of a gate is lifted: the step goes on without its evidence.
    pub(crate) fn let_past(&self, by: String) -> Option<Past> {
        Some(Past {
            by,
            at: self.weight,
            bake: Millis::ZERO,
            steps: Vec::new(),
            scores: Vec::new(),
            evidence: Some(self.missed()?),
        })
    }

    /// The evidence that a hold of its present step is about, if it is still not there.
    pub fn missed(&self) -> Option<Lacking> {
        let bakes = matches!(self.phase, Phase::Baking { .. });
        let gate = self.gate().filter(|_| bakes && self.held)?;
        let lacking = self.lacking()?;
        let holds = gate.follow(lacking.verdict) == Some(Follow::Hold);
        (holds && self.awaiting == Awaiting::Nothing).then_some(lacking)
    }

    /// The evidence that a step below 100 % asks for and has not got.
    fn lacking(&self) -> Option<Lacking> {
        let (verdict, more_requests) = (self.verdict(), self.more_requests());
        let lacking = self.gate().filter(|_| verdict != Verdict::Pass);
        lacking.map(|_| Lacking {
            verdict,
            more_requests,
        })
    }

    /// The scores that nobody will ask for. A gate that is shut already is let go, and told as that.
    fn unasked(&self, from: usize, later: &[Step]) -> Vec<ScoreGate> {
        let is_under_way = from > self.step && !self.is_shut();
        let present = self.score_need().filter(|_| is_under_way);
        let later = later.iter().filter_map(|step| {
            Some(ScoreGate {
                at_least: step.score?.at_least,
                step: Some(GatedStep {
                    service: self.service.clone(),
                    to: step.to,
                }),
            })
        });
        let present = present.map(|need| self.score_gate(need));
        present.into_iter().chain(later).collect()
    }

    /// What is left of the present bake, and the first step that has not come yet; nothing where a
    /// person's word skips nothing any more.
    fn left(&self) -> Option<(Millis, usize)> {
        match &self.phase {
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(_)
            | Phase::Starting { .. }
            | Phase::Holding => Some((Millis::ZERO, self.step)),
            Phase::Shifting { .. } => {
                let bake = self.steps().get(self.step).map(|step| step.bake);
                Some((bake.unwrap_or(Millis::ZERO), self.step + 1))
            }
            Phase::Baking { wait } => {
                let bake = match self.awaiting {
                    Awaiting::Time => wait.remaining,
                    Awaiting::Evidence { .. } | Awaiting::Nothing => Millis::ZERO,
                };
                Some((bake, self.step + 1))
            }
            Phase::Passed
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returning(_)
            | Phase::Returned
            | Phase::Stuck(_) => None,
        }
    }
}
