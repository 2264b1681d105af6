//! Numbered counts of an interval.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{ServiceKey, SlotId, Version};

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
    /// Time to the answer's head: one count per bucket of [`windlass_model::LATENCY_EDGES_US`], and
    /// one above.
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
