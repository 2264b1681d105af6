//! The controller: whether one runs, answers, and is of this version; and what it sees drift.

use std::collections::BTreeSet;
use std::os::unix::net::UnixStream;

use windlass_api::{EnvironmentView, ServiceView, VersionView};
use windlass_client::{Client, ClientError, ControllerLock, Holder, StatePaths, is_stopped};
use windlass_model::{DeploymentState, Percent, ServiceName};

use super::Finding;
use super::left::Left;
use super::unready::{is_unready, unready};
use crate::route;
use crate::ui::words::command_in;

const CHECK: &str = "controller";

/// What to do before a controller can start.
pub(super) const JOURNAL_FIRST: &str =
    "mend the journal first, then any command starts one: windlass docs back-up";

/// What was found out about the controller.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) finding: Finding,
    /// What it says about what runs; none when it can't be asked.
    pub(crate) status: Option<Vec<EnvironmentView>>,
    /// Services of which nothing is ready.
    pub(crate) unready: Vec<Finding>,
}

/// Asks the controller that runs, and starts none. `opens`: whether one that starts could open the journal.
pub(crate) async fn controller(paths: &StatePaths, own_version: &str, opens: bool) -> Seen {
    let holder = ControllerLock::holder(paths);
    let pid = match holder {
        Holder::Nobody if route::alone(paths).is_some() => {
            let saw = "none runs, and none can: a router runs here alone";
            return unasked(Finding::ok(CHECK, saw));
        }
        Holder::Nobody if route::is_of_one_alone(paths) => {
            let saw = "none runs, and none can: the folder is that of a router that runs alone";
            return unasked(Finding::ok(CHECK, saw));
        }
        Holder::Nobody if !opens => {
            let saw = "none runs, and none can: the journal can't be opened";
            return unasked(Finding::broken(CHECK, saw, JOURNAL_FIRST));
        }
        Holder::Nobody => return unasked(nobody(paths).await),
        Holder::Somebody(Some(pid)) if is_stopped(pid) => {
            let saw = format!("process {pid} is stopped");
            return unasked(Finding::broken(
                CHECK,
                saw,
                format!("let it go on: kill -CONT {pid}"),
            ));
        }
        Holder::Somebody(pid) => {
            pid.map_or_else(|| "one".to_owned(), |pid| format!("process {pid}"))
        }
    };
    let client = match Client::connect(paths).await {
        Ok(client) => client,
        Err(ClientError::OtherVersion { theirs, .. }) => {
            let saw = format!("{pid} is Windlass {theirs}, and this is {own_version}");
            return unasked(Finding::broken(CHECK, saw, "windlass serve --replace"));
        }
        // It has ended between the two looks.
        Err(_) if ControllerLock::holder(paths) == Holder::Nobody => {
            return unasked(nobody(paths).await);
        }
        Err(why) => {
            let saw = format!("{pid} runs and does not answer: {why}");
            let fix = format!(
                "look at {}, then: windlass serve --replace",
                paths.controller_log.display()
            );
            return unasked(Finding::broken(CHECK, saw, fix));
        }
    };
    let finding = answering(&pid, client.controller(), own_version);
    let status = client.status().await.ok();
    let unready = match &status {
        Some(status) => unready(&client, status).await,
        None => Vec::new(),
    };
    Seen {
        finding,
        status,
        unready,
    }
}

/// None runs: that is well where nothing should, and where a deployment is open, it can't go on.
async fn nobody(paths: &StatePaths) -> Finding {
    let left = Left::look(paths).await;
    let routed = UnixStream::connect(&paths.router_socket).is_ok();
    let fix = "any command starts one: windlass status";
    let waits = left.as_ref().and_then(Left::waits);
    match (waits, routed) {
        (None, false) => Finding::ok(CHECK, "none runs; the next command starts one"),
        (None, true) => Finding::warning(CHECK, "none runs, and a router does", fix),
        (Some(waits), routed) => {
            let goes_on = if routed {
                "router and services go on without it"
            } else {
                "no router runs either"
            };
            let saw = format!("none runs; {goes_on}, and {waits}");
            let is_open = left.is_some_and(|left| !left.open.is_empty());
            if is_open || !routed {
                Finding::broken(CHECK, saw, fix)
            } else {
                Finding::warning(CHECK, saw, fix)
            }
        }
    }
}

/// Deployments that are open, and what each does or waits for.
pub(crate) fn open(status: &[EnvironmentView]) -> Vec<Finding> {
    const CHECK: &str = "deployment";
    let locks = status.iter().filter_map(|view| view.lock.as_ref());
    let told = locks.map(|lock| {
        let saw = format!("{} is open: {}", lock.deployment, lock.reason);
        let fix = format!("windlass show {}", lock.deployment);
        match (&lock.state, &lock.held) {
            (DeploymentState::Stuck, _) => Finding::broken(CHECK, saw, fix),
            (_, Some(_)) => Finding::warning(CHECK, saw, fix),
            (_, None) => Finding::ok(CHECK, saw),
        }
    });
    told.collect()
}

/// What one says of itself that answers.
fn answering(pid: &str, theirs: &VersionView, own_version: &str) -> Finding {
    if let Some(lost) = &theirs.lost_history {
        let saw = format!(
            "its journal is at epoch {}, what runs has heard of {}",
            lost.own, lost.heard
        );
        Finding::broken(
            CHECK,
            saw,
            "put the newer journal back, or: windlass repair --adopt",
        )
    } else if theirs.version == own_version {
        Finding::ok(
            CHECK,
            format!(
                "{pid} answers, Windlass {own_version}, epoch {}",
                theirs.epoch
            ),
        )
    } else {
        let saw = format!(
            "{pid} is Windlass {}, and this is {own_version}",
            theirs.version
        );
        Finding::warning(CHECK, saw, "windlass serve --replace")
    }
}

fn unasked(finding: Finding) -> Seen {
    Seen {
        finding,
        status: None,
        unready: Vec::new(),
    }
}

/// What runs otherwise than the journal says.
pub(crate) fn drift(status: &[EnvironmentView]) -> Finding {
    const CHECK: &str = "what runs";
    let (mut off, mut short) = (Vec::new(), Vec::new());
    let mut logs = BTreeSet::new();
    let mut running = 0;
    for view in status {
        for (name, service) in &view.services {
            if view.deployment.is_none() {
                short.extend(short_share(name, service));
            }
            // It is told by itself, as what is broken.
            let told = view.deployment.is_none() && is_unready(service);
            for slot in service.slots() {
                if slot.weight.is_none() && !service.listen.is_empty() {
                    off.push(format!("{name} {}: its share is unknown", slot.version));
                }
                for instance in &slot.instances {
                    // What a command has brought is live, and need not run.
                    if matches!(instance.state.as_str(), "running" | "live") {
                        running += 1;
                    } else if !told {
                        logs.insert(command_in(&view.environment, &format!("logs {name}")));
                        off.push(format!(
                            "{name} {}: {} is {}",
                            slot.version, instance.id, instance.state
                        ));
                    }
                }
            }
        }
    }
    if off.is_empty() && short.is_empty() {
        let saw = format!(
            "{} as the journal says",
            crate::ui::words::counted(running, "instance")
        );
        return Finding::ok(CHECK, saw);
    }
    let fix = if short.is_empty() {
        let looks = std::iter::once("windlass status".to_owned()).chain(logs);
        looks.collect::<Vec<_>>().join(", then ")
    } else {
        "a new controller gives what is stable all requests once it answers: windlass serve --replace"
            .to_owned()
    };
    short.append(&mut off);
    Finding::warning(CHECK, short.join("; "), fix)
}

/// What is stable and has not all the requests, although nothing is under way.
fn short_share(name: &ServiceName, service: &ServiceView) -> Option<String> {
    let stable = service.stable.as_ref()?;
    let share = stable.weight.filter(|share| *share < Percent::FULL)?;
    let version = &stable.version;
    let is_short = !service.listen.is_empty();
    is_short.then(|| format!("{name} {version} is stable and gets {share} of the requests"))
}
