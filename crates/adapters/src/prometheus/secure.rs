//! TLS to a source of metrics: whom it trusts.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Largest file of trusted certificates that is read, in bytes.
const CA_MAX: u64 = 1024 * 1024;

/// How one server is spoken to.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// For the server at `authority`. Those that the file `ca` leads to are trusted and no others; without
    /// it those that this machine trusts.
    pub(super) fn new(authority: &str, ca: Option<&str>) -> Result<Self, String> {
        let host = match authority.rsplit_once(':') {
            Some((host, _port)) if !authority.ends_with(']') => host,
            Some(_) | None => authority,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_why| format!("no certificate can have the name {host}"))?;
        let roots = match ca {
            Some(path) => of_file(Path::new(path))
                .map_err(|why| format!("the certificates in {path} can't be used: {why}"))?,
            None => of_this_machine(),
        };
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    /// Greets the server and looks at its certificate.
    pub(super) async fn secure(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let greeted = self.connector.connect(self.name.clone(), stream).await;
        greeted.map_err(|why| format!("no TLS: {why}"))
    }
}

/// Those of the file that other programs of this machine use, or of `SSL_CERT_FILE`. What can't be read
/// of it is passed over: then a server is not trusted, and that is told.
fn of_this_machine() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let file = openssl_probe::probe().cert_file;
    let bytes = file.and_then(|path| read(&path).ok()).unwrap_or_default();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bytes).flatten());
    roots
}

fn of_file(path: &Path) -> Result<RootCertStore, String> {
    let bytes = read(path).map_err(|why| why.to_string())?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bytes).flatten());
    if roots.is_empty() {
        return Err("there is none in it".to_owned());
    }
    Ok(roots)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(CA_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
