//! A controller elsewhere: its URL, who asks, and the connection to it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, StatusCode, Uri};
use rustix::net::sockopt;
use tokio::net::TcpStream;
use windlass_api::{API_HEADER, API_VERSION, VERSION_HEADER};

use crate::reach::Stream;
use crate::tls::Tls;
use crate::{ClientError, RemoteError};

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;

/// Longest wait for one of them.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Silence of a connection after which the kernel asks whether the other side is still there, and
/// between two such questions.
const ALIVE_EVERY: Duration = Duration::from_secs(10);

/// Such questions without an answer that end it.
const ALIVE_TRIES: u32 = 3;

/// A controller elsewhere.
#[derive(Clone, Debug)]
pub struct Remote {
    url: String,
    /// `host:port`, as a `Host` header has it.
    authority: String,
    host: String,
    port: u16,
    tls: Option<Tls>,
    authorization: Option<HeaderValue>,
}

impl Remote {
    /// The controller at `url` (`https://HOST[:PORT]`, or `http://` where nobody can listen in), asked
    /// with `token`. Of certificates, those that `ca` leads to are trusted; without it those that this
    /// machine trusts. Connects to nothing.
    ///
    /// # Errors
    /// A URL, token or file that can't be used; a token that would pass in the clear.
    pub fn new(url: &str, token: Option<&str>, ca: Option<&Path>) -> Result<Self, RemoteError> {
        let place = Place::read(url)?;
        let tls = if place.secure {
            Some(Tls::new(&place.host, ca)?)
        } else {
            None
        };
        let remote = Self {
            url: place.url(),
            authority: place.authority,
            host: place.host,
            port: place.port,
            tls,
            authorization: token.map(bearer).transpose()?,
        };
        if remote.is_in_the_clear() && !may_be_loopback(&remote.host) {
            return Err(remote.clear());
        }
        Ok(remote)
    }

    /// What may be repeated of the text of an address: what stands before an `@`, or behind a `?` or
    /// `#`, may be a secret.
    pub fn shown(text: &str) -> &str {
        let text = text.split(['?', '#']).next().unwrap_or_default();
        text.rsplit('@').next().unwrap_or_default()
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// Whether a token passes without TLS.
    fn is_in_the_clear(&self) -> bool {
        self.tls.is_none() && self.authorization.is_some()
    }

    fn clear(&self) -> RemoteError {
        let url = self.url.clone();
        RemoteError::Clear { url }
    }

    pub(crate) fn silent(&self, seconds: u64) -> RemoteError {
        let url = self.url.clone();
        RemoteError::Silent { url, seconds }
    }

    pub(crate) async fn open(&self) -> Result<Stream, RemoteError> {
        let stream = self.connect().await?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => Ok(Box::new(tls.secure(stream, &self.url).await?)),
        }
    }

    async fn connect(&self) -> Result<TcpStream, RemoteError> {
        let unreachable = |source| RemoteError::Unreachable {
            url: self.url.clone(),
            source,
        };
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in self.addresses().await? {
            match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return kept_alive(stream).map_err(unreachable),
                Ok(Err(why)) => last = why,
                Err(_late) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(unreachable(last))
    }

    /// What the name stands for now.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, RemoteError> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let found = found.map_err(|source| RemoteError::NoSuchHost {
            host: self.host.clone(),
            source,
        })?;
        let mut all: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
        if self.is_in_the_clear() {
            all.retain(|address| is_loopback(address.ip()));
            if all.is_empty() {
                return Err(self.clear());
            }
        }
        Ok(all)
    }

    /// A connection that ended before the head of an answer.
    pub(crate) fn broken(&self, why: hyper::Error) -> ClientError {
        let url = self.url.clone();
        if why.is_parse() {
            return RemoteError::NotHttp { url }.into();
        }
        RemoteError::NoAnswer {
            url,
            source: Box::new(why),
        }
        .into()
    }

    /// Refuses an answer that no controller of our version has given.
    pub(crate) fn is_windlass(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<(), ClientError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match text(API_HEADER).and_then(|api| api.parse::<u32>().ok()) {
            Some(API_VERSION) => Ok(()),
            Some(their_api) => Err(ClientError::OtherVersion {
                theirs: text(VERSION_HEADER).unwrap_or("?").to_owned(),
                their_api,
                our_api: API_VERSION,
            }),
            None => Err(RemoteError::NotWindlass {
                url: self.url.clone(),
                status: status.as_u16(),
                kind: text(CONTENT_TYPE.as_str()).unwrap_or("no type").to_owned(),
            }
            .into()),
        }
    }
}

/// Without questions, a connection whose other side has vanished would be silent for ever.
fn kept_alive(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(&stream, true)?;
    sockopt::set_tcp_keepidle(&stream, ALIVE_EVERY)?;
    sockopt::set_tcp_keepintvl(&stream, ALIVE_EVERY)?;
    sockopt::set_tcp_keepcnt(&stream, ALIVE_TRIES)?;
    Ok(stream)
}

fn bearer(token: &str) -> Result<HeaderValue, RemoteError> {
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))
        .ok()
        .filter(|_| is_plain)
        .ok_or(RemoteError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether a host can be this machine itself; what a name stands for is looked at when it is used.
fn may_be_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => is_loopback(address),
        Err(_name) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// A URL that was read.
struct Place {
    secure: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    authority: String,
}

impl Place {
    fn read(text: &str) -> Result<Self, RemoteError> {
        let refuse = |why| RemoteError::Address {
            text: Remote::shown(text).to_owned(),
            why,
        };
        let uri: Uri = text.parse().map_err(|_why| refuse("it is no URL"))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return Err(refuse("it begins neither with https:// nor with http://")),
            None => return Err(refuse("it does not begin with https:// or http://")),
        };
        let whole = uri.authority().ok_or_else(|| refuse("it has no host"))?;
        if whole.as_str().contains('@') {
            return Err(refuse("it has a name or a password in it"));
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(refuse("it has a path"));
        }
        let host = whole.host();
        if host.is_empty() {
            return Err(refuse("it has no host"));
        }
        let port = match (whole.port_u16(), whole.as_str() == host) {
            (Some(0), _) | (None, false) => return Err(refuse("its port is none")),
            (Some(port), _) => port,
            (None, true) if secure => 443,
            (None, true) => 80,
        };
        let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        Ok(Self {
            secure,
            host: bare.unwrap_or(host).to_owned(),
            port,
            authority: whole.as_str().to_owned(),
        })
    }

    fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String, u16), String> {
        Place::read(text)
            .map(|place| (place.url(), place.host, place.port))
            .map_err(|why| why.to_string())
    }

    #[test]
    fn what_may_be_a_secret_is_not_repeated() {
        for (text, shown) in [
            (
                "https://mira:secret@ops.example/x?token=secret#secret",
                "ops.example/x",
            ),
            ("https://ops.example/?user@secret", "https://ops.example/"),
            ("https://ops.example:7070", "https://ops.example:7070"),
        ] {
            assert_eq!(Remote::shown(text), shown);
            if shown != text {
                let refused = read(text).expect_err("it has more than a host");
                assert!(!refused.contains("secret"), "{refused}");
            }
        }
    }

    #[test]
    fn a_url_has_a_scheme_a_host_and_perhaps_a_port() {
        let is = |text: &str, url: &str, host: &str, port| {
            let expected = (url.to_owned(), host.to_owned(), port);
            assert_eq!(read(text), Ok(expected));
        };
        is(
            "https://ops.example",
            "https://ops.example",
            "ops.example",
            443,
        );
        is(
            "https://ops.example:7070/",
            "https://ops.example:7070",
            "ops.example",
            7070,
        );
        is("http://[::1]:7070", "http://[::1]:7070", "::1", 7070);
        is("http://localhost", "http://localhost", "localhost", 80);
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused_without_its_secrets() {
        for (text, why) in [
            ("", "no URL"),
            ("ops.example", "does not begin with"),
            ("ops.example:7070", "does not begin with"),
            ("ftp://ops.example", "neither with https://"),
            ("https://", "no URL"),
            ("https://ops.example/windlass", "it has a path"),
            ("https://ops.example?x=1", "it has a path"),
            ("https://ops.example:", "its port is none"),
            ("https://ops.example:0", "its port is none"),
            ("https://mira:wlt_secret@ops.example", "a password in it"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
            assert!(!said.contains("wlt_secret"), "{said}");
        }
    }

    #[test]
    fn a_token_goes_in_the_clear_to_this_machine_only() {
        for near in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"] {
            assert!(Remote::new(near, Some("wlt_x"), None).is_ok(), "{near}");
        }
        for far in ["http://10.0.0.1:1", "http://ops.example", "http://[::]:1"] {
            let met = Remote::new(far, Some("wlt_x"), None);
            assert!(matches!(met, Err(RemoteError::Clear { .. })), "{far}");
            assert!(Remote::new(far, None, None).is_ok(), "{far}");
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        let remote = Remote::new("http://127.0.0.1:1", Some("wlt_secret"), None).unwrap();
        assert!(!format!("{remote:?}").contains("wlt_secret"));
        for bad in ["two words", "line\n", "\u{e9}"] {
            let met = Remote::new("http://127.0.0.1:1", Some(bad), None);
            assert!(matches!(met, Err(RemoteError::Token)), "{bad:?}");
        }
    }
}
