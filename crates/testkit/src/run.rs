//! Running a test on paused time.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// Longest story, in its own time: what takes longer waits for ever.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// Runs `story` on one thread with a clock that stands still while anything can go on, and jumps to
/// the next timer when nothing can.
pub fn run<F: Future>(story: F) -> F::Output {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without input and output needs nothing of the machine");
    let local = LocalSet::new();
    local
        .block_on(&runtime, async {
            tokio::time::timeout(LONGEST, story).await
        })
        .expect("the story ends in its own time")
}
