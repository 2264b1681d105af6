//! Why the controller could not be asked.

use std::path::PathBuf;

use windlass_api::{Exit, Problem};

use crate::RemoteError;

/// What a controller answers that ends.
const ENDING: &str = "WL0301";

/// Why a state directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// Nothing says where state belongs.
    #[error("neither --state-dir, XDG_STATE_HOME nor HOME says where to keep state")]
    Nowhere,
    /// A path could not be made absolute.
    #[error("{path} can't be made absolute")]
    Absolute {
        /// As it was given.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No place short enough for a Unix socket.
    #[error("{path} is too long for a Unix socket")]
    TooLong {
        /// The shortest that was found.
        path: PathBuf,
    },
    /// A folder could not be made or looked at.
    #[error("the folder {path} can't be made")]
    Make {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A folder is not private.
    #[error("the folder {path} is not safe to use: {why}")]
    NotPrivate {
        /// Which.
        path: PathBuf,
        /// What was seen.
        why: Unsafe,
    },
}

/// What makes a folder unsafe to keep state in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// A file or a link.
    #[error("it is not a folder")]
    NoFolder,
    /// Another user's; holds which.
    #[error("it belongs to user {0}")]
    Anothers(u32),
    /// Others may write in it or look into it; holds its permissions.
    #[error("its mode is {0:03o}")]
    Open(u32),
}

/// Why a request got no answer, or a bad one.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The state directory can't be used.
    #[error(transparent)]
    Paths(#[from] PathsError),
    /// No controller runs on this state directory.
    #[error("no controller runs")]
    NotRunning,
    /// The controller is stopped by a signal and holds the lock.
    #[error("the controller (pid {pid}) is stopped and does not answer")]
    Stopped {
        /// Its process.
        pid: u32,
    },
    /// The controller has the lock but gave no answer in time.
    #[error("the controller{} did not answer within {seconds}s", of(*pid))]
    Silent {
        /// Its process, where known.
        pid: Option<u32>,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A new controller ended before it answered.
    #[error("the controller ended at its start ({status})")]
    EndedEarly {
        /// How, for a person.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// A new controller could not be started.
    #[error("the controller can't be started")]
    Start {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The controller speaks another version of the API.
    #[error(
        "the controller is Windlass {theirs} (API {their_api}); this command speaks API {our_api}"
    )]
    OtherVersion {
        /// Version of the controller's binary.
        theirs: String,
        /// Its API.
        their_api: u32,
        /// Ours.
        our_api: u32,
    },
    /// The socket could not be used.
    #[error("the controller's socket {path} can't be used")]
    Connect {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection to the controller broke")]
    Broken {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is not of the expected shape.
    #[error("the controller's answer can't be read: {what}")]
    Malformed {
        /// What was found.
        what: String,
    },
    /// A controller elsewhere can't be reached.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The controller refused.
    #[error("{}", .0.title)]
    Refused(Box<Problem>),
}

fn of(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

impl ClientError {
    /// How a command that meets this ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused(problem) => problem.exit,
            Self::Remote(remote) => remote.exit(),
            Self::Malformed { .. } => Exit::Bug,
            Self::Paths(_) => Exit::Configuration,
            Self::NotRunning
            | Self::Stopped { .. }
            | Self::Silent { .. }
            | Self::EndedEarly { .. }
            | Self::Start { .. }
            | Self::OtherVersion { .. }
            | Self::Connect { .. }
            | Self::Broken { .. } => Exit::Unreachable,
        }
    }

    /// Whether asking again may help because the controller died or is being started.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::NotRunning
            | Self::Silent { .. }
            | Self::EndedEarly { .. }
            | Self::Connect { .. }
            | Self::Broken { .. } => true,
            Self::Remote(remote) => remote.passes(),
            Self::Refused(problem) => matches!(problem.exit, Exit::Unreachable),
            Self::Paths(_)
            | Self::Stopped { .. }
            | Self::Start { .. }
            | Self::OtherVersion { .. }
            | Self::Malformed { .. } => false,
        }
    }

    /// Whether whoever was asked has died or is ending: another one may answer. Of one that was taken down
    /// on purpose the refusal says so, and nobody starts it again for that.
    pub fn is_death(&self) -> bool {
        match self {
            Self::NotRunning | Self::Broken { .. } => true,
            Self::Remote(remote) => remote.is_death(),
            Self::Refused(problem) => problem.code.0 == ENDING,
            Self::Paths(_)
            | Self::Stopped { .. }
            | Self::Silent { .. }
            | Self::EndedEarly { .. }
            | Self::Start { .. }
            | Self::OtherVersion { .. }
            | Self::Connect { .. }
            | Self::Malformed { .. } => false,
        }
    }

    /// Whether the connection was cut after it stood, so that nobody knows whether the request arrived.
    pub(crate) fn is_cut(&self) -> bool {
        matches!(
            self,
            Self::Broken { .. } | Self::Remote(RemoteError::NoAnswer { .. })
        )
    }

    pub(crate) fn broken(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Broken {
            source: Box::new(source),
        }
    }
}
