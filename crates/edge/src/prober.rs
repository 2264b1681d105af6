//! Asking for health.

use std::collections::BTreeMap;

use async_trait::async_trait;
use windlass_model::{Instance, Probe, Probed};

/// The answer to a question that says more than yes or no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// All of it.
    pub whole: Probed,
    /// What it says of its parts, by name; empty where it tells of none.
    pub parts: BTreeMap<String, Probed>,
}

/// Asks one health question once. How often, and how many answers count, is the runtime's.
#[async_trait(?Send)]
pub trait Prober {
    /// The answer within `probe.timeout`. Anything that is no good answer is [`Probed::Unready`]
    /// with what was seen: a refused connection, a late answer, a redirect loop.
    async fn probe(&self, probe: &Probe, instance: &Instance) -> Probed;

    /// The same, with what the answer says. A body that says that something is wrong is no good answer,
    /// whatever its status; one that can't be understood says nothing.
    async fn examine(&self, probe: &Probe, instance: &Instance) -> Examined;
}
