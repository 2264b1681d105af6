//! The store on one SQLite file.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use async_trait::async_trait;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot};
use windlass_edge::{
    EdgeError, ErrorKind, JournalEntry, NewEntry, OpenDeployment, Retry, Store, StoredDeployment,
};
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, Epoch, Happening, InstallationId, Plan,
    PlanId, ScoreEntry,
};

use crate::connect::{self, KEY_BYTES, Opened};
use crate::footing::Footing;
use crate::queries::{deployments, environments, installation, journal, plans, scores, seen};
use crate::write::{FORGET_AT_ONCE, Heads, Write};
use crate::writer::{Message, QUEUE_MOST, Writer};
use crate::{error, note, read};

/// Most rows or deployments in one answer, whatever was asked for.
const PAGE_MOST: u32 = 10_000;

/// The journal in one SQLite file.
///
/// The caller makes sure, by a lock of its own, that no second controller opens the file; if one
/// does all the same, every write of the earlier opening is refused.
///
/// Dropping the future of a write may leave it undone or done, never half done. Dropping the store
/// waits for the writes that are queued.
pub struct SqliteStore {
    installation: InstallationId,
    key: [u8; KEY_BYTES],
    epoch: Epoch,
    commits: Arc<AtomicU64>,
    readers: Vec<Mutex<SqliteConnection>>,
    queue: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

/// What the writer's thread tells once: the rest of [`Opened`].
struct Ready {
    readers: Vec<SqliteConnection>,
    installation: InstallationId,
    key: [u8; KEY_BYTES],
    epoch: i64,
}

impl SqliteStore {
    /// Opens the store in the file `path`, making it if it is not there, and raises its epoch.
    /// Blocks for the few milliseconds that takes; a file locked by another process takes two
    /// seconds.
    ///
    /// # Errors
    /// `Refused` for a schema newer than this program knows, a file of another program or a SQLite
    /// library that is too old; `Conflict` when another process is writing to it; `Unreachable`
    /// when it can't be opened for writing; `Malformed` for a damaged one.
    pub fn open(path: &Path) -> Result<Self, EdgeError> {
        let (queue, receiver) = mpsc::channel(QUEUE_MOST);
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        let file = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_until_closed(&file, &tell, receiver, counter))
            .map_err(no_thread)?;
        let ready = told
            .recv()
            .map_err(|gone| error::writer_ended().because(gone))??;
        Ok(Self {
            installation: ready.installation,
            key: ready.key,
            epoch: Epoch(
                u64::try_from(ready.epoch).map_err(|why| {
                    error::malformed("the store's epoch is negative").because(why)
                })?,
            ),
            commits,
            readers: ready.readers.into_iter().map(Mutex::new).collect(),
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// The secret of this installation, for keyed hashes of values that must not be known. It is
    /// minted with the store and never changes.
    pub fn installation_key(&self) -> &[u8; KEY_BYTES] {
        &self.key
    }

    /// Transactions committed since this opening, so that tests and benches see what shared one.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    async fn write(&self, write: Write) -> Result<u64, EdgeError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(error::writer_ended)?;
        let sent = queue.send(Message { write, answer }).await;
        // The error would give the message back, not a cause.
        sent.map_err(|_gone| error::writer_ended())?;
        answered
            .await
            .map_err(|gone| error::writer_ended().because(gone))?
    }

    /// A read connection: a free one if there is one.
    async fn reader(&self) -> Result<MutexGuard<'_, SqliteConnection>, EdgeError> {
        if let Some(free) = self
            .readers
            .iter()
            .find_map(|reader| reader.try_lock().ok())
        {
            return Ok(free);
        }
        match self.readers.first() {
            Some(first) => Ok(first.lock().await),
            None => Err(error::writer_ended()),
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.queue = None;
        self.readers.clear();
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has nothing more to say here.
            thread.join().ok();
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("installation", &self.installation)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// The life of the writer's thread.
fn write_until_closed(
    path: &Path,
    tell: &std::sync::mpsc::SyncSender<Result<Ready, EdgeError>>,
    queue: mpsc::Receiver<Message>,
    commits: Arc<AtomicU64>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            tell.send(Err(no_thread(cause))).ok();
            return;
        }
    };
    runtime.block_on(async {
        let Opened {
            writer,
            readers,
            installation,
            key,
            epoch,
        } = match connect::open(path).await {
            Ok(opened) => opened,
            Err(why) => {
                tell.send(Err(why)).ok();
                return;
            }
        };
        let footing = match Footing::of(path) {
            Ok(footing) => footing,
            Err(why) => {
                tell.send(Err(why)).ok();
                return;
            }
        };
        if tell
            .send(Ok(Ready {
                readers,
                installation,
                key,
                epoch,
            }))
            .is_err()
        {
            return;
        }
        let mut writer = Writer {
            connection: writer,
            footing,
            epoch,
            commits,
            heads: Heads::default(),
        };
        writer.run(queue).await;
        if let Err(cause) = writer.connection.close().await {
            tracing::warn!(error = %cause, "the store was not closed cleanly");
        }
    });
}

fn no_thread(cause: std::io::Error) -> EdgeError {
    let what = "the store's writer can't be started";
    EdgeError::new(ErrorKind::Unreachable, Retry::Never, what).because(cause)
}

fn unread(cause: sqlx::Error) -> EdgeError {
    error::sql("the store can't be read", cause)
}

#[async_trait(?Send)]
impl Store for SqliteStore {
    fn installation(&self) -> InstallationId {
        self.installation.clone()
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    async fn begin(
        &self,
        deployment: &StoredDeployment,
        environment: &Environment,
    ) -> Result<(), EdgeError> {
        self.write(Write::begin(deployment, environment)?)
            .await
            .map(drop)
    }

    async fn append(&self, entry: NewEntry) -> Result<u64, EdgeError> {
        self.write(Write::append(entry)?).await
    }

    async fn note_lost(&self, heard: Epoch) -> Result<(), EdgeError> {
        self.write(Write::note_lost(heard)?).await.map(drop)
    }

    async fn lost(&self) -> Result<Option<Epoch>, EdgeError> {
        let mut reader = self.reader().await?;
        let heard = installation::lost(&mut reader).await.map_err(unread)?;
        heard
            .map(|heard| u64::try_from(heard).map(Epoch))
            .transpose()
            .map_err(|why| error::malformed("a noted epoch is negative").because(why))
    }

    async fn adopt(
        &self,
        environments: &[Environment],
        heard: Epoch,
        happening: &Happening,
    ) -> Result<(), EdgeError> {
        self.write(Write::adopt(environments, heard, happening)?)
            .await
            .map(drop)
    }

    async fn put_environment(&self, environment: &Environment) -> Result<(), EdgeError> {
        self.write(Write::put_environment(environment)?)
            .await
            .map(drop)
    }

    async fn environments(&self) -> Result<Vec<Environment>, EdgeError> {
        let mut reader = self.reader().await?;
        let rows = environments::all(&mut reader).await.map_err(unread)?;
        rows.iter().map(read::environment).collect()
    }

    async fn put_plan(&self, plan: &Plan, at_us: i64) -> Result<(), EdgeError> {
        self.write(Write::put_plan(plan, at_us)?).await.map(drop)
    }

    async fn put_seen(&self, state: String) -> Result<(), EdgeError> {
        self.write(Write::PutSeen(state)).await.map(drop)
    }

    async fn seen(&self) -> Result<Option<String>, EdgeError> {
        let mut reader = self.reader().await?;
        seen::select(&mut reader).await.map_err(unread)
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, EdgeError> {
        let mut reader = self.reader().await?;
        let text = plans::select(&mut reader, id.as_str())
            .await
            .map_err(unread)?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|why| error::malformed(format!("{id} can't be read")).because(why))
    }

    async fn plans(&self) -> Result<Vec<Plan>, EdgeError> {
        let mut reader = self.reader().await?;
        let mut kept = Vec::new();
        for (id, text) in plans::all(&mut reader).await.map_err(unread)? {
            match serde_json::from_str(&text) {
                Ok(plan) => kept.push(plan),
                Err(why) => tracing::warn!(error = %why, "{id} can't be read"),
            }
        }
        Ok(kept)
    }

    async fn put_score(&self, entry: &ScoreEntry) -> Result<(), EdgeError> {
        self.write(Write::put_score(entry)?).await.map(drop)
    }

    async fn scores(
        &self,
        app: &AppName,
        environment: &EnvironmentName,
        limit: u32,
    ) -> Result<Vec<ScoreEntry>, EdgeError> {
        let mut reader = self.reader().await?;
        let limit = limit.min(PAGE_MOST);
        let texts = scores::newest(&mut reader, app.as_str(), environment.as_str(), limit).await;
        let read = |text: &String| match serde_json::from_str(text) {
            Ok(entry) => Some(entry),
            Err(why) => {
                tracing::warn!(error = %why, "a score of {app} can't be read");
                None
            }
        };
        Ok(texts.map_err(unread)?.iter().filter_map(read).collect())
    }

    async fn put_happening(&self, happening: &Happening) -> Result<(), EdgeError> {
        let noted = Box::new(happening.clone());
        self.write(Write::Note(noted)).await.map(drop)
    }

    async fn happenings(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, Happening)>, EdgeError> {
        let mut reader = self.reader().await?;
        note::before(&mut reader, before, limit.min(PAGE_MOST)).await
    }

    async fn open_deployments(&self) -> Result<Vec<OpenDeployment>, EdgeError> {
        let mut reader = self.reader().await?;
        let mut snapshot = reader.begin().await.map_err(unread)?;
        let mut open = Vec::new();
        for row in deployments::open(&mut snapshot).await.map_err(unread)? {
            let chain = journal::chain(&mut snapshot, &row.id).await.map_err(unread);
            match read::deployment(&row, chain) {
                Ok(deployment) => open.push(deployment),
                Err(why) if why.kind == ErrorKind::Unreachable => return Err(why),
                // Not even its names are left, so it can't be told to anyone but a person.
                Err(why) => tracing::error!(error = why.chain(), "a deployment is left out"),
            }
        }
        snapshot.commit().await.map_err(unread)?;
        Ok(open)
    }

    async fn deployment(&self, id: &DeploymentId) -> Result<Option<OpenDeployment>, EdgeError> {
        let mut reader = self.reader().await?;
        let mut snapshot = reader.begin().await.map_err(unread)?;
        let row = deployments::one(&mut snapshot, id.as_str())
            .await
            .map_err(unread)?;
        let Some(row) = row else { return Ok(None) };
        let chain = journal::chain(&mut snapshot, id.as_str())
            .await
            .map_err(unread);
        snapshot.commit().await.map_err(unread)?;
        read::deployment(&row, chain).map(Some)
    }

    async fn asked(&self, asked_as: &str) -> Result<Option<StoredDeployment>, EdgeError> {
        let mut reader = self.reader().await?;
        let row = deployments::asked(&mut reader, asked_as)
            .await
            .map_err(unread)?;
        row.map(|row| read::stored(&row).map(|(stored, _poisoned)| stored))
            .transpose()
    }

    async fn deployments(&self, limit: u32) -> Result<Vec<StoredDeployment>, EdgeError> {
        let mut reader = self.reader().await?;
        let rows = deployments::newest(&mut reader, limit.min(PAGE_MOST))
            .await
            .map_err(unread)?;
        let mut stored = Vec::with_capacity(rows.len());
        for row in rows {
            let (deployment, poisoned) = read::stored(&row)?;
            if let Some(why) = poisoned {
                tracing::error!(
                    deployment.id = row.id,
                    "deployment {} is damaged: {why}",
                    row.id
                );
            }
            stored.push(deployment);
        }
        Ok(stored)
    }

    async fn entries(
        &self,
        deployment: Option<&DeploymentId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, EdgeError> {
        let limit = limit.min(PAGE_MOST);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut reader = self.reader().await?;
        match deployment {
            Some(id) => {
                let rows = journal::after_of(&mut reader, id.as_str(), after, limit).await;
                one_journal(id, &rows.map_err(unread)?)
            }
            None => all_journals(&mut reader, after, limit).await,
        }
    }

    async fn end(&self) -> Result<u64, EdgeError> {
        let mut reader = self.reader().await?;
        let end = journal::end(&mut reader).await.map_err(unread)?;
        Ok(u64::try_from(end).unwrap_or(0))
    }

    async fn forget_deployments(&self, keep: u32) -> Result<(), EdgeError> {
        while self.write(Write::Forget { keep }).await? >= u64::from(FORGET_AT_ONCE) {}
        Ok(())
    }
}

/// The intact rows up to the first damaged one; an error if that comes first, so that whoever
/// follows learns why nothing more will come.
fn one_journal(
    id: &DeploymentId,
    rows: &[journal::JournalRow],
) -> Result<Vec<JournalEntry>, EdgeError> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        match read::entry(row) {
            Ok(entry) => entries.push(entry),
            Err(why) if entries.is_empty() => {
                return Err(error::malformed(format!(
                    "the journal of {id} ends early: {why}"
                )));
            }
            Err(_) => break,
        }
    }
    Ok(entries)
}

/// The intact rows of all deployments; a damaged one is left out, so that it harms no other.
async fn all_journals(
    reader: &mut SqliteConnection,
    mut after: i64,
    limit: u32,
) -> Result<Vec<JournalEntry>, EdgeError> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut entries = Vec::new();
    loop {
        // Goes on past damaged rows: an empty answer would look like the end.
        let missing = u32::try_from(wanted - entries.len()).unwrap_or(limit);
        let rows = journal::after(reader, after, missing)
            .await
            .map_err(unread)?;
        let Some(last) = rows.last() else {
            return Ok(entries);
        };
        after = last.sequence;
        for row in &rows {
            match read::entry(row) {
                Ok(entry) => entries.push(entry),
                Err(why) => tracing::error!(
                    deployment.id = row.deployment,
                    "a journal row of {} is left out: {why}",
                    row.deployment
                ),
            }
        }
        if entries.len() >= wanted {
            return Ok(entries);
        }
    }
}
