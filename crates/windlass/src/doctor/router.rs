//! The router: whether it lives, and what it keeps on disk.

use std::os::unix::net::UnixStream;

use windlass_client::{StatePaths, is_stopped};
use windlass_router::{holder, look};

use super::Finding;
use super::controller::JOURNAL_FIRST;
use crate::diagnostic::chain;
use crate::route::START_ALONE;
use crate::wire;

/// `opens`: whether a controller that starts could open the journal.
pub(crate) fn router(paths: &StatePaths, opens: bool) -> Vec<Finding> {
    const CHECK: &str = "router";
    let alive = UnixStream::connect(&paths.router_socket).is_ok();
    let on_disk = match look(&wire::router_state(paths)) {
        Ok(on_disk) => on_disk,
        Err(why) => {
            let fix = "start the controller, which gives it a new one: windlass serve --replace";
            return vec![Finding::broken(CHECK, chain(&why), fix)];
        }
    };
    let is_alone = on_disk
        .table
        .as_ref()
        .is_some_and(|table| table.alone.is_some());
    let served = on_disk.table.map_or(0, |table| table.services.len());
    let services = crate::ui::words::counted(served, "service");
    let holder = holder(&wire::router_state(paths));
    let first = match (alive, holder, served) {
        // Its socket takes in connections all the same, and nobody answers them.
        (_, Some(pid), _) if is_stopped(pid) => Finding::broken(
            CHECK,
            format!("pid {pid} is stopped by a signal, and so is the traffic"),
            format!("let it go on: kill -CONT {pid}"),
        ),
        (true, _, _) => Finding::ok(CHECK, format!("lives, {services} in its table")),
        (false, Some(pid), _) => Finding::broken(
            CHECK,
            format!(
                "pid {pid} serves, and can't be reached: its socket {} is gone",
                paths.router_socket.display()
            ),
            "it makes the socket anew within a second where its folder can be made; look again: windlass doctor",
        ),
        (false, None, 0) => Finding::ok(CHECK, "none runs, and nothing is to be served"),
        (false, None, _) => Finding::broken(
            CHECK,
            format!("none runs, and its table has {services}"),
            match (is_alone, opens) {
                (true, _) => START_ALONE,
                (false, true) => {
                    "any command starts the controller, and that one the router: windlass status"
                }
                (false, false) => JOURNAL_FIRST,
            },
        ),
    };
    let mut findings = vec![first];
    if let Some(why) = on_disk.refused {
        let saw = format!("the table can't be used: {why}; its second is in its place");
        let fix =
            "nothing is lost; a router that starts lays the damaged one aside: look at the disk";
        findings.push(Finding::warning("table", saw, fix));
    }
    for trip in on_disk.trips {
        let saw = match &trip.withheld {
            Some(need) => format!(
                "the tripwire of {} is withheld: {need} has no ready instance",
                trip.service
            ),
            None => format!(
                "the tripwire of {} fired: {} of {} answers were errors; no controller knows yet",
                trip.service, trip.errors, trip.answers
            ),
        };
        findings.push(Finding::warning("trips", saw, "windlass status"));
    }
    findings
}
