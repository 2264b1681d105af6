//! One file per noun.

mod adoptions;
mod checks;
mod deployments;
mod document;
mod down;
mod environments;
mod events;
mod figures;
mod happenings;
mod health;
mod logs;
mod over;
mod paging;
mod plans;
mod removals;
mod reports;
mod rollbacks;
mod routes;
mod scores;
mod socket;
mod sse;
mod status;
mod table;
mod tokens;
mod version;

pub(crate) use routes::routes;
pub(crate) use table::{Row, Verb, rows};
