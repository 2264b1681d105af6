//! Following a deployment: events in, a picture of how it stands, and what is said at the end.

mod ending;
mod part;
mod progress;
mod summary;
mod watch;

pub(crate) use ending::{begun, standing};
pub(crate) use part::{Hold, Part};
pub(crate) use progress::Progress;
pub(crate) use summary::{Summary, of_none};
pub(crate) use watch::{Purpose, environment_of, follow, past, say_unknown};
