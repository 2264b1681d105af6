//! The transactions, as messages: everything a write needs, encoded before it is queued.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::SqliteConnection;
use sqlx::error::DatabaseError;
use windlass_edge::{EdgeError, ErrorKind, NewEntry, Retry, StoredDeployment};
use windlass_model::{Environment, Epoch, Happening, Plan, ScoreEntry, ScoreMoment};

use crate::checksum::FORMAT_VERSION;
use crate::queries::deployments::DeploymentRow;
use crate::queries::environments::EnvironmentRow;
use crate::queries::journal::JournalRow;
use crate::queries::plans::PlanRow;
use crate::queries::scores::ScoreRow;
use crate::queries::{deployments, environments, installation, journal, plans, scores, seen};
use crate::{error, note, read};

/// How long a plan is kept: 30 days, in microseconds.
const PLAN_KEPT_US: i64 = 30 * 24 * 60 * 60 * 1_000_000;

/// Most plans kept, whatever their age.
const PLANS_MOST: i64 = 10_000;

/// Most scores kept of one environment.
const SCORES_MOST: i64 = 1_000;

/// Most ended deployments dropped in one transaction, so that appends don't wait long for it.
pub(crate) const FORGET_AT_ONCE: u32 = 32;

/// Most deployments whose last row is remembered; a forgotten one is read again.
const HEADS_MOST: usize = 1_024;

/// One write. Its answer is a number: the sequence of an appended row, the count of what was
/// dropped, else 0.
#[derive(Debug)]
pub(crate) enum Write {
    Begin {
        deployment: Box<DeploymentRow>,
        environment: EnvironmentRow,
    },
    Append(Box<Append>),
    PutEnvironment(EnvironmentRow),
    Adopt {
        environments: Vec<EnvironmentRow>,
        heard: i64,
        noted: Box<Happening>,
    },
    NoteLost {
        heard: i64,
    },
    PutPlan(PlanRow),
    PutScore(ScoreRow),
    PutSeen(String),
    Note(Box<Happening>),
    Forget {
        keep: u32,
    },
}

/// One row to append, and what follows from it.
#[derive(Debug)]
pub(crate) struct Append {
    deployment: String,
    number: i64,
    at_us: i64,
    event: String,
    facts: String,
    environment: Option<EnvironmentRow>,
    ends: bool,
}

/// Where the next row of a deployment goes.
#[derive(Clone, Debug)]
struct Head {
    number: i64,
    previous: Vec<u8>,
    ended: bool,
}

/// The heads of the deployments written to since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Heads(BTreeMap<String, Head>);

impl Write {
    /// Encodes the beginning of a deployment.
    pub(crate) fn begin(
        deployment: &StoredDeployment,
        environment: &Environment,
    ) -> Result<Self, EdgeError> {
        let plan = &deployment.plan;
        let mut row = DeploymentRow {
            id: deployment.id.to_string(),
            plan_id: plan.id.to_string(),
            app: plan.app.to_string(),
            environment: plan.environment.to_string(),
            plan: json(plan)?,
            started_us: deployment.started_us,
            ended_us: deployment.ended_us,
            by: deployment.by.clone(),
            opening: deployment.opening.clone(),
            asked_as: deployment.asked_as.clone(),
            checksum: Vec::new(),
        };
        row.checksum = row.parts().checksum().to_vec();
        Ok(Self::Begin {
            deployment: Box::new(row),
            environment: environment_row(environment)?,
        })
    }

    /// Encodes a row.
    pub(crate) fn append(entry: NewEntry) -> Result<Self, EdgeError> {
        let number = i64::try_from(entry.number)
            .map_err(|why| conflict(format!("no row has number {}", entry.number)).because(why))?;
        Ok(Self::Append(Box::new(Append {
            deployment: entry.deployment.to_string(),
            number,
            at_us: entry.at_us,
            event: entry.event,
            facts: json(&entry.facts)?,
            environment: entry
                .environment
                .as_ref()
                .map(environment_row)
                .transpose()?,
            ends: entry.ends,
        })))
    }

    /// Encodes an environment.
    pub(crate) fn put_environment(environment: &Environment) -> Result<Self, EdgeError> {
        Ok(Self::PutEnvironment(environment_row(environment)?))
    }

    /// Encodes the taking over of what runs.
    pub(crate) fn adopt(
        environments: &[Environment],
        heard: Epoch,
        happening: &Happening,
    ) -> Result<Self, EdgeError> {
        let environments = environments.iter().map(environment_row);
        Ok(Self::Adopt {
            environments: environments.collect::<Result<_, _>>()?,
            heard: number(heard)?,
            noted: Box::new(happening.clone()),
        })
    }

    /// Encodes that the history is not whole.
    pub(crate) fn note_lost(heard: Epoch) -> Result<Self, EdgeError> {
        Ok(Self::NoteLost {
            heard: number(heard)?,
        })
    }

    /// Encodes a plan.
    pub(crate) fn put_plan(plan: &Plan, at_us: i64) -> Result<Self, EdgeError> {
        Ok(Self::PutPlan(PlanRow {
            id: plan.id.to_string(),
            at_us,
            plan: json(plan)?,
        }))
    }

    /// Encodes a score.
    pub(crate) fn put_score(entry: &ScoreEntry) -> Result<Self, EdgeError> {
        Ok(Self::PutScore(ScoreRow {
            app: entry.app.to_string(),
            environment: entry.environment.to_string(),
            entry: json(entry)?,
            moment: match &entry.moment {
                ScoreMoment::Asked => None,
                ScoreMoment::Before(_) | ScoreMoment::After(_) => Some(json(&entry.moment)?),
            },
        }))
    }

    /// Writes it, inside the transaction that `connection` is in.
    ///
    /// After an error the caller takes back what was written and calls [`Write::failed`].
    pub(crate) async fn apply(
        &self,
        connection: &mut SqliteConnection,
        heads: &mut Heads,
    ) -> Result<u64, EdgeError> {
        match self {
            Self::Begin {
                deployment,
                environment,
            } => {
                begin(connection, heads, deployment).await?;
                put_environment(connection, environment).await.map(|()| 0)
            }
            Self::Append(append) => append.apply(connection, heads).await,
            Self::PutEnvironment(environment) => {
                put_environment(connection, environment).await.map(|()| 0)
            }
            Self::Adopt {
                environments,
                heard,
                noted,
            } => {
                for environment in environments {
                    put_environment(connection, environment).await?;
                }
                note::put(connection, noted).await?;
                let failed = |cause| error::sql("the store's epoch can't be raised", cause);
                let raised = installation::adopt(connection, *heard).await;
                raised.map(|()| 0).map_err(failed)
            }
            Self::NoteLost { heard } => {
                let failed = |cause| error::sql("the lost history can't be noted", cause);
                let noted = installation::note_lost(connection, *heard).await;
                noted.map(|()| 0).map_err(failed)
            }
            Self::PutPlan(plan) => put_plan(connection, plan).await.map(|()| 0),
            Self::PutScore(score) => {
                let failed = |cause| error::sql("a score can't be kept", cause);
                let kept = scores::insert(connection, score, SCORES_MOST).await;
                kept.map(|()| 0).map_err(failed)
            }
            Self::PutSeen(state) => {
                let failed = |cause| error::sql("what was seen can't be kept", cause);
                let kept = seen::upsert(connection, state).await;
                kept.map(|()| 0).map_err(failed)
            }
            Self::Note(happening) => note::put(connection, happening).await.map(|()| 0),
            Self::Forget { keep } => forget(connection, heads, *keep).await,
        }
    }

    /// Whether it belongs to no journal: it shares no commit with what does, so that it fails none.
    pub(crate) fn is_aside(&self) -> bool {
        matches!(self, Self::Note(_))
    }

    /// Forgets what was remembered of a write that was taken back.
    pub(crate) fn failed(&self, heads: &mut Heads) {
        match self {
            Self::Begin { deployment, .. } => heads.drop_one(&deployment.id),
            Self::Append(append) => heads.drop_one(&append.deployment),
            Self::PutEnvironment(_)
            | Self::Adopt { .. }
            | Self::NoteLost { .. }
            | Self::PutPlan(_)
            | Self::PutScore(_)
            | Self::PutSeen(_)
            | Self::Note(_)
            | Self::Forget { .. } => {}
        }
    }
}

/// An epoch as the store has it.
fn number(epoch: Epoch) -> Result<i64, EdgeError> {
    i64::try_from(epoch.0)
        .map_err(|why| error::malformed(format!("no epoch is {epoch}")).because(why))
}

impl Append {
    async fn apply(
        &self,
        connection: &mut SqliteConnection,
        heads: &mut Heads,
    ) -> Result<u64, EdgeError> {
        let deployment = &self.deployment;
        let head = heads.of(connection, deployment).await?;
        if head.number != self.number {
            return Err(conflict(format!(
                "row {} of {deployment} can't be appended: the next is {}",
                self.number, head.number
            )));
        }
        if head.ended {
            return Err(rejected(format!("{deployment} has ended")));
        }
        let mut row = JournalRow {
            sequence: 0,
            deployment: deployment.clone(),
            number: self.number,
            at_us: self.at_us,
            version: FORMAT_VERSION,
            event: self.event.clone(),
            facts: self.facts.clone(),
            previous: head.previous,
            checksum: Vec::new(),
        };
        row.checksum = row.parts().checksum().to_vec();
        let failed = |cause: sqlx::Error| {
            error::sql(
                format!("row {} of {deployment} can't be written", self.number),
                cause,
            )
        };
        let sequence = journal::insert(connection, &row).await.map_err(failed)?;
        if let Some(environment) = &self.environment {
            put_environment(connection, environment).await?;
        }
        if self.ends {
            deployments::end(connection, deployment, self.at_us)
                .await
                .map_err(failed)?;
        }
        let number = self.number.saturating_add(1);
        heads.put(
            deployment,
            Head {
                number,
                previous: row.checksum,
                ended: self.ends,
            },
        );
        u64::try_from(sequence)
            .map_err(|why| error::malformed("the store gave a negative sequence").because(why))
    }
}

impl Heads {
    /// Forgets everything: the transaction they were learnt in was taken back.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn drop_one(&mut self, deployment: &str) {
        self.0.remove(deployment);
    }

    fn put(&mut self, deployment: &str, head: Head) {
        if self.0.len() >= HEADS_MOST {
            self.0.clear();
        }
        self.0.insert(deployment.to_owned(), head);
    }

    /// The head of a deployment. Reads and checks its whole chain the first time, so that a damaged
    /// one is never made longer.
    async fn of(
        &mut self,
        connection: &mut SqliteConnection,
        deployment: &str,
    ) -> Result<Head, EdgeError> {
        if let Some(head) = self.0.get(deployment) {
            return Ok(head.clone());
        }
        let failed = |cause: sqlx::Error| error::sql(format!("{deployment} can't be read"), cause);
        let Some(row) = deployments::one(connection, deployment)
            .await
            .map_err(failed)?
        else {
            return Err(rejected(format!("no deployment {deployment} was begun")));
        };
        let chain = journal::chain(connection, deployment)
            .await
            .map_err(failed)?;
        let previous = chain
            .last()
            .map_or(&row.checksum, |last| &last.checksum)
            .clone();
        let opened = read::deployment(&row, Ok(chain))?;
        if let Some(why) = opened.poisoned {
            return Err(error::malformed(format!("{deployment} can't go on: {why}")));
        }
        let number = i64::try_from(opened.entries.len())
            .map_err(|why| error::malformed("a journal is too long").because(why))?;
        let head = Head {
            number,
            previous,
            ended: row.ended_us.is_some(),
        };
        self.put(deployment, head.clone());
        Ok(head)
    }
}

async fn begin(
    connection: &mut SqliteConnection,
    heads: &mut Heads,
    row: &DeploymentRow,
) -> Result<(), EdgeError> {
    deployments::insert(connection, row)
        .await
        .map_err(|cause| {
            let taken = cause
                .as_database_error()
                .is_some_and(DatabaseError::is_unique_violation);
            if taken {
                conflict(format!("{} was begun before", row.id)).because(cause)
            } else {
                error::sql(format!("{} can't be begun", row.id), cause)
            }
        })?;
    let previous = row.checksum.clone();
    heads.put(
        &row.id,
        Head {
            number: 0,
            previous,
            ended: row.ended_us.is_some(),
        },
    );
    Ok(())
}

async fn put_environment(
    connection: &mut SqliteConnection,
    row: &EnvironmentRow,
) -> Result<(), EdgeError> {
    environments::upsert(connection, row)
        .await
        .map_err(|cause| {
            let EnvironmentRow {
                app, environment, ..
            } = row;
            error::sql(
                format!("environment {environment} of {app} can't be written"),
                cause,
            )
        })
}

async fn put_plan(connection: &mut SqliteConnection, row: &PlanRow) -> Result<(), EdgeError> {
    let failed = |cause: sqlx::Error| error::sql(format!("{} can't be kept", row.id), cause);
    plans::upsert(connection, row).await.map_err(failed)?;
    let before = row.at_us.saturating_sub(PLAN_KEPT_US);
    plans::delete_old(connection, before, PLANS_MOST)
        .await
        .map_err(failed)
}

/// Drops up to [`FORGET_AT_ONCE`] ended deployments beyond the newest `keep`; says how many.
async fn forget(
    connection: &mut SqliteConnection,
    heads: &mut Heads,
    keep: u32,
) -> Result<u64, EdgeError> {
    let failed = |cause: sqlx::Error| error::sql("old deployments can't be dropped", cause);
    let old = deployments::forgettable(connection, keep, FORGET_AT_ONCE)
        .await
        .map_err(failed)?;
    for id in &old {
        journal::delete_of(connection, id).await.map_err(failed)?;
        deployments::delete(connection, id).await.map_err(failed)?;
        heads.drop_one(id);
    }
    Ok(old.len() as u64)
}

fn environment_row(environment: &Environment) -> Result<EnvironmentRow, EdgeError> {
    Ok(EnvironmentRow {
        app: environment.app.to_string(),
        environment: environment.environment.to_string(),
        state: json(environment)?,
    })
}

fn json(value: &impl Serialize) -> Result<String, EdgeError> {
    serde_json::to_string(value)
        .map_err(|why| rejected("a value can't be written as JSON".to_owned()).because(why))
}

fn conflict(what: String) -> EdgeError {
    EdgeError::new(ErrorKind::Conflict, Retry::Never, what)
}

fn rejected(what: String) -> EdgeError {
    EdgeError::new(ErrorKind::Rejected, Retry::Never, what)
}
