//! `cargo xtask api-fuzz`: schemathesis against the document that a real controller serves.
//!
//! | module | holds |
//! |---|---|
//! | `tool` | schemathesis, in a Python environment of its own |
//! | `subject` | a controller with a few deployments behind it, on the network |
//! | `run` | all of it |

mod run;
mod subject;
mod tool;

pub(crate) use run::run;
