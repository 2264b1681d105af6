//! What a person asks of a router directly, while its controller may be dead or there is none.

mod alone;
mod change;
mod find;
mod link;
mod passage;
mod refusal;
mod reload;
mod upgrade;

pub(crate) use alone::{START_ALONE, alone, is_of_one_alone};
pub(crate) use change::{Wanted, drain, rollback, split};
pub(crate) use find::name;
pub(crate) use link::Link;
pub(crate) use passage::{pass, standing};
pub(crate) use reload::reload;
pub(crate) use upgrade::upgrade;
