//! Whether the socket that listens at an address belongs to a group.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::sockets::{TABLES, listening};

/// How narrowly a listener names the address: the kernel gives a connection to the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Exact,
    AnyV4,
    AnyV6,
}

fn how(local: SocketAddr, wanted: SocketAddr) -> Option<Match> {
    if local.port() != wanted.port() {
        return None;
    }
    let plain = |ip: IpAddr| match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    };
    match (plain(local.ip()), plain(wanted.ip())) {
        (local, wanted) if local == wanted => Some(Match::Exact),
        (IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V4(_)) => Some(Match::AnyV4),
        (IpAddr::V6(Ipv6Addr::UNSPECIFIED), _) => Some(Match::AnyV6),
        (_, _) => None,
    }
}

/// Inodes of the sockets that get connections to `address`.
fn inodes(address: SocketAddr) -> BTreeSet<u64> {
    let mut found: Vec<(Match, u64)> = Vec::new();
    for table in TABLES {
        // An address of version 4 that is served there is not served by version 6 as well.
        if !found.is_empty() {
            break;
        }
        let here = listening(table).filter_map(|l| Some((how(l.local, address)?, l.inode)));
        found.extend(here);
    }
    let narrowest = found.iter().map(|(how, _)| *how).min();
    found
        .into_iter()
        .filter(|(how, _)| Some(*how) == narrowest)
        .map(|(_, inode)| inode)
        .collect()
}

/// Whether there is a listener at `address` and every one that gets its connections is held by one
/// of `pids`: a stranger's beside it would get a share of them.
pub(super) fn belongs(address: SocketAddr, pids: impl IntoIterator<Item = i32>) -> bool {
    let held: BTreeSet<u64> = pids.into_iter().flat_map(sockets).collect();
    // The tables cost milliseconds, and a group that is starting seldom has a socket.
    if held.is_empty() {
        return false;
    }
    let listening = inodes(address);
    !listening.is_empty() && listening.is_subset(&held)
}

/// Inodes of the sockets that a process holds.
fn sockets(pid: i32) -> Vec<u64> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd"));
    let targets = descriptors.into_iter().flatten().flatten();
    targets
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .filter_map(|target| {
            let inode = target.to_str()?.strip_prefix("socket:[")?;
            inode.strip_suffix(']')?.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn own() -> i32 {
        i32::try_from(std::process::id()).expect("a pid")
    }

    #[test]
    fn a_listener_belongs_to_whoever_holds_it() {
        for bound in ["127.0.0.1:0", "0.0.0.0:0"] {
            let listener = TcpListener::bind(bound).expect("a listener");
            let port = listener.local_addr().expect("an address").port();
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            assert!(belongs(address, [own()]), "{bound}");
            assert!(!belongs(address, [1]), "{bound}");
            drop(listener);
            assert!(!belongs(address, [own()]), "{bound}");
        }
    }

    #[test]
    fn the_narrowest_listener_counts() {
        let exact: SocketAddr = "127.0.0.1:80".parse().expect("an address");
        let at = |text: &str| how(text.parse().expect("an address"), exact);
        assert_eq!(at("127.0.0.1:80"), Some(Match::Exact));
        assert_eq!(at("[::ffff:127.0.0.1]:80"), Some(Match::Exact));
        assert_eq!(at("0.0.0.0:80"), Some(Match::AnyV4));
        assert_eq!(at("[::]:80"), Some(Match::AnyV6));
        assert_eq!(at("127.0.0.2:80"), None);
        assert_eq!(at("127.0.0.1:81"), None);
    }
}
