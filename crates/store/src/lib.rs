//! The journal on SQL.
//!
//! [`SqliteStore`] keeps the journal in one SQLite file beside nothing else: one writer connection
//! on a thread of its own, and a few connections that can only read. A whole transaction is one
//! message to the writer; what waits together is committed together. An append is acknowledged
//! when it would survive a power cut (WAL, `synchronous=FULL`).
//!
//! Rows carry a format version, a checksum and the checksum of the row before them *in the same
//! deployment*, so that a damaged row is found when it is read, and harms its own deployment only.
//!
//! | module | holds |
//! |---|---|
//! | `queries` | every SQL text, one noun per file |
//! | `migrate` | the numbered schema files, and who may open what |
//! | `check` | a whole store looked at, and copied |
//! | `look` | what runs, for whoever starts no controller |
//! | `checksum` | what a row's checksum covers |
//! | `footing` | whether the files are still those that were opened |
//! | `write` | the transactions, as messages |
//! | `writer` | the one who commits them |
//! | `read` | rows back into nouns, checked |

mod check;
mod checksum;
mod connect;
mod error;
mod footing;
mod look;
mod migrate;
mod note;
mod queries;
mod read;
mod sqlite;
mod write;
mod writer;

pub use check::{Checked, check, copy};
pub use look::environments;
pub use migrate::{LATEST_SCHEMA, MIGRATIONS, Migration};
pub use queries::statements;
pub use sqlite::SqliteStore;
