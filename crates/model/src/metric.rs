//! Numbers that somebody else measures.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Millis, Template};

/// A metric: where it is asked for, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetricQuery {
    /// The Prometheus, or what speaks its query API.
    pub prometheus: PrometheusUrl,
    /// How it is shown who asks, and whom to trust.
    #[serde(default, skip_serializing_if = "Access::is_open")]
    pub access: Access,
    /// A query in PromQL whose answer is one number. It may have places for the names in
    /// [`MetricQuery::NAMES`].
    pub query: Template,
    /// Time between two questions.
    pub every: Millis,
}

/// How a source of metrics is spoken to where not everybody may. What is secret is named here and never held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Access {
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Who>,
    /// A PEM file on the controller's machine: certificates that lead to it are trusted, and no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Whoever has this token.
    Bearer(Secret),
    /// This user.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// Where the controller finds what is secret, each time that it asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// In a file on its machine, from the root on.
    File(String),
    /// In a variable of its own environment.
    Env(String),
}

impl Access {
    /// Whether everybody may ask.
    pub const fn is_open(&self) -> bool {
        self.who.is_none() && self.ca.is_none()
    }
}

impl MetricQuery {
    /// What a query may have places for: the candidate's version, and whose it is.
    pub const NAMES: [&str; 4] = ["VERSION", "SERVICE", "APP", "ENVIRONMENT"];

    /// Time between two questions where the file says nothing: Prometheus scrapes every 15 s by
    /// custom, and more often asked the same is answered.
    pub const EVERY: Millis = Millis::from_secs(10);
}

/// Where a Prometheus answers: `http://HOST[:PORT][/PREFIX]` or the same with `https`, without a slash at
/// its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrometheusUrl(String);

/// A text that is no [`PrometheusUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidUrl {
    /// It has something before an `@`: a password has no place in a file.
    Secret,
    /// Anything else.
    Malformed,
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Secret => "a name or password has no place in it: write `basic` beside it",
            Self::Malformed => "write http://HOST:PORT, as in http://127.0.0.1:9090",
        })
    }
}

impl std::error::Error for InvalidUrl {}

/// How the address of one that is asked by TLS begins.
const SECURE: &str = "https://";

/// How an address may begin.
const SCHEMES: [&str; 2] = ["http://", SECURE];

impl PrometheusUrl {
    /// Longest one, in bytes.
    pub const LONGEST: usize = 512;

    /// Reads one; a slash at its end is dropped.
    ///
    /// # Errors
    /// [`InvalidUrl`] says what is wrong with it.
    pub fn new(text: &str) -> Result<Self, InvalidUrl> {
        let of = |scheme: &'static str| Some((scheme, text.strip_prefix(scheme)?));
        let known = SCHEMES.into_iter().find_map(of);
        let (scheme, rest) = known.ok_or(InvalidUrl::Malformed)?;
        let rest = rest.trim_end_matches('/');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(InvalidUrl::Secret);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
            Some(_) | None => (authority, None),
        };
        let is_v6 = host.starts_with('[') && host.ends_with(']') && is_v6(host);
        let host_fits = is_v6 || (!host.is_empty() && host.chars().all(plain));
        let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        let path_fits = path
            .chars()
            .all(|c| plain(c) || matches!(c, '/' | '~' | '%'));
        let fits = host_fits && port_fits && path_fits && text.len() <= Self::LONGEST;
        fits.then(|| Self(format!("{scheme}{rest}")))
            .ok_or(InvalidUrl::Malformed)
    }

    /// As written, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is asked by TLS.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with(SECURE)
    }

    /// `HOST[:PORT]` and what paths begin with.
    pub fn parts(&self) -> (&str, &str) {
        let rest = self.0.split_once("://").map_or(&*self.0, |(_, rest)| rest);
        rest.split_at(rest.find('/').unwrap_or(rest.len()))
    }
}

fn is_v6(host: &str) -> bool {
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    inner.parse::<std::net::Ipv6Addr>().is_ok()
}

impl fmt::Display for PrometheusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for PrometheusUrl {
    type Error = InvalidUrl;

    fn try_from(text: String) -> Result<Self, InvalidUrl> {
        Self::new(&text)
    }
}

impl From<PrometheusUrl> for String {
    fn from(url: PrometheusUrl) -> Self {
        url.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_or_without_port_and_prefix() {
        for (text, kept, host, prefix) in [
            ("http://prom", "http://prom", "prom", ""),
            (
                "http://127.0.0.1:9090/",
                "http://127.0.0.1:9090",
                "127.0.0.1:9090",
                "",
            ),
            (
                "http://[::1]:9090/a/b",
                "http://[::1]:9090/a/b",
                "[::1]:9090",
                "/a/b",
            ),
            ("http://[::1]", "http://[::1]", "[::1]", ""),
            ("https://prom/a/", "https://prom/a", "prom", "/a"),
        ] {
            let url = PrometheusUrl::new(text).expect(text);
            assert_eq!(url.as_str(), kept);
            assert_eq!(url.parts(), (host, prefix), "{text}");
            assert_eq!(url.is_secure(), text.starts_with("https"), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, why) in [
            ("http://me:secret@prom", InvalidUrl::Secret),
            ("prom:9090", InvalidUrl::Malformed),
            ("http://", InvalidUrl::Malformed),
            ("http://prom:0", InvalidUrl::Malformed),
            ("http://prom:99999", InvalidUrl::Malformed),
            ("http://prom/?query=x", InvalidUrl::Malformed),
            ("http://pr om", InvalidUrl::Malformed),
            ("http://[::g]:1", InvalidUrl::Malformed),
        ] {
            assert_eq!(PrometheusUrl::new(text), Err(why), "{text}");
        }
    }
}
