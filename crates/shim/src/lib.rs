//! Keeps one process group: parent, subreaper, logs, exit status, restarts.
//!
//! A shim outlives the controller that started it. It is one thread around `poll`: a pipe that
//! signals write to, a Unix socket for requests, and timers. Everything that must survive it lies
//! in the instance's folder:
//!
//! | file | content |
//! |---|---|
//! | `spec.json` | what to keep, written before the shim starts |
//! | `lock` | held by the living shim, so that there is never a second one |
//! | `status.json` | how the group is, replaced at each change |
//! | `stdout.log`, `stderr.log` | what the group printed; the oldest blocks are freed |
//! | `log.idx` | lines of `unix-ms stdout-size stderr-size`: when the files had which size |

mod connection;
mod ends;
mod group;
mod index;
mod keeper;
mod logs;
mod proc;
mod run;
mod signals;
mod status;
mod streams;

pub use run::{ShimError, run};
