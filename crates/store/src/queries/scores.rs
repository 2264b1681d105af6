//! Health scores as they were measured.

use sqlx::SqliteConnection;

pub(crate) const ALL: &[&str] = &[INSERT, SELECT, DELETE_OLD, DELETE_SAME];

const INSERT: &str = "INSERT INTO scores (app, environment, entry) VALUES ($1, $2, $3)";

const SELECT: &str = "SELECT entry FROM scores WHERE app = $1 AND environment = $2
    ORDER BY ordinal DESC LIMIT $3";

const DELETE_OLD: &str = "DELETE FROM scores WHERE app = $1 AND environment = $2 AND ordinal <=
    (SELECT ordinal FROM scores WHERE app = $1 AND environment = $2
        ORDER BY ordinal DESC LIMIT 1 OFFSET $3)";

/// The moment of a deployment has one score: what was measured again is in the place of the first.
const DELETE_SAME: &str = "DELETE FROM scores WHERE app = $1 AND environment = $2 AND
    json_extract(entry, '$.moment') = $3";

/// One score; `entry` and `moment` are JSON.
#[derive(Debug)]
pub(crate) struct ScoreRow {
    pub(crate) app: String,
    pub(crate) environment: String,
    pub(crate) entry: String,
    /// None where it may be there as often as somebody asks.
    pub(crate) moment: Option<String>,
}

/// Adds a score, and drops the oldest of its environment beyond the newest `most`.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    row: &ScoreRow,
    most: i64,
) -> Result<(), sqlx::Error> {
    if let Some(moment) = &row.moment {
        let query = sqlx::query(DELETE_SAME)
            .bind(&row.app)
            .bind(&row.environment)
            .bind(moment);
        query.execute(&mut *connection).await?;
    }
    let query = sqlx::query(INSERT)
        .bind(&row.app)
        .bind(&row.environment)
        .bind(&row.entry);
    query.execute(&mut *connection).await?;
    let query = sqlx::query(DELETE_OLD)
        .bind(&row.app)
        .bind(&row.environment)
        .bind(most);
    query.execute(connection).await.map(drop)
}

/// The JSON of an environment's scores, newest first.
pub(crate) async fn newest(
    connection: &mut SqliteConnection,
    app: &str,
    environment: &str,
    limit: u32,
) -> Result<Vec<String>, sqlx::Error> {
    let query = sqlx::query_scalar(SELECT).bind(app).bind(environment);
    query.bind(limit).fetch_all(connection).await
}
