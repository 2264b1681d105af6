//! The numbered schema files. A file that was shipped is never edited; a change is a new file.

use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use windlass_edge::{EdgeError, ErrorKind, Retry};

use crate::error;
use crate::queries::schema;

/// One schema file.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number: 1, 2, 3 …
    pub number: u32,
    /// Its name, verb first.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

/// All schema files in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "create_journal",
        sql: include_str!("../migrations/0001_create_journal.sql"),
    },
    Migration {
        number: 2,
        name: "note_lost_history",
        sql: include_str!("../migrations/0002_note_lost_history.sql"),
    },
    Migration {
        number: 3,
        name: "keep_scores",
        sql: include_str!("../migrations/0003_keep_scores.sql"),
    },
    Migration {
        number: 4,
        name: "keep_what_was_seen",
        sql: include_str!("../migrations/0004_keep_what_was_seen.sql"),
    },
    Migration {
        number: 5,
        name: "know_what_was_asked_for",
        sql: include_str!("../migrations/0005_know_what_was_asked_for.sql"),
    },
    Migration {
        number: 6,
        name: "note_happenings",
        sql: include_str!("../migrations/0006_note_happenings.sql"),
    },
];

/// The schema that this program knows.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the list is a constant of a few entries"
)]
pub const LATEST_SCHEMA: u32 = MIGRATIONS.len() as u32;

impl Migration {
    /// What an opened store remembers of the file, so that an edit of a shipped one is found.
    fn checksum(&self) -> [u8; 32] {
        Sha256::digest(self.sql.as_bytes()).into()
    }
}

/// Looks, without changing anything, whether the file is a store or empty.
///
/// # Errors
/// `Refused` for a file of another program; `Unreachable`, `Malformed`.
pub(crate) async fn check_ours(connection: &mut SqliteConnection) -> Result<(), EdgeError> {
    let tables = schema::tables(connection)
        .await
        .map_err(error::unreadable)?;
    if tables.is_empty() || tables.iter().any(|table| table == schema::TABLE) {
        return Ok(());
    }
    Err(refused("it is a SQLite file of another program".to_owned()))
}

/// Brings the schema up to date, inside the transaction that `connection` is in.
///
/// # Errors
/// `Refused` for a schema newer than this program and a shipped file that was edited;
/// `Unreachable` when the store can't be written.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), EdgeError> {
    schema::create(connection).await.map_err(failed)?;
    let applied = schema::applied(connection).await.map_err(failed)?;
    if let Some(newer) = applied.iter().find(|a| a.number > LATEST_SCHEMA) {
        return Err(refused(format!(
            "it has schema {}, and this program knows schemas up to {LATEST_SCHEMA}: it was \
             written by a newer windlass",
            applied
                .iter()
                .map(|a| a.number)
                .max()
                .unwrap_or(newer.number),
        )));
    }
    for migration in MIGRATIONS {
        match applied.iter().find(|a| a.number == migration.number) {
            Some(there) if there.checksum == migration.checksum() => {}
            Some(_) => {
                return Err(refused(format!(
                    "its schema file {} differs from this program's",
                    migration.number
                )));
            }
            None => apply(connection, migration).await.map_err(failed)?,
        }
    }
    Ok(())
}

async fn apply(
    connection: &mut SqliteConnection,
    migration: &Migration,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(migration.sql)
        .execute(&mut *connection)
        .await?;
    schema::record(
        connection,
        migration.number,
        migration.name,
        &migration.checksum(),
    )
    .await
}

fn failed(cause: sqlx::Error) -> EdgeError {
    error::sql("the store's schema can't be brought up to date", cause)
}

fn refused(why: String) -> EdgeError {
    EdgeError::new(ErrorKind::Refused, Retry::Never, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_each_other_and_match_the_folder() {
        let mut files: Vec<String> =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
                .expect("the folder is there")
                .map(|entry| {
                    entry
                        .expect("it can be listed")
                        .file_name()
                        .into_string()
                        .expect("plain")
                })
                .collect();
        files.sort();
        let listed: Vec<String> = MIGRATIONS
            .iter()
            .map(|m| format!("{:04}_{}.sql", m.number, m.name))
            .collect();
        assert_eq!(listed, files);
        let numbers: Vec<u32> = MIGRATIONS.iter().map(|m| m.number).collect();
        assert_eq!(numbers, (1..=LATEST_SCHEMA).collect::<Vec<_>>());
    }
}
