//! A program that is asked something: it runs in a group of its own, and ends with all of it.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::mask::Mask;

/// What a program said, and how it ended.
pub(crate) struct Said {
    pub(crate) printed: Vec<u8>,
    pub(crate) complained: Vec<u8>,
    pub(crate) ended: ExitStatus,
}

impl Said {
    /// The last line of what it complained of, or `nothing`, without the values that are masked.
    pub(crate) fn last_complaint(&self, mask: &Mask<'_>) -> String {
        let shown = mask.over(&self.complained, false);
        let text = String::from_utf8_lossy(&shown);
        let last = text.trim().lines().next_back().unwrap_or("nothing");
        last.to_owned()
    }
}

/// Ends the whole group, also when the question is dropped.
struct Group {
    child: Child,
    leader: Option<Pid>,
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            match kill_process_group(leader, Signal::KILL) {
                // Usually it is gone already.
                Ok(()) | Err(_) => {}
            }
        }
    }
}

/// Runs it to its end, and reads so many bytes at most of what it prints. Dropping the future kills it with
/// all of its group.
pub(crate) async fn ask(mut command: Command, most: u64) -> io::Result<Said> {
    let command = command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn()?;
    let leader = child.id().and_then(|pid| i32::try_from(pid).ok());
    let leader = leader.and_then(Pid::from_raw);
    let mut group = Group { child, leader };
    let (stdout, stderr) = (group.child.stdout.take(), group.child.stderr.take());
    let (printed, complained, ended) =
        tokio::join!(bytes(stdout, most), bytes(stderr, most), group.child.wait());
    Ok(Said {
        printed,
        complained,
        ended: ended?,
    })
}

async fn bytes(stream: Option<impl AsyncRead + Unpin>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        match stream.take(most).read_to_end(&mut bytes).await {
            // What was read until then is the answer.
            Ok(_) | Err(_) => {}
        }
    }
    bytes
}
