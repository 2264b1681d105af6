//! What was taken down, as refusals say it.

use windlass_api::{Exit, Problem};
use windlass_model::{Millis, TakenDown, harmless};

use crate::controller::Shared;

/// What it is for was taken down while it was asked for.
pub(crate) fn meanwhile(by: &str) -> Problem {
    let title = format!("{by} took it down while this waited");
    Problem::new(409, "WL0380", Exit::Refused, title)
        .detail("nothing was begun")
        .hint("to bring it up again: windlass deploy")
}

/// It was taken down, and nothing of it runs since: there is nothing to go back from, or to take away.
pub(crate) fn refused(shared: &Shared, what: &str, down: &TakenDown) -> Problem {
    let title = format!("{what} {}", how(shared, down));
    Problem::new(409, "WL0453", Exit::Refused, title)
        .detail("nothing of it runs; nothing was changed")
        .hint("to bring it up again: windlass deploy")
}

/// When that was and who asked, after the name of what went.
pub(crate) fn how(shared: &Shared, down: &TakenDown) -> String {
    let spent = shared.border.clock.calendar_us().saturating_sub(down.at_us);
    let since = Millis::from_secs(u64::try_from(spent).unwrap_or_default() / 1_000_000);
    format!("was taken down {since} ago by {}", harmless(&down.by))
}
