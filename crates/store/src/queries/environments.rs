//! What environments run.

use sqlx::SqliteConnection;

pub(crate) const ALL: &[&str] = &[UPSERT, SELECT_ALL];

const UPSERT: &str = "INSERT INTO environments (app, environment, state) VALUES ($1, $2, $3)
    ON CONFLICT (app, environment) DO UPDATE SET state = excluded.state";

const SELECT_ALL: &str =
    "SELECT app, environment, state FROM environments ORDER BY app, environment";

/// One environment; `state` is JSON.
#[derive(Debug)]
pub(crate) struct EnvironmentRow {
    pub(crate) app: String,
    pub(crate) environment: String,
    pub(crate) state: String,
}

/// Writes an environment over what was there.
pub(crate) async fn upsert(
    connection: &mut SqliteConnection,
    row: &EnvironmentRow,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(UPSERT)
        .bind(&row.app)
        .bind(&row.environment)
        .bind(&row.state);
    query.execute(connection).await.map(drop)
}

/// All environments, by name.
pub(crate) async fn all(
    connection: &mut SqliteConnection,
) -> Result<Vec<EnvironmentRow>, sqlx::Error> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as(SELECT_ALL).fetch_all(connection).await?;
    Ok(rows
        .into_iter()
        .map(|(app, environment, state)| EnvironmentRow {
            app,
            environment,
            state,
        })
        .collect())
}
