//! Taking the place of a running controller.

use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::lock::{Holder, is_stopped};
use crate::{ControllerLock, StatePaths};

/// Time between two tries. Whoever follows a deployment starts a controller as soon as it finds none:
/// this must be quicker.
const PAUSE: Duration = Duration::from_millis(2);

/// Why a controller's place could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// The lock's file could not be used.
    #[error("the controller's lock can't be used")]
    Lock(#[from] std::io::Error),
    /// The controller is stopped by a signal: it can't end.
    #[error("the controller (pid {pid}) is stopped and can't end")]
    Stopped {
        /// Its process.
        pid: u32,
    },
    /// The lock's file names a process that is no controller of this user.
    #[error("process {pid} is not a controller of this user")]
    NotOurs {
        /// Which.
        pid: u32,
    },
    /// It was asked to end and still has the lock.
    #[error("the controller{} did not end within {seconds}s", of(*pid))]
    Late {
        /// Its process, where known.
        pid: Option<u32>,
        /// How long it was waited for.
        seconds: u64,
    },
}

fn of(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// Asks whoever is the controller of `paths` to end, and takes its lock. `asked` hears each process
/// that was asked. Takes a free lock at once.
///
/// Blocks its thread for up to `within`.
///
/// # Errors
/// A controller that is stopped, of somebody else, or that does not end in time.
pub fn replace(
    paths: &StatePaths,
    within: Duration,
    mut asked: impl FnMut(u32),
) -> Result<ControllerLock, ReplaceError> {
    let begun = Instant::now();
    let mut told = None;
    loop {
        if let Some(lock) = ControllerLock::try_take(paths)? {
            return Ok(lock);
        }
        // Without a pid: it is writing it right now.
        if let Holder::Somebody(Some(pid)) = ControllerLock::holder(paths) {
            if is_stopped(pid) {
                return Err(ReplaceError::Stopped { pid });
            }
            if told != Some(pid) && ask_to_end(paths, pid)? {
                told = Some(pid);
                asked(pid);
            }
        }
        if begun.elapsed() > within {
            let seconds = within.as_secs();
            return Err(ReplaceError::Late { pid: told, seconds });
        }
        thread::sleep(PAUSE);
    }
}

/// Sends it SIGTERM, once it is sure that it is the holder. False when it is gone already.
fn ask_to_end(paths: &StatePaths, pid: u32) -> Result<bool, ReplaceError> {
    let not_ours = || ReplaceError::NotOurs { pid };
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let number = number.ok_or_else(not_ours)?;
    // From here on the number can't come to mean another process.
    let process: OwnedFd = match pidfd_open(number, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH) => return Ok(false),
        Err(why) => return Err(ReplaceError::Lock(why.into())),
    };
    if ControllerLock::holder(paths) != Holder::Somebody(Some(pid)) {
        return Ok(false);
    }
    if !is_controller(pid) {
        return Err(not_ours());
    }
    match pidfd_send_signal(&process, Signal::TERM) {
        Ok(()) => Ok(true),
        Err(Errno::SRCH) => Ok(false),
        Err(_not_allowed) => Err(not_ours()),
    }
}

/// Whether it is `windlass serve` of this user, as far as `/proc` says.
fn is_controller(pid: u32) -> bool {
    let owner = std::fs::metadata(format!("/proc/{pid}")).map(|seen| seen.uid());
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let serves = line.split(|byte| *byte == 0).any(|word| word == b"serve");
    serves && owner.is_ok_and(|owner| owner == rustix::process::geteuid().as_raw())
}
