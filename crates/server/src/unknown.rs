//! What a request has and no request of its kind may have: a word that was misspelt, or one of a newer client.

use axum::http::HeaderMap;
use windlass_api::{Exit, Problem, VERSION_HEADER};
use windlass_model::nearest;

use crate::answer::Refused;

/// Longest name that is repeated, in characters.
const NAME_MAX: usize = 64;

/// One name that is not known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown<'t> {
    /// What has it: `the body` or `the query`.
    pub(crate) place: &'static str,
    pub(crate) name: &'t str,
    /// What could stand there.
    pub(crate) known: Vec<&'t str>,
}

impl<'t> Unknown<'t> {
    /// What serde says of a field that is not known: it stops at the first, and tells it in a sentence only.
    pub(crate) fn in_body(said: &'t str) -> Option<Self> {
        let rest = said.strip_prefix("unknown field `")?;
        let (name, known) = rest
            .rsplit_once("`, expected ")
            .or_else(|| rest.rsplit_once("`, there are no fields"))?;
        Some(Self {
            place: "the body",
            name,
            known: known.split('`').skip(1).step_by(2).collect(),
        })
    }

    /// As a refusal. Whoever says its version is a client of ours, which misspells nothing.
    pub(crate) fn refused(&self, headers: &HeaderMap, ours: &str) -> Refused {
        let theirs = headers
            .get(VERSION_HEADER)
            .and_then(|value| value.to_str().ok());
        let shown: String = self.name.chars().take(NAME_MAX).collect();
        let known = match self.known.as_slice() {
            [] => "it takes none".to_owned(),
            known => format!("known there: {}", known.join(", ")),
        };
        let detail = format!("{} has `{shown}`; {known}", self.place);
        let title = "the request has something that is not known here";
        let refused = |exit| Problem::new(400, "WL0490", exit, title).detail(&detail);
        let problem = if let Some(theirs) = theirs {
            refused(Exit::Unreachable).hint(format!(
                "the client, Windlass {theirs}, knows more than the controller, Windlass {ours}: do without it, or \
                 replace the controller by the client's binary: windlass serve --replace"
            ))
        } else if let Some(meant) = nearest(self.name, self.known.iter().copied()) {
            refused(Exit::Usage).hint(format!("did you mean `{meant}`?"))
        } else {
            refused(Exit::Usage)
        };
        problem.into()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// What is said of a field `x` in the place of a type that has none of that name.
    fn said<T: for<'d> Deserialize<'d> + std::fmt::Debug>(text: &str) -> String {
        serde_json::from_str::<T>(text).unwrap_err().to_string()
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "they are named only")]
    struct One {
        a: Option<u8>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "they are named only")]
    struct Two {
        a: Option<u8>,
        b: Option<u8>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "they are named only")]
    struct Three {
        a: Option<u8>,
        b: Option<u8>,
        c: Option<Two>,
    }

    #[test]
    fn the_name_and_what_is_known_are_read_from_what_serde_says() {
        let none: [&str; 0] = [];
        for (said, known) in [
            (said::<Nothing>(r#"{"x":1}"#), &none[..]),
            (said::<One>(r#"{"x":1}"#), &["a"]),
            (said::<Two>(r#"{"x":1}"#), &["a", "b"]),
            (said::<Three>(r#"{"x":1}"#), &["a", "b", "c"]),
            (said::<Three>(r#"{"c":{"x":1}}"#), &["a", "b"]),
        ] {
            let unknown = Unknown::in_body(&said).expect("it is one");
            assert_eq!((unknown.name, unknown.known.as_slice()), ("x", known));
        }
        let odd = said::<One>(r#"{"`, expected one of `b":1}"#);
        let unknown = Unknown::in_body(&odd).expect("it is one");
        assert_eq!(unknown.known, ["a"], "{odd}");
        assert_eq!(Unknown::in_body(&said::<One>(r#"{"a":"x"}"#)), None);
    }
}
