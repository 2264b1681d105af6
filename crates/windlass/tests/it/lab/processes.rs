//! The processes of one lab, read from `/proc`.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

/// One process of a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// Its command line; `(ended)` when nobody has waited for it yet.
    pub(crate) line: Vec<String>,
}

impl Process {
    /// Whether it is `windlass WORD …`.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.line.get(1).is_some_and(|second| second == word)
    }

    /// Whether it listens on `port` of 127.0.0.1.
    pub(crate) fn listens_on(&self, port: u16) -> bool {
        let Some(socket) = listener(port) else {
            return false;
        };
        let open = fs::read_dir(format!("/proc/{}/fd", self.pid));
        let mut links = open.into_iter().flatten().flatten();
        links.any(|link| fs::read_link(link.path()).is_ok_and(|to| to == Path::new(&socket)))
    }

    /// Sends it a signal. Only for processes of one's own lab.
    pub(crate) fn signal(&self, what: Signal) {
        signal(self.pid, what);
    }

    /// The file that it runs; empty once it has ended.
    pub(crate) fn program(&self) -> PathBuf {
        fs::read_link(format!("/proc/{}/exe", self.pid)).unwrap_or_default()
    }
}

/// The name of the socket that listens on `port` of 127.0.0.1.
fn listener(port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    let place = format!("0100007F:{port:04X}");
    let text = fs::read_to_string("/proc/net/tcp").unwrap();
    text.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let listens = words.get(1) == Some(&place.as_str()) && words.get(3) == Some(&LISTEN);
        listens.then(|| format!("socket:[{}]", words[9]))
    })
}

/// Every process whose command line, program or working directory is in `folder`, and those of their
/// children that have ended and were not waited for.
pub(crate) fn of(folder: &Path) -> Vec<Process> {
    let mut found = Vec::new();
    let mut dead = Vec::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let name = entry.unwrap().file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // One that ends meanwhile is none of those that stay.
        let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else {
            continue;
        };
        let line: Vec<String> = line
            .split(|byte| *byte == 0)
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        let below = |link: &str| {
            fs::read_link(format!("/proc/{pid}/{link}")).is_ok_and(|to| to.starts_with(folder))
        };
        let named = line.iter().any(|word| Path::new(word).starts_with(folder));
        if named || below("cwd") || below("exe") {
            found.push(Process { pid, line });
        } else if let Some(parent) = parent_of_dead(pid) {
            dead.push((pid, parent));
        }
    }
    let living: Vec<u32> = found.iter().map(|process| process.pid).collect();
    let ours = dead.iter().filter(|(_, parent)| living.contains(parent));
    found.extend(ours.map(|(pid, _)| Process {
        pid: *pid,
        line: vec!["(ended)".to_owned()],
    }));
    found.retain(|process| process.pid != std::process::id());
    found
}

/// Ends a process at once. Only for those of one's own lab.
pub(crate) fn kill(process: &Process) {
    signal(process.pid, Signal::KILL);
}

/// Whether it has let go of all that it held: of its command line it does so as soon as it begins to end.
pub(crate) fn has_ended(process: &Process) -> bool {
    match fs::read_dir(format!("/proc/{}/task", process.pid)) {
        Ok(threads) => threads.count() <= 1 && parent_of_dead(process.pid).is_some(),
        Err(_gone) => true,
    }
}

/// Sends a signal to a process that this test has started.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    // It may have ended by itself in between.
    rustix::process::kill_process(pid, signal).ok();
}

/// The parent of a process that ended and was not waited for; none for any other.
fn parent_of_dead(pid: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may hold anything.
    let (_name, rest) = text.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    if words.next()? != "Z" {
        return None;
    }
    words.next()?.parse().ok()
}
