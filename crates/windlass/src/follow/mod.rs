//! Following a deployment: events in, a picture of how it stands, and what is said at the end.

mod ending;
mod progress;
mod watch;

pub(crate) use ending::{begun, standing};
pub(crate) use progress::{Part, Progress};
pub(crate) use watch::{Purpose, environment_of, follow, past};
