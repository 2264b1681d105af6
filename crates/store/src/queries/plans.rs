//! Plans kept for `deploy --plan`.

use sqlx::SqliteConnection;

pub(crate) const ALL: &[&str] = &[UPSERT, SELECT, SELECT_ALL, DELETE_OLD];

const UPSERT: &str = "INSERT INTO plans (id, at_us, plan) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET at_us = excluded.at_us, plan = excluded.plan";

const SELECT: &str = "SELECT plan FROM plans WHERE id = $1";

const SELECT_ALL: &str = "SELECT id, plan FROM plans ORDER BY id";

const DELETE_OLD: &str = "DELETE FROM plans WHERE at_us < $1
    OR id IN (SELECT id FROM plans ORDER BY at_us DESC, id LIMIT -1 OFFSET $2)";

/// One plan; `plan` is JSON.
#[derive(Debug)]
pub(crate) struct PlanRow {
    pub(crate) id: String,
    pub(crate) at_us: i64,
    pub(crate) plan: String,
}

/// Writes a plan over what was there.
pub(crate) async fn upsert(
    connection: &mut SqliteConnection,
    row: &PlanRow,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(UPSERT)
        .bind(&row.id)
        .bind(row.at_us)
        .bind(&row.plan);
    query.execute(connection).await.map(drop)
}

/// The JSON of a plan.
pub(crate) async fn select(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(SELECT)
        .bind(id)
        .fetch_optional(connection)
        .await
}

/// The JSON of every plan, with its id.
pub(crate) async fn all(
    connection: &mut SqliteConnection,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as(SELECT_ALL).fetch_all(connection).await
}

/// Drops plans kept before `before_us`, and the oldest beyond `most`.
pub(crate) async fn delete_old(
    connection: &mut SqliteConnection,
    before_us: i64,
    most: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(DELETE_OLD).bind(before_us).bind(most);
    query.execute(connection).await.map(drop)
}
