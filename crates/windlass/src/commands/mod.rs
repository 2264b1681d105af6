//! One file per verb: options, and what it does.

pub(crate) mod abort;
pub(crate) mod demo;
pub(crate) mod demo_service;
pub(crate) mod deploy;
mod dispatch;
mod down;
pub(crate) mod events;
mod file;
pub(crate) mod finalize;
pub(crate) mod halt;
pub(crate) mod hold;
mod install;
pub(crate) mod list;
pub(crate) mod logs;
mod place;
pub(crate) mod plan;
pub(crate) mod promote;
pub(crate) mod remove;
pub(crate) mod repair;
pub(crate) mod resume;
pub(crate) mod retry;
pub(crate) mod rollback;
pub(crate) mod router;
mod schema;
pub(crate) mod serve;
pub(crate) mod shim;
pub(crate) mod show;
mod status;
mod tell;
mod validate;
mod version;
mod which;

pub(crate) use dispatch::run;
pub(crate) use down::wait_for_end;
