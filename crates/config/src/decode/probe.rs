//! `probes`: the readiness question, and the one whose answer says more.

use serde_json::Value;
use windlass_model::Millis;

use super::choice::Yes;
use super::number::{Count, SomeTime};
use super::text::HttpPath;
use crate::field::{Defs, Found, Keyed, Keys, Rule, Shape, Table, field};
use crate::format::Format;
use crate::limit::MAX_IN_A_ROW;
use crate::problem::WRONG_KIND;
use crate::reader::{Reader, shown};
use crate::tree::{Core, Entry, Kind, Node};

#[derive(Clone, Debug, Default)]
pub(crate) struct ProbesDraft {
    pub(crate) ready: Found<ProbeDraft>,
    pub(crate) detailed: Found<DetailedDraft>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ProbeDraft {
    pub(crate) http: Found<String>,
    pub(crate) tcp: Found<()>,
    pub(crate) every: Found<Millis>,
    pub(crate) timeout: Found<Millis>,
    pub(crate) rise: Found<u16>,
    pub(crate) fall: Found<u16>,
    pub(crate) within: Found<Millis>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DetailedDraft {
    pub(crate) http: Found<String>,
    pub(crate) every: Found<Millis>,
    pub(crate) timeout: Found<Millis>,
}

pub(crate) struct Probes;

impl Keyed for Probes {
    type Draft = ProbesDraft;
    const TABLE: Table<ProbesDraft> = Table {
        name: "probes",
        noun: "`probes`",
        fields: &[
            field!(ProbesDraft: ready as "ready", Keys<ReadyProbe>,
                "Whether an instance can take requests. `ready: /path` beside it is short for `http`."),
            field!(ProbesDraft: detailed as "detailed", Keys<DetailedProbe>,
                "A question whose answer says how each part is that the service rests on. `probe detailed failing for 10s` is about all of it, and `probe database failing for 10s` about the part of that name. It makes nobody ready."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct DetailedProbe;

impl Keyed for DetailedProbe {
    type Draft = DetailedDraft;
    const TABLE: Table<DetailedDraft> = Table {
        name: "detailed",
        noun: "a detailed probe",
        fields: &[
            field!(DetailedDraft: http as "http", HttpPath,
                "Path of a GET that is answered with 2xx or 3xx, and with JSON that says nothing worse. Statuses such as `ok`, `UP`, `pass`, `fail` and `DOWN` are understood, in `status`, `checks`, `components` and the like.",
                examples &["/health/detailed"])
            .required(),
            field!(DetailedDraft: every as "every", SomeTime,
                "Time between two questions, while a candidate is watched.", default "10s"),
            field!(DetailedDraft: timeout as "timeout", SomeTime,
                "Longest wait for one answer.", default "2s"),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct ReadyProbe;

impl Keyed for ReadyProbe {
    type Draft = ProbeDraft;
    const TABLE: Table<ProbeDraft> = Table {
        name: "probe",
        noun: "a probe",
        fields: &[
            field!(ProbeDraft: http as "http", HttpPath,
                "Path of a GET that must be answered with 2xx or 3xx."),
            field!(ProbeDraft: tcp as "tcp", Yes,
                "A connection that must be accepted. What a service with `listen` gets without a probe."),
            field!(ProbeDraft: every as "every", SomeTime,
                "Time between two questions.", default "1s"),
            field!(ProbeDraft: timeout as "timeout", SomeTime,
                "Longest wait for one answer.", default "2s"),
            field!(ProbeDraft: rise as "rise", Count<1, MAX_IN_A_ROW>,
                "Good answers in a row that make an instance ready.", default "2"),
            field!(ProbeDraft: fall as "fall", Count<1, MAX_IN_A_ROW>,
                "Bad answers in a row that make it unready.", default "3"),
            field!(ProbeDraft: within as "within", SomeTime,
                "Time within which a new instance must become ready.", default "60s"),
        ],
        rules: &[Rule::NotBoth(
            "http",
            "tcp",
            "one probe asks one question: keep one of the two",
        )],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// The short form beside `probes`: its path. Whoever has more to say of the probe writes that there first, and is
/// told where it belongs.
pub(crate) struct ReadyPath;

impl Shape for ReadyPath {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = HttpPath::EXAMPLES;

    fn wanted() -> String {
        HttpPath::wanted()
    }

    fn schema(defs: &mut Defs) -> Value {
        HttpPath::schema(defs)
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        match &node.kind {
            Kind::Map(entries) => {
                let message = format!("expected {}, found a map", Self::wanted());
                let hint = format!("a probe is written so: `{}`", whole(entries, reader.format));
                reader.refuse_for(WRONG_KIND, node.span, message, hint);
                None
            }
            Kind::List(_) | Kind::Scalar(_) => HttpPath::decode(node, reader),
        }
    }
}

/// The same keys at their place, as far as a probe has them.
fn whole(entries: &[Entry], format: Format) -> String {
    let fields = ReadyProbe::TABLE.fields;
    let known = entries
        .iter()
        .filter(|entry| fields.iter().any(|field| field.name == entry.key));
    let keys = known.filter_map(|entry| {
        let Kind::Scalar(scalar) = &entry.value.kind else {
            return None;
        };
        let value = match scalar.core() {
            Core::Text => format.text(&shown(&scalar.text)),
            _ => shown(&scalar.text),
        };
        Some(format!("{} {value}", format.key(&entry.key)))
    });
    let mut keys: Vec<String> = keys.collect();
    if keys.is_empty() {
        keys.push(format!(
            "{} {}",
            format.key("http"),
            format.text("/health/ready")
        ));
    }
    let keys = keys.join(", ");
    let (probes, ready) = (format.key("probes"), format.key("ready"));
    format!("{probes} {{ {ready} {{ {keys} }} }}")
}
