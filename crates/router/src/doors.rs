//! What is behind each listener of a table: which service is asked for by host and path.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Uri;
use hyper::header::{HOST, HeaderMap, HeaderValue};
use tokio_rustls::rustls::ServerConfig;
use windlass_model::{AccessLog, Connections, Listen, PathPrefix, Proxies, ServiceKey};

use windlass_acme::Answers;

use crate::certificate::Certificate;
use crate::live::{Entry, Services};
use crate::secure::{Manner, showing};

/// Where a request came in, and where it wants to go. Cheap to make: it shares what it holds with the
/// request.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) listener: SocketAddr,
    uri: Uri,
    host: Option<HeaderValue>,
}

impl Destination {
    pub(crate) fn new(listener: SocketAddr, uri: &Uri, headers: &HeaderMap) -> Self {
        Self {
            listener,
            uri: uri.clone(),
            host: headers.get(HOST).cloned(),
        }
    }

    /// The host without its port, in lower case. What stands in the target counts more than the
    /// header, as it does to the instance.
    fn host(&self) -> Option<Cow<'_, str>> {
        let host = match (self.uri.host(), &self.host) {
            (Some(host), _) => host,
            (None, Some(header)) => without_port(header.to_str().ok()?),
            (None, None) => return None,
        };
        // One dot at the end means the same name.
        let host = host.strip_suffix('.').unwrap_or(host);
        Some(if host.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        })
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

/// One listener.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    /// How its clients speak; none: in the clear.
    pub(crate) manner: Option<Manner>,
    /// Which proxies are believed.
    pub(crate) proxies: Arc<Proxies>,
    /// How many clients it takes.
    pub(crate) connections: Connections,
    /// The most that any service here has written down of its requests.
    pub(crate) log: Option<AccessLog>,
    /// By their own name.
    exact: HashMap<String, Paths>,
    /// By what follows the first label of their name.
    wildcard: HashMap<String, Paths>,
    /// Whatever the host.
    any: Paths,
}

/// Services by the beginning of their paths, longest first.
#[derive(Debug, Default)]
struct Paths(Vec<(PathPrefix, Arc<Entry>)>);

impl Paths {
    fn add(&mut self, path: &PathPrefix, entry: &Arc<Entry>) {
        let longer = |(other, _): &(PathPrefix, _)| other.as_str().len() >= path.as_str().len();
        let place = self.0.partition_point(longer);
        self.0.insert(place, (path.clone(), entry.clone()));
    }

    fn find(&self, path: &str) -> Option<&Arc<Entry>> {
        let mut all = self.0.iter();
        all.find(|(prefix, _)| prefix.covers(path))
            .map(|(_, entry)| entry)
    }
}

impl Behind {
    /// Whose request it is: of all that are meant, the one with the nearest host, then the one with
    /// the longest path.
    pub(crate) fn find(&self, to: &Destination) -> Option<&Arc<Entry>> {
        let path = to.uri.path();
        let by_host = || {
            if self.exact.is_empty() && self.wildcard.is_empty() {
                return None;
            }
            let host = to.host()?;
            let exact = self.exact.get(&*host).and_then(|paths| paths.find(path));
            exact.or_else(|| {
                let (_first, above) = host.split_once('.')?;
                self.wildcard.get(above)?.find(path)
            })
        };
        by_host().or_else(|| self.any.find(path))
    }

    /// The one service that all requests here are of, if there is only one.
    pub(crate) fn only(&self) -> Option<&Arc<Entry>> {
        let named = self.exact.values().chain(self.wildcard.values());
        let mut all = named.chain([&self.any]).flat_map(|paths| &paths.0);
        let (_, first) = all.next()?;
        let same = |(_, other): &(PathPrefix, Arc<Entry>)| Arc::ptr_eq(first, other);
        all.all(same).then_some(first)
    }

    fn add(&mut self, listen: &Listen, entry: &Arc<Entry>) {
        let paths = match &listen.host {
            None => &mut self.any,
            Some(host) => match host.above() {
                None => self.exact.entry(host.as_str().to_owned()).or_default(),
                Some(above) => self.wildcard.entry(above.to_owned()).or_default(),
            },
        };
        paths.add(&listen.path, entry);
    }
}

/// What services say of one listener.
#[derive(Default)]
struct Said<'s> {
    behind: Behind,
    clear: bool,
    secure: bool,
    shown: Vec<Arc<Certificate>>,
    proxies: Vec<&'s Proxies>,
    connections: Vec<Connections>,
}

/// Indexes `services` by listener.
pub(crate) fn index(
    services: &Services,
    common: &ServerConfig,
    answers: &Arc<Answers>,
) -> BTreeMap<SocketAddr, Behind> {
    let mut all: BTreeMap<SocketAddr, Said<'_>> = BTreeMap::new();
    for entry in services.values() {
        for (listen, certificates) in entry.route.listeners.iter().zip(&entry.certificates) {
            let said = all.entry(listen.address).or_default();
            said.behind.add(listen, entry);
            said.proxies.push(&listen.proxies);
            said.connections.push(listen.connections);
            said.clear |= listen.tls.is_none();
            said.secure |= listen.tls.is_some();
            said.shown.extend(certificates.iter().cloned());
            said.behind.log = said.behind.log.max(listen.access_log);
        }
    }
    let behind = |said: Said<'_>| {
        let manner = said.secure.then(|| {
            let config = showing(common, said.shown, answers);
            if said.clear {
                Manner::Either(config)
            } else {
                Manner::Tls(config)
            }
        });
        Behind {
            manner,
            proxies: Arc::new(agreed(&said.proxies)),
            connections: smallest(&said.connections),
            ..said.behind
        }
    };
    all.into_iter()
        .map(|(address, said)| (address, behind(said)))
        .collect()
}

/// Which services tell their metrics where.
pub(crate) fn metrics(services: &Services) -> BTreeMap<SocketAddr, BTreeSet<ServiceKey>> {
    let entries = services.values();
    let listeners = entries.flat_map(|entry| &entry.route.listeners);
    let served: BTreeSet<SocketAddr> = listeners.map(|listen| listen.address).collect();
    let mut all: BTreeMap<SocketAddr, BTreeSet<ServiceKey>> = BTreeMap::new();
    for (key, entry) in services {
        let listeners = entry.route.listeners.iter();
        let asked = listeners.filter_map(|listen| listen.metrics);
        // Requests come first: what a release goes back to may have metrics where another serves now.
        for address in asked.filter(|address| !served.contains(address)) {
            all.entry(address).or_default().insert(key.clone());
        }
    }
    all
}

/// What all say of one listener; while that is being changed, what the old and the new have in common.
fn agreed(all: &[&Proxies]) -> Proxies {
    let Some((first, others)) = all.split_first() else {
        return Proxies::default();
    };
    let mut agreed = (*first).clone();
    for other in others {
        agreed.trusted.retain(|one| other.trusted.contains(one));
        agreed.proxy_protocol &= other.proxy_protocol;
    }
    agreed
}

/// The least that any says: they differ only while it is being changed.
fn smallest(said: &[Connections]) -> Connections {
    Connections {
        total: said.iter().filter_map(|one| one.total).min(),
        per_address: said.iter().filter_map(|one| one.per_address).min(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use windlass_control::Generation;
    use windlass_model::{Host, Route, RouteMode};

    use super::*;
    use crate::core::Core;

    const LISTENER: ([u8; 4], u16) = ([127, 0, 0, 1], 80);

    /// A core with one service for each place.
    fn with(places: &[(Option<&str>, &str)]) -> Core {
        let core = Core::new(1, 8, Path::new("state")).expect("chance");
        let entry = |number: usize, (host, path): &(Option<&str>, &str)| {
            let listen = Listen {
                host: host.map(|host| Host::new(host).expect("a host")),
                path: PathPrefix::new(path).expect("a path"),
                ..SocketAddr::from(LISTENER).into()
            };
            let key = format!("shop/default/s{number}");
            let key = ServiceKey::try_from(key).expect("a key");
            let route = Route {
                listeners: vec![listen],
                mode: RouteMode::Serve,
                slots: Vec::new(),
                traffic: Box::default(),
                thresholds: Vec::new(),
            };
            let entry = core.entry(&key, Generation(1), route, None);
            (key, Arc::new(entry))
        };
        let all = places.iter().enumerate();
        core.swap(all.map(|(number, place)| entry(number, place)).collect());
        core
    }

    /// The place that a request for `host` (as its header has it) and `target` goes to.
    fn found(core: &Core, host: &str, target: &str) -> Option<usize> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).expect("a value"));
        let uri = target.parse().expect("a target");
        let to = Destination::new(SocketAddr::from(LISTENER), &uri, &headers);
        let live = core.live.load();
        let entry = live.doors[&to.listener].find(&to)?;
        let name = entry.service.who.service.service.as_str();
        name.strip_prefix('s')?.parse().ok()
    }

    #[test]
    fn hosts_are_the_same_in_any_case_with_a_port_and_with_a_dot_at_the_end() {
        let core = with(&[(Some("shop.example"), "/"), (Some("*.shop.example"), "/")]);
        for host in [
            "shop.example",
            "SHOP.example",
            "shop.example:80",
            "shop.example.",
            "shop.example.:80",
            "shop.example:",
        ] {
            assert_eq!(found(&core, host, "/"), Some(0), "{host}");
        }
        assert_eq!(found(&core, "A.Shop.Example:1", "/?q=/x"), Some(1));
        for other in [
            "a.b.shop.example",
            "example",
            "[::1]:80",
            "shop.example.com",
            "",
        ] {
            assert_eq!(found(&core, other, "/"), None, "{other}");
        }
        assert_eq!(found(&core, "else", "http://shop.example/a"), Some(0));
    }

    #[test]
    fn only_a_listener_of_one_service_has_an_only_one() {
        let only = |places: &[(Option<&str>, &str)]| {
            let core = with(places);
            let live = core.live.load();
            live.doors[&SocketAddr::from(LISTENER)].only().is_some()
        };
        assert!(only(&[(None, "/")]) && only(&[(Some("a"), "/x")]));
        assert!(!only(&[(None, "/"), (Some("a"), "/")]));
        assert!(!only(&[(None, "/"), (None, "/x")]));
    }

    const HOSTS: [Option<&str>; 6] = [
        None,
        Some("a.x"),
        Some("b.x"),
        Some("*.x"),
        Some("*.a.x"),
        Some("x"),
    ];
    const PATHS: [&str; 6] = ["/", "/p", "/p/q", "/p/q/r", "/pq", "/P"];

    /// The same by the words of the documentation: of all places that are meant, the one with the
    /// nearest host, then the one with the longest path.
    fn modelled(places: &[(Option<&str>, &str)], host: &str, path: &str) -> Option<usize> {
        let host: Vec<&str> = host.split('.').collect();
        let segments = |path: &str| -> Vec<String> {
            let all = path.split('/').filter(|part| !part.is_empty());
            all.map(str::to_owned).collect()
        };
        let near = |wanted: Option<&str>| -> Option<usize> {
            let Some(wanted) = wanted else { return Some(0) };
            let wanted: Vec<&str> = wanted.split('.').collect();
            let same = wanted.len() == host.len() && wanted[1..] == host[1..];
            match wanted[0] {
                "*" if same => Some(1),
                first if same && first == host[0] => Some(2),
                _ => None,
            }
        };
        let meant = places.iter().enumerate().filter_map(|(number, place)| {
            let begins = segments(path).starts_with(&segments(place.1));
            let near = near(place.0).filter(|_| begins)?;
            Some(((near, segments(place.1).len()), number))
        });
        meant.max().map(|(_, number)| number)
    }

    proptest! {
        #[test]
        fn a_request_goes_where_the_documentation_says(
            chosen in proptest::collection::btree_set((0..HOSTS.len(), 0..PATHS.len()), 0..20),
            host in proptest::sample::select(vec!["a.x", "b.x", "c.x", "x", "b.a.x", "y"]),
            path in proptest::sample::select(vec!["/", "/p", "/p/", "/p/q/z", "/p/qq", "/pq", "/P/q"]),
        ) {
            let places: Vec<_> = chosen.iter().map(|(h, p)| (HOSTS[*h], PATHS[*p])).collect();
            prop_assume!(!places.is_empty());
            let core = with(&places);
            prop_assert_eq!(found(&core, host, path), modelled(&places, host, path));
        }
    }
}
