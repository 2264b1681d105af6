//! Who holds an address, by `/proc`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// Processes looked through at most.
const PROCESSES: usize = 20_000;

/// `LISTEN` in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// Names the listener on `address`, as `pid 4242 (nginx)`; none if it can't be seen from here.
pub(super) fn of(address: SocketAddr) -> Option<String> {
    let inodes: Vec<u64> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, address))
        .collect();
    let wanted: Vec<String> = inodes.iter().map(|i| format!("socket:[{i}]")).collect();
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

/// Inodes of the sockets in a table that listen where `address` would.
fn listening(table: &str, address: SocketAddr) -> Vec<u64> {
    let rows = table.lines().skip(1).filter_map(|row| {
        let mut columns = row.split_ascii_whitespace();
        let local = columns.nth(1)?;
        let state = columns.nth(1)?;
        let inode = columns.nth(5)?;
        let local = parse(local)?;
        let overlaps = local.port() == address.port()
            && (local.ip() == address.ip()
                || local.ip().is_unspecified()
                || address.ip().is_unspecified());
        (state == LISTEN && overlaps).then(|| inode.parse().ok())?
    });
    rows.collect()
}

/// `0100007F:1F90`: words of four bytes as the machine has them, then the port.
fn parse(local: &str) -> Option<SocketAddr> {
    let (ip, port) = local.split_once(':')?;
    let mut words = ip.as_bytes().chunks(8).map(|word| {
        let word = std::str::from_utf8(word).ok()?;
        u32::from_str_radix(word, 16).ok().map(u32::to_ne_bytes)
    });
    let ip = if ip.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(words.next()??))
    } else {
        let words: Vec<[u8; 4]> = words.collect::<Option<_>>()?;
        let bytes: [u8; 16] = words.concat().try_into().ok()?;
        IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(SocketAddr::new(ip, port))
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

    #[test]
    fn addresses_of_the_kernel_are_read() {
        let read = |text| parse(text).map(|a| a.to_string());
        if cfg!(target_endian = "little") {
            assert_eq!(read("0100007F:1F90").as_deref(), Some("127.0.0.1:8080"));
            assert_eq!(
                read("00000000000000000000000001000000:0050").as_deref(),
                Some("[::1]:80")
            );
        }
        for bad in ["", "x:1", "0100007F", "0100007F:10000", "01:1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
