//! How the file is opened.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::InstallationId;

use crate::queries::{installation, schema, transaction};
use crate::{error, migrate};

/// Connections that can only read.
pub(crate) const READERS: usize = 2;

/// How long a statement waits for another process that holds the file's lock, as `sqlite3` may.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The oldest SQLite that is safe: before it, two connections that write and checkpoint at the
/// same time could damage a WAL file (<https://www.sqlite.org/releaselog/3_51_3.html>).
const OLDEST_LIBRARY: [u32; 3] = [3, 51, 3];

/// Bytes of the key for keyed hashes.
pub(crate) const KEY_BYTES: usize = 32;

/// Random bytes of an installation's id.
const ID_BYTES: usize = 16;

/// The store's file, opened and up to date, with its epoch raised.
pub(crate) struct Opened {
    pub(crate) writer: SqliteConnection,
    pub(crate) readers: Vec<SqliteConnection>,
    pub(crate) installation: InstallationId,
    pub(crate) key: [u8; KEY_BYTES],
    pub(crate) epoch: i64,
}

/// Opens `path`, making it if it is not there.
///
/// # Errors
/// `Refused` for an old SQLite, a newer schema, another program's file; `Conflict` when another
/// process writes to it; `Unreachable` when it can't be opened or written; `Malformed` for a
/// damaged one.
pub(crate) async fn open(path: &Path) -> Result<Opened, EdgeError> {
    create_private(path)?;
    let shown = path.display();
    let failed = |cause: sqlx::Error| {
        if error::is_busy(&cause) {
            let what = format!("another process is writing to {shown}");
            EdgeError::new(ErrorKind::Conflict, Retry::After(error::TRY_AGAIN), what).because(cause)
        } else {
            error::sql(format!("{shown} can't be opened as a store"), cause)
        }
    };
    let unfit = |why: EdgeError| {
        let what = format!("{shown} can't be opened as a store");
        EdgeError::new(why.kind, why.retry, what).because(why)
    };
    // Before the writer connects: that alone would change another program's file.
    let mut looker = reader_options(path).connect().await.map_err(failed)?;
    let library = schema::library_version(&mut looker).await.map_err(failed)?;
    check_library(&library)?;
    migrate::check_ours(&mut looker).await.map_err(unfit)?;
    looker.close().await.map_err(failed)?;
    let mut writer = writer_options(path).connect().await.map_err(failed)?;
    transaction::begin(&mut writer).await.map_err(failed)?;
    migrate::migrate(&mut writer).await.map_err(unfit)?;
    let (id, key) = mint()?;
    installation::insert_if_none(&mut writer, id.as_str(), &key)
        .await
        .map_err(failed)?;
    let row = installation::raise_epoch(&mut writer)
        .await
        .map_err(failed)?;
    transaction::commit(&mut writer).await.map_err(failed)?;
    let mut readers = Vec::with_capacity(READERS);
    for _ in 0..READERS {
        let mut reader = reader_options(path).connect().await.map_err(failed)?;
        // The WAL is opened by the first read, for which the file must be at its path: one that was
        // moved away later is read from the open files all the same.
        installation::epoch(&mut reader).await.map_err(failed)?;
        readers.push(reader);
    }
    let installation = InstallationId::parse(&row.id).map_err(|why| {
        error::malformed(format!("{shown} has no valid installation id")).because(why)
    })?;
    let key = <[u8; KEY_BYTES]>::try_from(row.key)
        .map_err(|key| error::malformed(format!("the key in {shown} has {} bytes", key.len())))?;
    Ok(Opened {
        writer,
        readers,
        installation,
        key,
        epoch: row.epoch,
    })
}

fn common_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        // A read error of a mapped file is a SIGBUS; of a read file it is an error.
        .pragma("mmap_size", "0")
        .disable_statement_logging()
}

fn writer_options(path: &Path) -> SqliteConnectOptions {
    common_options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .thread_name(|_| "store-sqlite".to_owned())
}

fn reader_options(path: &Path) -> SqliteConnectOptions {
    common_options(path)
        .pragma("query_only", "ON")
        .thread_name(|_| "store-reader".to_owned())
}

/// Looks without writing, from beside a controller that may be writing.
pub(crate) fn looker_options(path: &Path) -> SqliteConnectOptions {
    common_options(path)
        .read_only(true)
        .thread_name(|_| "store-looker".to_owned())
}

/// Makes the file readable for its owner only, before SQLite sees it; the WAL takes its mode.
pub(crate) fn create_private(path: &Path) -> Result<(), EdgeError> {
    let made = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    made.map(drop).map_err(|cause| {
        let what = format!("{} can't be written", path.display());
        EdgeError::new(ErrorKind::Unreachable, Retry::Never, what).because(cause)
    })
}

fn check_library(version: &str) -> Result<(), EdgeError> {
    let mut numbers = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let found: [u32; 3] = std::array::from_fn(|_| numbers.next().unwrap_or(0));
    if found >= OLDEST_LIBRARY {
        return Ok(());
    }
    let [major, minor, patch] = OLDEST_LIBRARY;
    let what = format!(
        "this program was built with SQLite {version}; it needs {major}.{minor}.{patch} or later, \
         because older ones can damage a WAL file"
    );
    Err(EdgeError::new(ErrorKind::Refused, Retry::Never, what))
}

/// A new installation's id and key.
fn mint() -> Result<(InstallationId, [u8; KEY_BYTES]), EdgeError> {
    let mut id = [0; ID_BYTES];
    let mut key = [0; KEY_BYTES];
    let mut random = || -> std::io::Result<()> {
        let mut source = std::fs::File::open("/dev/urandom")?;
        source.read_exact(&mut id)?;
        source.read_exact(&mut key)
    };
    random().map_err(|cause| {
        EdgeError::new(
            ErrorKind::Unreachable,
            Retry::Never,
            "no random bytes can be had",
        )
        .because(cause)
    })?;
    let tail = data_encoding::BASE32_NOPAD.encode(&id).to_ascii_lowercase();
    let id = InstallationId::from_tail(&tail)
        .map_err(|why| error::malformed("no installation id can be minted").because(why))?;
    Ok((id, key))
}

/// Whether `connection` is of a store that a later opening has not fenced.
///
/// # Errors
/// `Refused` when a later opening raised the epoch; `Unreachable`.
pub(crate) async fn check_epoch(
    connection: &mut SqliteConnection,
    mine: i64,
) -> Result<(), EdgeError> {
    let current = installation::epoch(connection)
        .await
        .map_err(|cause| error::sql("the store's epoch can't be read", cause))?;
    if current == mine {
        return Ok(());
    }
    let what = format!("the store was opened again: its epoch is {current}, this one's is {mine}");
    Err(EdgeError::new(ErrorKind::Refused, Retry::Never, what))
}

#[cfg(test)]
mod tests {
    use sqlx::SqliteConnection;

    use super::{check_library, open};

    async fn setting(connection: &mut SqliteConnection, ask: &'static str) -> String {
        let number: Result<i64, _> = sqlx::query_scalar(ask).fetch_one(&mut *connection).await;
        match number {
            Ok(number) => number.to_string(),
            Err(_) => sqlx::query_scalar(ask)
                .fetch_one(connection)
                .await
                .expect("a setting"),
        }
    }

    #[tokio::test]
    async fn connections_are_durable_strict_and_readers_cannot_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut opened = open(&folder.path().join("j")).await.expect("opened");
        let common = [
            ("PRAGMA journal_mode", "wal"),
            ("PRAGMA foreign_keys", "1"),
            ("PRAGMA trusted_schema", "0"),
            ("PRAGMA mmap_size", "0"),
            ("PRAGMA busy_timeout", "2000"),
        ];
        for (ask, expected) in common {
            assert_eq!(setting(&mut opened.writer, ask).await, expected, "{ask}");
            for reader in &mut opened.readers {
                assert_eq!(setting(reader, ask).await, expected, "{ask}");
            }
        }
        // FULL: a commit is on the disk before it is acknowledged.
        assert_eq!(setting(&mut opened.writer, "PRAGMA synchronous").await, "2");
        for reader in &mut opened.readers {
            let written = sqlx::query("DELETE FROM plans").execute(reader).await;
            assert!(written.is_err(), "a reader that writes");
        }
    }

    #[test]
    fn a_library_older_than_3_51_3_is_refused() {
        for old in ["3.51.2", "3.50.9", "2.99.99", "3.51", "nonsense"] {
            let refused = check_library(old).expect_err(old);
            assert!(refused.what.contains(old), "{}", refused.what);
        }
        for fine in ["3.51.3", "3.51.10", "3.53.0", "4.0.0"] {
            assert!(check_library(fine).is_ok(), "{fine}");
        }
    }
}
