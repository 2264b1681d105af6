//! Ends an instance.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout_at};
use windlass_control::{
    GroupEnd, ShimRefusal, ShimReply, ShimRequest, ShimSpec, ShimState, ShimStatus,
};
use windlass_edge::{EdgeError, Stopped};
use windlass_model::{InstanceId, Millis, Stop};

use super::fail::{refused, timeout, unreachable};
use super::forget::unlink;
use super::gone::{Known, Remains, remains};
use super::layout::{read_json, write_json};
use super::link::Reached;
use super::proc::{self, Stat};
use super::target::Inner;

/// How long killing may take once it began: a process that sleeps in the kernel dies late.
const KILL_WITHIN: Duration = Duration::from_secs(10);

/// How often it is looked whether anything is left.
const LOOK: Duration = Duration::from_millis(10);

/// How long a shim that keeps nothing any more may take to go.
const GO_WITHIN: Duration = Duration::from_secs(2);

/// The signal of that name; `config` admits no other name than these and TERM.
pub(super) fn signal_named(name: &str) -> Signal {
    match name {
        "INT" => Signal::INT,
        "QUIT" => Signal::QUIT,
        "HUP" => Signal::HUP,
        "USR1" => Signal::USR1,
        "USR2" => Signal::USR2,
        _ => Signal::TERM,
    }
}

pub(super) async fn stop(inner: &Inner, id: &InstanceId) -> Result<Stopped, EdgeError> {
    inner.fence.speak()?;
    let folder = inner.layout.instance(id);
    let by = Instant::now() + KILL_WITHIN;
    loop {
        let spec: Option<ShimSpec> = read_json(&folder.join("spec.json"))?;
        let patience = spec.map_or_else(Stop::default, |spec| spec.stop).within;
        let within = patience.duration() + KILL_WITHIN;
        if let Reached::Shim(mut link) = inner.reach(id).await? {
            let epoch = inner.config.epoch;
            match link.ask(&ShimRequest::Stop { epoch }, within).await? {
                Some(ShimReply::Done) => {
                    return gone(&folder, patience).await;
                }
                Some(ShimReply::Refused(refusal)) => return Err(refused(&refusal)),
                Some(ShimReply::Status(_)) => return Err(unreachable("the shim talks nonsense")),
                None => {} // It went away meanwhile.
            }
        }
        match remains(&folder)? {
            Remains::Nothing => {
                return match proc::shim_of(&inner.config.shim, &folder) {
                    Some(shim) => stop_shim(shim, within).await.map(|()| Stopped::Heard),
                    None => Ok(Stopped::Heard),
                };
            }
            Remains::Known(known) => return stop_remains(inner, &known, within).await,
            Remains::Starting if Instant::now() >= by => {
                return Err(timeout("a shim that is coming up does not answer"));
            }
            Remains::Starting => sleep(LOOK).await,
        }
    }
}

/// Waits until the shim itself is gone, after it said that nothing is left.
async fn gone(folder: &Path, patience: Millis) -> Result<Stopped, EdgeError> {
    let status: Option<ShimStatus> = read_json(&folder.join("status.json"))?;
    let Some(status) = status else {
        return Ok(Stopped::Heard);
    };
    let (pid, start) = status.shim;
    match timeout_at(Instant::now() + GO_WITHIN, proc::ended(pid, start)).await {
        // One that lingers keeps nothing any more.
        Ok(()) | Err(_) => {}
    }
    Ok(how(status.killed, patience))
}

fn how(killed: bool, after: Millis) -> Stopped {
    if killed {
        Stopped::Killed { after }
    } else {
        Stopped::Heard
    }
}

/// Ends a shim that can't be asked, together with its group.
async fn stop_shim(shim: Stat, within: Duration) -> Result<(), EdgeError> {
    proc::signal(shim, Signal::TERM);
    let by = Instant::now() + within;
    while proc::lives(shim.pid, shim.start_time) {
        if Instant::now() >= by {
            return Err(timeout("the shim's group can't be ended"));
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Ends what a shim left behind, or a shim whose socket is gone together with its group.
async fn stop_remains(
    inner: &Inner,
    known: &Known,
    within: Duration,
) -> Result<Stopped, EdgeError> {
    if known.of_other_boot() {
        return unlink_socket(known).map(|()| Stopped::Heard);
    }
    if known.status.epoch > inner.config.epoch {
        return Err(refused(&ShimRefusal::OldEpoch(known.status.epoch)));
    }
    if let Some(shim) = known.shim() {
        return stop_shim(shim, within).await.map(|()| Stopped::Heard);
    }
    let stop = known
        .spec
        .as_ref()
        .map_or_else(Stop::default, |s| s.stop.clone());
    // What its leader left behind was never asked for and gets no time, as under a shim.
    let asked = known.leader().is_some();
    let within = if asked { stop.within } else { Millis::ZERO };
    let patience = Instant::now() + within.duration();
    let mut killed = false;
    let by = patience + KILL_WITHIN;
    for survivor in known.survivors() {
        proc::signal(survivor, signal_named(&stop.signal));
    }
    loop {
        let survivors = known.survivors();
        let now = Instant::now();
        if survivors.is_empty() {
            unlink_socket(known)?;
            return note(known).map(|()| how(killed && asked, within));
        }
        if now >= by {
            let pids: Vec<i32> = survivors.iter().map(|stat| stat.pid).collect();
            return Err(timeout(format!("the processes {pids:?} can't be killed")));
        }
        if now >= patience {
            killed = true;
            for survivor in survivors {
                proc::signal(survivor, Signal::KILL);
            }
        }
        sleep(LOOK).await;
    }
}

/// Removes the socket of a shim that could not do it: who was killed leaves it behind.
fn unlink_socket(known: &Known) -> Result<(), EdgeError> {
    known
        .spec
        .as_ref()
        .map_or(Ok(()), |spec| unlink(&spec.socket))
}

/// Writes what the shim can't write any more.
fn note(known: &Known) -> Result<(), EdgeError> {
    if matches!(known.status.state, ShimState::Ended { .. }) {
        return Ok(());
    }
    let mut status = known.status.clone();
    status.state = ShimState::Ended {
        end: GroupEnd::Stopped,
    };
    write_json(&known.folder.join("status.json"), &status)
}
