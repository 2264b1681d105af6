//! What becomes of where a service is served, in words.

use std::net::SocketAddr;

use windlass_model::{AccessLog, Acme, Connections, Listen, Proxies, Tls};

use super::words::listed;

/// What is opened and what is closed; at one and the same place, what is otherwise there.
pub(crate) fn listening(open: &[Listen], close: &[Listen]) -> String {
    let ([now], [was]) = (open, close) else {
        return moved(open, close);
    };
    let mut told = settings(now, was);
    if !now.is_same_place(was) {
        told.insert(0, moved(open, close));
    }
    told.join("; ")
}

fn moved(open: &[Listen], close: &[Listen]) -> String {
    let opened = (!open.is_empty()).then(|| format!("listen on {}", listed(open)));
    let closed =
        (!close.is_empty()).then(|| format!("after promotion no longer on {}", listed(close)));
    let told: Vec<String> = opened.into_iter().chain(closed).collect();
    told.join("; ")
}

/// What is otherwise, apart from the place.
fn settings(now: &Listen, was: &Listen) -> Vec<String> {
    let place = Listen {
        tls: None,
        ..now.clone()
    };
    let told = [
        certificate(now.tls.as_ref(), was.tls.as_ref())
            .map(|told| format!("certificate of {place}: {told}")),
        changed("proxies", &now.proxies, &was.proxies, proxies),
        changed("clients at once", now.connections, was.connections, room),
        changed("access log", now.access_log, was.access_log, written),
        changed("metrics", now.metrics, was.metrics, measured),
    ];
    told.into_iter().flatten().collect()
}

/// `WHAT NOW (was BEFORE)`, if that is not the same.
fn changed<T: PartialEq + Copy>(
    what: &str,
    now: T,
    was: T,
    word: impl Fn(T) -> String,
) -> Option<String> {
    (now != was).then(|| format!("{what} {} (was {})", word(now), word(was)))
}

fn certificate(now: Option<&Tls>, was: Option<&Tls>) -> Option<String> {
    if now == was {
        return None;
    }
    let other = match (now, was) {
        (Some(Tls::Files(_)), Some(Tls::Files(_))) => Some("from other files".to_owned()),
        (Some(Tls::Acme { acme: now }), Some(Tls::Acme { acme: was })) => {
            Some(format!("by ACME, {} changed", ordered(now, was)))
        }
        (Some(Tls::Files(_) | Tls::Acme { .. }) | None, _) => None,
    };
    let source = |tls: Option<&Tls>| match tls {
        Some(Tls::Files(_)) => "from files",
        Some(Tls::Acme { .. }) => "by ACME",
        None => "none, in the clear",
    };
    Some(other.unwrap_or_else(|| format!("{} (was {})", source(now), source(was))))
}

/// What of an order is another.
fn ordered(now: &Acme, was: &Acme) -> String {
    let Acme {
        directory,
        email,
        ca,
        hosts,
    } = now;
    let differ = [
        ("`directory`", *directory != was.directory),
        ("`email`", *email != was.email),
        ("`ca`", *ca != was.ca),
        ("`hosts`", *hosts != was.hosts),
    ];
    let differ = differ.into_iter().filter_map(|(key, is)| is.then_some(key));
    listed(&differ.collect::<Vec<_>>())
}

fn proxies(proxies: &Proxies) -> String {
    if proxies.trusted.is_empty() {
        return "none".to_owned();
    }
    let protocol = if proxies.proxy_protocol {
        " by the PROXY protocol"
    } else {
        ""
    };
    format!("{}{protocol}", listed(&proxies.trusted))
}

fn room(room: Connections) -> String {
    let total = room.total.map(|total| total.to_string());
    let each = room
        .per_address
        .map(|each| format!("{each} of one address"));
    match (total, each) {
        (None, None) => "any".to_owned(),
        (total, each) => listed(&total.into_iter().chain(each).collect::<Vec<_>>()),
    }
}

fn written(log: Option<AccessLog>) -> String {
    match log {
        None => "off".to_owned(),
        Some(AccessLog { share, query }) => {
            let queries = if query { " with queries" } else { "" };
            format!("of {share}{queries}")
        }
    }
}

fn measured(metrics: Option<SocketAddr>) -> String {
    metrics.map_or_else(|| "off".to_owned(), |address| format!("on {address}"))
}

#[cfg(test)]
mod tests {
    use windlass_model::{Host, Percent, TlsFiles};

    use super::*;

    fn plain() -> Listen {
        SocketAddr::from(([0, 0, 0, 0], 443)).into()
    }

    fn files(name: &str) -> Listen {
        let files = TlsFiles {
            certificate: format!("/etc/{name}.pem"),
            key: "/etc/key.pem".to_owned(),
        };
        Listen {
            tls: Some(Tls::Files(files)),
            ..plain()
        }
    }

    fn acme(hosts: &[&str]) -> Listen {
        let hosts = hosts.iter().map(|host| Host::new(host).expect("a host"));
        let acme = Acme {
            directory: "https://ca.example/dir".to_owned(),
            email: None,
            ca: None,
            hosts: hosts.collect(),
        };
        Listen {
            tls: Some(Tls::Acme { acme }),
            ..plain()
        }
    }

    fn measured_at(port: u16) -> Listen {
        Listen {
            metrics: Some(SocketAddr::from(([127, 0, 0, 1], port))),
            ..plain()
        }
    }

    #[test]
    fn a_change_at_the_same_place_says_what_is_otherwise_there() {
        let logged = |share: u64, query: bool| {
            let share = Percent::new(share).expect("a share");
            Some(AccessLog { share, query })
        };
        let busy = Listen {
            proxies: Proxies {
                trusted: vec!["10.0.0.0/8".parse().expect("a network")],
                proxy_protocol: true,
            },
            access_log: logged(10, false),
            connections: Connections {
                total: Some(500),
                per_address: Some(20),
            },
            ..plain()
        };
        let louder = Listen {
            access_log: logged(100, true),
            connections: Connections {
                per_address: None,
                ..busy.connections
            },
            ..busy.clone()
        };
        let elsewhere = Listen {
            address: SocketAddr::from(([0, 0, 0, 0], 444)),
            ..measured_at(9180)
        };
        let pairs = [
            (measured_at(9180), plain()),
            (measured_at(9180), measured_at(9100)),
            (plain(), measured_at(9100)),
            (files("new"), acme(&["a.b"])),
            (acme(&["a.b"]), files("old")),
            (files("new"), files("old")),
            (acme(&["a.b", "c.d"]), acme(&["a.b"])),
            (files("new"), plain()),
            (plain(), acme(&["a.b"])),
            (busy.clone(), plain()),
            (louder, busy),
            (elsewhere, plain()),
        ];
        let told = pairs.map(|(now, was)| listening(&[now], &[was]));
        insta::assert_snapshot!(told.join("\n"), @r"
        metrics on 127.0.0.1:9180 (was off)
        metrics on 127.0.0.1:9180 (was on 127.0.0.1:9100)
        metrics off (was on 127.0.0.1:9100)
        certificate of 0.0.0.0:443: from files (was by ACME)
        certificate of 0.0.0.0:443: by ACME (was from files)
        certificate of 0.0.0.0:443: from other files
        certificate of 0.0.0.0:443: by ACME, `hosts` changed
        certificate of 0.0.0.0:443: from files (was none, in the clear)
        certificate of 0.0.0.0:443: none, in the clear (was by ACME)
        proxies 10.0.0.0/8 by the PROXY protocol (was none); clients at once 500, 20 of one address (was any); access log of 10 % (was off)
        clients at once 500 (was 500, 20 of one address); access log of 100 % with queries (was of 10 %)
        listen on 0.0.0.0:444; after promotion no longer on 0.0.0.0:443; metrics on 127.0.0.1:9180 (was off)
        ");
    }

    #[test]
    fn what_begins_or_ends_is_told_by_its_place() {
        assert_eq!(listening(&[plain()], &[]), "listen on 0.0.0.0:443");
        assert_eq!(
            listening(&[], &[plain()]),
            "after promotion no longer on 0.0.0.0:443"
        );
    }
}
