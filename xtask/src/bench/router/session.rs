//! Everybody in a session of their own, as a service manager starts them.
//!
//! The scheduler divides the processors among sessions first (`sched_autogroup`, sched(7)) and only then
//! among the processes of each. Our router begins its own session; whoever shared one with the load and
//! the origins would be interrupted at other moments, and be cheaper or dearer for that alone.

use std::ffi::OsStr;
use std::process::Command;

/// A command whose process leads a session of its own, under the process id of the child.
pub(crate) fn own(program: impl AsRef<OsStr>) -> Command {
    // setsid(1) becomes the program itself: a child that has just begun leads no group.
    let mut command = Command::new("setsid");
    command.arg(program);
    command
}
