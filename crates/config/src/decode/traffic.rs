//! `sticky` and `traffic`: how the router treats a service's requests.

use std::net::SocketAddr;

use serde_json::{Value, json};
use windlass_model::{
    Eject, Fits, Maintenance, Millis, Mirror, Percent, RequestLimits, Retries, Sticky, Timeouts,
    Token, Traffic,
};

use super::choice::choose;
use super::collection::{Entries, ListOf, MapOf};
use super::number::{Count, Share, SomeTime};
use super::size::Size;
use super::text::Address;
use super::token::{FieldValue, Method};
use crate::field::{At, Defs, Found, Keyed, Keys, Rule, Shape, Table, field};
use crate::limit::{MAX_FITS, MAX_IN_A_ROW, MAX_IN_FLIGHT, MAX_RETRIES};
use crate::reader::Reader;
use crate::tree::{Kind, Node};

/// `sticky`: a word, or a header.
pub(crate) struct Stickiness;

#[derive(Clone, Debug, Default)]
pub(crate) struct StickyDraft {
    header: Found<Token>,
}

pub(crate) struct StickyKeys;

impl Keyed for StickyKeys {
    type Draft = StickyDraft;
    const TABLE: Table<StickyDraft> = Table {
        name: "sticky",
        noun: "`sticky`",
        fields: &[field!(StickyDraft: header as "header", Token,
            "The header whose value keeps its sender at one release. A request without it takes its turn.",
            examples &["X-User"])
        .required()],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// What needs nothing said about it.
const WORDS: [(&str, Sticky); 1] = [("cookie", Sticky::Cookie)];

impl Shape for Stickiness {
    type Value = Sticky;

    const EXAMPLES: &'static [&'static str] = &["cookie", "{ header: X-User }"];

    fn wanted() -> String {
        "`cookie` or a map with `header`".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        let words = WORDS.map(|(name, _)| name);
        json!({ "anyOf": [{ "enum": words }, Keys::<StickyKeys>::schema(defs)] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Sticky> {
        match &node.kind {
            Kind::Map(_) => {
                let draft = Keys::<StickyKeys>::decode(node, reader)?;
                draft.header.good().cloned().map(Sticky::Header)
            }
            Kind::Scalar(_) => choose(node, &WORDS, reader),
            Kind::List(_) => {
                reader.wrong_kind(node, &Self::wanted());
                None
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TrafficDraft {
    pub(crate) candidate_for: Found<Vec<At<FitsDraft>>>,
    pub(crate) limits: Found<LimitsDraft>,
    pub(crate) timeouts: Found<TimeoutsDraft>,
    pub(crate) eject: Found<EjectDraft>,
    pub(crate) retries: Found<RetriesDraft>,
    pub(crate) mirror: Found<MirrorDraft>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct FitsDraft {
    pub(crate) headers: Found<Entries<Token, String>>,
    pub(crate) cookies: Found<Entries<Token, String>>,
    pub(crate) methods: Found<Vec<At<Token>>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LimitsDraft {
    pub(crate) in_flight: Found<u16>,
    pub(crate) body: Found<u64>,
    pub(crate) head: Found<u64>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct EjectDraft {
    after: Found<u16>,
    within: Found<Millis>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct MirrorDraft {
    to: Found<SocketAddr>,
    share: Found<Percent>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct RetriesDraft {
    at_most: Found<u16>,
    budget: Found<Percent>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TimeoutsDraft {
    pub(crate) connect: Found<Millis>,
    pub(crate) answer: Found<Millis>,
    pub(crate) silence: Found<Millis>,
    pub(crate) upload: Found<Millis>,
    pub(crate) download: Found<Millis>,
}

impl TrafficDraft {
    /// What it comes to; who keeps visitors where they are is said beside it.
    pub(crate) fn policy(&self) -> Traffic {
        let fits = self.candidate_for.good().into_iter().flatten();
        Traffic {
            sticky: None,
            candidate_for: fits.map(|at| at.value.kind()).collect(),
            limits: self
                .limits
                .good()
                .map(LimitsDraft::limits)
                .unwrap_or_default(),
            timeouts: self
                .timeouts
                .good()
                .map(TimeoutsDraft::timeouts)
                .unwrap_or_default(),
            eject: self.eject.good().map(EjectDraft::eject).unwrap_or_default(),
            retries: self.retries.good().map(RetriesDraft::retries),
            mirror: self.mirror.good().and_then(MirrorDraft::mirror),
            maintenance: Maintenance::default(),
        }
    }
}

impl MirrorDraft {
    /// None without a good address.
    fn mirror(&self) -> Option<Mirror> {
        Some(Mirror {
            to: *self.to.good()?,
            share: self.share.good().copied().unwrap_or(Percent::FULL),
        })
    }
}

impl EjectDraft {
    fn eject(&self) -> Eject {
        Eject {
            after: self.after.good().copied(),
            within: self.within.good().copied(),
        }
    }
}

impl RetriesDraft {
    fn retries(&self) -> Retries {
        let usual = Retries::default();
        Retries {
            at_most: self.at_most.good().copied().unwrap_or(usual.at_most),
            budget: self.budget.good().copied().unwrap_or(usual.budget),
        }
    }
}

impl FitsDraft {
    fn kind(&self) -> Fits {
        let named = |entries: &Found<Entries<Token, String>>| {
            let entries = entries.good().into_iter().flatten();
            entries
                .map(|(name, value)| (name.value.clone(), value.value.clone()))
                .collect()
        };
        let methods = self.methods.good().into_iter().flatten();
        Fits {
            methods: methods.map(|at| at.value.clone()).collect(),
            headers: named(&self.headers),
            cookies: named(&self.cookies),
        }
    }
}

impl LimitsDraft {
    fn limits(&self) -> RequestLimits {
        RequestLimits {
            in_flight: self.in_flight.good().copied(),
            body: self.body.good().copied(),
            head: self.head.good().copied(),
        }
    }
}

impl TimeoutsDraft {
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: self.connect.good().copied(),
            answer: self.answer.good().copied(),
            silence: self.silence.good().copied(),
            upload: self.upload.good().copied(),
            download: self.download.good().copied(),
        }
    }
}

type Named = MapOf<Token, FieldValue, 1, MAX_FITS>;

pub(crate) struct FitsKeys;

impl Keyed for FitsKeys {
    type Draft = FitsDraft;
    const TABLE: Table<FitsDraft> = Table {
        name: "candidate_for",
        noun: "an entry of `candidate_for`",
        fields: &[
            field!(FitsDraft: headers as "headers", Named,
                "Headers that a request must have, by name, with their whole values; \"*\" is any value.",
                examples &["{ X-Canary: yes }"]),
            field!(FitsDraft: cookies as "cookies", Named,
                "Cookies that it must have, likewise.",
                examples &["{ beta: \"*\" }"]),
            field!(FitsDraft: methods as "methods", ListOf<Method, 1, MAX_FITS>,
                "Methods of which it must have one.",
                examples &["[GET, HEAD]"]),
        ],
        rules: &[Rule::OneOf(&["headers", "cookies", "methods"])],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct LimitsKeys;

impl Keyed for LimitsKeys {
    type Draft = LimitsDraft;
    const TABLE: Table<LimitsDraft> = Table {
        name: "traffic_limits",
        noun: "`limits` of traffic",
        fields: &[
            field!(LimitsDraft: in_flight as "in_flight", Count<1, MAX_IN_FLIGHT>,
                "Requests and tunnels of the service at once; more are answered 503. Without it: as many as there are connections."),
            field!(LimitsDraft: body as "body", Size,
                "The largest body of a request; a larger one is answered 413. Without it: any."),
            field!(LimitsDraft: head as "head", Size,
                "The largest target and headers of a request together; larger ones are answered 431. Never more than 64K, nor than 100 headers.",
                examples &["8K"]),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&["memory"], "to `limits` of a process"),
        may_be_empty: false,
    };
}

pub(crate) struct TimeoutsKeys;

impl Keyed for TimeoutsKeys {
    type Draft = TimeoutsDraft;
    const TABLE: Table<TimeoutsDraft> = Table {
        name: "timeouts",
        noun: "`timeouts`",
        fields: &[
            field!(TimeoutsDraft: connect as "connect", SomeTime,
                "How long an instance may take to accept a connection; then another one is tried.", default "2s"),
            field!(TimeoutsDraft: answer as "answer", SomeTime,
                "How long an instance may take to begin its answer, from the last byte of the request.", default "1m"),
            field!(TimeoutsDraft: silence as "silence", SomeTime,
                "How long an instance may say nothing inside an answer; in a WebSocket or another tunnel, both sides.", default "1h"),
            field!(TimeoutsDraft: upload as "upload", SomeTime,
                "How long a client may pause inside its request's body; then it is answered 408.", default "1m"),
            field!(TimeoutsDraft: download as "download", SomeTime,
                "How long a client may take nothing of its answer; then the answer breaks off.", default "1m"),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct EjectKeys;

impl Keyed for EjectKeys {
    type Draft = EjectDraft;
    const TABLE: Table<EjectDraft> = Table {
        name: "eject",
        noun: "`eject`",
        fields: &[
            field!(EjectDraft: after as "after", Count<1, MAX_IN_A_ROW>,
                "How often in a row an instance may fail.", default "5"),
            field!(EjectDraft: within as "for", SomeTime,
                "How long it is left alone then; after that one more failure is enough.", default "10s"),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct RetriesKeys;

impl Keyed for RetriesKeys {
    type Draft = RetriesDraft;
    const TABLE: Table<RetriesDraft> = Table {
        name: "retries",
        noun: "`retries`",
        fields: &[
            field!(RetriesDraft: at_most as "at_most", Count<1, MAX_RETRIES>,
                "How often one request is sent again.", default "1"),
            field!(RetriesDraft: budget as "budget", Share,
                "How many of all requests may be sent again, beside ten.", default "20%"),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: true,
    };
}

pub(crate) struct MirrorKeys;

impl Keyed for MirrorKeys {
    type Draft = MirrorDraft;
    const TABLE: Table<MirrorDraft> = Table {
        name: "mirror",
        noun: "`mirror`",
        fields: &[
            field!(MirrorDraft: to as "to", Address,
                "Who gets the copies: an address where HTTP/1.1 is spoken.",
                examples &["127.0.0.1:9000"])
            .required(),
            field!(MirrorDraft: share as "share", Share,
                "The share of these requests that is copied.", default "100%"),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct TrafficKeys;

impl Keyed for TrafficKeys {
    type Draft = TrafficDraft;
    const TABLE: Table<TrafficDraft> = Table {
        name: "traffic",
        noun: "`traffic`",
        fields: &[
            field!(TrafficDraft: candidate_for as "candidate_for", ListOf<Keys<FitsKeys>, 1, MAX_FITS>,
                "Whose requests go to the candidate whatever its share, as soon as it has one: those that one entry fits in all that it names.",
                examples &["[{ headers: { X-Canary: yes } }]"]),
            field!(TrafficDraft: limits as "limits", Keys<LimitsKeys>,
                "How much is taken of its clients."),
            field!(TrafficDraft: timeouts as "timeouts", Keys<TimeoutsKeys>,
                "How long its instances may take."),
            field!(TrafficDraft: eject as "eject", Keys<EjectKeys>,
                "When an instance is left alone that can't be connected to, breaks off or does not answer in time; never more than half of them."),
            field!(TrafficDraft: retries as "retries", Keys<RetriesKeys>,
                "Sends requests again that change nothing when they come twice (GET, HEAD, OPTIONS, PUT, DELETE without a body), if an instance broke off or answered 502, 503 or 504. Without it: only what an instance has not had.",
                examples &["{ at_most: 1, budget: 20% }"]),
            field!(TrafficDraft: mirror as "mirror", Keys<MirrorKeys>,
                "Sends copies of requests without a body (GET, HEAD, OPTIONS) to somebody who looks on; nobody waits for the answers.",
                examples &["{ to: \"127.0.0.1:9000\", share: 10% }"]),
        ],
        rules: &[],
        later: &[],
        elsewhere: (
            &["sticky", "listen", "strategy", "drain"],
            "to the service, beside `traffic`",
        ),
        may_be_empty: false,
    };
}
