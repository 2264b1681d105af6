//! What the three processes say to each other.
//!
//! Controller ↔ router and controller ↔ shim, over private Unix stream sockets: each message is a
//! [frame](MAX_FRAME) of JSON. Every request that changes something carries the controller's epoch;
//! router and shim keep the highest they have seen and refuse a lower one ([`Refusal::OldEpoch`]).
//!
//! A field is only ever added, with a default, so that an older peer reads a newer message.

mod frame;
mod level;
mod passage;
mod router;
mod shim;
mod table;
mod tick;
mod tripwire;

pub use frame::{BadFrame, MAX_FRAME, decode_length, encode};
pub use level::{Level, RouterProgram, needs};
pub use passage::{Passage, Pause};
pub use router::{
    DamagedTable, Direction, Generation, LapseOver, Lapses, ObservedConnections, ObservedRoute,
    ObservedSlot, ObservedTable, Refusal, Reloaded, RouteChange, RouterBoot, RouterReply,
    RouterRequest, Split, TableChange, UnkeptTable,
};
pub use shim::{
    AlikeEnds, GroupEnd, Restart, ShimRefusal, ShimReply, ShimRequest, ShimSpec, ShimState,
    ShimStatus,
};
pub use table::{TABLE_FORMAT, Table, TableEntry};
pub use tick::{LateCounts, SlotCounts, Tick};
pub use tripwire::{Trip, TripRule, Tripwire, TripwireId};
