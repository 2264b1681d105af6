//! Requests to an authority: one connection each, over TLS, within limits.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::http::response::Parts;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use windlass_tls::roots;

use crate::failure::Failure;
use crate::limits::{ANSWER_BYTES, ASK_TIME};

/// What an answer that explains itself is.
const PROBLEM: &str = "application/problem+json";

/// Asks an authority. Clones share what it was told.
#[derive(Clone)]
pub(crate) struct Asker {
    tls: Arc<ClientConfig>,
    /// How long the authority wants to be left alone, as it said last.
    told: Arc<Mutex<Option<Duration>>>,
}

/// Why something could not be asked.
type Unasked = Box<dyn StdError + Send + Sync>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{host} {what}")]
struct Silent {
    host: String,
    what: String,
    #[source]
    source: Option<Unasked>,
}

impl Asker {
    /// Trusts those of the file `ca`, or without it those that the machine trusts.
    pub(crate) fn new(ca: Option<&Path>) -> Result<Self, Failure> {
        let roots = roots(ca).map_err(|why| Failure::own(why.to_string()))?;
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| Failure::own(why.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: Arc::new(config),
            told: Arc::default(),
        })
    }

    /// How long the authority wants to be left alone.
    pub(crate) fn told(&self) -> Option<Duration> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Silent> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let silent = |what: &str, source: Unasked| Silent {
            host: host.clone(),
            what: what.to_owned(),
            source: Some(source),
        };
        let stream = self.connect(request.uri()).await;
        let stream = stream.map_err(|why| silent("can't be reached", why.into()))?;
        let answer = send(stream, request).await;
        let (parts, body) = answer.map_err(|why| silent("gave no answer", why))?;
        self.listen(&parts.headers);
        let kind = parts.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !parts.status.is_success() && !kind.starts_with(PROBLEM) {
            return Err(Silent {
                what: format!("answered {}", parts.status),
                host,
                source: None,
            });
        }
        Ok(BytesResponse {
            parts,
            body: Box::new(body),
        })
    }

    async fn connect(&self, uri: &Uri) -> io::Result<TlsStream<TcpStream>> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what);
        if uri.scheme_str() != Some("https") {
            return Err(invalid("it is not asked over TLS"));
        }
        let host = uri.host().ok_or_else(|| invalid("it has no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
        let connector = TlsConnector::from(self.tls.clone());
        connector.connect(name, stream).await
    }

    /// Takes to heart that it wants to be left alone.
    fn listen(&self, headers: &HeaderMap) {
        let asked = headers.get(RETRY_AFTER).and_then(wait);
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }
}

async fn send(
    stream: TlsStream<TcpStream>,
    request: Request<BodyWrapper<Bytes>>,
) -> Result<(Parts, Bytes), Unasked> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Until the answer is here; who waits for that is told what was wrong.
    let mut beside = JoinSet::new();
    beside.spawn(connection);
    let answer = sender.send_request(for_origin(request)?).await?;
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER_BYTES).collect().await?;
    Ok((parts, body.to_bytes()))
}

/// The request as it is sent on a connection to its host.
fn for_origin(
    mut request: Request<BodyWrapper<Bytes>>,
) -> Result<Request<BodyWrapper<Bytes>>, Unasked> {
    let uri = request.uri().clone();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = HeaderValue::from_str(authority)?;
    request.headers_mut().insert(HOST, host);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse()?;
    Ok(request)
}

/// What `Retry-After` says, in seconds or as a date.
fn wait(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    date.duration_since(SystemTime::now()).ok()
}

impl HttpClient for Asker {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let asker = self.clone();
        Box::pin(async move {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let asked = tokio::time::timeout(ASK_TIME, asker.ask(request)).await;
            let answer = asked.unwrap_or_else(|_late| {
                Err(Silent {
                    host,
                    what: format!("gave no answer within {}s", ASK_TIME.as_secs()),
                    source: None,
                })
            });
            answer.map_err(|why| Error::Other(Box::new(why)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_authority_asks_for_is_read_in_seconds_and_as_a_date() {
        let wait = |text: &'static str| wait(&HeaderValue::from_static(text));
        assert_eq!(wait(" 120 "), Some(Duration::from_mins(2)));
        assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), None);
        let far = wait("Fri, 31 Dec 2100 23:59:59 GMT").expect("in the future");
        assert!(far > Duration::from_hours(24));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn a_request_goes_to_its_host_by_path_and_names_the_host() {
        let request = Request::post("https://ca.example:14000/order?x=1")
            .body(BodyWrapper::default())
            .expect("a request");
        let request = for_origin(request).expect("as it is sent");
        assert_eq!(request.uri(), "/order?x=1");
        assert_eq!(request.headers()[HOST], "ca.example:14000");
    }
}
