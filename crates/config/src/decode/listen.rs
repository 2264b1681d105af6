//! `listen`: where the router serves a service.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::text::{Address, AnyPath};
use crate::field::{Defs, Found, Keyed, Keys, Shape, Table, field};
use crate::reader::Reader;
use crate::tree::{Kind, Node};

#[derive(Clone, Debug, Default)]
pub(crate) struct ListenDraft {
    pub(crate) address: Found<SocketAddr>,
    pub(crate) tls: Found<TlsDraft>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TlsDraft {
    pub(crate) certificate: Found<String>,
    pub(crate) key: Found<String>,
}

pub(crate) struct ListenKeys;

impl Keyed for ListenKeys {
    type Draft = ListenDraft;
    const TABLE: Table<ListenDraft> = Table {
        name: "listen",
        noun: "`listen`",
        fields: &[
            field!(ListenDraft: address as "address", Address,
                "IP address and port.")
            .required(),
            field!(ListenDraft: tls as "tls", Keys<TlsKeys>,
                "Speaks TLS, with HTTP/2 and HTTP/1.1 as the client likes."),
        ],
        rules: &[],
        later: &["host", "path"],
        elsewhere: (&["certificate", "key"], "to `tls`"),
        may_be_empty: false,
    };
}

pub(crate) struct TlsKeys;

impl Keyed for TlsKeys {
    type Draft = TlsDraft;
    const TABLE: Table<TlsDraft> = Table {
        name: "tls",
        noun: "`tls`",
        fields: &[
            field!(TlsDraft: certificate as "certificate", AnyPath,
                "A PEM file: the certificate, then those that lead to its root. Read anew when it changes.",
                examples &["/etc/ssl/shop.pem"])
            .required(),
            field!(TlsDraft: key as "key", AnyPath,
                "A PEM file: its private key, without a password. Read anew when it changes.",
                examples &["/etc/ssl/shop.key"])
            .required(),
        ],
        rules: &[],
        later: &["acme"],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// An address, or a map with one and what else is to be said.
pub(crate) struct Listen;

impl Shape for Listen {
    type Value = ListenDraft;

    const EXAMPLES: &'static [&'static str] = &[
        "127.0.0.1:8080",
        "{ address: \"0.0.0.0:443\", tls: { certificate: /etc/ssl/shop.pem, key: /etc/ssl/shop.key } }",
    ];

    fn wanted() -> String {
        "an address, or a map with one".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "anyOf": [Address::schema(defs), Keys::<ListenKeys>::schema(defs)] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<ListenDraft> {
        match &node.kind {
            Kind::Map(_) => Keys::<ListenKeys>::decode(node, reader),
            Kind::Scalar(_) | Kind::List(_) => {
                let address = Address::decode(node, reader)?;
                Some(ListenDraft {
                    address: Found::of(Some(address), node.span),
                    ..ListenDraft::default()
                })
            }
        }
    }
}
