//! Numbered counts of an interval.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{Beyond, Percent, ServiceKey, SlotId, Version};

/// What one router saw in one interval. Numbers count up from 1 within one router boot without a
/// gap; an interval without requests has a tick too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Its number.
    pub number: u64,
    /// Milliseconds since the router's boot, at the interval's end.
    pub until_ms: u64,
    /// Counts per service and slot; slots that saw nothing are left out.
    pub services: BTreeMap<ServiceKey, Vec<SlotCounts>>,
}

/// Counts of one slot in one interval, by the time a request ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotCounts {
    /// Which slot; none for what the router answered by itself (`Windlass-Error`).
    pub slot: Option<SlotId>,
    /// The version in it; none with no slot.
    pub version: Option<Version>,
    /// Answers by status class: 1xx to 5xx.
    pub answers: [u64; 5],
    /// Instances that could not be connected to.
    pub connect_failures: u64,
    /// Requests whose answer broke off.
    pub broken: u64,
    /// Time to the answer's head: one count per bucket of [`windlass_model::LATENCY_EDGES_US`], and
    /// one above.
    pub latency: Vec<u64>,
    /// Requests that came to it in the interval.
    #[serde(default)]
    pub dealt: u64,
    /// Its share of what came, the same all through the interval; none where that changed, or an older
    /// router does not say.
    #[serde(default)]
    pub share: Option<Percent>,
    /// Answers beyond each threshold of its route; empty where that changed in the interval, has none, or an
    /// older router does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Beyond>,
    /// Of what is counted above, that of requests which came while another split was in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Box<LateCounts>>,
}

/// What requests of an earlier split came to, in one interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateCounts {
    /// Answers by status class: 1xx to 5xx.
    pub answers: [u64; 5],
    /// Instances that could not be connected to.
    pub connect_failures: u64,
    /// Requests whose answer broke off.
    pub broken: u64,
    /// Time to the answer's head, in the same buckets.
    pub latency: Vec<u64>,
}

impl SlotCounts {
    /// Answers of every class.
    pub fn answered(&self) -> u64 {
        self.answers
            .iter()
            .fold(0, |sum: u64, class| sum.saturating_add(*class))
    }
}
