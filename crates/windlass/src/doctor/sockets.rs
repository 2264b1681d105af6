//! The folder of sockets, and sockets that nobody listens on.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use windlass_client::StatePaths;

use super::Finding;

const CHECK: &str = "sockets";

/// Most entries that are looked at.
const ENTRIES_MAX: usize = 10_000;

pub(crate) fn sockets(paths: &StatePaths) -> Finding {
    let run = paths.run.display();
    if !paths.run.is_dir() {
        return Finding::ok(CHECK, format!("{run} is made when it is needed"));
    }
    let stale: Vec<String> = all(&paths.run)
        .iter()
        // Whether those two are answered is said of the controller and of the router.
        .filter(|socket| ![&paths.controller_socket, &paths.router_socket].contains(socket))
        .filter(|socket| is_stale(socket))
        .filter_map(|socket| Some(socket.file_name()?.to_string_lossy().into_owned()))
        .collect();
    if stale.is_empty() {
        return Finding::ok(CHECK, format!("{run}, none of them stale"));
    }
    let saw = format!("nobody listens on {} in {run}", stale.join(", "));
    Finding::warning(
        CHECK,
        saw,
        "none is needed: the next controller replaces or removes them",
    )
}

fn all(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run).into_iter().flatten().flatten();
    let mut sockets: Vec<PathBuf> = entries
        .take(ENTRIES_MAX)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket()))
        .map(|entry| entry.path())
        .collect();
    sockets.sort();
    sockets
}

/// Whether a socket's file is there and its listener is not.
pub(super) fn is_stale(socket: &Path) -> bool {
    UnixStream::connect(socket)
        .is_err_and(|why| why.kind() == std::io::ErrorKind::ConnectionRefused)
}
