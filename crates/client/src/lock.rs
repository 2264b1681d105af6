//! Who is the one controller of a state directory: a kernel lock with the holder's pid in the file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::StatePaths;

/// Tries before a taken lock is believed: whoever only asks for the holder has it for an instant.
const TRIES: u32 = 20;

/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// Longest pid read back, in characters.
const PID_MAX: u64 = 10;

/// The right to be the controller, until it is dropped or the process ends in whatever way.
#[derive(Debug)]
pub struct ControllerLock {
    _file: File,
}

impl ControllerLock {
    /// Takes the lock and leaves this process's pid in it. None when another process has it.
    ///
    /// Blocks its thread for up to 200 ms.
    ///
    /// # Errors
    /// Those of opening, locking and writing the file.
    pub fn take(paths: &StatePaths) -> io::Result<Option<Self>> {
        for _ in 0..TRIES {
            if let Some(taken) = Self::try_take(paths)? {
                return Ok(Some(taken));
            }
            thread::sleep(PAUSE);
        }
        Ok(None)
    }

    /// The same with one try.
    pub(crate) fn try_take(paths: &StatePaths) -> io::Result<Option<Self>> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&paths.lock)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                file.set_len(0)?;
                file.rewind()?;
                write!(file, "{}", std::process::id())?;
                Ok(Some(Self { _file: file }))
            }
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Whether a controller has the lock, and its pid where the file says one.
    pub fn holder(paths: &StatePaths) -> Holder {
        let Ok(mut file) = File::open(&paths.lock) else {
            return Holder::Nobody;
        };
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                let read = (&mut file).take(PID_MAX).read_to_string(&mut text);
                Holder::Somebody(read.ok().and_then(|_| text.trim().parse().ok()))
            }
            Ok(()) | Err(_) => Holder::Nobody,
        }
    }
}

/// Who has the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// A controller, with its pid where known.
    Somebody(Option<u32>),
}

/// Whether a process is stopped by a signal or a debugger, as `/proc` says.
pub fn is_stopped(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // The command's name is in brackets and may contain anything; the state follows the last one.
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('T' | 't'))
}
