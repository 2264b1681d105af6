//! Deployments: what was begun, and when it ended.

use sqlx::SqliteConnection;

use super::{Text, text};
use crate::checksum::OpeningParts;

pub(crate) const ALL: &[&str] = &[
    INSERT,
    SELECT_ONE,
    SELECT_ASKED,
    SELECT_OPEN,
    SELECT_NEWEST,
    END,
    SELECT_FORGETTABLE,
    DELETE,
];

const INSERT: &str = "INSERT INTO deployments
    (id, plan_id, app, environment, plan, started_us, ended_us, started_by, opening, asked_as,
    checksum) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

const SELECT_ONE: &str = "SELECT id, plan_id, app, environment, plan, started_us, ended_us,
    started_by, opening, asked_as, checksum FROM deployments WHERE id = $1";

const SELECT_ASKED: &str = "SELECT id, plan_id, app, environment, plan, started_us, ended_us,
    started_by, opening, asked_as, checksum FROM deployments WHERE asked_as = $1
    ORDER BY ordinal DESC LIMIT 1";

const SELECT_OPEN: &str = "SELECT id, plan_id, app, environment, plan, started_us, ended_us,
    started_by, opening, asked_as, checksum FROM deployments WHERE ended_us IS NULL ORDER BY ordinal";

const SELECT_NEWEST: &str = "SELECT id, plan_id, app, environment, plan, started_us, ended_us,
    started_by, opening, asked_as, checksum FROM deployments ORDER BY ordinal DESC LIMIT $1";

const END: &str = "UPDATE deployments SET ended_us = $2 WHERE id = $1 AND ended_us IS NULL";

const SELECT_FORGETTABLE: &str = "SELECT id FROM (
        SELECT id, ordinal FROM deployments WHERE ended_us IS NOT NULL
        ORDER BY ordinal DESC LIMIT -1 OFFSET $1
    ) ORDER BY ordinal LIMIT $2";

const DELETE: &str = "DELETE FROM deployments WHERE id = $1";

/// One deployment; `plan` and `opening` are JSON.
#[derive(Clone, Debug)]
pub(crate) struct DeploymentRow {
    pub(crate) id: String,
    pub(crate) plan_id: String,
    pub(crate) app: String,
    pub(crate) environment: String,
    pub(crate) plan: String,
    pub(crate) started_us: i64,
    pub(crate) ended_us: Option<i64>,
    pub(crate) by: String,
    pub(crate) opening: String,
    pub(crate) asked_as: Option<String>,
    pub(crate) checksum: Vec<u8>,
}

/// The columns in the order of the `SELECT`s.
type Columns = (
    Text,
    Text,
    Text,
    Text,
    Text,
    i64,
    Option<i64>,
    Text,
    Text,
    Option<Text>,
    Vec<u8>,
);

impl DeploymentRow {
    /// What `checksum` must cover.
    pub(crate) fn parts(&self) -> OpeningParts<'_> {
        OpeningParts {
            id: &self.id,
            plan_id: &self.plan_id,
            app: &self.app,
            environment: &self.environment,
            plan: &self.plan,
            started_us: self.started_us,
            by: &self.by,
            opening: &self.opening,
            asked_as: self.asked_as.as_deref(),
        }
    }

    fn from_columns(columns: Columns) -> Self {
        let (
            id,
            plan_id,
            app,
            environment,
            plan,
            started_us,
            ended_us,
            by,
            opening,
            asked_as,
            checksum,
        ) = columns;
        Self {
            id: text(id),
            plan_id: text(plan_id),
            app: text(app),
            environment: text(environment),
            plan: text(plan),
            started_us,
            ended_us,
            by: text(by),
            opening: text(opening),
            asked_as: asked_as.map(text),
            checksum,
        }
    }
}

/// Begins a deployment. A taken id is a unique violation.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    row: &DeploymentRow,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.plan_id)
        .bind(&row.app)
        .bind(&row.environment)
        .bind(&row.plan)
        .bind(row.started_us)
        .bind(row.ended_us)
        .bind(&row.by)
        .bind(&row.opening)
        .bind(&row.asked_as)
        .bind(&row.checksum);
    query.execute(connection).await.map(drop)
}

/// One deployment.
pub(crate) async fn one(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<DeploymentRow>, sqlx::Error> {
    let row: Option<Columns> = sqlx::query_as(SELECT_ONE)
        .bind(id)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(DeploymentRow::from_columns))
}

/// The newest that was asked for as this.
pub(crate) async fn asked(
    connection: &mut SqliteConnection,
    asked_as: &str,
) -> Result<Option<DeploymentRow>, sqlx::Error> {
    let row: Option<Columns> = sqlx::query_as(SELECT_ASKED)
        .bind(asked_as)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(DeploymentRow::from_columns))
}

/// Those that have not ended, oldest first.
pub(crate) async fn open(
    connection: &mut SqliteConnection,
) -> Result<Vec<DeploymentRow>, sqlx::Error> {
    let rows: Vec<Columns> = sqlx::query_as(SELECT_OPEN).fetch_all(connection).await?;
    Ok(rows.into_iter().map(DeploymentRow::from_columns).collect())
}

/// The newest, newest first, at most `limit`.
pub(crate) async fn newest(
    connection: &mut SqliteConnection,
    limit: u32,
) -> Result<Vec<DeploymentRow>, sqlx::Error> {
    let rows: Vec<Columns> = sqlx::query_as(SELECT_NEWEST)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(DeploymentRow::from_columns).collect())
}

/// Notes the end, unless one was noted before.
pub(crate) async fn end(
    connection: &mut SqliteConnection,
    id: &str,
    at_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(END)
        .bind(id)
        .bind(at_us)
        .execute(connection)
        .await
        .map(drop)
}

/// Ended deployments beyond the newest `keep`, oldest first, at most `limit`.
pub(crate) async fn forgettable(
    connection: &mut SqliteConnection,
    keep: u32,
    limit: u32,
) -> Result<Vec<String>, sqlx::Error> {
    let query = sqlx::query_scalar(SELECT_FORGETTABLE)
        .bind(keep)
        .bind(limit);
    query.fetch_all(connection).await
}

/// Drops a deployment whose journal rows are gone.
pub(crate) async fn delete(connection: &mut SqliteConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE)
        .bind(id)
        .execute(connection)
        .await
        .map(drop)
}
