//! What the kernel says about processes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, geteuid, pidfd_open, pidfd_send_signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::sleep;

/// The option by which a shim is told its instance's folder.
pub(super) const FOLDER_OPTION: &str = "--folder";

/// When to look again where the kernel tells no end by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The parts of `/proc/PID/stat` that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stat {
    pub(crate) pid: i32,
    pub(super) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    pub(crate) start_time: u64,
}

/// Reads one process; none if it is gone or a zombie.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    // Not as text: the program's name in it may be any bytes.
    let bytes = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    // The name stands in brackets and may hold brackets and spaces itself.
    let (_, tail) = text.rsplit_once(')')?;
    let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some(Stat {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        start_time: fields.get(19)?.parse().ok()?,
    })
}

/// Whether that very process lives: a pid alone may be somebody else's by now.
pub(super) fn lives(pid: i32, start_time: u64) -> bool {
    stat(pid).is_some_and(|stat| stat.start_time == start_time)
}

/// Every living process.
pub(crate) fn all() -> Vec<Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .collect()
}

/// Descendants of `ancestors` among `all`, without the ancestors themselves.
pub(super) fn descendants_among(all: &[Stat], ancestors: &BTreeSet<i32>) -> BTreeSet<Stat> {
    let mut by_parent: BTreeMap<i32, Vec<Stat>> = BTreeMap::new();
    for stat in all {
        by_parent.entry(stat.parent).or_default().push(*stat);
    }
    let mut seen = ancestors.clone();
    let mut found = BTreeSet::new();
    let mut open: Vec<i32> = ancestors.iter().copied().collect();
    while let Some(parent) = open.pop() {
        for child in by_parent.get(&parent).into_iter().flatten() {
            if seen.insert(child.pid) {
                open.push(child.pid);
                found.insert(*child);
            }
        }
    }
    found
}

/// Pids of the descendants of `ancestor`. Asks the kernel for children where it tells them, which
/// costs little on a machine with many processes, and reads all processes elsewhere.
pub(super) fn descendants(ancestor: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut open = vec![ancestor];
    while let Some(pid) = open.pop() {
        let Some(children) = children(pid) else {
            let stats = descendants_among(&all(), &BTreeSet::from([ancestor]));
            return stats.into_iter().map(|stat| stat.pid).collect();
        };
        for child in children {
            if child != ancestor && !found.contains(&child) {
                found.push(child);
                open.push(child);
            }
        }
    }
    found
}

/// Children of all threads of a process; none where the kernel has no such file.
fn children(pid: i32) -> Option<Vec<i32>> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Some(Vec::new()); // It is gone.
    };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        let path = thread.path();
        match fs::read_to_string(path.join("children")) {
            Ok(text) => found.extend(text.split_ascii_whitespace().flat_map(str::parse::<i32>)),
            Err(_) if path.exists() => return None,
            Err(_) => {}
        }
    }
    Some(found)
}

/// The instance's folder on the command line of a shim; none where no folder stands last.
pub(super) fn shim_folder(pid: i32) -> Option<PathBuf> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    told(&line).map(|(_, folder)| folder)
}

/// Whether a process was started as `shim` for that folder, word by word, whatever its program is called:
/// one that was told to start such a shim, as a tracer is, names the same folder.
fn is_shim_of(line: &[u8], shim: &[String], folder: &Path) -> bool {
    let wanted = shim.iter().skip(1).map(String::as_bytes);
    told(line).is_some_and(|(words, of)| of == folder && words.into_iter().skip(1).eq(wanted))
}

/// The words of a command line that ends with the folder of an instance, and that folder.
fn told(line: &[u8]) -> Option<(Vec<&[u8]>, PathBuf)> {
    let words = line.strip_suffix(b"\0")?;
    let mut words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
    let folder = words.pop()?;
    let option = words.pop()?;
    let folder = PathBuf::from(OsStr::from_bytes(folder));
    (option == FOLDER_OPTION.as_bytes()).then_some((words, folder))
}

/// The shim that keeps the instance of this folder, whatever is left of the folder. Only this program
/// names it: what was started as a `shim` for it, is this user's and leads a session of its own is it.
pub(super) fn shim_of(shim: &[String], folder: &Path) -> Option<Stat> {
    let user = geteuid().as_raw();
    let is_it = |pid: i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline"));
        line.is_ok_and(|line| is_shim_of(&line, shim, folder))
    };
    let is_ours =
        |pid: i32| fs::metadata(format!("/proc/{pid}")).is_ok_and(|seen| seen.uid() == user);
    all()
        .into_iter()
        .find(|stat| stat.session == stat.pid && is_it(stat.pid) && is_ours(stat.pid))
}

/// Sends a signal to that very process and to no other that got its pid.
pub(super) fn signal(target: Stat, signal: Signal) {
    let Some(pid) = Pid::from_raw(target.pid) else {
        return;
    };
    // Opened before the look: from then on the descriptor means one process only.
    let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    if lives(target.pid, target.start_time) {
        match pidfd_send_signal(pidfd, signal) {
            // Whoever waits for the end sees whether it helped.
            Ok(()) | Err(_) => {}
        }
    }
}

/// This boot of the machine; empty where the kernel does not say.
pub(super) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

/// Waits for the end of that very process; returns at once if it is over. May return early where the
/// kernel has no descriptors of processes: look again.
pub(super) async fn ended(pid: i32, start_time: u64) {
    let Some(raw) = Pid::from_raw(pid) else {
        return;
    };
    match readable(raw) {
        // Looked at after it was opened: from then on the descriptor means one process only.
        Some(descriptor) if lives(pid, start_time) => {
            if descriptor.readable().await.is_err() {
                sleep(LOOK_AGAIN).await;
            }
        }
        Some(_) => {}
        // Without pidfd: the next look tells.
        None => sleep(LOOK_AGAIN).await,
    }
}

/// A descriptor that becomes readable when the process ends; none where the kernel has none.
#[expect(
    deprecated,
    reason = "sound for a descriptor that is owned, as this one; what replaces it is unsafe"
)]
fn readable(pid: Pid) -> Option<AsyncFd<OwnedFd>> {
    let descriptor = pidfd_open(pid, PidfdFlags::NONBLOCK).ok()?;
    AsyncFd::with_interest(descriptor, Interest::READABLE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_was_started_as_the_shim_of_a_folder_is_it() {
        let shim = ["/proc/self/exe".to_owned(), "shim".to_owned()];
        let is_shim = |words: &str| {
            let line = words.replace(' ', "\0") + "\0";
            is_shim_of(line.as_bytes(), &shim, Path::new("/state/ins_1"))
        };
        assert!(is_shim("/proc/self/exe shim --folder /state/ins_1"));
        assert!(is_shim("windlass shim --folder /state/ins_1"));
        for other in [
            "strace windlass shim --folder /state/ins_1",
            "windlass -v shim --folder /state/ins_1",
            "windlass --folder /state/ins_1",
            "windlass logs --folder /state/ins_1",
            "shim --folder /state/ins_1",
            "windlass shim --folder /state/ins_1 more",
            "windlass shim --folder /state/ins_12",
            "windlass shim /state/ins_1",
            "windlass shim --folder",
            "",
        ] {
            assert!(!is_shim(other), "{other}");
        }
        assert!(
            !is_shim_of(b"", &shim, Path::new("")),
            "a thread of the kernel"
        );
    }
}
