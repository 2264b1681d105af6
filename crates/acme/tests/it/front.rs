//! A listener that shows proofs, and what was issued; and its clients.

use std::net::SocketAddr;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use windlass_acme::{Answers, Orders, PROOF, Store};
use windlass_model::Host;
use windlass_tls::Pair;

use crate::orders::{HOUR, begun};
use crate::pebble::{Pebble, pem};

/// What the listener shows.
#[derive(Debug)]
struct Shown {
    answers: Arc<Answers>,
    store: Store,
    directory: String,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?;
        if hello.alpn().is_some_and(|offered| offered.eq([PROOF])) {
            return self.answers.of(name);
        }
        let path = self.store.pair(&self.directory, &Host::new(name).ok()?);
        Some(Pair::read(&path, &path).ok()?.key())
    }
}

/// Shows on `listener` what these orders answer, and what they brought, until what this gives is dropped.
pub(crate) fn show(listener: TcpListener, orders: &Orders, pebble: &Pebble) -> JoinSet<()> {
    let shown = Shown {
        answers: orders.answers(),
        store: orders.store().clone(),
        directory: pebble.directory(),
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    config.alpn_protocols = vec![PROOF.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not like what it sees is no matter here.
            drop(acceptor.accept(stream).await);
        }
    });
    serving
}

/// An authority, orders that nothing was asked of yet, and a listener that shows what they bring.
pub(crate) struct Scene {
    pub(crate) front: SocketAddr,
    pub(crate) pebble: Pebble,
    pub(crate) folder: TempDir,
    pub(crate) orders: Orders,
    _serving: JoinSet<()>,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let front = listener.local_addr().expect("an address");
        let pebble = Pebble::start(front, 24 * HOUR);
        let folder = tempfile::tempdir().expect("a folder");
        let orders = begun(folder.path());
        let serving = show(listener, &orders, &pebble);
        Self {
            front,
            pebble,
            folder,
            orders,
            _serving: serving,
        }
    }
}

fn trusting(root: CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(root).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// The root of what pebble issues.
async fn root(pebble: &Pebble) -> CertificateDer<'static> {
    let (address, path) = pebble.root();
    let own = CertificateDer::from_pem_file(pem("shop.pem")).expect("a certificate");
    let stream = TcpStream::connect(address).await.expect("connected");
    let name = "localhost".try_into().expect("a name");
    let stream = trusting(own).connect(name, stream).await;
    let mut stream = stream.expect("a handshake");
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("read");
    CertificateDer::from_pem_slice(&answer).expect("a root")
}

/// Whether a client that trusts what pebble issues in this life sees a certificate for `name`.
pub(crate) async fn is_good(front: SocketAddr, name: &'static str, pebble: &Pebble) -> bool {
    let connector = trusting(root(pebble).await);
    let stream = TcpStream::connect(front).await.expect("connected");
    let name = name.try_into().expect("a name");
    connector.connect(name, stream).await.is_ok()
}
