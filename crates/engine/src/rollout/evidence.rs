//! The evidence that a step needs beside its time.

use windlass_model::{Gate, Percent, PlanKind, Verdict};

use super::state::Rollout;

/// What a step waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Awaiting {
    /// Its time.
    #[default]
    Time,
    /// Its time is over, but there is no evidence yet.
    Evidence {
        /// How many more requests were said to be missing.
        told: Option<u64>,
    },
    /// There is none, and what follows of that is settled: it goes on as soon as it may.
    Nothing,
}

impl Rollout {
    /// The evidence that the present step needs. None at 100 %, where nothing serves beside it and no
    /// time would bring any, and of what is not brought beside the old one.
    pub fn gate(&self) -> Option<&Gate> {
        let below = |step: &windlass_model::Step| step.to < Percent::FULL;
        let compares = self.kind == PlanKind::Deploy
            && self.keeps_standby()
            && self.steps().get(self.step).is_some_and(below);
        let gate = self.plan.spec.analysis.as_ref();
        gate.filter(|_| compares && !self.expedited)
    }

    /// What its answers say, as far as it is of the present step: where nothing was compared at its
    /// share that is no data, however much came before.
    pub fn verdict(&self) -> Verdict {
        let Some(last) = &self.judgement else {
            return Verdict::NoData;
        };
        let here = last.share == self.weight && last.here > 0;
        match last.verdict {
            Verdict::Fail | Verdict::Error => last.verdict,
            Verdict::Pass | Verdict::Inconclusive if here => last.verdict,
            Verdict::Pass | Verdict::Inconclusive | Verdict::NoData => Verdict::NoData,
        }
    }

    /// About how many more requests are needed, where that can be told.
    pub fn more_requests(&self) -> Option<u64> {
        let more = self.judgement.as_ref()?.more_requests;
        more.filter(|_| self.verdict() == Verdict::Inconclusive)
    }
}
