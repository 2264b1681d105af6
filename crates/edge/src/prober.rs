//! Asking for health.

use async_trait::async_trait;
use windlass_model::{Instance, Probe, Probed};

/// Asks one health question once. How often, and how many answers count, is the runtime's.
#[async_trait(?Send)]
pub trait Prober {
    /// The answer within `probe.timeout`. Anything that is no good answer is [`Probed::Unready`]
    /// with what was seen: a refused connection, a late answer, a redirect loop.
    async fn probe(&self, probe: &Probe, instance: &Instance) -> Probed;
}
