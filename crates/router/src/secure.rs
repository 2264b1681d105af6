//! TLS with clients: which certificate they are shown, and their handshake.

use std::cmp::Reverse;
use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::{Ticketer, default_provider};
use tokio_rustls::rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error as TlsError, ServerConfig};

use windlass_acme::{Answers, PROOF};

use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::hello::Hello;
use crate::stream::Stream;

/// First byte of what a client that speaks TLS says.
const HANDSHAKE: u8 = 0x16;

/// How clients of a listener speak, where it is not in the clear.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// TLS.
    Tls(Arc<ServerConfig>),
    /// TLS or in the clear, as the client begins: while a service changes from one to the other.
    Either(Arc<ServerConfig>),
}

/// What all listeners have in common, sessions above all: a client that comes back is known again,
/// whichever table is in effect, by a ticket that it keeps itself.
pub(crate) fn common() -> Result<ServerConfig, TlsError> {
    let shown = Shown {
        certificates: Vec::new(),
        answers: Arc::default(),
    };
    let mut common = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    // Only authorities ask for the last, and for nothing else.
    common.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), PROOF.to_vec()];
    common.ticketer = Ticketer::new()?;
    common.session_storage = Arc::new(NoServerSessionStorage {});
    // One is enough for a client that keeps its connections.
    common.send_tls13_tickets = 1;
    Ok(common)
}

/// The common settings with these certificates, the first of which is for clients that ask for none
/// by name, and with what authorities are answered.
pub(crate) fn showing(
    common: &ServerConfig,
    certificates: Vec<Arc<Certificate>>,
    answers: &Arc<Answers>,
) -> Arc<ServerConfig> {
    let mut config = common.clone();
    config.cert_resolver = Arc::new(Shown {
        certificates,
        answers: answers.clone(),
    });
    Arc::new(config)
}

/// What one listener shows.
#[derive(Debug)]
struct Shown {
    certificates: Vec<Arc<Certificate>>,
    answers: Arc<Answers>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        if hello.alpn().is_some_and(|offered| offered.eq([PROOF])) {
            return self.answers.of(name?);
        }
        let usable = self
            .certificates
            .iter()
            .filter_map(|certificate| certificate.pair());
        // The best, and of those that are as good the first.
        let best = usable.min_by_key(|pair| Reverse(name.and_then(|name| pair.fit(name))));
        // Rather none than one that is for others, where the right one is on order.
        let is_for = |name| best.as_ref().is_some_and(|pair| pair.fit(name).is_some());
        let awaited = |name| self.certificates.iter().any(|one| one.is_awaited_by(name));
        if name.is_some_and(|name| awaited(name) && !is_for(name)) {
            return None;
        }
        best.map(|pair| pair.key())
    }
}

/// Has a client say hello in the manner of its listener. The caller bounds the time.
pub(crate) async fn greet(
    stream: TcpStream,
    manner: Option<Manner>,
    memory: &Arc<Budget>,
) -> io::Result<Stream> {
    let config = match manner {
        None => return Ok(stream.into()),
        Some(Manner::Tls(config)) => config,
        Some(Manner::Either(config)) => {
            let mut first = [0];
            stream.peek(&mut first).await?;
            if first != [HANDSHAKE] {
                return Ok(stream.into());
            }
            config
        }
    };
    let stream = Hello::on(stream, memory);
    let mut stream = TlsAcceptor::from(config).accept(stream).await?;
    stream.get_mut().0.is_said();
    if stream.get_ref().1.alpn_protocol() == Some(PROOF) {
        // The handshake was all that is wanted (RFC 8737, 3).
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(stream.into())
}
