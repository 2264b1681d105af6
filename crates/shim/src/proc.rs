//! What the kernel says about processes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The parts of `/proc/PID/stat` that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) start_time: u64,
    pub(crate) zombie: bool,
}

/// Reads one process; none if it is gone.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    // Not as text: the program's name in it may be any bytes.
    let bytes = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse(pid, &String::from_utf8_lossy(&bytes))
}

fn parse(pid: i32, text: &str) -> Option<Stat> {
    // The name stands in brackets and may hold brackets and spaces itself.
    let (_, tail) = text.rsplit_once(')')?;
    let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
    Some(Stat {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        start_time: fields.get(19)?.parse().ok()?,
        zombie: matches!(*fields.first()?, "Z" | "X"),
    })
}

/// Every living descendant of `ancestor`, whatever its session. Since the shim is a subreaper,
/// nothing that its group started can be missing here but what was forked during the walk.
pub(crate) fn descendants(ancestor: i32) -> Vec<Stat> {
    let mut by_parent: BTreeMap<i32, Vec<Stat>> = BTreeMap::new();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    for entry in entries.flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if let Some(stat) = pid.and_then(stat) {
            by_parent.entry(stat.parent).or_default().push(stat);
        }
    }
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([ancestor]);
    let mut open = vec![ancestor];
    while let Some(parent) = open.pop() {
        for child in by_parent.get(&parent).into_iter().flatten() {
            // A pid that was used again during the walk could close a circle.
            if seen.insert(child.pid) {
                open.push(child.pid);
                found.push(*child);
            }
        }
    }
    found.retain(|stat| !stat.zombie);
    found
}

/// This boot of the machine; empty where the kernel does not say.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let text = "7 (a) b (c) S 3 5 6 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 172413 3 4";
        let stat = parse(7, text).expect("a stat line");
        assert_eq!((stat.parent, stat.group, stat.start_time), (3, 5, 172_413));
        assert!(!stat.zombie);
    }

    #[test]
    fn the_own_process_has_a_start_time() {
        let pid = i32::try_from(std::process::id()).expect("a pid");
        assert!(stat(pid).is_some_and(|stat| stat.start_time > 0));
        assert!(!boot_id().is_empty());
    }
}
