//! Which schema files a store has seen.

use sqlx::SqliteConnection;

pub(crate) const ALL: &[&str] = &[CREATE, TABLES, APPLIED, RECORD, LIBRARY_VERSION];

/// The table that names the schema files a store has seen.
pub(crate) const TABLE: &str = "schema_files";

const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_files (
    number   INTEGER NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL,
    checksum BLOB    NOT NULL
) STRICT";

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";

const APPLIED: &str = "SELECT number, checksum FROM schema_files ORDER BY number";

const RECORD: &str = "INSERT INTO schema_files (number, name, checksum) VALUES ($1, $2, $3)";

const LIBRARY_VERSION: &str = "SELECT sqlite_version()";

/// A schema file that a store has seen.
pub(crate) struct AppliedRow {
    pub(crate) number: u32,
    pub(crate) checksum: Vec<u8>,
}

/// Makes the table that names the schema files.
pub(crate) async fn create(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(CREATE).execute(connection).await.map(drop)
}

/// The names of all tables.
pub(crate) async fn tables(connection: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(TABLES).fetch_all(connection).await
}

/// The schema files seen, lowest number first.
pub(crate) async fn applied(
    connection: &mut SqliteConnection,
) -> Result<Vec<AppliedRow>, sqlx::Error> {
    let rows: Vec<(u32, Vec<u8>)> = sqlx::query_as(APPLIED).fetch_all(connection).await?;
    Ok(rows
        .into_iter()
        .map(|(number, checksum)| AppliedRow { number, checksum })
        .collect())
}

/// Notes that a schema file was applied.
pub(crate) async fn record(
    connection: &mut SqliteConnection,
    number: u32,
    name: &str,
    checksum: &[u8],
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(RECORD).bind(number).bind(name).bind(checksum);
    query.execute(connection).await.map(drop)
}

/// The version of the SQLite library, such as `3.51.3`.
pub(crate) async fn library_version(
    connection: &mut SqliteConnection,
) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(LIBRARY_VERSION)
        .fetch_one(connection)
        .await
}
