//! What a rollout asks for.

use windlass_model::{
    CommandRun, Instance, InstanceId, Millis, Release, Route, ServiceSpec, SlotId, TimerId,
};

/// Something to do for one rollout. Each may be asked for again after a crash and must then change
/// nothing that is so already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start one instance; answered by `InstanceStarted`, `AddressTaken` or `StartFailed`.
    StartInstance(Box<Start>),
    /// Put a route into effect; answered by `RouteApplied` or `RouteFailed` with the attempt.
    ApplyRoute {
        /// Counts the routes that this rollout asked for.
        attempt: u32,
        /// Whether it goes back rather than on.
        returning: bool,
        /// The route; none takes the service away.
        route: Option<Route>,
    },
    /// Wait until no request is left on a slot, and cut what is left when the time is over; answered
    /// by `SlotDrained`.
    AwaitDrain {
        /// Which slot.
        slot: SlotId,
        /// How long requests may take.
        within: Millis,
    },
    /// End one instance; answered by `InstanceStopped` or `StopFailed`.
    StopInstance {
        /// Which.
        instance: InstanceId,
    },
    /// From now on the instance is started again when it ends by itself, and now if it has ended
    /// since it was last heard of. No answer: whoever recovers does the same for all that is stable.
    KeepInstance {
        /// Which.
        instance: InstanceId,
    },
    /// Answered by `TimerFired` after so much work time.
    StartTimer {
        /// Which.
        timer: TimerId,
        /// How long.
        after: Millis,
    },
}

/// One instance to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Id and address, allotted before.
    pub instance: Instance,
    /// What it runs; of a command, the release whose commands it uses.
    pub release: Release,
    /// How it is asked to run, by that release.
    pub spec: ServiceSpec,
    /// Its number among the instances of its slot, from 0.
    pub ordinal: u16,
    /// The slot it belongs to.
    pub slot: SlotId,
    /// Whether it is started again when it ends by itself: an old slot is, a candidate is not.
    pub keep: bool,
    /// Whether one that has ended by itself is started once more: a person asked to try again.
    pub again: bool,
    /// What a command is told.
    pub run: Option<CommandRun>,
}
