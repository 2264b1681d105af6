//! Controller to shim.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use windlass_model::{Epoch, InstanceId, Stop};

/// What a shim is told to keep. Lies as `spec.json`, mode 0600, in the instance's folder; the shim
/// reads it once at its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimSpec {
    /// Which instance.
    pub instance: InstanceId,
    /// The controller's epoch at its start.
    pub epoch: Epoch,
    /// The program: an absolute path.
    pub program: PathBuf,
    /// Its arguments, without the program's own name.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Variables that it is handed from the shim's own environment: secrets, which are in no file. One
    /// that the shim has not is left out.
    #[serde(default)]
    pub hands_on: Vec<String>,
    /// Its working directory.
    pub directory: PathBuf,
    /// The folder of its kept release, of which the bytes are compared before the group is started again; none
    /// of what is not kept.
    #[serde(default)]
    pub kept: Option<PathBuf>,
    /// How it is asked to end.
    pub stop: Stop,
    /// Whether it is restarted when it ends by itself.
    pub restart: Restart,
    /// Whether what it started lives on once its leader has ended well: a script that deploys may
    /// leave a server behind.
    #[serde(default)]
    pub leaves: bool,
    /// Where the shim listens for requests.
    pub socket: PathBuf,
}

/// Whether a group that ended by itself is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// A candidate until promotion: its end is evidence.
    Never,
    /// Stable and standby: with back-off, on the same address.
    BackOff,
}

/// What the controller asks of a shim. One reply follows each request; `Watch` is followed by a
/// [`ShimReply::Status`] at once and at each change, until the connection ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShimRequest {
    /// How is it?
    Status,
    /// Tell me at each change.
    Watch,
    /// Changes the restart policy; promotion does. A group that waits for its next start is started at
    /// once, also where the policy stays as it is.
    Keep {
        /// The controller's.
        epoch: Epoch,
        /// From now on.
        restart: Restart,
    },
    /// Stop signal, then KILL of every descendant after the time given at start. Answered when none
    /// is left; the shim then ends.
    Stop {
        /// The controller's.
        epoch: Epoch,
    },
}

/// What a shim answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShimReply {
    /// How it is.
    Status(ShimStatus),
    /// Done, or it was so already.
    Done,
    /// Nothing was changed.
    Refused(ShimRefusal),
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShimRefusal {
    /// A newer controller has spoken; holds its epoch.
    OldEpoch(Epoch),
    /// The request could not be read; holds why.
    Malformed(String),
}

/// How a group is. Also lies as `status.json` in the instance's folder, replaced at each change, so
/// that it can be read when the shim is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimStatus {
    /// Which instance.
    pub instance: InstanceId,
    /// Its state.
    pub state: ShimState,
    /// Times it was started again.
    pub restarts: u32,
    /// The policy in force.
    pub restart: Restart,
    /// The highest epoch seen.
    pub epoch: Epoch,
    /// The machine's boot id when this was written: after another boot nothing of it lives.
    pub boot_id: String,
    /// The shim's own pid and start time (clock ticks since boot).
    pub shim: (i32, u64),
    /// Its ends by itself, alike ones near each other as one, the newest of them last; none where there were
    /// none, or an older shim does not say. Of many the oldest are left out.
    #[serde(default)]
    pub ends: Vec<AlikeEnds>,
    /// Whether what was asked to end had not when its time was over, and was killed; an older shim does not
    /// say.
    #[serde(default)]
    pub killed: bool,
}

/// Ends of a group that nobody asked for: all alike, and none of them later than
/// [`ONCE_MORE_WITHIN_US`](windlass_model::ONCE_MORE_WITHIN_US) after the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlikeEnds {
    /// How; of one that could not be started the last reason.
    pub end: GroupEnd,
    /// When the first of them was, microseconds since 1970 UTC.
    pub first_us: i64,
    /// When the last of them was.
    pub last_us: i64,
    /// How many.
    pub count: u32,
}

/// The state of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShimState {
    /// It runs.
    Running {
        /// Pid of the group's leader.
        pid: i32,
        /// Its start time: clock ticks since boot, field 22 of `/proc/PID/stat`.
        start_time: u64,
    },
    /// It ended and will be started again.
    BackingOff {
        /// How it ended.
        end: GroupEnd,
        /// Milliseconds from the end to the next start.
        wait_ms: u64,
    },
    /// It ended and stays so.
    Ended {
        /// How.
        end: GroupEnd,
    },
}

/// How a group's leader ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupEnd {
    /// It could not be started; holds why.
    NotStarted(String),
    /// With this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// On request.
    Stopped,
}
