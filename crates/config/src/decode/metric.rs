//! `metrics`: numbers that somebody else measures.

use serde_json::{Value, json};
use windlass_model::{
    InvalidUrl, METRIC_NAME_LONGEST, MetricQuery, Millis, PrometheusUrl, Template,
};

use super::access::{BasicDraft, BasicKeys, FromTheRoot, SecretDraft, SecretKeys};
use super::collection::{Entries, MapOf};
use super::number::SomeTime;
use super::place::places;
use crate::field::{Defs, Found, Keyed, Keys, Rule, Shape, Table, field};
use crate::limit::{MAX_METRICS, MAX_WORD_BYTES};
use crate::problem::{ADDRESS, EMPTY_VALUE, NAME, PLACE, TOO_LONG};
use crate::reader::{Reader, shown};
use crate::tree::Node;

#[derive(Clone, Debug, Default)]
pub(crate) struct MetricDraft {
    pub(crate) prometheus: Found<PrometheusUrl>,
    pub(crate) token: Found<SecretDraft>,
    pub(crate) basic: Found<BasicDraft>,
    pub(crate) ca: Found<String>,
    pub(crate) query: Found<Template>,
    pub(crate) every: Found<Millis>,
}

pub(crate) type MetricsDraft = Entries<String, MetricDraft>;

/// Metrics by name.
pub(crate) type Metrics = MapOf<MetricName, Keys<MetricKeys>, 1, MAX_METRICS>;

/// A name as a trigger writes it.
pub(crate) struct MetricName;

impl Shape for MetricName {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = &["auth_failure_rate"];

    fn wanted() -> String {
        "the name of a metric".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let rest = METRIC_NAME_LONGEST - 1;
        json!({ "type": "string", "pattern": format!("^[A-Za-z][A-Za-z0-9_.-]{{0,{rest}}}$") })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if starts && text.len() <= METRIC_NAME_LONGEST && text.chars().all(goes_on) {
            return Some(text.to_owned());
        }
        let message = format!("`{}` is no name of a metric", shown(text));
        let hint = format!(
            "a letter, then letters, digits, `_`, `.` and `-`, {METRIC_NAME_LONGEST} in all at most"
        );
        reader.refuse_for(NAME, node.span, message, hint);
        None
    }
}

pub(crate) struct MetricKeys;

impl Keyed for MetricKeys {
    type Draft = MetricDraft;
    const TABLE: Table<MetricDraft> = Table {
        name: "metric",
        noun: "a metric",
        fields: &[
            field!(MetricDraft: prometheus as "prometheus", PrometheusUrl,
                "Where the Prometheus answers, or what speaks its query API.")
            .required(),
            field!(MetricDraft: token as "token", Keys<SecretKeys>,
                "Where the token is that shows who asks; it has no place in the file.",
                examples &["{ file: /etc/windlass/prometheus.token }"]),
            field!(MetricDraft: basic as "basic", Keys<BasicKeys>,
                "User and password that show who asks.",
                examples &["{ user: windlass, password: { env: PROMETHEUS_PASSWORD } }"]),
            field!(MetricDraft: ca as "ca", FromTheRoot,
                "A PEM file on the controller's machine: certificates that lead to it are trusted, and no others. Without it those that the machine trusts.",
                examples &["/etc/windlass/ca.pem"]),
            field!(MetricDraft: query as "query", Query,
                "A query in PromQL whose answer is one number. ${VERSION} is the version that is judged; ${SERVICE}, ${APP} and ${ENVIRONMENT} are whose it is.")
            .required(),
            field!(MetricDraft: every as "every", SomeTime,
                "Time between two questions.", default "10s"),
        ],
        rules: &[Rule::NotBoth(
            "token",
            "basic",
            "who asks is shown in one way: keep one of the two",
        )],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

impl Shape for PrometheusUrl {
    type Value = Self;

    const EXAMPLES: &'static [&'static str] = &["http://127.0.0.1:9090"];

    fn wanted() -> String {
        "the address of a Prometheus, such as http://127.0.0.1:9090".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let host = "([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])";
        let pattern = format!("^https?://{host}(:[0-9]{{1,5}})?(/[A-Za-z0-9._~%/-]*)?$");
        json!({ "type": "string", "pattern": pattern, "maxLength": Self::LONGEST })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &<Self as Shape>::wanted())?;
        match Self::new(text) {
            Ok(url) => Some(url),
            Err(why) => {
                let message = match why {
                    // Whatever stands before the `@` is not repeated.
                    InvalidUrl::Secret => "this address holds a name or password".to_owned(),
                    InvalidUrl::Malformed => {
                        format!("`{}` is no address of a Prometheus", shown(text))
                    }
                };
                reader.refuse_for(ADDRESS, node.span, message, why.to_string());
                None
            }
        }
    }
}

/// A query with places for values.
pub(crate) struct Query;

impl Shape for Query {
    type Value = Template;

    const EXAMPLES: &'static [&'static str] =
        &["\"sum(rate(login_failures_total{version='${VERSION}'}[1m]))\""];

    fn wanted() -> String {
        "a query in PromQL".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let names = MetricQuery::NAMES.join("|");
        let pattern = format!("^([^$]|\\$\\$|\\$\\{{({names})\\}})*$");
        json!({ "type": "string", "pattern": pattern, "minLength": 1 })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Template> {
        let text = reader.text(node, &Self::wanted())?;
        if text.is_empty() {
            reader.refuse(EMPTY_VALUE, node.span, "the query is empty");
            return None;
        }
        if text.len() > MAX_WORD_BYTES {
            let message = format!("{} bytes; at most {MAX_WORD_BYTES}", text.len());
            reader.refuse(TOO_LONG, node.span, message);
            return None;
        }
        let query = places(node, text, reader)?;
        // It is asked long after the file was read: it knows no variables.
        let names = query.names();
        let unknown = names.iter().find(|name| !MetricQuery::NAMES.contains(name));
        if let Some(unknown) = unknown {
            let message = format!("a query has no place for `${{{unknown}}}`");
            let hint =
                "it knows ${VERSION}, ${SERVICE}, ${APP} and ${ENVIRONMENT}; a dollar sign is $$";
            reader.refuse_for(PLACE, node.span, message, hint);
            return None;
        }
        Some(query)
    }
}
