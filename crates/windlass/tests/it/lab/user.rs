//! Whom a command runs as.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

/// A user without rights, by number, as `nobody` mostly is.
pub(super) const ORDINARY: u32 = 65_534;

/// Whether this is root: the owner of our own entry in /proc is our effective user.
pub(super) fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Whether the whole run is to be the ordinary user's: `cargo xtask test` runs all of it once more
/// so when it is root.
pub(super) fn is_asked_for() -> bool {
    std::env::var_os("WINDLASS_TEST_USER").is_some_and(|user| user == "ordinary")
}

/// A command that starts `program` as the ordinary user; without root it is one already.
pub(super) fn ordinary(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={ORDINARY}"))
        .arg(format!("--regid={ORDINARY}"))
        .args(["--clear-groups", "--"])
        .arg(program);
    command
}

/// Makes this one thread the ordinary user's. It can't be undone: for a thread of its own.
pub(super) fn become_ordinary() {
    let user = rustix::process::Uid::from_raw(ORDINARY);
    rustix::thread::set_thread_res_uid(user, user, user).unwrap();
}
