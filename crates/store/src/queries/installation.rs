//! Who this installation is, and its fencing number.

use sqlx::SqliteConnection;

pub(crate) const ALL: &[&str] = &[INSERT_IF_NONE, RAISE_EPOCH, EPOCH];

const INSERT_IF_NONE: &str = "INSERT INTO installation (only_row, id, key, epoch)
    VALUES (1, $1, $2, 1) ON CONFLICT DO NOTHING";

const RAISE_EPOCH: &str = "UPDATE installation SET epoch = epoch + 1
    WHERE only_row = 1 RETURNING id, key, epoch";

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

/// The epoch of the latest opening, of whatever process.
pub(crate) async fn epoch(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(EPOCH).fetch_one(connection).await
}
