//! Who holds an address, by `/proc`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use crate::sockets::{TABLES, listening};

/// Processes looked through at most.
const PROCESSES: usize = 20_000;

/// Names the listener on `address`, as `pid 4242 (nginx)`; none if it can't be seen from here.
pub(super) fn of(address: SocketAddr) -> Option<String> {
    let there = TABLES.into_iter().flat_map(listening);
    let there = there.filter(|socket| overlaps(socket.local, address));
    let wanted: Vec<String> = there.map(|s| format!("socket:[{}]", s.inode)).collect();
    if wanted.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    let mut processes = processes
        .filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit())
        .take(PROCESSES);
    let owner = processes.find(|process| holds(&process.path(), &wanted))?;
    let name = fs::read_to_string(owner.path().join("comm")).unwrap_or_default();
    let pid = owner.file_name().into_string().ok()?;
    Some(format!("pid {pid} ({})", name.trim_end()))
}

fn holds(process: &Path, wanted: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    descriptors.filter_map(Result::ok).any(|descriptor| {
        fs::read_link(descriptor.path())
            .ok()
            .and_then(|target| target.into_os_string().into_string().ok())
            .is_some_and(|target| wanted.contains(&target))
    })
}

/// Whether a socket that listens at `local` keeps another one from listening at `address`.
fn overlaps(local: SocketAddr, address: SocketAddr) -> bool {
    let ip = local.ip().to_canonical();
    local.port() == address.port()
        && (ip == address.ip() || ip.is_unspecified() || address.ip().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_of_this_process_is_found() {
        for bind in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"] {
            let Ok(listener) = TcpListener::bind(bind) else {
                continue;
            };
            let address = listener.local_addr().expect("an address");
            let owner = of(address).expect("an owner");
            let expected = format!("pid {} (", std::process::id());
            assert!(owner.starts_with(&expected), "{owner}");
            drop(listener);
        }
    }
}
