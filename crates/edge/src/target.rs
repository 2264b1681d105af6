//! Running releases.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_trait::async_trait;
use futures_util::stream::LocalBoxStream;
use windlass_control::Restart;
use windlass_model::{
    CommandRun, CommandState, DeploymentId, Digest, Epoch, Instance, InstanceEnd, InstanceId,
    Millis, OtherProgram, Release, ServiceKey, ServiceSpec, SlotId,
};

use crate::{EdgeError, Reporting};

/// What is needed to keep a release.
#[derive(Clone, Debug)]
pub struct KeepRelease {
    /// Whose.
    pub service: ServiceKey,
    /// As wanted.
    pub spec: ServiceSpec,
    /// The folder that relative paths belong to.
    pub folder: std::path::PathBuf,
    /// Values of `spec.foreign_names()`. Kept 0600 with the release; never in journal, log or event.
    pub values: BTreeMap<String, String>,
    /// `<NEED>_URL` of each need that listens.
    pub need_urls: BTreeMap<String, String>,
    /// Who asks for the PATH, HOME and LANG that the service will see.
    pub surroundings: BTreeMap<String, String>,
}

/// A kept release, and whether it was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The release.
    pub release: Release,
    /// Bytes copied; 0 when it was there already.
    pub copied: u64,
}

/// What is needed to start one instance.
#[derive(Clone, Debug)]
pub struct StartInstance {
    /// Whose.
    pub service: ServiceKey,
    /// Which; minted and journalled before.
    pub instance: Instance,
    /// What it runs; kept before.
    pub release: Release,
    /// How it is asked to run.
    pub spec: ServiceSpec,
    /// Its number among the instances of its slot, from 0: `${INSTANCE}`.
    pub ordinal: u16,
    /// What happens when it ends by itself.
    pub restart: Restart,
    /// The slot it belongs to.
    pub slot: SlotId,
    /// Whether one that has ended is started again under the same id: what is stable is.
    pub again: bool,
    /// Where a command runs rather than a service.
    pub command: Option<StartCommand>,
}

/// What the run of a command is told besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartCommand {
    /// Which one, and of which versions. The same attempt is the same run: `again` starts another
    /// one only.
    pub run: CommandRun,
    /// For which deployment.
    pub deployment: DeploymentId,
    /// Where it says how it goes.
    pub reporting: Reporting,
}

/// What is left of an instance, or keeps it: enough to take it over without a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceTrace {
    /// Whose.
    pub service: ServiceKey,
    /// The slot it belongs to.
    pub slot: SlotId,
    /// Which.
    pub instance: Instance,
    /// What it runs.
    pub release: Release,
    /// How it was asked to run.
    pub spec: ServiceSpec,
    /// Whether it runs now.
    pub runs: bool,
}

/// How one instance is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// There is no trace of it: certainly not started.
    Absent,
    /// It runs; `listening` is whether the socket at its address belongs to its own group (always
    /// true where nothing listens).
    Running {
        /// See above.
        listening: bool,
        /// Times it was started again.
        restarts: u32,
    },
    /// It ended and stays so.
    Ended(InstanceEnd),
}

/// How an instance ended that was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// By itself, or nobody knows that it was otherwise.
    Heard,
    /// It went on for all the time that it had, and was killed.
    Killed {
        /// How long that was.
        after: Millis,
    },
}

/// How one instance has ended by itself, as what keeps it noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastEnds {
    /// Who noted it; another one begins to count anew.
    pub keeper: String,
    /// The newest last; none where it never did, or nobody noted it.
    pub ends: Vec<AlikeEnds>,
}

/// Ends of one instance that are alike and near each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlikeEnds {
    /// How.
    pub end: InstanceEnd,
    /// When the first of them was, microseconds since 1970 UTC: by that they are known again.
    pub first_us: i64,
    /// When the last of them was.
    pub last_us: i64,
    /// How many.
    pub count: u32,
}

/// States of one instance as they change. Ends when the instance is [`InstanceState::Absent`].
pub type InstanceWatch = LocalBoxStream<'static, InstanceState>;

/// A part of what an instance printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    /// Which instance.
    pub instance: InstanceId,
    /// Byte offset in its standard output to go on from; none: the last `tail` bytes.
    pub stdout_from: Option<u64>,
    /// The same for its standard error.
    pub stderr_from: Option<u64>,
    /// Most bytes per stream.
    pub tail: u64,
    /// Whether the values that the release was kept with read `***`, from four characters on: for what
    /// goes into journal and events. Offsets are those of what was printed.
    pub masked: bool,
}

/// What was read, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk {
    /// Bytes of standard output.
    pub stdout: Vec<u8>,
    /// Offset behind them.
    pub stdout_next: u64,
    /// Bytes of standard error.
    pub stderr: Vec<u8>,
    /// Offset behind them.
    pub stderr_next: u64,
    /// How long both were when, oldest first; only where what stands there already was asked for, with no
    /// offset to go on from. Of what comes later the reader knows the time.
    pub marks: Vec<LogMark>,
}

/// How much an instance had printed at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogMark {
    /// When, microseconds since 1970 UTC.
    pub at_us: i64,
    /// Bytes of standard output.
    pub stdout: u64,
    /// Bytes of standard error.
    pub stderr: u64,
}

/// Runs releases.
#[async_trait(?Send)]
pub trait Target {
    /// Keeps everything that starting the release needs, under its digest. The same input gives the
    /// same release; a second call copies nothing.
    ///
    /// # Errors
    /// `Rejected` when what the spec names is missing, not executable or too large.
    async fn keep(&self, request: &KeepRelease) -> Result<Kept, EdgeError>;

    /// Reads what [`Target::keep`] would read, so that it finds it known: that one holds others up, and this does
    /// not. Keeps nothing, and refuses nothing: keeping it does.
    async fn read_ahead(&self, request: &KeepRelease);

    /// Drops kept releases that are not in `needed`, and traces of instances not in `instances`.
    ///
    /// # Errors
    /// Any; what could not be dropped stays for the next time.
    async fn forget_all_but(
        &self,
        needed: &[Release],
        instances: &[InstanceId],
    ) -> Result<(), EdgeError>;

    /// Starts one instance. An instance that was started under this id before is left as it is,
    /// unless it has ended, also by a restart of the machine, and `again` is asked for.
    ///
    /// # Errors
    /// `Conflict` when its address is taken; `Rejected` when the program can't be started;
    /// `Refused` for an old epoch.
    async fn start(&self, request: &StartInstance) -> Result<(), EdgeError>;

    /// How the instance is now.
    ///
    /// # Errors
    /// `Unreachable` when that can't be told.
    async fn observe(&self, instance: &Instance) -> Result<InstanceState, EdgeError>;

    /// How the instance has ended by itself, also if it runs again since; none where nothing keeps or kept it.
    ///
    /// # Errors
    /// `Unreachable` when that can't be told.
    async fn ends(&self, instance: &Instance) -> Result<Option<PastEnds>, EdgeError>;

    /// The process that the instance is: that of its program, and not of what keeps it. None where nothing
    /// runs, or where it is none of this machine.
    ///
    /// # Errors
    /// `Unreachable` when that can't be told.
    async fn process(&self, instance: &Instance) -> Result<Option<u32>, EdgeError>;

    /// Bytes that all processes of the instance hold in memory now, whatever they share counted for each;
    /// none where nothing runs or the system does not say.
    ///
    /// # Errors
    /// `Unreachable` when that can't be told.
    async fn memory(&self, instance: &Instance) -> Result<Option<u64>, EdgeError>;

    /// The instance's states from now on, the present one first. An exit is seen at once.
    fn watch(&self, instance: &Instance) -> InstanceWatch;

    /// Asks the `status` of the command that the instance is a run of whether the version is live that
    /// the run was told to bring. Anything but a clear answer is [`CommandState::Unclear`].
    ///
    /// # Errors
    /// `Rejected` when it has no `status`, or can't be started; `Timeout`.
    async fn ask_status(&self, instance: &Instance) -> Result<CommandState, EdgeError>;

    /// Sets what happens when the instance ends by itself. Promotion does.
    ///
    /// # Errors
    /// `Unsupported` when nobody lives who could be told: observe it; one that has ended is started
    /// again, one that runs must be watched. `Unreachable`, `Timeout`, `Refused`.
    async fn set_restart(&self, instance: &InstanceId, restart: Restart) -> Result<(), EdgeError>;

    /// Ends the instance: stop signal, then KILL of every descendant. Done when none is left; an
    /// absent instance is done. Its log, exit status and counters stay readable.
    ///
    /// # Errors
    /// `Timeout` when something can't be killed; `Refused` for an old epoch.
    async fn stop(&self, instance: &InstanceId) -> Result<Stopped, EdgeError>;

    /// Reads what the instance printed.
    ///
    /// # Errors
    /// `Rejected` for an instance without a trace, or whose values can't be masked.
    async fn log(&self, request: &LogRequest) -> Result<LogChunk, EdgeError>;

    /// `text`, which the instance has said, without values that it got of its deployer's environment:
    /// what goes into the journal must hold none.
    ///
    /// # Errors
    /// `Rejected` where its values can't be told: then nothing of it may be kept.
    async fn masked(&self, instance: &InstanceId, text: String) -> Result<String, EdgeError>;

    /// The digest of the kept files as they lie there now: equal to `release.artefact` unless
    /// somebody changed them. What was added beside them, as by a program that writes into its own copy, is no
    /// change of them.
    ///
    /// # Errors
    /// `Rejected` when they are gone.
    async fn verify(&self, release: &Release) -> Result<Digest, EdgeError>;

    /// Whether the release could be started again as it was when it was kept: what is kept of it, and
    /// what it needs from elsewhere. Of files that have not changed since they were last read, what was
    /// read then counts.
    ///
    /// # Errors
    /// `Rejected` with what is gone or is another now.
    async fn can_start(&self, release: &Release) -> Result<(), EdgeError>;

    /// The program outside of the folder, from PATH or elsewhere, that is another one in `now` than in `was`; none
    /// where both have the same, or keep theirs.
    ///
    /// # Errors
    /// `Rejected` when either is not kept any more.
    async fn other_program(
        &self,
        was: &Release,
        now: &Release,
    ) -> Result<Option<OtherProgram>, EdgeError>;

    /// Every instance that has a trace.
    ///
    /// # Errors
    /// `Unreachable` when they can't be read. One that alone can't be read is left out.
    async fn traces(&self) -> Result<Vec<InstanceTrace>, EdgeError>;

    /// The highest epoch that anything kept here has heard; none where there is nothing.
    ///
    /// # Errors
    /// `Unreachable` when that can't be read.
    async fn heard(&self) -> Result<Option<Epoch>, EdgeError>;

    /// Addresses of instances that have a trace, alive or not: not to be allotted again.
    fn addresses_in_use(&self) -> Vec<SocketAddr>;
}
