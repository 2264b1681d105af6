//! How many clients may be connected at once.

use windlass_model::Connections;

use super::number::Count;
use crate::field::{Found, Keyed, Table, field};
use crate::limit::MAX_CONNECTIONS;

#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionsDraft {
    total: Found<u16>,
    per_address: Found<u16>,
}

impl ConnectionsDraft {
    pub(crate) fn connections(&self) -> Connections {
        Connections {
            total: self.total.good().copied(),
            per_address: self.per_address.good().copied(),
        }
    }
}

pub(crate) struct ConnectionsKeys;

impl Keyed for ConnectionsKeys {
    type Draft = ConnectionsDraft;
    const TABLE: Table<ConnectionsDraft> = Table {
        name: "connections",
        noun: "`connections`",
        fields: &[
            field!(ConnectionsDraft: total as "total", Count<1, MAX_CONNECTIONS>,
                "Of all clients together; those beyond it are closed. Without it: as many as the router takes anywhere."),
            field!(ConnectionsDraft: per_address as "per_address", Count<1, MAX_CONNECTIONS>,
                "Of one client; with IPv6, of one /64. Clients on the same machine and trusted proxies are not counted. Without it: a quarter of what the router takes."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}
