//! What a router is asked to do for one service.

use serde::{Deserialize, Serialize};

use crate::{Instance, Label, Listen, Millis, Percent, Probe, SlotId, Traffic, Version};

/// Everything a router must know about one service. A table entry is this plus a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Route {
    /// Where requests come in. More than one while `listen` is being changed.
    pub listeners: Vec<Listen>,
    /// What is done with them.
    pub mode: RouteMode,
    /// Who may answer; the weights of a serving route add up to 100. Of two that share the traffic the
    /// later one is the candidate.
    pub slots: Vec<RouteSlot>,
    /// How requests are treated, beside the split.
    #[serde(default, skip_serializing_if = "Traffic::is_usual")]
    pub traffic: Box<Traffic>,
    /// Times of answers that somebody judges by and that are no edge of [`crate::LATENCY_EDGES_US`]: how many
    /// answers took longer is counted for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<Millis>,
}

/// What is done with the requests of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RouteMode {
    /// Split them over the slots.
    Serve,
    /// Answer 503 with `Windlass-Error: recreating`.
    Recreating,
}

/// One slot of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteSlot {
    /// Which slot.
    pub slot: SlotId,
    /// Its label.
    pub label: Label,
    /// The version it runs.
    pub version: Version,
    /// Its share of the requests. At 0 it drains, or stands by.
    pub weight: Percent,
    /// Its running copies.
    pub instances: Vec<Instance>,
    /// How the router asks each of them for its health.
    pub probe: Probe,
    /// What they speak.
    #[serde(default, skip_serializing_if = "Speaks::is_usual")]
    pub speaks: Speaks,
}

/// What the instances of a slot speak to the router.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Speaks {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 without TLS, by prior knowledge: what gRPC needs.
    Http2,
}

impl Speaks {
    /// Whether it is what nobody has to say.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Route {
    /// The share of `slot`, none if it is not here.
    pub fn weight(&self, slot: SlotId) -> Percent {
        self.slots
            .iter()
            .find(|s| s.slot == slot)
            .map_or(Percent::ZERO, |s| s.weight)
    }
}
