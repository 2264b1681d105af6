//! Where figures are asked for: nobody who asks there is a client of a service, nor the other way round.

use std::net::{IpAddr, SocketAddr};

use crate::environment::View;
use crate::field::At;
use crate::problem::ADDRESS_TAKEN;
use crate::reader::Reader;

/// Refuses an address of metrics that a service of the environment has, or a part of it.
pub(crate) fn check(metrics: Option<&At<SocketAddr>>, view: &View, reader: &mut Reader<'_>) {
    let Some(metrics) = metrics else { return };
    let served = view.services.iter().filter_map(|(name, draft)| {
        let at = draft.listen.good()?.address.at()?;
        Some((name, at))
    });
    for (name, at) in served.filter(|(_, at)| meet(at.value, metrics.value)) {
        let whose = if at.value == metrics.value {
            String::new()
        } else {
            format!(", which listens on {}", at.value)
        };
        let place = format!("{}:{}", at.span.line, at.span.column);
        let message = format!("`{}` is taken by `{name}`{whose} at {place}", metrics.value);
        let hint = "give the metrics an address of their own, which no client is told";
        reader.refuse_for(ADDRESS_TAKEN, metrics.span, message, hint);
    }
}

/// Whether not both can be listened on; `[::]` takes the IPv4 addresses too.
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let (here, there) = (one.ip().to_canonical(), other.ip().to_canonical());
    let covers = |all: IpAddr, ip: IpAddr| {
        all.is_unspecified() && (all.is_ipv6() || all.is_ipv4() == ip.is_ipv4())
    };
    let same = here == there || covers(here, there) || covers(there, here);
    one.port() == other.port() && same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_meet_where_one_is_the_other_or_a_part_of_it() {
        let met = |one: &str, other: &str| {
            let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(meet(one, other), meet(other, one));
            meet(one, other)
        };
        for (one, other) in [
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("127.0.0.1:1", "0.0.0.0:1"),
            ("127.0.0.1:1", "[::]:1"),
            ("127.0.0.1:1", "[::ffff:127.0.0.1]:1"),
            ("[::1]:1", "[::]:1"),
        ] {
            assert!(met(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("127.0.0.1:1", "127.0.0.1:2"),
            ("127.0.0.1:1", "127.0.0.2:1"),
            ("0.0.0.0:1", "[::1]:1"),
        ] {
            assert!(!met(one, other), "{one} {other}");
        }
    }
}
