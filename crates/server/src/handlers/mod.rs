//! One file per noun.

mod adoptions;
mod deployments;
mod down;
mod events;
mod figures;
mod logs;
mod plans;
mod removals;
mod rollbacks;
mod routes;
mod status;
mod version;

pub(crate) use routes::routes;
