//! The state directory: whose it is, on what disk, and whether somebody has halted.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{statfs, statvfs};
use windlass_client::StatePaths;

use super::Finding;
use crate::wire;

/// Less free space than this needs a look, in bytes.
const FREE_MIN: u64 = 1024 * 1024 * 1024;

/// With less than this the journal will soon be refused, in bytes.
const FREE_LEAST: u64 = 64 * 1024 * 1024;

/// Kinds of file systems that matter here, as `statfs` numbers them (linux/magic.h).
const FILE_SYSTEMS: [(u32, &str, Fit); 11] = [
    (0xef53, "ext4", Fit::Good),
    (0x5846_5342, "xfs", Fit::Good),
    (0x9123_683e, "btrfs", Fit::Good),
    (0x2fc1_2fc1, "zfs", Fit::Good),
    (0x794c_7630, "overlay", Fit::Good),
    (0x0102_1994, "tmpfs", Fit::InMemory),
    (0x6969, "nfs", Fit::Shared),
    (0xff53_4d42, "cifs", Fit::Shared),
    (0xfe53_4d42, "smb", Fit::Shared),
    (0x0102_1997, "9p", Fit::Shared),
    (0x6573_5546, "fuse", Fit::Shared),
];

/// How a file system suits a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Good,
    /// Gone after a reboot.
    InMemory,
    /// Its locks may not be what SQLite needs.
    Shared,
}

/// Everything about the folder itself.
pub(crate) fn state(paths: &StatePaths) -> Vec<Finding> {
    let mut findings = vec![private(&paths.state)];
    findings.extend(room(&paths.state));
    findings.extend(file_system(&paths.state));
    findings.push(halted(paths));
    findings
}

fn private(state: &Path) -> Finding {
    const CHECK: &str = "state directory";
    let shown = state.display();
    let seen = match fs::metadata(state) {
        Ok(seen) => seen,
        Err(why) => {
            return Finding::broken(
                CHECK,
                format!("{shown}: {why}"),
                "name another one with --state-dir DIR",
            );
        }
    };
    let own = rustix::process::geteuid().as_raw();
    let mode = seen.permissions().mode() & 0o777;
    if seen.uid() != own {
        let saw = format!(
            "{shown} belongs to user {}, and this is user {own}",
            seen.uid()
        );
        return Finding::broken(
            CHECK,
            saw,
            format!("type the command as that user, or: chown -R {own} {shown}"),
        );
    }
    if mode & 0o022 != 0 {
        let saw = format!("{shown} has mode {mode:03o}: others may write in it");
        return Finding::broken(CHECK, saw, format!("chmod 700 {shown}"));
    }
    if mode & 0o055 != 0 {
        let saw = format!("{shown} has mode {mode:03o}: others may look into it");
        return Finding::warning(CHECK, saw, format!("chmod 700 {shown}"));
    }
    Finding::ok(CHECK, format!("{shown}, private"))
}

fn room(state: &Path) -> Option<Finding> {
    const CHECK: &str = "free space";
    let seen = statvfs(state).ok()?;
    let free = seen.f_bavail.saturating_mul(seen.f_frsize);
    let saw = format!("{} MiB", free / (1024 * 1024));
    let fix = "make room; windlass keeps what a rollback may need, and drops the rest with time";
    Some(if free < FREE_LEAST {
        Finding::broken(
            CHECK,
            format!("{saw}: nothing can be raised once the journal is refused"),
            fix,
        )
    } else if free < FREE_MIN {
        Finding::warning(CHECK, saw, fix)
    } else {
        Finding::ok(CHECK, saw)
    })
}

fn file_system(state: &Path) -> Option<Finding> {
    const CHECK: &str = "file system";
    let number = statfs(state).ok()?.f_type;
    // Kinds are 32 bits wide, however wide the field is here.
    let number = u32::try_from(number & 0xffff_ffff).ok()?;
    let known = FILE_SYSTEMS.iter().find(|(kind, _, _)| *kind == number);
    Some(match known {
        Some((_, name, Fit::Good)) => Finding::ok(CHECK, *name),
        Some((_, name, Fit::InMemory)) => Finding::warning(
            CHECK,
            format!("{name}: journal and releases are gone after a reboot"),
            "keep the state on a disk: --state-dir DIR",
        ),
        Some((_, name, Fit::Shared)) => Finding::warning(
            CHECK,
            format!("{name}: its locks may not be those of one machine"),
            "keep the state on a disk of this machine: --state-dir DIR",
        ),
        None => Finding::ok(CHECK, format!("kind {number:#x}")),
    })
}

fn halted(paths: &StatePaths) -> Finding {
    const CHECK: &str = "halt";
    match wire::halted(paths) {
        Some(halt) => Finding::warning(
            CHECK,
            format!(
                "{} has halted every raise",
                crate::ui::words::harmless(&halt.by)
            ),
            "windlass halt --lift",
        ),
        None => Finding::ok(CHECK, "nothing is halted"),
    }
}
