//! Entering the table, at once or after a wait.

use std::time::Instant;

use tokio::time::{Instant as Moment, timeout_at};

use crate::door::Thread;
use crate::passage::Waiting;
use crate::refused::Refused;
use crate::standing::{Standing, has_no_room};
use crate::ticket::{NotEntered, Ticket, Wish};

/// Enters a slot. Where the requests of a service wait, this one waits too, as long as they may, and as long as
/// there is room for what comes of its body meanwhile.
pub(crate) async fn enter(
    thread: &Thread,
    (wish, body): (Wish<'_>, Option<&Standing>),
    begun: Instant,
) -> Result<Ticket, NotEntered> {
    match Ticket::take(&thread.core, wish, thread.shard, begun) {
        // Apart, so that whoever does not wait has no room for it.
        Err(not) if not.hold.is_some() => {
            let service = not.service.clone();
            let waited = async {
                tokio::select! {
                    biased;
                    () = has_no_room(body) => Err(NotEntered::new(Refused::NoRoom, service)),
                    entered = wait(thread, wish, not) => entered,
                }
            };
            Box::pin(waited).await
        }
        taken => taken,
    }
}

/// Re-enters the table before another attempt.
pub(crate) async fn enter_again(
    thread: &Thread,
    ticket: Ticket,
    wish: Wish<'_>,
) -> Result<Ticket, NotEntered> {
    match ticket.again(&thread.core, wish) {
        Err(not) if not.hold.is_some() => Box::pin(wait(thread, wish, not)).await,
        entered => entered,
    }
}

/// Tries anew at each change of the table. The time that passes is nobody's: an instance that gets the
/// request afterwards is not slow for it.
async fn wait(thread: &Thread, wish: Wish<'_>, mut not: NotEntered) -> Result<Ticket, NotEntered> {
    let came = Moment::now();
    let (Some(mut hold), Some(service)) = (not.hold, not.service.clone()) else {
        return Err(not);
    };
    let Some(_counted) = Waiting::begin(&service, hold) else {
        return Err(not);
    };
    // Listens before it looks: no change is missed.
    let mut swapped = thread.core.swapped.subscribe();
    let mut ending = thread.core.ending();
    loop {
        not = match Ticket::take(&thread.core, wish, thread.shard, Instant::now()) {
            Err(not) => not,
            taken => return taken,
        };
        match not.hold {
            Some(now) => hold = now,
            None => return Err(not),
        }
        let changed = timeout_at(came + hold.within, swapped.changed());
        tokio::select! {
            biased;
            // An error is a router that is gone.
            _gone = ending.wait_for(|ending| *ending) => {
                not.why = Refused::Draining;
                return Err(not);
            }
            changed = changed => if !matches!(changed, Ok(Ok(()))) {
                return Err(not);
            }
        }
        thread.waves.turn().await;
    }
}
