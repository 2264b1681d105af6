//! Whether a rule will misfire at the traffic there is, said before anybody relies on it.

use std::fmt;

use windlass_model::{Millis, Rate};

use super::fewest::{CHANCE, chance, fewest, seconds};
use crate::numbers::real;
use crate::numbers::real::ceiling;

/// A rule on the rate of errors, and what a service sees when it is healthy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The rule's threshold.
    pub above: Rate,
    /// Its window, or the interval by which it judges.
    pub window: Millis,
    /// Requests in a second that the rule will see: at a share of 5 %, those 5 %.
    pub per_second: f64,
    /// The rate of errors of the healthy service.
    pub base: f64,
}

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Misfire {
    /// It fires by itself.
    BaseTooHigh {
        /// What was looked at.
        seen: Seen,
    },
    /// A healthy service passes it by chance, were it not for the fewest requests; with them it will
    /// mostly say nothing.
    TooFew {
        /// What was looked at.
        seen: Seen,
        /// Requests in the window.
        requests: u64,
        /// How often a healthy service passes it, per window.
        chance: f64,
        /// Requests that it needs.
        fewest: u64,
    },
}

impl Seen {
    /// What is wrong with the rule here; none where it is sound.
    pub fn misfire(self) -> Option<Misfire> {
        let seen = self;
        let Some(fewest) = fewest(self.above, self.base) else {
            return Some(Misfire::BaseTooHigh { seen });
        };
        let requests = ceiling(self.per_second * real(self.window.as_millis()) / 1_000.0);
        let chance = chance(self.above, self.base, requests);
        (requests < fewest && (chance > CHANCE || requests == 0)).then_some(Misfire::TooFew {
            seen,
            requests,
            chance,
            fewest,
        })
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
            Self::BaseTooHigh { seen } => write!(
                f,
                "errors above {} are nothing unusual here: there are {} of them while all is well; \
                 raise the threshold",
                seen.above,
                share(seen.base),
            ),
            Self::TooFew {
                seen,
                requests,
                chance,
                fewest,
            } => {
                write!(
                    f,
                    "{requests} requests in {} are too few for errors above {}: at {} of errors, \
                     which is healthy here, {} of all windows pass it by chance. It needs {fewest} \
                     requests; below that it says nothing",
                    seen.window,
                    seen.above,
                    share(seen.base),
                    share(chance),
                )?;
                match seconds(fewest, seen.per_second) {
                    Some(secs) => write!(
                        f,
                        ". Raise the threshold, or let the window be {} long",
                        Millis::from_secs(secs)
                    ),
                    None => Ok(()),
                }
            }
        }
    }
}
