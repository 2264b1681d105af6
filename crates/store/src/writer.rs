//! The one who commits. It lives on a thread of its own, so that a caller who goes away in the
//! middle of a transaction can't cancel it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};
use windlass_edge::EdgeError;

use crate::footing::Footing;
use crate::queries::transaction;
use crate::write::{Heads, Write};
use crate::{connect, error};

/// Most writes that wait; a further caller waits until there is room.
pub(crate) const QUEUE_MOST: usize = 1_024;

/// Most writes that share one commit.
const GROUP_MOST: usize = 128;

/// A write and where its answer goes.
pub(crate) struct Message {
    pub(crate) write: Write,
    pub(crate) answer: oneshot::Sender<Result<u64, EdgeError>>,
}

/// The writer connection and what it remembers.
pub(crate) struct Writer {
    pub(crate) connection: SqliteConnection,
    pub(crate) footing: Footing,
    pub(crate) epoch: i64,
    pub(crate) commits: Arc<AtomicU64>,
    pub(crate) heads: Heads,
}

impl Writer {
    /// Commits what is queued until every sender is gone; what waits together shares one commit.
    pub(crate) async fn run(&mut self, mut queue: mpsc::Receiver<Message>) {
        let mut group = Vec::with_capacity(GROUP_MOST);
        while queue.recv_many(&mut group, GROUP_MOST).await > 0 {
            let (aside, journal) = group.drain(..).partition(|it| it.write.is_aside());
            self.carry_out(journal).await;
            self.carry_out(aside).await;
        }
    }

    /// Writes a group in one transaction, and answers each of it.
    async fn carry_out(&mut self, group: Vec<Message>) {
        if group.is_empty() {
            return;
        }
        let results = match self.commit_group(&group).await {
            Ok(results) => results,
            Err(why) => {
                self.heads.clear();
                // Outside a transaction this fails, and there is nothing to take back.
                transaction::rollback(&mut self.connection).await.ok();
                group.iter().map(|_| Err(copy(&why))).collect()
            }
        };
        for (message, result) in group.into_iter().zip(results) {
            // The caller may have gone; what it asked for is done all the same.
            message.answer.send(result).ok();
        }
    }

    /// Writes a group in one transaction. A write that fails by itself is taken back by itself.
    async fn commit_group(
        &mut self,
        group: &[Message],
    ) -> Result<Vec<Result<u64, EdgeError>>, EdgeError> {
        let failed = |cause: sqlx::Error| error::sql("the store can't be written", cause);
        let connection = &mut self.connection;
        transaction::begin(connection).await.map_err(failed)?;
        connect::check_epoch(connection, self.epoch).await?;
        let alone = group.len() == 1;
        let mut results = Vec::with_capacity(group.len());
        for Message { write, .. } in group {
            if !alone {
                transaction::save(connection).await.map_err(failed)?;
            }
            let result = write.apply(connection, &mut self.heads).await;
            if result.is_err() {
                write.failed(&mut self.heads);
            }
            if !alone && result.is_err() {
                transaction::undo(connection).await.map_err(failed)?;
            } else if !alone {
                transaction::keep(connection).await.map_err(failed)?;
            }
            results.push(result);
        }
        if results.iter().all(Result::is_err) {
            transaction::rollback(connection).await.map_err(failed)?;
        } else {
            // As late as can be: what is committed to a file without a name is lost with this process.
            self.footing.check()?;
            transaction::commit(connection).await.map_err(failed)?;
            self.commits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(results)
    }
}

/// The same failure for each write of a group; the cause is kept as text.
fn copy(why: &EdgeError) -> EdgeError {
    let copy = EdgeError::new(why.kind, why.retry, why.what.clone());
    match &why.source {
        Some(cause) => copy.because(cause.to_string()),
        None => copy,
    }
}
