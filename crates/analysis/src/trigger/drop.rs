//! `score drops 5%`, `score drops 5 points`.

use serde::{Deserialize, Serialize};

use crate::numbers::bits;

/// By how much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Points of a hundred.
    Points(#[serde(with = "bits")] f64),
    /// A share of what it was: 0.05 for 5 %.
    Share(#[serde(with = "bits")] f64),
}

/// Intervals in a row that fire.
const IN_A_ROW: u32 = 3;

/// It clears when the drop is less than this part of what fires: 3 points of 5.
const CLEARS: f64 = 0.6;

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not dropped so far.
    Quiet,
    /// It has, but not for long enough.
    Rising,
    /// It fires, until it has risen well again.
    Fires,
    /// There is no score.
    NoData,
}

/// Fires when the score has lain so far below what it was in three intervals in a row, and clears when
/// the drop is less than three fifths of that, so that it does not come and go. An interval without
/// a score neither fires nor clears, and the row begins anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drop {
    #[serde(with = "bits")]
    before: f64,
    by: By,
    row: u32,
    firing: bool,
}

impl Drop {
    /// Against the score before the first move of traffic: its mean over ten minutes.
    pub const fn new(before: f64, by: By) -> Self {
        Self {
            before,
            by,
            row: 0,
            firing: false,
        }
    }

    /// Intervals are missing: the row begins anew. What fires goes on firing.
    pub const fn begin_anew(&mut self) {
        self.row = 0;
    }

    /// Adds the score of an interval.
    pub fn push(&mut self, score: Option<f64>) -> Outcome {
        let Some(score) = score.filter(|score| score.is_finite()) else {
            self.row = 0;
            return if self.firing {
                Outcome::Fires
            } else {
                Outcome::NoData
            };
        };
        let limit = match self.by {
            By::Points(points) => points,
            By::Share(share) => share * self.before,
        };
        let drop = self.before - score;
        // A share of nothing is nothing, and no drop is that much.
        let dropped = |by: f64| drop > 0.0 && drop >= by;
        if dropped(limit) {
            self.row = self.row.saturating_add(1);
        } else {
            self.row = 0;
        }
        self.firing = self.row >= IN_A_ROW || (self.firing && dropped(CLEARS * limit));
        match (self.firing, self.row) {
            (true, _) => Outcome::Fires,
            (false, 0) => Outcome::Quiet,
            (false, _) => Outcome::Rising,
        }
    }
}
