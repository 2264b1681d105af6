//! Who this installation is, and its fencing number.

use sqlx::SqliteConnection;

pub(crate) const ALL: &[&str] = &[INSERT_IF_NONE, RAISE_EPOCH, ADOPT, NOTE_LOST, LOST, EPOCH];

const INSERT_IF_NONE: &str = "INSERT INTO installation (only_row, id, key, epoch)
    VALUES (1, $1, $2, 1) ON CONFLICT DO NOTHING";

const RAISE_EPOCH: &str = "UPDATE installation SET epoch = epoch + 1
    WHERE only_row = 1 RETURNING id, key, epoch";

const ADOPT: &str =
    "UPDATE installation SET epoch = max(epoch, $1), lost_heard = NULL WHERE only_row = 1";

const NOTE_LOST: &str =
    "UPDATE installation SET lost_heard = max(coalesce(lost_heard, 0), $1) WHERE only_row = 1";

const LOST: &str = "SELECT lost_heard FROM installation WHERE only_row = 1";

const EPOCH: &str = "SELECT epoch FROM installation WHERE only_row = 1";

/// The one row.
pub(crate) struct InstallationRow {
    pub(crate) id: String,
    pub(crate) key: Vec<u8>,
    pub(crate) epoch: i64,
}

/// Writes who this is, unless that was written before.
pub(crate) async fn insert_if_none(
    connection: &mut SqliteConnection,
    id: &str,
    key: &[u8],
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_IF_NONE).bind(id).bind(key);
    query.execute(connection).await.map(drop)
}

/// Raises the epoch by one and reads the row.
pub(crate) async fn raise_epoch(
    connection: &mut SqliteConnection,
) -> Result<InstallationRow, sqlx::Error> {
    let (id, key, epoch) = sqlx::query_as(RAISE_EPOCH).fetch_one(connection).await?;
    Ok(InstallationRow { id, key, epoch })
}

/// The history is whole again; the next opening is above `heard`.
pub(crate) async fn adopt(
    connection: &mut SqliteConnection,
    heard: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(ADOPT).bind(heard);
    query.execute(connection).await.map(drop)
}

/// The history is not whole: `heard` was said by an opening that it does not know.
pub(crate) async fn note_lost(
    connection: &mut SqliteConnection,
    heard: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(NOTE_LOST).bind(heard);
    query.execute(connection).await.map(drop)
}

/// What was noted so.
pub(crate) async fn lost(connection: &mut SqliteConnection) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(LOST).fetch_one(connection).await
}

/// The epoch of the latest opening, of whatever process.
pub(crate) async fn epoch(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(EPOCH).fetch_one(connection).await
}
