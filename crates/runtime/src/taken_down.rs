//! What was taken down, or would not go, as refusals say it.

use windlass_api::{Exit, Problem};
use windlass_edge::EdgeError;
use windlass_model::{Environment, Millis, ServiceName, TakenDown, harmless};

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

/// Something would not go down.
pub(crate) fn not_down(what: &str, error: &EdgeError) -> Problem {
    Problem::new(
        500,
        "WL0315",
        Exit::Stuck,
        format!("{what} could not be ended"),
    )
    .detail(format!(
        "{}\nit is off the router already, and may still run",
        error.chain()
    ))
    .hint("look with: windlass doctor; run windlass down again, it goes on where it stopped")
}

/// These have ended, and the journal could not be told.
pub(crate) fn unwritten(ended: &[ServiceName], error: &EdgeError) -> Problem {
    let ended: Vec<&str> = ended.iter().map(ServiceName::as_str).collect();
    // Where nothing ran, nothing has ended either.
    let ended = match ended.as_slice() {
        [] => "what is left".to_owned(),
        ended => ended.join(", "),
    };
    let title = format!("{ended} went down, and that could not be written down");
    Problem::new(500, "WL0303", Exit::Stuck, title)
        .detail(format!(
            "{}\nit runs no more; what else ran with it may still run, and is off the router too; a controller that starts now \
             would start all of it again",
            error.chain()
        ))
        .hint(
            "make room on the disk; then run windlass down again, it goes on where it stopped; or bring it up \
             again: windlass deploy",
        )
}

/// The router goes on with what was to be taken off it. `pid`: its process.
pub(crate) fn not_unrouted(place: &Environment, pid: Option<u32>, error: &EdgeError) -> Problem {
    let Environment {
        app, environment, ..
    } = place;
    let title = format!(
        "the router{} does not let go of {app} in {environment}",
        process(pid)
    );
    Problem::new(500, "WL0315", Exit::Stuck, title)
        .detail(format!(
            "{}\nits services run on, and the router has them as before",
            error.chain()
        ))
        .hint("look with: windlass doctor; run windlass down again, it goes on where it stopped")
}

/// All services have ended, and the router has not.
pub(crate) fn router_stays(pid: Option<u32>, error: &EdgeError) -> Problem {
    let title = format!(
        "everything is down, but the router{} did not end",
        process(pid)
    );
    Problem::new(500, "WL0315", Exit::Stuck, title)
        .detail(format!("{}\nno service runs any more", error.chain()))
        .hint("look with: windlass doctor; run windlass down again, it goes on where it stopped")
}

fn process(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})"))
        .unwrap_or_default()
}
