//! One file per noun.

mod deployments;
mod down;
mod events;
mod figures;
mod logs;
mod plans;
mod routes;
mod status;
mod version;

pub(crate) use routes::routes;
