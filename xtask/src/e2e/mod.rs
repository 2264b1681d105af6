//! `cargo xtask e2e`: candidates that are bad in ten ways, and ten that are not, each deployed under load
//! beside what it replaces, by real processes.
//!
//! | module | holds |
//! |---|---|
//! | `ask` | what was typed |
//! | `candidate` | the candidates, and why each must go back |
//! | `application` | the file that all of them are deployed by |
//! | `noise` | a busy machine |
//! | `play` | one candidate from its deployment to its end |
//! | `table` | what came of it |
//! | `run` | all of it |

mod application;
mod ask;
mod candidate;
mod noise;
mod play;
mod run;
mod table;

pub(crate) use ask::Ask;
pub(crate) use candidate::Candidate;
pub(crate) use play::Bed;
pub(crate) use run::run;
