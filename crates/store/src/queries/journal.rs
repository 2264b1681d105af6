//! Journal rows.

use sqlx::SqliteConnection;

use super::{Text, text};
use crate::checksum::RowParts;

pub(crate) const ALL: &[&str] = &[
    INSERT,
    SELECT_CHAIN,
    SELECT_AFTER,
    SELECT_AFTER_OF,
    SELECT_END,
    DELETE_OF,
];

const INSERT: &str = "INSERT INTO journal
    (deployment, number, at_us, format_version, event, facts, previous, checksum)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING sequence";

const SELECT_CHAIN: &str = "SELECT sequence, deployment, number, at_us, format_version, event,
    facts, previous, checksum FROM journal WHERE deployment = $1 ORDER BY number";

const SELECT_AFTER: &str = "SELECT sequence, deployment, number, at_us, format_version, event,
    facts, previous, checksum FROM journal WHERE sequence > $1 ORDER BY sequence LIMIT $2";

const SELECT_AFTER_OF: &str = "SELECT sequence, deployment, number, at_us, format_version, event,
    facts, previous, checksum FROM journal
    WHERE deployment = $1 AND sequence > $2 ORDER BY number LIMIT $3";

const SELECT_END: &str = "SELECT COALESCE(MAX(sequence), 0) FROM journal";

const DELETE_OF: &str = "DELETE FROM journal WHERE deployment = $1";

/// One journal row; `event` and `facts` are JSON.
#[derive(Clone, Debug)]
pub(crate) struct JournalRow {
    /// Given by the database; not looked at by `insert`.
    pub(crate) sequence: i64,
    pub(crate) deployment: String,
    pub(crate) number: i64,
    pub(crate) at_us: i64,
    pub(crate) version: i64,
    pub(crate) event: String,
    pub(crate) facts: String,
    pub(crate) previous: Vec<u8>,
    pub(crate) checksum: Vec<u8>,
}

/// The columns in the order of the `SELECT`s.
type Columns = (i64, Text, i64, i64, i64, Text, Text, Vec<u8>, Vec<u8>);

impl JournalRow {
    /// What `checksum` must cover.
    pub(crate) fn parts(&self) -> RowParts<'_> {
        RowParts {
            version: self.version,
            deployment: &self.deployment,
            number: self.number,
            at_us: self.at_us,
            event: &self.event,
            facts: &self.facts,
            previous: &self.previous,
        }
    }

    fn from_columns(columns: Columns) -> Self {
        let (sequence, deployment, number, at_us, version, event, facts, previous, checksum) =
            columns;
        Self {
            sequence,
            deployment: text(deployment),
            number,
            at_us,
            version,
            event: text(event),
            facts: text(facts),
            previous,
            checksum,
        }
    }
}

/// Appends a row; returns its sequence. A taken number is a unique violation.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    row: &JournalRow,
) -> Result<i64, sqlx::Error> {
    let query = sqlx::query_scalar(INSERT)
        .bind(&row.deployment)
        .bind(row.number)
        .bind(row.at_us)
        .bind(row.version)
        .bind(&row.event)
        .bind(&row.facts)
        .bind(&row.previous)
        .bind(&row.checksum);
    query.fetch_one(connection).await
}

/// All rows of a deployment in order.
pub(crate) async fn chain(
    connection: &mut SqliteConnection,
    deployment: &str,
) -> Result<Vec<JournalRow>, sqlx::Error> {
    let rows: Vec<Columns> = sqlx::query_as(SELECT_CHAIN)
        .bind(deployment)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(JournalRow::from_columns).collect())
}

/// Rows after a sequence, of all deployments, at most `limit`.
pub(crate) async fn after(
    connection: &mut SqliteConnection,
    after: i64,
    limit: u32,
) -> Result<Vec<JournalRow>, sqlx::Error> {
    let query = sqlx::query_as(SELECT_AFTER).bind(after).bind(limit);
    let rows: Vec<Columns> = query.fetch_all(connection).await?;
    Ok(rows.into_iter().map(JournalRow::from_columns).collect())
}

/// Rows after a sequence, of one deployment, at most `limit`.
pub(crate) async fn after_of(
    connection: &mut SqliteConnection,
    deployment: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<JournalRow>, sqlx::Error> {
    let query = sqlx::query_as(SELECT_AFTER_OF)
        .bind(deployment)
        .bind(after)
        .bind(limit);
    let rows: Vec<Columns> = query.fetch_all(connection).await?;
    Ok(rows.into_iter().map(JournalRow::from_columns).collect())
}

/// The last sequence; 0 of an empty journal.
pub(crate) async fn end(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(SELECT_END).fetch_one(connection).await
}

/// Drops all rows of a deployment.
pub(crate) async fn delete_of(
    connection: &mut SqliteConnection,
    deployment: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_OF)
        .bind(deployment)
        .execute(connection)
        .await
        .map(drop)
}
