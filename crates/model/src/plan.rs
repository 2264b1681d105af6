//! What would happen: data, not code, so that an orchestrator can be upgraded in mid-deployment.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    AppName, Before, EnvironmentName, Finalize, Job, Listen, Millis, OnFailure, Percent, PlanId,
    Release, ScoreNeed, ScoreSpec, ServiceName, ServiceSpec, Slot, Version,
};

/// Everything a deployment will do, computed before anything moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan {
    /// Digest of spec, release digests, each service's stable and role, and the revision.
    pub id: PlanId,
    /// The application.
    pub app: AppName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The folder of the file it was made from; not part of the id.
    #[serde(default)]
    pub folder: String,
    /// The environment's revision it was computed on; stale once that moved.
    pub revision: u64,
    /// What goes back when one service fails.
    pub on_failure: OnFailure,
    /// How many instances may be starting at the same time.
    pub parallel: u16,
    /// What kind of deployment it is.
    #[serde(default)]
    pub kind: PlanKind,
    /// When a standby that it leaves goes.
    #[serde(default)]
    pub finalize: Finalize,
    /// What its health score is made of: measured before, during and after it. Empty where nothing is.
    #[serde(default, skip_serializing_if = "ScoreSpec::is_empty")]
    pub score: ScoreSpec,
    /// What must be so before anything moves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Before>,
    /// Services that change their name first: from the new one to the old one.
    #[serde(default)]
    pub renames: BTreeMap<ServiceName, ServiceName>,
    /// One part per service that changes.
    pub rollouts: BTreeMap<ServiceName, RolloutPlan>,
    /// Services of the file that stay as they are.
    pub unchanged: BTreeSet<ServiceName>,
    /// Services that run but are not in the file; they keep serving.
    pub unmanaged: BTreeSet<ServiceName>,
    /// The graph for people and machines, in an order that respects `after`.
    pub tasks: Vec<Task>,
}

/// What kind of deployment a plan makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// New releases, by the file's strategies.
    #[default]
    Deploy,
    /// Back to earlier releases: no gates, no canary; what fails holds where it is.
    Rollback,
    /// Takes services away.
    Remove,
}

/// One service's part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutPlan {
    /// Rollouts of this plan that must have passed before this one begins.
    pub needs: BTreeSet<ServiceName>,
    /// The service as wanted.
    pub spec: ServiceSpec,
    /// What kind of change it is.
    pub change: Change,
    /// The release that will run; the one that runs already for [`Change::Adjust`].
    pub release: Release,
    /// What runs now with the role stable.
    pub stable: Option<Slot>,
    /// The standby that this deployment displaces and retires first.
    pub standby: Option<Slot>,
    /// The failed candidate of an earlier deployment, kept for a look; it goes first too.
    #[serde(default)]
    pub failed: Option<Slot>,
}

/// What kind of change a rollout is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Nothing runs: steps below 100 % are skipped; a failure unroutes and stops it.
    First {
        /// How long it is watched at 100 %.
        bake: Millis,
    },
    /// The new release runs beside the old. A service without `listen` has one step.
    Beside {
        /// The rungs; the last is 100 %.
        steps: Vec<Step>,
    },
    /// The old stops before the new starts (`recreate`, `overlap: no`).
    InPlace {
        /// How long it is watched.
        bake: Millis,
    },
    /// Same release; only where it listens, how its requests are treated or how many copies run changes.
    Adjust {
        /// How long it is watched.
        bake: Millis,
    },
    /// Back to an earlier release at once, without a watch. Warm: to the standby, which runs already
    /// and is named by [`RolloutPlan::standby`]; else beside the old, or in place where the old must
    /// stop first.
    Restore {
        /// Whether the standby takes over.
        warm: bool,
    },
    /// The service goes.
    Remove,
}

/// One rung of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// The candidate's share.
    pub to: Percent,
    /// How long it is watched there.
    pub bake: Millis,
    /// The health score that it needs to be passed, if it needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreNeed>,
}

/// Index of a task in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct TaskId(pub u32);

/// One thing that a deployment does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Task {
    /// Which one.
    pub id: TaskId,
    /// The service it is about; none for what concerns the whole deployment.
    pub service: Option<ServiceName>,
    /// Tasks that must be done before.
    pub after: BTreeSet<TaskId>,
    /// Wave of parallel tasks: 0 is first.
    pub wave: u32,
    /// What it does.
    pub kind: TaskKind,
    /// What undoes it, in words; none for what can't or needn't be undone.
    pub undo: Option<String>,
    /// Whether rollback stops being possible here.
    pub no_way_back: bool,
}

/// What a task does. Says what traffic does by its kind: only `Route`, `Shift` and `Unroute` move it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Stop a failed candidate of an earlier deployment that was kept for a look.
    RetireFailed {
        /// Which release.
        version: Version,
    },
    /// Drop the standby of an earlier deployment.
    RetireStandby {
        /// What it runs.
        version: Version,
    },
    /// Stop the old slot before the new one starts.
    StopOld {
        /// What it runs.
        version: Version,
    },
    /// Start instances and wait until each is ready.
    Start {
        /// What they run.
        version: Version,
        /// How many.
        instances: u16,
    },
    /// Run a command to its end, and until its version is live.
    Run {
        /// Which of its commands.
        job: Job,
        /// The version that it brings.
        version: Version,
    },
    /// Open and close listeners.
    Route {
        /// Opened now.
        open: Vec<Listen>,
        /// Closed after promotion.
        close: Vec<Listen>,
    },
    /// Treat its requests by another traffic policy, or pass them on in another version of HTTP.
    Treat,
    /// Change how many copies run.
    Scale {
        /// Now.
        from: u16,
        /// Then.
        to: u16,
    },
    /// Give the candidate this share of the requests.
    Shift {
        /// Its share.
        to: Percent,
    },
    /// Watch for a while.
    Bake {
        /// How long.
        within: Millis,
    },
    /// Make every candidate stable in one journal event.
    Promote,
    /// Wait until no request is left on the old slot.
    Drain {
        /// What it runs.
        version: Version,
        /// How long requests may take.
        within: Millis,
    },
    /// Keep the old slot warm until finalize.
    Standby {
        /// What it runs.
        version: Version,
    },
    /// Stop what is no longer needed.
    Retire {
        /// What it runs.
        version: Version,
    },
    /// Take the service off its listeners.
    Unroute {
        /// Closed after promotion.
        close: Vec<Listen>,
    },
    /// Give a service another name.
    Rename {
        /// Its name so far.
        from: ServiceName,
    },
}
