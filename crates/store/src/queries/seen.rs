//! What was seen of candidates.

use sqlx::SqliteConnection;

pub(crate) const ALL: &[&str] = &[UPSERT, SELECT];

const UPSERT: &str = "INSERT INTO seen (only_row, state) VALUES (1, $1)
    ON CONFLICT (only_row) DO UPDATE SET state = excluded.state";

const SELECT: &str = "SELECT state FROM seen WHERE only_row = 1";

/// Writes it over what was there.
pub(crate) async fn upsert(
    connection: &mut SqliteConnection,
    state: &str,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(UPSERT).bind(state);
    query.execute(connection).await.map(drop)
}

/// What was written last.
pub(crate) async fn select(
    connection: &mut SqliteConnection,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(SELECT).fetch_optional(connection).await
}
