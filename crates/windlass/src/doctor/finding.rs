//! One thing that was looked at.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// Works, and needs a look.
    Warning,
    /// Something can't go on until it is mended.
    Broken,
}

/// What was looked at, what was seen, and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What was looked at: a word or two that stay the same.
    pub(crate) check: &'static str,
    pub(crate) level: Level,
    pub(crate) saw: String,
    /// What it printed last, where something that ended is why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) printed: Vec<String>,
    /// What to do; always there when it is not as it should be.
    pub(crate) fix: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, saw: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            saw: saw.into(),
            printed: Vec::new(),
            fix: None,
        }
    }

    pub(super) fn warning(
        check: &'static str,
        saw: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            check,
            level: Level::Warning,
            saw: saw.into(),
            printed: Vec::new(),
            fix: Some(fix.into()),
        }
    }

    pub(super) fn broken(
        check: &'static str,
        saw: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Broken,
            ..Self::warning(check, saw, fix)
        }
    }

    /// With what was printed.
    pub(super) fn printed(self, printed: Vec<String>) -> Self {
        Self { printed, ..self }
    }
}
