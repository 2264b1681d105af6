//! The process group: starting, asking, killing, reaping.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group,
    pidfd_open, pidfd_send_signal, test_kill_process_group, wait,
};
use windlass_control::{GroupEnd, ShimSpec};

use crate::logs::Logs;
use crate::proc;

/// A started group's leader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leader {
    pub(crate) pid: Pid,
    pub(crate) start_time: u64,
}

/// What a round of reaping saw.
#[derive(Debug, Default)]
pub(crate) struct Reaped {
    /// How the leader ended, if it did.
    pub(crate) leader: Option<GroupEnd>,
    /// Whether no child is left. A subreaper without children has no descendants at all.
    pub(crate) childless: bool,
}

/// Starts the program as the leader of a new process group, without a shell and with exactly the
/// environment of the specification.
pub(crate) fn start(spec: &ShimSpec, logs: &Logs) -> io::Result<Leader> {
    let (stdout, stderr) = logs.share()?;
    let child = Command::new(&spec.program)
        .args(&spec.arguments)
        .env_clear()
        .envs(&spec.env)
        .envs(handed_on(spec))
        .current_dir(&spec.directory)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()?;
    let pid = Pid::from_child(&child);
    // Nobody else reaps, so that even a program that is over already is still listed.
    let start_time = proc::stat(pid.as_raw_nonzero().get()).map_or(0, |stat| stat.start_time);
    Ok(Leader { pid, start_time })
}

/// What no file holds.
fn handed_on(spec: &ShimSpec) -> impl Iterator<Item = (&str, OsString)> {
    let names = spec.hands_on.iter().map(String::as_str);
    names.filter_map(|name| Some((name, std::env::var_os(name)?)))
}

/// Sends the group the signal by which it is asked to end.
pub(crate) fn ask(leader: Leader, signal: &str) {
    let signal = named(signal);
    // A leader may have moved to another group; until it is reaped its pid is nobody else's.
    let asked = kill_process_group(leader.pid, signal);
    match asked.or_else(|_none| kill_process(leader.pid, signal)) {
        // What is gone already needs no signal; killing sees to the rest.
        Ok(()) | Err(_) => {}
    }
}

/// Whether any process of the leader's group is left, also after the leader itself.
pub(crate) fn group_lives(leader: Leader) -> bool {
    test_kill_process_group(leader.pid) != Err(Errno::SRCH)
}

fn named(signal: &str) -> Signal {
    match signal {
        "INT" => Signal::INT,
        "QUIT" => Signal::QUIT,
        "HUP" => Signal::HUP,
        "USR1" => Signal::USR1,
        "USR2" => Signal::USR2,
        // `config` admits no other name than these and TERM.
        _ => Signal::TERM,
    }
}

/// Kills every descendant that can be found now. What was forked meanwhile is found the next time.
pub(crate) fn kill_descendants() {
    for found in proc::descendants(getpid().as_raw_nonzero().get()) {
        let Some(pid) = Pid::from_raw(found.pid) else {
            continue;
        };
        let still_it = || {
            proc::stat(found.pid).is_some_and(|stat| {
                stat.start_time == found.start_time && stat.parent == found.parent
            })
        };
        // The pid of somebody's child may have been used again since it was read; a pidfd, opened
        // before the second look, can't be.
        let outcome = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) if still_it() => pidfd_send_signal(pidfd, Signal::KILL),
            Ok(_) | Err(Errno::SRCH) => Ok(()),
            Err(_) if still_it() => kill_process(pid, Signal::KILL),
            Err(_) => Ok(()),
        };
        match outcome {
            // One that may not be killed stays, and with it the answer to `Stop`.
            Ok(()) | Err(_) => {}
        }
    }
}

/// Reaps everything that ended, orphans included.
pub(crate) fn reap(leader: Option<Leader>) -> Reaped {
    let mut reaped = Reaped::default();
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => {
                if leader.is_some_and(|leader| leader.pid == pid) {
                    reaped.leader = Some(end_of(status));
                }
            }
            Ok(None) => return reaped,
            Err(Errno::INTR) => {}
            Err(_none_left) => {
                reaped.childless = true;
                return reaped;
            }
        }
    }
}

fn end_of(status: WaitStatus) -> GroupEnd {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => GroupEnd::Exited(code),
        (None, Some(signal)) => GroupEnd::Killed(signal),
        // Neither can't be: stops and continuations were not asked for.
        (None, None) => GroupEnd::Killed(0),
    }
}
