//! `listen`: where the router serves a service.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde_json::{Value, json};
use windlass_model::{AccessLog, Host, PathPrefix, Percent};

use super::choice::{Yes, yes_or_no};
use super::collection::ListOf;
use super::connections::{ConnectionsDraft, ConnectionsKeys};
use super::number::Share;
use super::text::{Address, OCTET};
use super::tls::{TlsDraft, TlsKeys};
use crate::field::{At, Defs, Found, Keyed, Keys, Shape, Table, field};
use crate::limit::MAX_NETWORKS;
use crate::problem::{ADDRESS, ADDRESS_V6, HOST, PATH};
use crate::reader::{Reader, shown};
use crate::tree::{Kind, Node};

#[derive(Clone, Debug, Default)]
pub(crate) struct ListenDraft {
    pub(crate) address: Found<SocketAddr>,
    pub(crate) host: Found<Host>,
    pub(crate) path: Found<PathPrefix>,
    pub(crate) tls: Found<TlsDraft>,
    pub(crate) proxies: Found<ProxiesDraft>,
    pub(crate) access_log: Found<Option<AccessLog>>,
    pub(crate) connections: Found<ConnectionsDraft>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ProxiesDraft {
    pub(crate) trusted: Found<Vec<At<IpNet>>>,
    pub(crate) proxy_protocol: Found<()>,
}

pub(crate) struct ListenKeys;

impl Keyed for ListenKeys {
    type Draft = ListenDraft;
    const TABLE: Table<ListenDraft> = Table {
        name: "listen",
        noun: "`listen`",
        fields: &[
            field!(ListenDraft: address as "address", Address,
                "IP address and port. Several services may share one, each with a host or path of its own.")
            .required(),
            field!(ListenDraft: host as "host", Host,
                "The host that clients ask for. Without it: any that no other service there has."),
            field!(ListenDraft: path as "path", PathPrefix,
                "What their paths begin with: of several that do, the longest counts.", default "/"),
            field!(ListenDraft: tls as "tls", Keys<TlsKeys>,
                "Speaks TLS, with HTTP/2 and HTTP/1.1 as the client likes."),
            field!(ListenDraft: proxies as "proxies", Keys<ProxiesKeys>,
                "Proxies in front whose word on a client is believed. Without it: nobody's."),
            field!(ListenDraft: access_log as "access_log", Logged,
                "Writes requests down as JSON lines, in `router/access.log` of the state directory: all, or an exact share.", default "no"),
            field!(ListenDraft: connections as "connections", Keys<ConnectionsKeys>,
                "How many clients may be connected at once; the same for all services of an address."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (
            &["certificate", "key", "acme", "trusted", "proxy_protocol"],
            "one level down, to `tls` or `proxies`",
        ),
        may_be_empty: false,
    };
}

impl Shape for Host {
    type Value = Self;

    const EXAMPLES: &'static [&'static str] = &["shop.example", "\"*.shop.example\""];

    fn wanted() -> String {
        "a host, such as shop.example".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let label = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
        let pattern = format!("^(\\*\\.)?{label}(\\.{label})*$");
        json!({ "type": "string", "pattern": pattern, "maxLength": 253 })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &<Self as Shape>::wanted())?;
        let host = Self::new(text).ok();
        if host.is_none() {
            let message = format!("`{}` is not a host", shown(text));
            let hint = "write the name alone, as in shop.example, or \"*.shop.example\" for all with one \
                        label more; the port stands in `address`";
            reader.refuse_for(HOST, node.span, message, hint);
        }
        host
    }
}

impl Shape for PathPrefix {
    type Value = Self;

    const EXAMPLES: &'static [&'static str] = &["/api"];

    fn wanted() -> String {
        "a path, such as /api".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let segment = "/(?!\\.{1,2}(/|$))[!\"$-.0->@-~]+";
        json!({ "type": "string", "pattern": format!("^(/|({segment})+/?)$") })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &<Self as Shape>::wanted())?;
        let path = Self::new(text).ok();
        if path.is_none() {
            let message = format!("`{}` is not the beginning of a path", shown(text));
            let hint = "whole segments after a /, as in /api/v1, without ?, # and ..";
            reader.refuse_for(PATH, node.span, message, hint);
        }
        path
    }
}

pub(crate) struct ProxiesKeys;

impl Keyed for ProxiesKeys {
    type Draft = ProxiesDraft;
    const TABLE: Table<ProxiesDraft> = Table {
        name: "proxies",
        noun: "`proxies`",
        fields: &[
            field!(ProxiesDraft: trusted as "trusted", ListOf<IpNet, 1, MAX_NETWORKS>,
                "Networks in which they are. What anybody else says of a client in `X-Forwarded-*` and `Forwarded` is dropped.",
                examples &["[10.0.0.0/8, 192.0.2.7, \"fd00::/8\"]"])
            .required(),
            field!(ProxiesDraft: proxy_protocol as "proxy_protocol", Yes,
                "They begin each connection with a header of the PROXY protocol, version 1 or 2. One of them that does not is not served."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

impl Shape for IpNet {
    type Value = Self;

    const EXAMPLES: &'static [&'static str] = &["10.0.0.0/8", "192.0.2.7"];

    fn wanted() -> String {
        "a network, such as 10.0.0.0/8".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let four = format!("{OCTET}(\\.{OCTET}){{3}}(/(3[0-2]|[12]?[0-9]))?");
        let pattern = format!("^({four}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(/[0-9]{{1,3}})?)$");
        json!({ "type": "string", "pattern": pattern })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &<Self as Shape>::wanted())?;
        let network = network(text);
        if network.is_none() {
            let code = if may_be_v6(text) { ADDRESS_V6 } else { ADDRESS };
            let message = format!("`{}` is not a network", shown(text));
            let hint =
                "an address, alone or with the length of its common part: 10.0.0.0/8, \"fd00::/8\"";
            reader.refuse_for(code, node.span, message, hint);
        }
        network
    }
}

/// Reads an address, alone or with the length of its network.
fn network(text: &str) -> Option<IpNet> {
    let Some((address, length)) = text.split_once('/') else {
        return text.parse::<IpAddr>().ok().map(IpNet::from);
    };
    let number: u8 = length.parse().ok()?;
    let whole = number.to_string() == length;
    let network = IpNet::new(address.parse().ok()?, number).ok();
    network.filter(|_| whole).map(|network| network.trunc())
}

/// Whether the schema takes it for an IPv6 network.
fn may_be_v6(text: &str) -> bool {
    let (address, length) = text.split_once('/').unwrap_or((text, "0"));
    let plain = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    address.contains(':')
        && address.chars().all(plain)
        && (1..=3).contains(&length.len())
        && length.bytes().all(|b| b.is_ascii_digit())
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LogDraft {
    share: Found<Percent>,
    query: Found<()>,
}

pub(crate) struct LogKeys;

impl Keyed for LogKeys {
    type Draft = LogDraft;
    const TABLE: Table<LogDraft> = Table {
        name: "access_log",
        noun: "`access_log`",
        fields: &[
            field!(LogDraft: share as "share", Share,
                "How many of the requests: ten of any hundred are 10%.", default "100%"),
            field!(LogDraft: query as "query", Yes,
                "With their queries. They may hold secrets."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// Yes or no, a share, or a map.
pub(crate) struct Logged;

impl Shape for Logged {
    type Value = Option<AccessLog>;

    const EXAMPLES: &'static [&'static str] = &["true", "10%", "{ share: 10%, query: true }"];

    fn wanted() -> String {
        "yes, no, a share such as 10%, or a map".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "anyOf": [
            { "enum": ["yes", "no", true, false] },
            Share::schema(defs),
            Keys::<LogKeys>::schema(defs),
        ] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let all = |share: Option<Percent>, query| AccessLog {
            share: share.unwrap_or(Percent::FULL),
            query,
        };
        match &node.kind {
            Kind::Map(_) => {
                let draft = Keys::<LogKeys>::decode(node, reader)?;
                let query = !draft.query.is_absent();
                Some(Some(all(draft.share.good().copied(), query)))
            }
            Kind::Scalar(scalar) if scalar.text.starts_with(|c: char| c.is_ascii_digit()) => {
                Some(Some(all(Some(Share::decode(node, reader)?), false)))
            }
            Kind::Scalar(_) | Kind::List(_) => {
                let yes = yes_or_no(node, reader)?;
                Some(yes.then(|| all(None, false)))
            }
        }
    }
}

/// An address, or a map with one and what else is to be said.
pub(crate) struct Listen;

impl Shape for Listen {
    type Value = ListenDraft;

    const EXAMPLES: &'static [&'static str] = &[
        "127.0.0.1:8080",
        "{ address: \"0.0.0.0:443\", host: shop.example, tls: { certificate: /etc/ssl/shop.pem, key: /etc/ssl/shop.key } }",
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
