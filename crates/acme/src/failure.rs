//! Why an order failed, in words for people.

use instant_acme::{Error, Problem};

use crate::limits::{REASON_CHARS, STEP_TIME};

/// How the names of an authority's refusals begin.
const ACME: &str = "urn:ietf:params:acme:error:";

/// Why an order failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Failure {
    /// In one line.
    reason: String,
    /// Whether the authority does not know the account.
    pub(crate) is_stranger: bool,
}

impl Failure {
    /// What this machine is to blame for.
    pub(crate) fn own(reason: impl Into<String>) -> Self {
        Self::of(&reason.into(), false)
    }

    /// An authority's refusal.
    pub(crate) fn refused(problem: &Problem) -> Self {
        let name = problem.r#type.as_deref().unwrap_or_default();
        let name = name.strip_prefix(ACME).unwrap_or(name);
        let detail = problem.detail.as_deref().unwrap_or("no reason is given");
        let mut reason = format!("the authority refused: {detail}");
        if !name.is_empty() {
            reason = format!("{reason} ({name})");
        }
        for part in &problem.subproblems {
            if let Some(detail) = &part.detail {
                reason = format!("{reason}; {detail}");
            }
        }
        Self::of(&reason, name == "accountDoesNotExist")
    }

    fn of(reason: &str, is_stranger: bool) -> Self {
        // What comes from outside is shown on terminals and kept on disk.
        let plain = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
        Self {
            reason: plain.take(REASON_CHARS).collect(),
            is_stranger,
        }
    }
}

impl From<Error> for Failure {
    fn from(why: Error) -> Self {
        match &why {
            Error::Api(problem) => Self::refused(problem),
            Error::Timeout(_) => {
                let time = STEP_TIME.as_secs();
                Self::own(format!("the authority was not done within {time}s"))
            }
            Error::Json(why) => Self::own(format!("the authority's answer is not ACME: {why}")),
            // Own words, with their cause.
            Error::Other(why) => match why.source() {
                Some(cause) => Self::own(format!("{why}: {cause}")),
                None => Self::own(why.to_string()),
            },
            _ => Self::own(why.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_authoritys_words_without_what_a_terminal_would_obey() {
        let problem = |detail: &str, name: &str| Problem {
            r#type: Some(format!("{ACME}{name}")),
            detail: Some(detail.to_owned()),
            status: None,
            subproblems: Vec::new(),
        };
        let limited = Failure::refused(&problem("too many\u{1b}[31m orders", "rateLimited"));
        assert_eq!(
            limited.to_string(),
            "the authority refused: too many [31m orders (rateLimited)"
        );
        assert!(!limited.is_stranger);
        let long = Failure::refused(&problem(&"x".repeat(5_000), "accountDoesNotExist"));
        assert!(long.is_stranger);
        assert_eq!(long.to_string().chars().count(), REASON_CHARS);
    }
}
