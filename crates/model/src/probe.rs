//! Health questions.

use serde::{Deserialize, Serialize};

use crate::{Millis, Speaks};

/// One health question, and how often and how patiently it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Probe {
    /// What is asked.
    pub kind: ProbeKind,
    /// Time between two questions.
    pub every: Millis,
    /// Longest wait for one answer.
    pub timeout: Millis,
    /// Good answers in a row that make an instance ready.
    pub rise: u16,
    /// Bad answers in a row that make a ready instance unready.
    pub fall: u16,
    /// Work time within which a new instance must become ready.
    pub within: Millis,
}

/// What a probe asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// A GET that must be answered with 2xx or 3xx.
    Http {
        /// Path and query, starting with a slash.
        path: String,
        /// What it is asked in.
        #[serde(default, skip_serializing_if = "Speaks::is_usual")]
        speaks: Speaks,
    },
    /// A connection that must be accepted.
    Tcp,
    /// The process must have lived this long.
    Alive {
        /// How long.
        at_least: Millis,
    },
    /// The run of a command must have ended well.
    Command {
        /// Whether its `status` must say besides that the version is live.
        status: bool,
    },
}

impl ProbeKind {
    /// What is asked, in a few words: `GET /health/ready`, `a TCP connection`. HTTP/2 is named, because
    /// whoever answers well with a usual client may not speak it.
    pub fn asks(&self) -> String {
        match self {
            Self::Http { path, speaks } => match speaks {
                Speaks::Http1 => format!("GET {path}"),
                Speaks::Http2 => format!("GET {path} in HTTP/2"),
            },
            Self::Tcp => "a TCP connection".to_owned(),
            Self::Alive { at_least } => format!("alive for {at_least}"),
            Self::Command { status: false } => "the end of its command".to_owned(),
            Self::Command { status: true } => "the end of its command and `status`".to_owned(),
        }
    }
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Probed {
    /// Good.
    Ready,
    /// Bad; holds what was seen, for a person: `HTTP 503: no database`, `connection
    /// refused`, `no answer in 2s`. What stands behind the first `: ` is the instance's own word.
    Unready {
        /// What was seen.
        saw: String,
    },
}

impl Probe {
    /// Whether the instance itself answers it.
    pub const fn asks_the_instance(&self) -> bool {
        match self.kind {
            ProbeKind::Http { .. } | ProbeKind::Tcp => true,
            ProbeKind::Alive { .. } | ProbeKind::Command { .. } => false,
        }
    }

    /// A question at this path whose answer says more, as often as it is asked where the file says
    /// nothing.
    pub fn detailed(path: String, speaks: Speaks) -> Self {
        Self {
            kind: ProbeKind::Http { path, speaks },
            every: Millis::from_secs(10),
            ..Self::default()
        }
    }
}

impl Default for Probe {
    /// A TCP connect every second: what a service with `listen` gets without `ready`.
    fn default() -> Self {
        Self {
            kind: ProbeKind::Tcp,
            every: Millis::from_secs(1),
            timeout: Millis::from_secs(2),
            rise: 2,
            fall: 3,
            within: Millis::from_secs(60),
        }
    }
}
