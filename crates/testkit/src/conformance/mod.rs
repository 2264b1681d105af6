//! What each trait of `edge` promises, in code.
//!
//! Plain functions that assert. The fakes of this crate pass them, and so must every adapter, against
//! the real thing. Each says what it needs of its surroundings in a *case*.

mod patience;
mod prober;
mod store;
mod target;
mod traffic_router;

pub use prober::{ProberCase, prober};
pub use store::{StoreCase, store};
pub use target::{TargetCase, target};
pub use traffic_router::{RouterCase, traffic_router};
