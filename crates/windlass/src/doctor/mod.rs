//! What `windlass doctor` looks at. Each check reads, and says what it saw and what would mend it;
//! none starts or changes anything.

mod certificates;
mod controller;
mod file;
mod finding;
mod instances;
mod journal;
mod left;
mod machine;
mod releases;
mod restored;
mod router;
mod sockets;
mod state;
mod tokens;
mod unready;

pub(crate) use certificates::certificates;
pub(crate) use controller::{controller, drift, open};
pub(crate) use file::{file, unreadable};
pub(crate) use finding::{Finding, Level};
pub(crate) use instances::instances;
pub(crate) use journal::journal;
pub(crate) use machine::machine;
pub(crate) use releases::releases;
pub(crate) use restored::restored;
pub(crate) use router::router;
pub(crate) use sockets::sockets;
pub(crate) use state::state;
pub(crate) use tokens::tokens;
