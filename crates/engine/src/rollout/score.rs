//! The score that a step needs beside its time.

use windlass_model::{GatedStep, Percent, ScoreGate, ScoreNeed, ScoreSummary, Step};

use super::state::{Phase, Rollout};

/// The score of the present step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepScore {
    /// What was measured last while the step lasts.
    pub last: Option<Box<ScoreSummary>>,
    /// Whether it keeps the step from being passed.
    pub gate: StepGate,
}

/// Whether a score keeps a step from being passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepGate {
    /// It was not asked yet.
    #[default]
    Unasked,
    /// It does.
    Shut,
    /// A person let it go on all the same.
    LetGo,
}

impl Rollout {
    fn present(&self) -> Option<Step> {
        self.steps().get(self.step).copied()
    }

    /// The score that the present step needs to be passed; none once a person has said that it needs none.
    pub fn score_need(&self) -> Option<ScoreNeed> {
        let asks = !self.expedited && self.score.gate != StepGate::LetGo;
        self.present()?.score.filter(|_| asks)
    }

    /// Whether the score keeps the present step from being passed.
    pub fn is_shut(&self) -> bool {
        let bakes = matches!(self.phase, Phase::Baking { .. });
        bakes && self.score.gate == StepGate::Shut && self.score_need().is_some()
    }

    /// The gate of the present step, as it is told.
    pub fn score_gate(&self, need: ScoreNeed) -> ScoreGate {
        ScoreGate {
            at_least: need.at_least,
            step: Some(GatedStep {
                service: self.service.clone(),
                to: self.present().map_or(Percent::FULL, |step| step.to),
            }),
        }
    }
}
