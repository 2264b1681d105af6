//! Numbered counts of an interval.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{ServiceKey, SlotId, Version};

/// Upper edges of the latency buckets in microseconds; one more bucket takes what is above.
pub const LATENCY_EDGES_US: [u64; 24] = [
    100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000,
    30_000, 50_000, 75_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000,
];

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Time to the answer's head: one count per bucket of [`LATENCY_EDGES_US`], and one above.
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
