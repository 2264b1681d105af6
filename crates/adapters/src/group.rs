//! A program that is asked something: it runs in a group of its own, and ends with all of it.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use windlass_edge::EdgeError;

use crate::process::layout::{private_folder, read_json, write_json};
use crate::process::proc::{self, Stat};

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

/// The groups that run, a small file each: a controller that is killed ends none of them, so that the next
/// one does.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    folder: PathBuf,
}

/// One of them, as it began.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Noted {
    leader: i32,
    start_time: u64,
    session: i32,
}

impl Running {
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Notes a group that has just begun; none of one that is over already.
    fn note(&self, leader: Pid) -> Result<Option<PathBuf>, EdgeError> {
        let leader = leader.as_raw_nonzero().get();
        let Some(stat) = proc::stat(leader) else {
            return Ok(None);
        };
        private_folder(&self.folder)?;
        let file = self.folder.join(format!("{leader}.json"));
        let noted = Noted {
            leader,
            start_time: stat.start_time,
            session: stat.session,
        };
        write_json(&file, &noted)?;
        Ok(Some(file))
    }

    /// Ends the groups that a controller before this one has left behind.
    pub(crate) fn end_all(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let processes = proc::all();
        for file in entries.map(|entry| entry.path()) {
            match read_json::<Noted>(&file) {
                Ok(Some(noted)) if noted.lives(&processes) => {
                    tracing::info!(
                        "ends a command that an earlier controller left running: group {}",
                        noted.leader
                    );
                    end(Pid::from_raw(noted.leader));
                }
                // What can't be read says of nobody that it may be ended.
                Ok(_) | Err(_) => {}
            }
            drop_note(&file);
        }
    }
}

impl Noted {
    /// Whether it is still that very group. Its number is nobody else's while one of it lives; where its
    /// leader is gone, the rest is known by the session that it was begun in.
    fn lives(&self, processes: &[Stat]) -> bool {
        let leader = processes.iter().find(|it| it.pid == self.leader);
        match leader {
            Some(leader) => leader.start_time == self.start_time,
            None => processes.iter().any(|it| {
                let same = it.group == self.leader && it.session == self.session;
                same && it.start_time >= self.start_time
            }),
        }
    }
}

fn drop_note(file: &std::path::Path) {
    if let Err(why) = fs::remove_file(file)
        && why.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!("{} stays: {why}", file.display());
    }
}

fn end(leader: Option<Pid>) {
    if let Some(leader) = leader {
        match kill_process_group(leader, Signal::KILL) {
            // Usually it is gone already.
            Ok(()) | Err(_) => {}
        }
    }
}

/// Ends the whole group, also when the question is dropped.
struct Group {
    child: Child,
    leader: Option<Pid>,
    note: Option<PathBuf>,
}

impl Drop for Group {
    fn drop(&mut self) {
        end(self.leader);
        if let Some(note) = &self.note {
            drop_note(note);
        }
    }
}

/// Runs it to its end, and reads so many bytes at most of what it prints. Dropping the future kills it with
/// all of its group; what is `noted` is ended by the next controller where this one is killed.
pub(crate) async fn ask(
    mut command: Command,
    most: u64,
    noted: Option<&Running>,
) -> io::Result<Said> {
    let command = command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn()?;
    let leader = child.id().and_then(|pid| i32::try_from(pid).ok());
    let leader = leader.and_then(Pid::from_raw);
    let mut group = Group {
        child,
        leader,
        note: None,
    };
    if let (Some(leader), Some(running)) = (leader, noted) {
        // Asked all the same: only the death of a controller would leave it behind.
        group.note = running.note(leader).unwrap_or_else(|error| {
            tracing::warn!("a command is not noted: {}", error.chain());
            None
        });
    }
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
    if let Some(mut stream) = stream {
        match (&mut stream).take(most).read_to_end(&mut bytes).await {
            // What was read until then is the answer.
            Ok(_) | Err(_) => {}
        }
        // A pipe that is closed would end it by a signal, and its end would say nothing of what it did.
        match tokio::io::copy(&mut stream, &mut tokio::io::sink()).await {
            Ok(_) | Err(_) => {}
        }
    }
    bytes
}
