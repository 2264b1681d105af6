//! The words around the writes of one group.

use sqlx::SqliteConnection;

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
const SAVE: &str = "SAVEPOINT one_write";
const KEEP: &str = "RELEASE one_write";
const UNDO: &str = "ROLLBACK TO one_write; RELEASE one_write";

/// Takes the write lock: a deferred transaction could find at its first write that it read too
/// early, and no waiting would help it.
pub(crate) async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(BEGIN).execute(connection).await.map(drop)
}

/// Makes everything since `begin` durable.
pub(crate) async fn commit(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(COMMIT).execute(connection).await.map(drop)
}

/// Forgets everything since `begin`.
pub(crate) async fn rollback(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(ROLLBACK).execute(connection).await.map(drop)
}

/// Marks where one write of a group begins.
pub(crate) async fn save(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(SAVE).execute(connection).await.map(drop)
}

/// Keeps the write since `save` as part of the group.
pub(crate) async fn keep(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(KEEP).execute(connection).await.map(drop)
}

/// Takes back the write since `save`, and nothing else of the group.
pub(crate) async fn undo(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(UNDO).execute(connection).await.map(drop)
}
