//! The thread that says when. It only sleeps and counts, so that nothing that answers do, and no
//! timer's grain, moves the time a request is due.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::plan::{LoadPlan, REQUESTS_MOST, RUN_MOST};

/// Longest sleep, so that a stop is seen soon even at one request per second.
const NAP_MOST: Duration = Duration::from_millis(100);

/// One request that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) number: u64,
    pub(crate) at: Instant,
}

/// Says when each request is due until `stop` is dropped or a limit is reached. What was due at that
/// moment is still said: the count is rate × time however late this thread was woken.
pub(crate) fn pace(
    plan: &LoadPlan,
    started: Instant,
    stop: &Receiver<()>,
    due: &mpsc::Sender<Due>,
) {
    let mut number = 0;
    loop {
        let now = Instant::now();
        while number < REQUESTS_MOST {
            let at = started + plan.due(number);
            if at > now {
                break;
            }
            if due.blocking_send(Due { number, at }).is_err() {
                return;
            }
            number += 1;
        }
        if number >= REQUESTS_MOST || now - started >= RUN_MOST {
            return;
        }
        let next = started + plan.due(number);
        let nap = next.saturating_duration_since(Instant::now()).min(NAP_MOST);
        match stop.recv_timeout(nap) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
