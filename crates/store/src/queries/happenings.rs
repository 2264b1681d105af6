//! What happened outside of deployments.

use sqlx::SqliteConnection;

pub(crate) const ALL: &[&str] = &[INSERT, SELECT, SELECT_ALIKE, DELETE, DELETE_OLD];

const INSERT: &str = "INSERT INTO happenings (gist, happening) VALUES ($1, $2)";

const SELECT: &str = "SELECT sequence, happening FROM happenings WHERE sequence < $1
    ORDER BY sequence DESC LIMIT $2";

const SELECT_ALIKE: &str = "SELECT sequence, happening FROM happenings WHERE gist = $1
    ORDER BY sequence DESC LIMIT 1";

const DELETE: &str = "DELETE FROM happenings WHERE sequence = $1";

const DELETE_OLD: &str = "DELETE FROM happenings WHERE sequence <=
    (SELECT sequence FROM happenings ORDER BY sequence DESC LIMIT 1 OFFSET $1)";

/// Adds one, and drops the oldest beyond the newest `most`.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    (gist, happening): (&str, &str),
    most: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT).bind(gist).bind(happening);
    query.execute(&mut *connection).await?;
    let query = sqlx::query(DELETE_OLD).bind(most);
    query.execute(connection).await.map(drop)
}

/// The newest of a gist: its sequence and its JSON.
pub(crate) async fn alike(
    connection: &mut SqliteConnection,
    gist: &str,
) -> Result<Option<(i64, String)>, sqlx::Error> {
    let query = sqlx::query_as(SELECT_ALIKE).bind(gist);
    query.fetch_optional(connection).await
}

/// Drops one.
pub(crate) async fn delete(
    connection: &mut SqliteConnection,
    sequence: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(DELETE).bind(sequence);
    query.execute(connection).await.map(drop)
}

/// Those before a sequence, newest first: sequence and JSON of each.
pub(crate) async fn before(
    connection: &mut SqliteConnection,
    before: i64,
    limit: u32,
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    let query = sqlx::query_as(SELECT).bind(before).bind(limit);
    query.fetch_all(connection).await
}
