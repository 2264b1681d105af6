//! Who listens where, by `/proc/net`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};

/// State LISTEN.
const LISTEN: &str = "0A";

/// Fields of a row, counted from 0.
const LOCAL: usize = 1;
const STATE: usize = 3;
const INODE: usize = 9;

/// The kernel's tables, version 4 first.
pub(crate) const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// A listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listening {
    /// Where, as the kernel writes it: a mapped address of version 4 is one of version 6.
    pub(crate) local: SocketAddr,
    /// Which socket: what a descriptor's link names.
    pub(crate) inode: u64,
}

/// Every listening socket of one of [`TABLES`]; none where there is no such table.
pub(crate) fn listening(table: &str) -> impl Iterator<Item = Listening> {
    let lines = File::open(table).map(|file| BufReader::new(file).lines());
    // Listeners come first. Behind them may lie very many connections.
    lines
        .into_iter()
        .flatten()
        .skip(1)
        .map_while(|line| line.ok().filter(|line| field(line, STATE) == Some(LISTEN)))
        .filter_map(|line| {
            Some(Listening {
                local: parse(field(&line, LOCAL)?)?,
                inode: field(&line, INODE)?.parse().ok()?,
            })
        })
}

fn field(line: &str, number: usize) -> Option<&str> {
    line.split_ascii_whitespace().nth(number)
}

/// Reads `0100007F:1F90`: words of 32 bits in the machine's own order, and a port.
fn parse(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::with_capacity(16);
    for start in (0..ip.len()).step_by(8) {
        let word = u32::from_str_radix(ip.get(start..start + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let ip = match *bytes.as_slice() {
        [a, b, c, d] => IpAddr::from([a, b, c, d]),
        ref long => IpAddr::from(<[u8; 16]>::try_from(long).ok()?),
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn addresses_of_the_kernel_are_read() {
        let read = |text| parse(text).map(|a| a.to_string());
        if cfg!(target_endian = "little") {
            assert_eq!(read("0100007F:1F90").as_deref(), Some("127.0.0.1:8080"));
            assert_eq!(
                read("00000000000000000000000001000000:0050").as_deref(),
                Some("[::1]:80")
            );
            assert_eq!(
                read("0000000000000000FFFF00000100007F:0050").as_deref(),
                Some("[::ffff:127.0.0.1]:80")
            );
        }
        for bad in ["", "x:1", "0100007F", "0100007F:10000", "01:1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_listener_is_in_its_table_and_a_connection_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        let client = std::net::TcpStream::connect(address).expect("a connection");
        let own = client.local_addr().expect("an address");
        let found: Vec<SocketAddr> = listening(TABLES[0]).map(|l| l.local).collect();
        assert!(found.contains(&address));
        assert!(!found.contains(&own));
        assert_eq!(listening("/proc/net/none").count(), 0);
    }
}
