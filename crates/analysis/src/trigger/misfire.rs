//! Whether a rule will misfire at the traffic there is, said before anybody relies on it.

use std::fmt;

use windlass_model::{Millis, Rate};

use super::fewest::{CHANCE, chance, seconds};
use crate::numbers::real;
use crate::numbers::real::ceiling;

/// A rule on the rate of errors, and what a service sees when it is healthy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The rule's threshold.
    pub above: Rate,
    /// Its window, or the interval by which it judges.
    pub window: Millis,
    /// So many windows in a row have to pass the threshold.
    pub windows: u64,
    /// Requests below which it says nothing, per window.
    pub fewest: u64,
    /// Requests in a second that the rule will see: at a share of 5 %, those 5 %.
    pub per_second: f64,
    /// The rate of errors of the healthy service.
    pub base: f64,
}

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Misfire {
    /// It fires by itself.
    BaseTooHigh(Seen),
    /// It will mostly say nothing.
    TooFew {
        /// What was looked at.
        seen: Seen,
        /// Requests in the window.
        requests: u64,
    },
    /// A healthy service meets it by chance more often than once in a million windows.
    ByChance {
        /// What was looked at.
        seen: Seen,
        /// How often.
        chance: f64,
    },
}

impl Seen {
    /// What is wrong with the rule here; none where it is sound.
    pub fn misfire(self) -> Option<Misfire> {
        let seen = self;
        if self.base >= self.above.fraction() {
            return Some(Misfire::BaseTooHigh(seen));
        }
        let requests = ceiling(self.per_second * real(self.window.as_millis()) / 1_000.0);
        if requests < self.fewest {
            return Some(Misfire::TooFew { seen, requests });
        }
        let one = chance(self.above, self.base, requests);
        let chance = (0..self.windows).fold(1.0, |all, _| all * one);
        (chance > CHANCE).then_some(Misfire::ByChance { seen, chance })
    }
}

/// A share as people read it.
fn share(part: f64) -> String {
    let hundred = part * 100.0;
    if hundred >= 10.0 {
        format!("{hundred:.0}%")
    } else if hundred >= 0.095 {
        format!("{hundred:.1}%")
    } else {
        format!("{hundred:.2}%")
    }
}

impl fmt::Display for Misfire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BaseTooHigh(seen) => write!(
                f,
                "errors above {} are nothing unusual here: there are {} of them while all is well; \
                 raise the threshold",
                seen.above,
                share(seen.base),
            ),
            Self::TooFew { seen, requests } => {
                write!(
                    f,
                    "about {requests} requests come in {}, and below {} it says nothing: so many \
                     keep a healthy service from passing {} by chance",
                    seen.window, seen.fewest, seen.above
                )?;
                match seconds(seen.fewest, seen.per_second) {
                    Some(secs) => write!(
                        f,
                        "; raise the threshold, or let it judge {} at a time",
                        Millis::from_secs(secs)
                    ),
                    None => Ok(()),
                }
            }
            Self::ByChance { seen, chance } => write!(
                f,
                "at {} of errors, which is healthy here, it is met by chance in one of {} tries; \
                 raise the threshold, or let it last longer",
                share(seen.base),
                windlass_model::count(ceiling(1.0 / chance)),
            ),
        }
    }
}
