//! Problem documents (RFC 9457).

use serde::{Deserialize, Serialize};

use crate::Exit;

/// Why a request was not carried out; travels as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What kind of problem it is: `urn:windlass:error:` and the code.
    #[serde(rename = "type", default)]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: Box<str>,
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: Code,
    /// What failed, in one sentence.
    pub title: String,
    /// What was seen: lines for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How a command that meets this ends.
    pub exit: Exit,
}

/// A stable code such as `WL0301`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Code(pub String);

impl Problem {
    /// A problem without detail and hint.
    pub fn new(status: u16, code: &str, exit: Exit, title: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:windlass:error:{code}").into(),
            status,
            code: Code(code.to_owned()),
            title: title.into(),
            detail: None,
            hint: None,
            exit,
        }
    }

    /// The same with lines for a person.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_travels_without_what_it_does_not_have() {
        let bare = Problem::new(409, "WL0304", Exit::Refused, "held");
        let text = serde_json::to_string(&bare).expect("plain data");
        assert_eq!(
            text,
            r#"{"type":"urn:windlass:error:WL0304","status":409,"code":"WL0304","title":"held","exit":"refused"}"#
        );
        let back: Problem = serde_json::from_str(&text).expect("the same problem");
        assert_eq!(back, bare);
        let told = bare.detail("by dep_1").hint("wait");
        let text = serde_json::to_string(&told).expect("plain data");
        assert!(
            text.contains(r#""detail":"by dep_1","hint":"wait""#),
            "{text}"
        );
    }
}
