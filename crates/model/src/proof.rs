//! What was seen of a service after it went back.

use serde::{Deserialize, Serialize};

use crate::{Millis, Percent, Version};

/// Evidence that a service is back: "100 % on 3, 2 of 2 instances answer 3, 0 requests to 4 for 5s".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proof {
    /// The version it is back at.
    pub version: Version,
    /// Its share of the requests in every router; none where nothing listens.
    pub share: Option<Percent>,
    /// Instances that answered their readiness question well.
    pub ready: u16,
    /// Instances that there should be.
    pub instances: u16,
    /// The version it left.
    pub left: Version,
    /// Answers of the version it left while this was watched; none where nothing listens, or where
    /// the router could not be asked.
    pub stray: Option<u64>,
    /// How long that was watched.
    pub watched: Millis,
}

impl Proof {
    /// Whether everything is as it should be.
    pub fn holds(&self) -> bool {
        let share = self.share.is_none_or(|share| share == Percent::FULL);
        let stray = self.share.is_none() || self.stray == Some(0);
        share && stray && self.ready == self.instances
    }
}
