//! The file of a router that runs alone.

use std::net::SocketAddr;

use serde_json::{Value, json};
use windlass_model::{Percent, ServiceName, Speaks};

use super::choice::choose;
use super::collection::{Entries, ListOf, MapOf};
use super::listen::{Listen, ListenDraft};
use super::maintenance::{MaintenanceDraft, Said};
use super::number::Share;
use super::router::{RouterDraft, RouterKeys};
use super::text::{Address, HttpPath, SchemaAddress, VersionText};
use super::traffic::{TimeoutsDraft, TimeoutsKeys};
use crate::field::{At, Defs, Found, Keyed, Keys, Shape, Table, field};
use crate::limit::{MAX_ORIGINS, MAX_SERVICES, MAX_TARGETS};
use crate::reader::{Reader, listed};
use crate::tree::{Kind, Node};

#[derive(Debug, Default)]
pub(crate) struct AloneDraft {
    /// Only editors follow it.
    schema: Found<()>,
    pub(crate) services: Found<Entries<ServiceName, AloneServiceDraft>>,
    pub(crate) router: Found<RouterDraft>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct AloneServiceDraft {
    pub(crate) listen: Found<ListenDraft>,
    pub(crate) ready: Found<String>,
    pub(crate) speaks: Found<Speaks>,
    pub(crate) origins: Found<Entries<String, OriginDraft>>,
    pub(crate) timeouts: Found<TimeoutsDraft>,
    pub(crate) maintenance: Found<MaintenanceDraft>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct OriginDraft {
    pub(crate) at: Found<Vec<At<SocketAddr>>>,
    pub(crate) share: Found<Percent>,
}

/// `router.yaml`.
pub(crate) struct AloneFile;

impl Keyed for AloneFile {
    type Draft = AloneDraft;
    const TABLE: Table<AloneDraft> = Table {
        name: "router_file",
        noun: "the file of a router",
        fields: &[
            field!(AloneDraft: services as "services",
                MapOf<ServiceName, Keys<AloneService>, 1, MAX_SERVICES>,
                "What it serves.")
            .required(),
            field!(AloneDraft: router as "router", Keys<RouterKeys>,
                "What concerns it as a whole.", examples &["{ metrics: 127.0.0.1:9180 }"]),
            field!(AloneDraft: schema as "$schema", SchemaAddress,
                "Where an editor finds the schema of the file. Windlass does not follow it."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (
            &["app", "defaults", "environments", "on_failure", "parallel"],
            "to windlass.yaml: a router that runs alone deploys nothing",
        ),
        may_be_empty: false,
    };
}

/// One entry of `services` there.
pub(crate) struct AloneService;

impl Keyed for AloneService {
    type Draft = AloneServiceDraft;
    const TABLE: Table<AloneServiceDraft> = Table {
        name: "routed_service",
        noun: "a service",
        fields: &[
            field!(AloneServiceDraft: listen as "listen", Listen,
                "Where the router serves it.")
            .required(),
            field!(AloneServiceDraft: origins as "origins",
                MapOf<VersionText, Origin, 1, MAX_ORIGINS>,
                "Who answers, by a name: one, or two whose shares can be moved.",
                examples &["{ v1: 127.0.0.1:9001, v2: { at: 127.0.0.1:9002, share: 5% } }"])
            .required(),
            field!(AloneServiceDraft: ready as "ready", HttpPath,
                "Path of a GET that must be answered with 2xx or 3xx. Without it: a connection that must be accepted."),
            field!(AloneServiceDraft: speaks as "speaks", Speaks,
                "What its origins speak.", default "http1"),
            field!(AloneServiceDraft: timeouts as "timeouts", Keys<TimeoutsKeys>,
                "How long its origins and its clients may take.",
                examples &["{ answer: 10s, upload: 20s }"]),
            field!(AloneServiceDraft: maintenance as "maintenance", Said,
                "What clients are told while somebody has it paused with --maintenance."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (
            &[
                "run",
                "target",
                "strategy",
                "bake",
                "needs",
                "env",
                "instances",
                "rollback_on",
            ],
            "to windlass.yaml: a router that runs alone deploys nothing",
        ),
        may_be_empty: false,
    };
}

pub(crate) struct OriginKeys;

impl Keyed for OriginKeys {
    type Draft = OriginDraft;
    const TABLE: Table<OriginDraft> = Table {
        name: "origin",
        noun: "an origin",
        fields: &[
            field!(OriginDraft: at as "at", Addresses,
                "Where it listens: an address, or a list of several that take turns.")
            .required(),
            field!(OriginDraft: share as "share", Share,
                "Its share of the requests. Of two origins one says it, and the other has the rest."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// An address, or several.
pub(crate) struct Addresses;

impl Shape for Addresses {
    type Value = Vec<At<SocketAddr>>;

    const EXAMPLES: &'static [&'static str] =
        &["127.0.0.1:9001", "[127.0.0.1:9001, 127.0.0.1:9002]"];

    fn wanted() -> String {
        "an address, or a list of some".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "anyOf": [
            Address::schema(defs),
            ListOf::<Address, 1, MAX_TARGETS>::schema(defs),
        ] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        match &node.kind {
            Kind::List(_) => ListOf::<Address, 1, MAX_TARGETS>::decode(node, reader),
            Kind::Scalar(_) | Kind::Map(_) => {
                let value = Address::decode(node, reader)?;
                let span = node.span;
                Some(vec![At { span, value }])
            }
        }
    }
}

/// Where an origin is, or a map with that and its share.
pub(crate) struct Origin;

impl Shape for Origin {
    type Value = OriginDraft;

    fn wanted() -> String {
        "an address, a list of some, or a map with `at`".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "anyOf": [Addresses::schema(defs), Keys::<OriginKeys>::schema(defs)] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<OriginDraft> {
        match &node.kind {
            Kind::Map(_) => Keys::<OriginKeys>::decode(node, reader),
            Kind::Scalar(_) | Kind::List(_) => {
                let at = Addresses::decode(node, reader)?;
                Some(OriginDraft {
                    at: Found::of(Some(at), node.span),
                    share: Found::Absent,
                })
            }
        }
    }
}

const SPEAKS: [(&str, Speaks); 2] = [("http1", Speaks::Http1), ("http2", Speaks::Http2)];

impl Shape for Speaks {
    type Value = Self;

    fn wanted() -> String {
        listed(SPEAKS.iter().map(|(name, _)| *name), "or")
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": SPEAKS.map(|(name, _)| name) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        choose(node, &SPEAKS, reader)
    }
}
