//! What a service that starts waits for.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use windlass_model::{InstanceId, Millis, Probe, ProbeKind, harmless};

/// Instances of a service that starts, and are not ready yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotReadyView {
    /// How they are asked.
    pub probe: Probe,
    /// Since when they are waited for, microseconds since 1970 UTC.
    pub since_us: i64,
    /// Until when that may last, microseconds since 1970 UTC; none while it is held, for then its time
    /// stands still.
    pub until_us: Option<i64>,
    /// The instances.
    pub instances: BTreeMap<InstanceId, UnreadyView>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnreadyView {
    /// Where it is asked.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub address: SocketAddr,
    /// What was seen instead of a good answer, as it was last told: the status and the beginning of the
    /// body, or why there was no answer. None in the first second.
    pub saw: Option<String>,
    /// Its process, where it is known: what a person can look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
}

impl NotReadyView {
    /// What is asked and what comes of it, in words: `GET /health at 127.0.0.1:4001 (process 4711) gets "HTTP 503: no
    /// database"`; of the run of a command what is seen of it. None as long as nothing was told.
    pub fn words(&self) -> Option<String> {
        let mut told = self.instances.values().filter(|one| one.saw.is_some());
        let one = told.next()?;
        let saw = harmless(one.saw.as_deref()?);
        let asks = harmless(&self.probe.kind.asks());
        let others = match told.count() {
            0 => String::new(),
            count => format!(", and {count} more likewise"),
        };
        if matches!(self.probe.kind, ProbeKind::Command { .. }) {
            return Some(saw);
        }
        let process = one.process.map(|pid| format!(" (process {pid})"));
        Some(format!(
            "{asks} at {}{} gets \"{saw}\"{others}",
            one.address,
            process.unwrap_or_default()
        ))
    }

    /// How long it has lasted and may last, in words: `for 12s of 60s`; counted only while it is not held.
    pub fn age(&self, now_us: i64) -> String {
        let so_far = now_us.saturating_sub(self.since_us).max(0) / 1_000_000;
        let so_far = Millis::from_secs(u64::try_from(so_far).unwrap_or_default());
        format!("for {so_far} of {}", self.probe.within)
    }
}
