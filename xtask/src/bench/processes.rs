//! The processes of one lab, read from `/proc`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::process::{Pid, Signal};

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `windlass serve`.
    Controller,
    /// `windlass router`.
    Router,
    /// `windlass shim`.
    Shim,
    /// Anything else: an instance of a service, or a process that nobody has waited for.
    Other,
}

/// One process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) role: Role,
    /// Its command line; empty for one that has ended.
    pub(crate) words: Vec<String>,
}

impl Process {
    /// Whether its command line holds this option with this value.
    pub(crate) fn has(&self, option: &str, value: &str) -> bool {
        let mut pairs = self.words.iter().zip(self.words.iter().skip(1));
        pairs.any(|(left, right)| left == option && right == value)
    }

    /// Whether it has not ended; one that nobody has waited for has.
    pub(crate) fn runs(&self) -> bool {
        fs::read(format!("/proc/{}/cmdline", self.pid)).is_ok_and(|line| !line.is_empty())
    }
}

/// Sends a process a signal; one that is gone gets none.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let id = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(id) = id {
        rustix::process::kill_process(id, signal).ok();
    }
}

/// Memory of one process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What is resident, counted whole where it is shared.
    pub(crate) rss: u64,
    /// What is resident, its share of what is shared.
    pub(crate) pss: u64,
}

const BYTES_PER_KB: u64 = 1_024;

/// Every process that has `folder` in its command line, and those of their children that have ended
/// and were not waited for: they have none any more.
pub(crate) fn of_folder(folder: &Path) -> anyhow::Result<Vec<Process>> {
    let wanted = folder.to_string_lossy();
    let mut found = Vec::new();
    let mut dead = Vec::new();
    for entry in fs::read_dir("/proc").context("list /proc")? {
        let name = entry.context("list /proc")?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // One that ends meanwhile is none of those that stay.
        let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else {
            continue;
        };
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            dead.extend(parent_of_dead(pid).map(|parent| (pid, parent)));
        } else if names(&line, &wanted) {
            found.push(Process {
                pid,
                role: role(&line),
                words: line.split('\0').map(str::to_owned).collect(),
            });
        }
    }
    let living: BTreeSet<u32> = found.iter().map(|process| process.pid).collect();
    let ours = dead
        .into_iter()
        .filter(|(_, parent)| living.contains(parent));
    found.extend(ours.map(|(pid, _)| Process {
        pid,
        role: Role::Other,
        words: Vec::new(),
    }));
    Ok(found)
}

/// Whether a command line names `folder` or something in it; one whose name only begins alike is
/// another.
fn names(line: &str, folder: &str) -> bool {
    let ends = |rest: &str| rest.chars().next().is_none_or(|next| !is_of_name(next));
    let mut places = line.match_indices(folder);
    places.any(|(at, _)| line.get(at + folder.len()..).is_some_and(ends))
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

/// What the second word of a command line says.
fn role(line: &str) -> Role {
    match line.split('\0').nth(1) {
        Some("serve") => Role::Controller,
        Some("router") => Role::Router,
        Some("shim") => Role::Shim,
        Some(_) | None => Role::Other,
    }
}

/// Whether every thread of a process was stopped by a signal.
pub(crate) fn stands_still(pid: u32) -> anyhow::Result<bool> {
    let tasks = format!("/proc/{pid}/task");
    for task in fs::read_dir(&tasks).with_context(|| format!("list {tasks}"))? {
        let stat = task
            .with_context(|| format!("list {tasks}"))?
            .path()
            .join("stat");
        // A thread that ends meanwhile does nothing more either.
        let Ok(text) = fs::read_to_string(stat) else {
            continue;
        };
        if !text
            .rsplit_once(')')
            .is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
        {
            return Ok(false);
        }
    }
    Ok(true)
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

/// How many files a process has open.
pub(crate) fn open_files(pid: u32) -> anyhow::Result<usize> {
    Ok(descriptors(pid)?.len())
}

/// What each of a process's descriptors leads to.
fn descriptors(pid: u32) -> anyhow::Result<Vec<PathBuf>> {
    let folder = format!("/proc/{pid}/fd");
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("list {folder}"))? {
        let path = entry.with_context(|| format!("list {folder}"))?.path();
        // One that is closed meanwhile is not open.
        found.extend(fs::read_link(path).ok());
    }
    Ok(found)
}

/// How many TCP ports these processes listen on; one that several share counts once.
pub(crate) fn listening_ports(processes: &[Process]) -> anyhow::Result<usize> {
    Ok(listening_sockets(processes)?.len())
}

fn listening_sockets(processes: &[Process]) -> anyhow::Result<BTreeSet<u64>> {
    let mut own = BTreeSet::new();
    for process in processes {
        // One that ended meanwhile listens on nothing.
        let Ok(links) = descriptors(process.pid) else {
            continue;
        };
        own.extend(
            links
                .iter()
                .filter_map(|link| socket(&link.to_string_lossy())),
        );
    }
    let mut listening = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        // A machine without IPv6 has no second table.
        let text = fs::read_to_string(table).unwrap_or_default();
        listening.extend(text.lines().skip(1).filter_map(listener));
    }
    anyhow::ensure!(
        !listening.is_empty(),
        "the kernel lists no listening port at all"
    );
    Ok(own.intersection(&listening).copied().collect())
}

/// The number in `socket:[1234]`.
fn socket(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// The socket of a line of `/proc/net/tcp` in the state LISTEN.
fn listener(line: &str) -> Option<u64> {
    const LISTEN: &str = "0A";
    let words: Vec<&str> = line.split_whitespace().collect();
    (*words.get(3)? == LISTEN).then(|| words.get(9)?.parse().ok())?
}

/// What a process holds in memory now.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let of = |key| kilobytes(&text, key).with_context(|| format!("{path} has no {key}"));
    Ok(Memory {
        rss: of("Rss:")? * BYTES_PER_KB,
        pss: of("Pss:")? * BYTES_PER_KB,
    })
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_folder_whose_name_only_begins_alike_is_another() {
        let names = |line| names(line, "/t/lab-13");
        for line in ["sh\0/t/lab-13/app\0", "x --at=/t/lab-13", "/t/lab-13\0x"] {
            assert!(names(line), "{line:?}");
        }
        for line in ["sh\0/t/lab-137/app", "sh\0/t/lab-1", "/t/lab-13.old/x"] {
            assert!(!names(line), "{line:?}");
        }
    }

    fn here() -> Process {
        Process {
            pid: std::process::id(),
            role: Role::Other,
            words: ["demo-service", "--version", "v1"]
                .map(str::to_owned)
                .into(),
        }
    }

    #[test]
    fn a_process_runs_and_has_its_options() {
        assert!(here().runs());
        assert!(here().has("--version", "v1") && !here().has("--version", "v11"));
    }

    #[test]
    fn a_process_is_found_by_a_folder_in_its_command_line_until_it_ends() {
        let folder = format!("/nowhere/wlb-{}", std::process::id());
        let found = || of_folder(Path::new(&folder)).expect("listed");
        let mut child = Command::new("/usr/bin/tail")
            .args(["-f", "/dev/null", &folder])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tail is there");
        let until = Instant::now() + Duration::from_secs(20);
        // Its command line is there a moment after it is.
        let mut seen = found();
        while seen.is_empty() && Instant::now() < until {
            seen = found();
        }
        child.kill().expect("it runs");
        // Nobody has waited for it yet, so it is there without a command line.
        while parent_of_dead(child.id()).is_none() && Instant::now() < until {
            std::thread::yield_now();
        }
        let parent = parent_of_dead(child.id());
        child.wait().expect("it ended");
        let pids: Vec<u32> = seen.iter().map(|process| process.pid).collect();
        assert_eq!(pids, [child.id()]);
        assert_eq!(parent, Some(std::process::id()));
        assert!(found().is_empty(), "{:?}", found());
    }

    #[test]
    fn a_listener_counts_once_however_many_hold_it_and_a_connection_does_not() {
        let number = |of: &dyn AsRawFd| {
            let link = fs::read_link(format!("/proc/self/fd/{}", of.as_raw_fd())).expect("open");
            socket(&link.to_string_lossy()).expect("it is a socket")
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let copy = listener.try_clone().expect("a copy");
        let address = listener.local_addr().expect("an address");
        let connection = TcpStream::connect(address).expect("the kernel takes it");
        let found = listening_sockets(&[here()]).expect("counted");
        assert_eq!(number(&listener), number(&copy));
        assert!(found.contains(&number(&listener)));
        assert!(!found.contains(&number(&connection)));
    }

    #[test]
    fn own_files_and_memory_are_seen() {
        assert!(open_files(std::process::id()).expect("listed") >= 3);
        let memory = memory(std::process::id()).expect("read");
        assert!(memory.pss > 0 && memory.rss >= memory.pss, "{memory:?}");
    }

    #[test]
    fn the_role_is_the_second_word() {
        let lines = [
            ("windlass\0serve\0--detached", Role::Controller),
            ("windlass\0router\0--state-dir", Role::Router),
            ("/proc/self/exe\0shim\0--folder", Role::Shim),
            ("./windlass\0demo-service\0--name\0shim", Role::Other),
            ("alone", Role::Other),
        ];
        for (line, expected) in lines {
            assert_eq!(role(line), expected, "{line:?}");
        }
    }
}
