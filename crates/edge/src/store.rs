//! The journal.

use async_trait::async_trait;
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, Epoch, Fact, Happening, InstallationId,
    Plan, PlanId, ScoreEntry,
};

use crate::EdgeError;

/// One thing to append to a deployment's journal, in one transaction with what follows from it.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Whose journal.
    pub deployment: DeploymentId,
    /// Its number there: one more than the last, from 0. A number that is taken is a `Conflict`:
    /// somebody else wrote.
    pub number: u64,
    /// Calendar time, microseconds since 1970 UTC.
    pub at_us: i64,
    /// The engine's event, as JSON.
    pub event: String,
    /// What it made true, for people.
    pub facts: Vec<Fact>,
    /// The environment after it, if it changed.
    pub environment: Option<Environment>,
    /// Whether the deployment is over with it.
    pub ends: bool,
}

/// One row of a journal, read back and checked.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// Position among all journals' rows: what watchers resume from.
    pub sequence: u64,
    /// Whose.
    pub deployment: DeploymentId,
    /// Its number there.
    pub number: u64,
    /// Calendar time, microseconds since 1970 UTC.
    pub at_us: i64,
    /// The engine's event, as JSON.
    pub event: String,
    /// What it made true.
    pub facts: Vec<Fact>,
}

/// A deployment as stored.
#[derive(Clone, Debug)]
pub struct StoredDeployment {
    /// Which.
    pub id: DeploymentId,
    /// What it carries out.
    pub plan: Plan,
    /// When it began, microseconds since 1970 UTC.
    pub started_us: i64,
    /// When it ended.
    pub ended_us: Option<i64>,
    /// Who asked for it.
    pub by: String,
    /// What the engine needs beside the plan to begin (slots and instances), as JSON.
    pub opening: String,
    /// By what whoever asks for it again knows it, if they gave it a key.
    pub asked_as: Option<String>,
}

/// A deployment that has not ended, with all its rows. A row that fails its checksum or breaks the
/// chain ends the list and is named in `poisoned`.
#[derive(Clone, Debug)]
pub struct OpenDeployment {
    /// The deployment.
    pub deployment: StoredDeployment,
    /// Its rows in order.
    pub entries: Vec<JournalEntry>,
    /// Why the rows end early, for a person.
    pub poisoned: Option<String>,
}

/// Keeps the journal. One writer; an append is acknowledged when it would survive a power cut.
#[async_trait(?Send)]
pub trait Store {
    /// This installation, minted when the store was made.
    fn installation(&self) -> InstallationId;

    /// The epoch of this opening: one more than the last opening's.
    fn epoch(&self) -> Epoch;

    /// Notes that the history is not whole: `heard` was said by an opening that it does not know.
    /// Holds for every later opening, until `adopt`: each raises the epoch, and would soon speak
    /// above what was heard.
    ///
    /// # Errors
    /// `Unreachable` when the store can't be written.
    async fn note_lost(&self, heard: Epoch) -> Result<(), EdgeError>;

    /// The highest epoch noted so; none while the history is whole.
    ///
    /// # Errors
    /// `Unreachable`, `Malformed`.
    async fn lost(&self) -> Result<Option<Epoch>, EdgeError>;

    /// Takes over what runs: writes `environments` and notes `happening`, and has the next opening speak under
    /// an epoch above `heard`. All of it, or nothing. Nothing more can be relied on to be written by this
    /// opening.
    ///
    /// # Errors
    /// `Unreachable` when the store can't be written.
    async fn adopt(
        &self,
        environments: &[Environment],
        heard: Epoch,
        happening: &Happening,
    ) -> Result<(), EdgeError>;

    /// Begins a deployment: its row and its environment (with the lock) in one transaction.
    ///
    /// # Errors
    /// `Conflict` when the id is taken; `Unreachable` when the store can't be written.
    async fn begin(
        &self,
        deployment: &StoredDeployment,
        environment: &Environment,
    ) -> Result<(), EdgeError>;

    /// Appends one row; returns its sequence. Appends that wait together share one transaction.
    ///
    /// # Errors
    /// `Conflict` for a number that is taken; `Unreachable` when the store can't be written, or its
    /// file is not the one that was opened any more: then nothing was appended.
    async fn append(&self, entry: NewEntry) -> Result<u64, EdgeError>;

    /// Writes an environment outside a deployment (`down`, a new folder).
    ///
    /// # Errors
    /// `Unreachable`.
    async fn put_environment(&self, environment: &Environment) -> Result<(), EdgeError>;

    /// All environments.
    ///
    /// # Errors
    /// `Unreachable`, `Malformed`.
    async fn environments(&self) -> Result<Vec<Environment>, EdgeError>;

    /// Keeps a plan for `deploy --plan`; drops those older than 30 days.
    ///
    /// # Errors
    /// `Unreachable`.
    async fn put_plan(&self, plan: &Plan, at_us: i64) -> Result<(), EdgeError>;

    /// Keeps what was seen of candidates, in one piece and in place of what was kept before.
    ///
    /// # Errors
    /// `Unreachable`: what was kept before still is.
    async fn put_seen(&self, state: String) -> Result<(), EdgeError>;

    /// What was kept so last.
    ///
    /// # Errors
    /// `Unreachable`.
    async fn seen(&self) -> Result<Option<String>, EdgeError>;

    /// A kept plan.
    ///
    /// # Errors
    /// `Unreachable`, `Malformed`.
    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, EdgeError>;

    /// The kept plans, those also that went stale.
    ///
    /// # Errors
    /// `Unreachable`. A plan that can't be read is left out: nobody can carry it out any more.
    async fn plans(&self) -> Result<Vec<Plan>, EdgeError>;

    /// Keeps a score, in the place of an earlier one of the same deployment and moment; drops the oldest of its environment beyond the newest thousand.
    ///
    /// # Errors
    /// `Unreachable`.
    async fn put_score(&self, entry: &ScoreEntry) -> Result<(), EdgeError>;

    /// The scores of an environment, newest first, at most `limit`.
    ///
    /// # Errors
    /// `Unreachable`. One that can't be read is left out.
    async fn scores(
        &self,
        app: &AppName,
        environment: &EnvironmentName,
        limit: u32,
    ) -> Result<Vec<ScoreEntry>, EdgeError>;

    /// Notes what happened outside of a deployment: in no journal, and in no commit with one. One with the
    /// same gist as an earlier one is made one with it, as [`Happening::once_more`] says. Drops the oldest
    /// beyond the newest thousand.
    ///
    /// # Errors
    /// `Unreachable` when the store can't be written.
    async fn put_happening(&self, happening: &Happening) -> Result<(), EdgeError>;

    /// What was noted so before a sequence, or all of it: newest first, at most `limit`, each with its
    /// sequence. One that was made one with an earlier has a new sequence.
    ///
    /// # Errors
    /// `Unreachable`. One that can't be read is left out and counts for none: fewer than `limit` are all.
    async fn happenings(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, Happening)>, EdgeError>;

    /// The deployments that have not ended.
    ///
    /// # Errors
    /// `Unreachable`; a bad row is no error but `poisoned`.
    async fn open_deployments(&self) -> Result<Vec<OpenDeployment>, EdgeError>;

    /// One deployment with all its rows.
    ///
    /// # Errors
    /// `Unreachable`, `Malformed`.
    async fn deployment(&self, id: &DeploymentId) -> Result<Option<OpenDeployment>, EdgeError>;

    /// The newest deployment that was asked for as this, whether or not it has ended.
    ///
    /// # Errors
    /// `Unreachable`, `Malformed`.
    async fn asked(&self, asked_as: &str) -> Result<Option<StoredDeployment>, EdgeError>;

    /// Deployments, newest first, at most `limit`.
    ///
    /// # Errors
    /// `Unreachable`, `Malformed`.
    async fn deployments(&self, limit: u32) -> Result<Vec<StoredDeployment>, EdgeError>;

    /// Rows after `after` in order, at most `limit`; of one deployment or of all.
    ///
    /// # Errors
    /// `Unreachable`, `Malformed`.
    async fn entries(
        &self,
        deployment: Option<&DeploymentId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, EdgeError>;

    /// The sequence of the last row; 0 where there is none.
    ///
    /// # Errors
    /// `Unreachable`.
    async fn end(&self) -> Result<u64, EdgeError>;

    /// Drops ended deployments beyond the newest `keep`.
    ///
    /// # Errors
    /// `Unreachable`.
    async fn forget_deployments(&self, keep: u32) -> Result<(), EdgeError>;
}
