//! `router`: what concerns the router as a whole.

use std::net::SocketAddr;

use super::text::Address;
use crate::field::{Found, Keyed, Table, field};

#[derive(Clone, Debug, Default)]
pub(crate) struct RouterDraft {
    pub(crate) metrics: Found<SocketAddr>,
}

pub(crate) struct RouterKeys;

impl Keyed for RouterKeys {
    type Draft = RouterDraft;
    const TABLE: Table<RouterDraft> = Table {
        name: "router",
        noun: "`router`",
        fields: &[field!(RouterDraft: metrics as "metrics", Address,
            "Where Prometheus asks it for its figures, under `/metrics`: an address on which no service is served. Whoever reaches it may read them. Without it: nowhere.",
            examples &["127.0.0.1:9180"])],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}
