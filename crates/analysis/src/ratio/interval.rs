//! By how much the rates differ, as an interval that holds at every look.

use serde::{Deserialize, Serialize};

use super::grid::{GRID, LN_WEIGHT, Side, Test};
use super::shares::Shares;
use super::tick::Tick;
use crate::numbers::{real, root, sum};

/// The smallest and the largest ratio that are told apart.
pub const ENDS: (f64, f64) = (1e-4, 1e4);

/// What an interval for the ratio needs to know of all ticks: a few kilobytes, however many there were.
///
/// `L_j(r_0) = S_1 ln(r_j/r_0) - G(r_j) + G(r_0)` with `G(r) = Σ s ln(1 + π (r - 1))` over all bad
/// events. `G` is taken too large or too small where shares were put together, so that the interval
/// can only become wider. With the same share in all ticks of a stage it is exact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    candidate: u64,
    shares: Shares,
}

impl Evidence {
    /// Adds a tick. One in which either had no requests changes nothing.
    pub fn push(&mut self, tick: Tick) {
        if let Some(share) = tick.share() {
            self.candidate = self.candidate.saturating_add(tick.candidate.bad);
            let bad = tick.stable.bad.saturating_add(tick.candidate.bad);
            self.shares.push(share, bad);
        }
    }

    /// The log of what [`super::Process`] would say of this test, or a little less.
    pub fn log_e(&self, test: Test) -> f64 {
        let g = |ratio: f64| move |share: f64| (share * (ratio - 1.0)).ln_1p();
        let at_bound = self.shares.at_least(g(test.bound));
        let logs = GRID.map(|times| {
            let ratio = test.alternative(times);
            let gained = real(self.candidate) * (ratio / test.bound).ln();
            LN_WEIGHT + gained - self.shares.at_most(g(ratio)) + at_bound
        });
        sum::of_logs(&logs)
    }

    /// The ratios of the candidate's rate to the stable one's that are not refuted: this holds with
    /// a chance of at least `1 - alpha` at every look at once. Ends at [`ENDS`].
    pub fn interval(&self, alpha: f64) -> (f64, f64) {
        let needed = (2.0 / alpha).ln();
        let (lowest, highest) = ENDS;
        let refuted = |bound: f64, side: Side| self.log_e(Test { side, bound }) - needed;
        let end = |side: Side, at: f64| {
            if refuted(at, side) < 0.0 {
                return at;
            }
            let f = |log: f64| refuted(log.exp(), side);
            root::halving(lowest.ln(), highest.ln(), f).exp()
        };
        (end(Side::Harm, lowest), end(Side::NotWorse, highest))
    }
}
