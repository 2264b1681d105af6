//! SQL failures in the words of the edge.

use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::Millis;

/// How long to wait before trying again what a busy or full disk refused.
pub(crate) const TRY_AGAIN: Millis = Millis::from_secs(1);

/// Primary result codes of SQLite, <https://www.sqlite.org/rescode.html>.
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const CORRUPT: u32 = 11;
const NOT_A_DATABASE: u32 = 26;

/// The primary result code of a SQLite failure.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|extended| extended & 0xff)
}

/// Whether another connection holds the lock that was needed.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(BUSY | LOCKED))
}

/// Says `what` failed, with the kind that `error` stands for.
pub(crate) fn sql(what: impl Into<String>, error: sqlx::Error) -> EdgeError {
    let damaged = matches!(primary_code(&error), Some(CORRUPT | NOT_A_DATABASE))
        || matches!(
            error,
            sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::Decode(_)
                | sqlx::Error::ColumnNotFound(_)
        );
    let failed = if damaged {
        EdgeError::new(ErrorKind::Malformed, Retry::Never, what)
    } else {
        EdgeError::new(ErrorKind::Unreachable, Retry::After(TRY_AGAIN), what)
    };
    match error {
        // sqlx says around it what SQLite said, and then that again.
        sqlx::Error::Database(said) => failed.because(said.into_error()),
        other => failed.because(other),
    }
}

/// Says why a whole file can't be read, at the first look at it.
pub(crate) fn unreadable(error: sqlx::Error) -> EdgeError {
    let what = match primary_code(&error) {
        Some(NOT_A_DATABASE) => "it is no SQLite database: it is damaged, or never was a journal",
        Some(CORRUPT) => "it is damaged",
        Some(_) | None => "it can't be read",
    };
    sql(what, error)
}

/// Says that a stored value can't be read.
pub(crate) fn malformed(what: impl Into<String>) -> EdgeError {
    EdgeError::new(ErrorKind::Malformed, Retry::Never, what)
}

/// Says that the store's writer is gone; only opening the store again helps.
pub(crate) fn writer_ended() -> EdgeError {
    EdgeError::new(
        ErrorKind::Unreachable,
        Retry::Never,
        "the store's writer has ended",
    )
}
