//! Why a controller elsewhere can't be reached.

use std::io;
use std::path::PathBuf;

use windlass_api::Exit;

/// What is wrong with a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// Nobody who is trusted has signed it.
    Unknown,
    /// It is not of the name that was asked for.
    Name,
    /// Its time is over, or has not begun.
    Time,
    /// It is of an authority, and not of a server.
    Authority,
    /// What else rustls says of it.
    Other(String),
}

impl std::fmt::Display for Distrust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "nobody who is trusted here has signed it",
            Self::Name => "it is of another name",
            Self::Time => "it has expired, or is not valid yet; or a clock is wrong",
            Self::Authority => "it is of an authority, not of a server",
            Self::Other(why) => why,
        })
    }
}

/// Why a controller elsewhere can't be reached.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The address is no URL of a server.
    #[error("{text} is not the address of a server: {why}")]
    Address {
        /// As it was given, without what may be a secret.
        text: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The token can't be one.
    #[error("the token has characters that no token has")]
    Token,
    /// A token would pass in the clear.
    #[error("{url} is not encrypted, so a token is not sent to it")]
    Clear {
        /// Where to.
        url: String,
    },
    /// The file of trusted certificates can't be used.
    #[error("{path} can't be used as the certificates that are trusted: {why}")]
    Ca {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// TLS can't be set up here.
    #[error("TLS can't be used: {why}")]
    Setup {
        /// Why.
        why: String,
    },
    /// The name has no address.
    #[error("there is no machine named {host}")]
    NoSuchHost {
        /// The name.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No connection.
    #[error("{url} can't be reached")]
    Unreachable {
        /// Where to.
        url: String,
        /// Why, of the address that was tried last.
        #[source]
        source: io::Error,
    },
    /// No answer in time.
    #[error("{url} did not answer within {seconds}s")]
    Silent {
        /// Who.
        url: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The connection ended without an answer.
    #[error("{url} closed the connection without an answer")]
    NoAnswer {
        /// Who.
        url: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is no HTTP.
    #[error("{url} does not answer in HTTP")]
    NotHttp {
        /// Who.
        url: String,
    },
    /// The answer is no TLS.
    #[error("{url} does not speak TLS")]
    NotTls {
        /// Who.
        url: String,
    },
    /// The server is not who it should be.
    #[error("the certificate of {url} is not trusted: {why}")]
    Distrusted {
        /// Whose.
        url: String,
        /// What is wrong with it.
        why: Distrust,
    },
    /// Both sides speak TLS and do not agree.
    #[error("no TLS connection to {url}")]
    Tls {
        /// Where to.
        url: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something else answers.
    #[error("{url} is answered by something that is no controller (HTTP {status}, {kind})")]
    NotWindlass {
        /// Who.
        url: String,
        /// Its status.
        status: u16,
        /// What it sent.
        kind: String,
    },
}

/// Statuses of a proxy whose controller is away.
const GATEWAY: std::ops::RangeInclusive<u16> = 502..=504;

impl RemoteError {
    /// How a command that meets this ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Address { .. } | Self::Token | Self::Clear { .. } | Self::Ca { .. } => {
                Exit::Usage
            }
            Self::Setup { .. }
            | Self::NoSuchHost { .. }
            | Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::NoAnswer { .. }
            | Self::NotHttp { .. }
            | Self::NotTls { .. }
            | Self::Distrusted { .. }
            | Self::Tls { .. }
            | Self::NotWindlass { .. } => Exit::Unreachable,
        }
    }

    /// Whether a proxy says that what it stands for is away.
    pub fn is_gateway(&self) -> bool {
        matches!(self, Self::NotWindlass { status, .. } if GATEWAY.contains(status))
    }

    /// Whether it can't be reached any more, itself or behind its proxy.
    pub(crate) fn is_death(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoAnswer { .. } => true,
            Self::NotWindlass { .. } => self.is_gateway(),
            Self::NoSuchHost { .. }
            | Self::Silent { .. }
            | Self::Address { .. }
            | Self::Token
            | Self::Clear { .. }
            | Self::Ca { .. }
            | Self::Setup { .. }
            | Self::NotHttp { .. }
            | Self::NotTls { .. }
            | Self::Distrusted { .. }
            | Self::Tls { .. } => false,
        }
    }

    /// Whether asking again may help.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::NoSuchHost { .. }
            | Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::NoAnswer { .. } => true,
            Self::NotWindlass { .. } => self.is_gateway(),
            Self::Address { .. }
            | Self::Token
            | Self::Clear { .. }
            | Self::Ca { .. }
            | Self::Setup { .. }
            | Self::NotHttp { .. }
            | Self::NotTls { .. }
            | Self::Distrusted { .. }
            | Self::Tls { .. } => false,
        }
    }
}
