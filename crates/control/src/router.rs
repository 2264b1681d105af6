//! Controller to router.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use windlass_model::{
    Epoch, InstanceId, Millis, ONCE_MORE_WITHIN_US, Percent, Rate, Route, ServiceKey, SlotId,
    Slower,
};

use crate::{Passage, RouterProgram, Tick, Trip, Tripwire, TripwireId};

/// Counts the changes of one service's entry. A change names the generation it was decided on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Generation(pub u64);

/// One life of a router process: ticks of another one do not continue these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RouterBoot(pub String);

/// What the controller asks. One reply follows each request, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouterRequest {
    /// First on every connection: from now on this epoch speaks.
    Hello {
        /// The controller's.
        epoch: Epoch,
    },
    /// Hands over one bound and listening socket, as an `SCM_RIGHTS` descriptor of this message.
    /// An address that the router already has is answered [`RouterReply::Done`]; the descriptor is
    /// closed.
    Listen {
        /// The controller's.
        epoch: Epoch,
        /// What the socket is bound to.
        address: SocketAddr,
    },
    /// Asks for duplicates of the listening sockets: answered by [`RouterReply::Listeners`] with
    /// the descriptors in the same order.
    Listeners,
    /// Changes several services in one swap, or none of them. Listeners that no route names any
    /// more are closed with it. The reply means that every request from now on sees it.
    Apply {
        /// The controller's.
        epoch: Epoch,
        /// What.
        change: TableChange,
    },
    /// The controller has journalled a trip: raises of what it took back are free again. One that
    /// is not latched is answered [`RouterReply::Done`] too.
    Acknowledge {
        /// The controller's.
        epoch: Epoch,
        /// Which.
        trip: TripwireId,
    },
    /// Ends what is still open on a slot that takes no requests: its time to drain is over. Answered
    /// by [`RouterReply::Cut`]; a slot that is not known has nothing open. What enters it later is
    /// not concerned.
    Cut {
        /// The controller's.
        epoch: Epoch,
        /// Of which service.
        service: ServiceKey,
        /// Which slot.
        slot: SlotId,
    },
    /// Opens or shuts the way to a service that is routed, or to all of them in one swap. The reply means that
    /// no request passes from now on, if it was shut. What is so already is answered [`RouterReply::Done`] too.
    Passage {
        /// The controller's.
        epoch: Epoch,
        /// To which service; none: to every one. It is always said, so that nobody means all by leaving it out.
        #[serde(deserialize_with = "Option::deserialize")]
        service: Option<ServiceKey>,
        /// Open, or how it is shut.
        passage: Passage,
        /// When it opens by itself: calendar time, microseconds since 1970 UTC; none: never.
        #[serde(default)]
        until_us: Option<i64>,
    },
    /// Asks for the table in effect and what it is carrying.
    Observe,
    /// Asks for the ticks with a number above `after`; at most ten minutes are kept.
    Ticks {
        /// The last one already read; 0 for all.
        after: u64,
    },
    /// A person goes back, with or without a controller: what is armed takes back what it was armed
    /// with, as if it had fired ([`TripRule::Asked`](crate::TripRule::Asked)). Answered by
    /// [`RouterReply::WentBack`]; nothing armed is nothing to go back to.
    GoBack {
        /// The service whose split goes back; none: every one that is armed.
        service: Option<ServiceKey>,
    },
    /// A person splits a service of a router that runs alone. Any other refuses it
    /// ([`Refusal::Controlled`]).
    Split(Split),
    /// A person has a router that runs alone read its file again. Answered by
    /// [`RouterReply::Reloaded`]; a file with anything wrong changes nothing ([`Refusal::Invalid`]).
    Reload,
    /// Has the program that comes along, as an `SCM_RIGHTS` descriptor, take the router's place: it is
    /// started as this one was, proves itself, and is given table, trips and listening sockets. Answered by
    /// [`RouterReply::Upgraded`]; with anything wrong nothing changes ([`Refusal::NotHandedOver`]).
    Upgrade {
        /// How long what is open at this one may take to end.
        within: Millis,
    },
    /// Ends the router: no new connections, open requests get their drain time.
    Shutdown {
        /// The controller's.
        epoch: Epoch,
    },
}

/// A person's split of one service between its two origins. What gets more is watched from then on,
/// and taken back by itself when it fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Which service.
    pub service: ServiceKey,
    /// One of its two slots.
    pub slot: SlotId,
    /// Its share from now on; the other one has the rest.
    pub share: Percent,
    /// The generation that it was decided on.
    pub decided_on: Generation,
    /// More errors than this among the answers of what is watched take it back; none: only when it
    /// can't be reached.
    pub errors_above: Option<Rate>,
    /// Too many answers of what is watched that take longer take it back too; none: their time does not
    /// matter.
    #[serde(default)]
    pub slower: Option<Slower>,
    /// Whether it is meant although the last split went back by itself.
    #[serde(default)]
    pub again: bool,
}

/// What a file that was read again has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// Services that are new, or of which it says something else.
    pub taken_up: Vec<ServiceKey>,
    /// Services that it says nothing of any more.
    pub gone: Vec<ServiceKey>,
}

/// One swap: all of it, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChange {
    /// Routes, per service.
    pub routes: BTreeMap<ServiceKey, RouteChange>,
    /// Tripwires, by the service whose candidate they watch: armed in place of what is armed there,
    /// or, with none, disarmed.
    #[serde(default)]
    pub tripwires: BTreeMap<ServiceKey, Option<Tripwire>>,
    /// Generations of other services that this was decided on: if one has moved, nothing changes.
    #[serde(default)]
    pub relies_on: BTreeMap<ServiceKey, Generation>,
}

impl From<BTreeMap<ServiceKey, RouteChange>> for TableChange {
    fn from(routes: BTreeMap<ServiceKey, RouteChange>) -> Self {
        Self {
            routes,
            ..Self::default()
        }
    }
}

/// One service's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteChange {
    /// Whether it raises or returns.
    pub direction: Direction,
    /// The generation it was decided on; a raise of another one is refused, a return never is.
    pub decided_on: Generation,
    /// The new entry; none takes the service away.
    pub route: Option<Route>,
}

/// Whether a change gives a candidate more, or goes back to what was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The candidate's share grows, or anything else that is not a way back.
    Raise,
    /// Back to the split recorded as the undo.
    Return,
}

/// What the router answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouterReply {
    /// To `Hello`.
    Welcome {
        /// This life of the router.
        boot: RouterBoot,
        /// The version of its binary.
        version: String,
    },
    /// Done, or it was so already.
    Done,
    /// To `Apply`: the generations after it.
    Applied(BTreeMap<ServiceKey, Generation>),
    /// To `Cut`: how many requests and tunnels were open.
    Cut(u64),
    /// To `GoBack`: what went back, in order.
    WentBack(Vec<Trip>),
    /// To `Reload`.
    Reloaded(Reloaded),
    /// To `Upgrade`: another process serves.
    Upgraded {
        /// Which.
        pid: u32,
    },
    /// To `Listeners`: the addresses, in the order of the descriptors.
    Listeners(Vec<SocketAddr>),
    /// To `Observe`.
    Observed(ObservedTable),
    /// To `Ticks`, oldest first. May hold fewer than asked for: ask again after the last.
    Ticks {
        /// This life of the router.
        boot: RouterBoot,
        /// The ticks.
        ticks: Vec<Tick>,
    },
    /// Nothing was changed.
    Refused(Refusal),
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// A newer controller has spoken; holds its epoch.
    OldEpoch(Epoch),
    /// The entry moved since the raise was decided; holds the generation now.
    Generation {
        /// Whose.
        service: ServiceKey,
        /// Now.
        now: Generation,
    },
    /// A slot that would get traffic has no ready instance.
    NoCapacity {
        /// Whose.
        service: ServiceKey,
        /// Which slot.
        slot: SlotId,
    },
    /// A slot that is to be cut gets traffic: it is not what it was when that was decided.
    TakesRequests {
        /// Whose.
        service: ServiceKey,
        /// Which slot.
        slot: SlotId,
    },
    /// A tripwire has fired and the controller has not journalled it yet.
    Tripped(TripwireId),
    /// Nothing is raised until a person lifts the halt; holds who halted.
    Halted(String),
    /// The table is not valid; holds what is wrong, for a person.
    Invalid(String),
    /// The table could not be written to disk; the one in effect stays.
    NotKept(String),
    /// No other program took the router's place; holds why. It goes on.
    NotHandedOver(String),
    /// The router runs alone: its table comes from its file, and no controller's.
    Alone,
    /// A controller decides here, and no person at the router.
    Controlled,
}

/// The table in effect and what it is carrying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedTable {
    /// This life of the router.
    pub boot: RouterBoot,
    /// The highest epoch it has seen.
    pub epoch: Epoch,
    /// Per service.
    pub services: BTreeMap<ServiceKey, ObservedRoute>,
    /// Trips that are latched or withheld, oldest first.
    #[serde(default)]
    pub trips: Vec<Trip>,
    /// Whether it runs alone, without a controller.
    #[serde(default)]
    pub alone: bool,
    /// Its clients.
    #[serde(default)]
    pub connections: ObservedConnections,
    /// What it is, and what it understands: of whoever asks, also of a person, who says no epoch.
    #[serde(default)]
    pub program: RouterProgram,
    /// What became of a table on disk that could not be used when it began; none where it could, or an older
    /// router does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damaged: Option<DamagedTable>,
    /// What of this the disk has not taken; none where all is kept, or an older router does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unkept: Option<UnkeptTable>,
}

/// A table in effect that is not on disk: a router that starts again begins with an older one. It is tried again
/// each second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnkeptTable {
    /// Why the disk did not take it; none while it is being tried for the first time.
    pub why: Option<String>,
}

/// A table on disk that a router could not use when it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedTable {
    /// Why not.
    pub why: String,
    /// Where it is kept; none: it could not be laid aside.
    pub aside: Option<String>,
    /// Whether a second of the same table took its place, so that nothing is missing; else the router began
    /// empty.
    pub second_taken: bool,
}

/// The connections of a router's clients. Those closed are counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedConnections {
    /// Open now, over all listeners.
    pub open: u64,
    /// How many may be open; those beyond wait in the kernel.
    pub most: u64,
    /// Closed at once, because their listener had its total.
    pub beyond_total: u64,
    /// Closed at once, because their client had as many as it may have.
    pub beyond_address: u64,
}

/// One service's entry in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedRoute {
    /// Its generation.
    pub generation: Generation,
    /// What is in effect.
    pub route: Route,
    /// What is armed.
    #[serde(default)]
    pub tripwire: Option<Tripwire>,
    /// Whether requests pass to it.
    #[serde(default)]
    pub passage: Passage,
    /// When it opens by itself, if it is shut for a time: calendar time, microseconds since 1970 UTC.
    #[serde(default)]
    pub until_us: Option<i64>,
    /// Requests that wait for it.
    #[serde(default)]
    pub waiting: u64,
    /// Per slot of the route.
    pub slots: BTreeMap<SlotId, ObservedSlot>,
}

/// What one slot is carrying.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedSlot {
    /// Requests begun and not ended, counted to the end of the body or tunnel.
    pub in_flight: u64,
    /// Instances whose last probes were good.
    pub ready: Vec<InstanceId>,
    /// How those lapsed that did in this life of the router; an older one does not say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lapses: BTreeMap<InstanceId, Lapses>,
}

/// How an instance that had been ready ceased to be: the last time and how often, where each began at most
/// [`ONCE_MORE_WITHIN_US`](windlass_model::ONCE_MORE_WITHIN_US) after the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapses {
    /// When the first of them began, microseconds since 1970 UTC.
    pub first_us: i64,
    /// When the last of them began.
    pub last_us: i64,
    /// How many began.
    pub count: u32,
    /// The answer with which the last of them began.
    pub saw: String,
    /// The last of them that is over; none: none is.
    pub over: Option<LapseOver>,
}

/// A lapse that is over: the instance is ready again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LapseOver {
    /// When it began, microseconds since 1970 UTC.
    pub since_us: i64,
    /// When it ended.
    pub at_us: i64,
    /// When the first one ended.
    pub first_us: i64,
    /// How many are over, this one with them.
    pub count: u32,
}

impl Lapses {
    /// One more, with this answer; of any that are longer ago nothing is known any more.
    #[must_use]
    pub fn begun(before: Option<Self>, saw: String, at_us: i64) -> Self {
        let near = before.filter(|it| {
            let since = at_us.saturating_sub(it.last_us);
            since <= ONCE_MORE_WITHIN_US
        });
        Self {
            first_us: near.as_ref().map_or(at_us, |it| it.first_us),
            last_us: at_us,
            count: near.as_ref().map_or(0, |it| it.count).saturating_add(1),
            saw,
            over: near.and_then(|it| it.over),
        }
    }

    /// The last one is over.
    #[must_use]
    pub fn ended_at(self, at_us: i64) -> Self {
        let over = LapseOver {
            since_us: self.last_us,
            at_us,
            first_us: self.over.map_or(at_us, |first| first.first_us),
            count: self.count,
        };
        Self {
            over: Some(over),
            ..self
        }
    }

    /// How many are over.
    pub fn ended(&self) -> u32 {
        self.over.as_ref().map_or(0, |over| over.count)
    }

    /// Whether the last of them goes on.
    pub fn is_open(&self) -> bool {
        self.ended() < self.count
    }
}
