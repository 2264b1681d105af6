//! Who holds an address, by `/proc`.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::slice;

use windlass_model::harmless;

use crate::sockets::{TABLES, listening};

/// What our own processes are started as.
const OURSELVES: &str = "/proc/self/exe";

/// The verb that a router is started by, and what it is called.
const ROUTER: &str = "router";

/// Processes looked through at most.
const PROCESSES: usize = 20_000;

/// A process of some Windlass that listens where it was looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfWindlass {
    /// Its process.
    pub pid: u32,
    /// What it does: `router` or `controller`.
    pub role: &'static str,
    /// Its state directory, as its command line names it.
    pub state: Option<PathBuf>,
}

impl fmt::Display for OfWindlass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "pid {} ({})",
            self.pid,
            words(self.role, self.state.as_deref())
        )
    }
}

/// The Windlass that listens on `address`: its router, where that can be seen, else the controller, which
/// has the same socket.
pub fn windlass_at(address: SocketAddr) -> Option<OfWindlass> {
    let wanted = sockets(address);
    if wanted.is_empty() {
        return None;
    }
    let all = processes().filter(|(_, process)| holds(process, &wanted));
    let mut ours = all.filter_map(|(pid, process)| {
        let (role, state) = role(&typed(&process))?;
        let state = state.map(PathBuf::from);
        Some(OfWindlass { pid, role, state })
    });
    let first = ours.next()?;
    if first.role == ROUTER {
        return Some(first);
    }
    Some(ours.find(|it| it.role == ROUTER).unwrap_or(first))
}

/// Names the listener on `address`, as `pid 4242 (nginx)`, or as the router of another Windlass; none if
/// it can't be seen from here.
pub(crate) fn of(address: SocketAddr) -> Option<String> {
    let wanted = sockets(address);
    if wanted.is_empty() {
        return None;
    }
    let (pid, owner) = processes().find(|(_, process)| holds(process, &wanted))?;
    Some(format!("pid {pid} ({})", name(&owner)))
}

/// What a process is: one that was started by its own link goes by the name `exe`, which says nothing.
fn name(process: &Path) -> String {
    if let Some((role, state)) = role(&typed(process)) {
        return words(role, state.as_deref().map(Path::new));
    }
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

fn words(role: &str, state: Option<&Path>) -> String {
    match state {
        Some(state) => format!(
            "a Windlass {role} with the state directory {}",
            harmless(&state.to_string_lossy())
        ),
        None => format!("a Windlass {role}"),
    }
}

/// How a process was started.
fn typed(process: &Path) -> Vec<String> {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// Which of our own it is, as its command line says, and whose state it keeps.
fn role(words: &[String]) -> Option<(&'static str, Option<String>)> {
    let program = Path::new(words.first()?).file_name()?;
    let is_ours = words[0] == OURSELVES || program == "windlass";
    let role = match words.get(1).map(String::as_str) {
        Some(ROUTER) => ROUTER,
        // It keeps duplicates of what its router listens on.
        Some("serve") => "controller",
        _ => return None,
    };
    let state = words.iter().position(|word| word == "--state-dir");
    let state = state.and_then(|at| words.get(at + 1)).cloned();
    is_ours.then_some((role, state))
}

/// Whether `address` is free for another as soon as `pid` has ended: it listens there, and nobody else
/// has that socket too, as far as can be seen from here.
pub fn holds_alone(pid: u32, address: SocketAddr) -> bool {
    let wanted = sockets(address);
    let own = PathBuf::from(format!("/proc/{pid}"));
    // Of a stranger's socket it may not be seen who has it.
    let all_its = wanted.iter().all(|one| holds(&own, slice::from_ref(one)));
    let mut others = processes().filter(|(other, _)| *other != pid);
    !wanted.is_empty() && all_its && !others.any(|(_, other)| holds(&other, &wanted))
}

/// The sockets that keep another one from listening at `address`, as a descriptor's link names them.
fn sockets(address: SocketAddr) -> Vec<String> {
    let there = TABLES.into_iter().flat_map(listening);
    let there = there.filter(|socket| overlaps(socket.local, address));
    there.map(|s| format!("socket:[{}]", s.inode)).collect()
}

fn processes() -> impl Iterator<Item = (u32, PathBuf)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        Some((pid, entry.path()))
    });
    processes.take(PROCESSES)
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
    use std::net::TcpListener;
    use std::os::fd::OwnedFd;

    use super::*;

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

    #[test]
    fn one_of_our_own_is_named_by_what_it_does_and_by_its_state_directory() {
        let role = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            role(&words).map(|(role, state)| super::words(role, state.as_deref().map(Path::new)))
        };
        let named = |name: &str| Some(format!("a Windlass {name}"));
        assert_eq!(
            role("/proc/self/exe router --state-dir /var/lib/windlass"),
            named("router with the state directory /var/lib/windlass")
        );
        assert_eq!(
            role("/usr/bin/windlass router --config r.yaml"),
            named("router")
        );
        assert_eq!(role("windlass serve --replace"), named("controller"));
        for other in [
            "",
            "/proc/self/exe",
            "nginx router",
            "windlass demo-service",
        ] {
            assert_eq!(role(other), None, "{other}");
        }
    }

    #[test]
    fn only_who_shares_its_socket_with_nobody_holds_it_alone() {
        let own = std::process::id();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        assert!(holds_alone(own, address));
        assert!(!holds_alone(1, address));
        // Whoever is started with it has it too.
        let shared = listener.try_clone().expect("a duplicate");
        let mut other = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .stdout(OwnedFd::from(shared))
            .spawn()
            .expect("a process");
        assert!(!holds_alone(own, address));
        drop(other.stdin.take());
        other.wait().expect("its end");
        assert!(holds_alone(own, address));
        drop(listener);
        assert!(!holds_alone(own, address));
    }
}
