//! How instances have ended by themselves, as their keepers noted it.

use windlass_edge::PastEnds;
use windlass_model::{InstanceId, Millis};

use super::host::Host;

impl Host {
    /// How an instance has ended by itself.
    pub(super) fn ends(&self, instance: &InstanceId) -> Option<PastEnds> {
        let calendar = |at: Millis| {
            let ago = self.now().less(at).as_millis().saturating_mul(1_000);
            let ago = i64::try_from(ago).unwrap_or(i64::MAX);
            self.time.calendar_us().saturating_sub(ago)
        };
        self.with(instance, |copy, _| copy.ends(calendar))
    }
}
