//! What a router may take back by itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{Rate, Route, ServiceKey, SlotId, Slower};

/// Names one arming: deployment, service and the attempt of the raise it was armed with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TripwireId(pub String);

/// Armed with a split: a rule about the candidate's answers, and the way back, computed by the
/// engine and applied as one swap. It fires only if every slot that gets traffic back has a ready
/// instance; it can never raise. It stays armed, also over a restart of the router, until it is
/// disarmed, replaced, or has fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tripwire {
    /// Which.
    pub id: TripwireId,
    /// The candidate whose answers are judged.
    pub slot: SlotId,
    /// Errors above this share fire it; none: only instances that can't be reached or are gone do.
    pub errors_above: Option<Rate>,
    /// Answers that take longer fire it, when there are too many; none: it does not matter how long
    /// they take.
    #[serde(default)]
    pub slower: Option<Slower>,
    /// The routes to go back to: of the service itself and of every moved service that needs it.
    pub way_back: BTreeMap<ServiceKey, Route>,
}

/// Why a tripwire fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TripRule {
    /// Too many of the candidate's answers were errors.
    Errors,
    /// Too many of the candidate's answers took too long.
    Slow,
    /// Several requests waited for the candidate, and it has answered nothing for a while.
    Silent,
    /// The candidate could not be connected to, several times in a row.
    ConnectFailures,
    /// No instance of the candidate is ready any more.
    InstancesGone,
    /// A person asked the router to go back.
    Asked,
}

/// What a tripwire saw when it fired. Latched on disk until the controller has journalled it; until
/// then no service in its way back is raised ([`Refusal::Tripped`](crate::Refusal::Tripped)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// Which tripwire.
    pub id: TripwireId,
    /// The service whose candidate was watched.
    pub service: ServiceKey,
    /// The candidate.
    pub slot: SlotId,
    /// Why.
    pub rule: TripRule,
    /// Answers of the candidate since it was first watched by this threshold.
    pub answers: u64,
    /// Those among them that were errors.
    pub errors: u64,
    /// Those among them that took longer than the threshold; for [`TripRule::Silent`] requests that
    /// waited for an answer in vain, whether their clients wait still or have left.
    #[serde(default)]
    pub slow: u64,
    /// Calendar time, microseconds since 1970 UTC.
    pub at_us: i64,
    /// The services that were taken back; empty if it was withheld.
    pub took_back: Vec<ServiceKey>,
    /// The service that has no ready instance to go back to: nothing was changed, nothing is blocked,
    /// and the tripwire stays armed.
    pub withheld: Option<ServiceKey>,
}
