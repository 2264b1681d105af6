//! Looking at a whole store, and copying it.

use sqlx::SqliteConnection;

pub(crate) const ALL: &[&str] = &[INTEGRITY, COPY, DEPLOYMENTS, PLANS, ENVIRONMENTS];

const INTEGRITY: &str = "PRAGMA integrity_check(10)";

const COPY: &str = "VACUUM INTO $1";

const DEPLOYMENTS: &str = "SELECT id FROM deployments ORDER BY ordinal";

const PLANS: &str = "SELECT count(*) FROM plans";

const ENVIRONMENTS: &str = "SELECT count(*) FROM environments";

/// What the database itself finds damaged; nothing when all is well.
pub(crate) async fn integrity(
    connection: &mut SqliteConnection,
) -> Result<Vec<String>, sqlx::Error> {
    let mut lines: Vec<String> = sqlx::query_scalar(INTEGRITY).fetch_all(connection).await?;
    lines.retain(|line| line != "ok");
    Ok(lines)
}

/// Copies the store as it is at this moment into an empty file.
pub(crate) async fn copy(connection: &mut SqliteConnection, to: &str) -> Result<(), sqlx::Error> {
    sqlx::query(COPY)
        .bind(to)
        .execute(connection)
        .await
        .map(drop)
}

/// The ids of all deployments, oldest first.
pub(crate) async fn deployments(
    connection: &mut SqliteConnection,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(DEPLOYMENTS).fetch_all(connection).await
}

/// How many plans are kept.
pub(crate) async fn plans(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(PLANS).fetch_one(connection).await
}

/// How many environments are known.
pub(crate) async fn environments(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(ENVIRONMENTS).fetch_one(connection).await
}
