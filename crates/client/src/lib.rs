//! The typed client of the controller's API.
//!
//! Finds the private sockets of a state directory ([`StatePaths`]) or a controller elsewhere
//! ([`Remote`]), starts the controller of a state directory when none answers
//! ([`Client::connect_or_start`]), asks it over HTTP, and follows its events across its deaths
//! ([`Following`]). Knows no terminal.

mod client;
mod error;
mod events;
mod exchange;
mod follow;
mod lock;
mod logs;
mod newer;
mod outliving;
mod paths;
mod query;
mod reach;
mod remote;
mod remote_error;
mod replace;
mod reporter;
mod start;
mod tls;

pub use client::Client;
pub use error::{ClientError, PathsError, Unsafe};
pub use events::Events;
pub use exchange::Key;
pub use follow::{Followed, Following};
pub use lock::{ControllerLock, Holder, is_stopped};
pub use logs::{FollowingLogs, Logs};
pub use newer::Told;
pub use paths::{Places, SOCKET_NAME_MAX, StatePaths};
pub use reach::Reach;
pub use remote::Remote;
pub use remote_error::{Distrust, RemoteError};
pub use replace::{ReplaceError, replace};
pub use reporter::Reporter;
pub use start::Starting;
