//! Every SQL text. One noun per file: constants, a typed function for each, the row type.

pub(crate) mod check;
pub(crate) mod deployments;
pub(crate) mod environments;
pub(crate) mod happenings;
pub(crate) mod installation;
pub(crate) mod journal;
pub(crate) mod plans;
pub(crate) mod schema;
pub(crate) mod scores;
pub(crate) mod seen;
pub(crate) mod transaction;

mod list;
mod text;

pub use list::statements;
use text::{Text, text};
