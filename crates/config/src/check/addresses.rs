//! Who listens where: every address has one owner, and a wildcard owns all of its port.

use std::collections::BTreeMap;
use std::net::IpAddr;

use windlass_model::ServiceName;

use crate::environment::View;
use crate::field::At;
use crate::problem::ADDRESS_TAKEN;
use crate::reader::Reader;

type Listener<'v> = (&'v ServiceName, &'v At<std::net::SocketAddr>);

/// Who listens on one port.
#[derive(Default)]
struct Owners<'v> {
    exact: BTreeMap<IpAddr, Listener<'v>>,
    first: Option<Listener<'v>>,
    first_v4: Option<Listener<'v>>,
}

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    let mut listeners: Vec<Listener<'_>> = view
        .services
        .iter()
        .filter_map(|(name, draft)| Some((name, draft.listen.good()?.address.at()?)))
        .collect();
    listeners.sort_by_key(|(_, at)| at.span);
    let mut ports: BTreeMap<u16, Owners<'_>> = BTreeMap::new();
    for listener in listeners {
        let (_, at) = listener;
        let owners = ports.entry(at.value.port()).or_default();
        let ip = at.value.ip().to_canonical();
        if let Some((owner, theirs)) = owners.of(ip) {
            let mut message = format!("`{}` is taken by `{owner}`", at.value);
            if theirs.value != at.value {
                message = format!("{message}, which listens on {}", theirs.value);
            }
            message = format!("{message} at {}:{}", theirs.span.line, theirs.span.column);
            let hint = "give each service an address of its own";
            reader.refuse_for(ADDRESS_TAKEN, at.span, message, hint);
        }
        owners.exact.entry(ip).or_insert(listener);
        owners.first.get_or_insert(listener);
        if ip.is_ipv4() {
            owners.first_v4.get_or_insert(listener);
        }
    }
}

impl<'v> Owners<'v> {
    /// Who owns `ip` already, or a part of it.
    fn of(&self, ip: IpAddr) -> Option<Listener<'v>> {
        let any_v4 = IpAddr::from([0; 4]);
        let any_v6 = IpAddr::from([0; 16]);
        let exact = |ip| self.exact.get(&ip).copied();
        // `[::]` takes the IPv4 addresses too.
        match ip {
            ip if ip == any_v6 => self.first,
            ip if ip == any_v4 => self.first_v4.or_else(|| exact(any_v6)),
            IpAddr::V4(_) => exact(ip)
                .or_else(|| exact(any_v4))
                .or_else(|| exact(any_v6)),
            IpAddr::V6(_) => exact(ip).or_else(|| exact(any_v6)),
        }
    }
}
