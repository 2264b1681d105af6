//! Who is served where: every place has one owner, an address that covers others owns all of its port,
//! and on one address all speak TLS, or none, and believe the same proxies.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use windlass_model::{Listen, ServiceName};

use crate::assemble::listen;
use crate::environment::View;
use crate::field::At;
use crate::problem::{ADDRESS_TAKEN, MIXED};
use crate::reader::Reader;

const TLS_HINT: &str = "say `tls` for all services of one address, or for none";
const CONNECTIONS_HINT: &str = "say the same for all services of that address: a client is counted before it says whom it wants";
const PROXIES_HINT: &str = "say the same `proxies` for all services of one address";

/// One service's place.
struct Listener<'v> {
    name: &'v ServiceName,
    at: &'v At<SocketAddr>,
    listen: Listen,
}

/// Who listens on one port.
#[derive(Default)]
struct Owners<'v> {
    exact: BTreeMap<IpAddr, Vec<&'v Listener<'v>>>,
    first: Option<&'v Listener<'v>>,
    first_v4: Option<&'v Listener<'v>>,
}

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    let mut listeners: Vec<Listener<'_>> = view
        .services
        .iter()
        .filter_map(|(name, draft)| {
            let draft = draft.listen.good()?;
            let unclear = draft.host.is_broken() || draft.path.is_broken();
            Some(Listener {
                name,
                at: draft.address.at().filter(|_| !unclear)?,
                listen: listen(draft)?,
            })
        })
        .collect();
    listeners.sort_by_key(|listener| listener.at.span);
    let mut ports: BTreeMap<u16, Owners<'_>> = BTreeMap::new();
    for listener in &listeners {
        let owners = ports.entry(listener.listen.address.port()).or_default();
        if let Some(owner) = owners.of_address(listener) {
            refuse_taken(listener, owner, reader);
        } else if let Some(owner) = owners.beside(listener, Listen::is_same_place) {
            refuse_taken(listener, owner, reader);
        } else if let Some(owner) = owners.beside(listener, Listen::mixes_with) {
            refuse_mixed(listener, owner, reader);
        }
        owners.add(listener);
    }
}

fn refuse_taken(listener: &Listener<'_>, owner: &Listener<'_>, reader: &mut Reader<'_>) {
    let (wanted, theirs) = (&listener.listen, &owner.listen);
    let (what, whose) = if wanted.address == theirs.address {
        (in_clear(wanted), String::new())
    } else {
        let whose = format!(", which listens on {}", theirs.address);
        (wanted.address.to_string(), whose)
    };
    let (name, span) = (owner.name, owner.at.span);
    let place = format!("{}:{}", span.line, span.column);
    let message = format!("`{what}` is taken by `{name}`{whose} at {place}");
    let hint = "give each service its own address, or on one address its own host or path";
    reader.refuse_for(ADDRESS_TAKEN, listener.at.span, message, hint);
}

fn refuse_mixed(listener: &Listener<'_>, owner: &Listener<'_>, reader: &mut Reader<'_>) {
    let address = listener.listen.address;
    let (hint, message) = match (&owner.listen.tls, &listener.listen.tls) {
        (Some(_), None) => (TLS_HINT, spoken(address, owner, listener)),
        (None, Some(_)) => (TLS_HINT, spoken(address, listener, owner)),
        (Some(_), Some(_)) | (None, None) if owner.listen.proxies == listener.listen.proxies => {
            let (one, other) = (owner.name, listener.name);
            let message =
                format!("on {address} `{one}` and `{other}` have different `connections`");
            (CONNECTIONS_HINT, message)
        }
        (Some(_), Some(_)) | (None, None) => {
            let (one, other) = (owner.name, listener.name);
            let message = format!("on {address} `{one}` and `{other}` believe different proxies");
            (PROXIES_HINT, message)
        }
    };
    reader.refuse_for(MIXED, listener.at.span, message, hint);
}

fn spoken(address: SocketAddr, with: &Listener<'_>, without: &Listener<'_>) -> String {
    let (with, without) = (with.name, without.name);
    format!("on {address} `{with}` speaks TLS and `{without}` does not")
}

/// The place alone: it is taken with TLS as without.
fn in_clear(listen: &Listen) -> String {
    let tls = None;
    Listen {
        tls,
        ..listen.clone()
    }
    .to_string()
}

impl<'v> Owners<'v> {
    fn add(&mut self, listener: &'v Listener<'v>) {
        let ip = ip(listener);
        self.exact.entry(ip).or_default().push(listener);
        self.first.get_or_insert(listener);
        if ip.is_ipv4() {
            self.first_v4.get_or_insert(listener);
        }
    }

    /// Somebody on the very address who can't be there beside `listener`.
    fn beside(
        &self,
        listener: &Listener<'_>,
        rival: fn(&Listen, &Listen) -> bool,
    ) -> Option<&'v Listener<'v>> {
        let there = self.exact.get(&ip(listener)).into_iter().flatten();
        let mut there = there.filter(|other| rival(&other.listen, &listener.listen));
        there.next().copied()
    }

    /// Who owns the address already under another name, or a part of it.
    fn of_address(&self, listener: &Listener<'_>) -> Option<&'v Listener<'v>> {
        let wanted = listener.listen.address;
        let ip = ip(listener);
        let any_v4 = IpAddr::from([0; 4]);
        let any_v6 = IpAddr::from([0; 16]);
        let other = |owner: &&'v Listener<'v>| owner.listen.address != wanted;
        let exact = |ip| self.exact.get(&ip)?.iter().copied().find(other);
        // `[::]` takes the IPv4 addresses too.
        match ip {
            ip if ip == any_v6 => self.first.filter(other),
            ip if ip == any_v4 => self.first_v4.filter(other).or_else(|| exact(any_v6)),
            IpAddr::V4(_) => exact(ip)
                .or_else(|| exact(any_v4))
                .or_else(|| exact(any_v6)),
            IpAddr::V6(_) => exact(ip).or_else(|| exact(any_v6)),
        }
    }
}

fn ip(listener: &Listener<'_>) -> IpAddr {
    listener.listen.address.ip().to_canonical()
}
