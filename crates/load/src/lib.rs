//! An open-loop HTTP load generator.
//!
//! Requests leave at a fixed rate whatever the answers do, and their latency counts from the time
//! they were *due*: a server that stalls for a second is charged for every request of that second,
//! not for one. Nothing is sent twice: a request that got no answer has failed.
//!
//! A keep-alive connection that the server had closed before the request was written is replaced,
//! as decent clients do; it carried nothing.
//!
//! | module | holds |
//! |---|---|
//! | `plan` | what to send, and the limits |
//! | `load` | start, look, stop |
//! | `pace` | the thread that says when |
//! | `drive` | the runtime that sends |
//! | `connection` | one connection, and the idle ones |
//! | `counts`, `histogram` | what came of it |

mod connection;
mod counts;
mod drive;
mod histogram;
mod load;
mod pace;
mod plan;

pub use connection::{Answer, Connections, Reuse};
pub use counts::{ChainCounts, Counts, FAILURES_KEPT, Failure};
pub use histogram::Histogram;
pub use load::{Load, start};
pub use plan::{
    CONNECTIONS_MOST, LoadPlan, PER_SECOND_MOST, REQUESTS_MOST, RUN_MOST, TIMEOUT_MOST,
};
