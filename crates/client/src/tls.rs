//! TLS to a controller elsewhere: whom it trusts, and what went wrong in words.

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
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error as TlsError, RootCertStore};

use crate::RemoteError;
use crate::remote_error::Distrust;

/// Largest file of trusted certificates that is read, in bytes.
const CA_MAX: u64 = 1024 * 1024;

/// How one server is spoken to.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// For the server `host`. Those that the file `ca` leads to are trusted and no others; without it
    /// those that this machine trusts.
    pub(crate) fn new(host: &str, ca: Option<&Path>) -> Result<Self, RemoteError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_why| RemoteError::Address {
            text: host.to_owned(),
            why: "no certificate can have this name",
        })?;
        let roots = match ca {
            Some(path) => of_file(path)?,
            None => of_this_machine(),
        };
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| RemoteError::Setup {
                why: why.to_string(),
            })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            name,
        })
    }

    /// Greets the server and looks at its certificate.
    pub(crate) async fn secure(
        &self,
        stream: TcpStream,
        url: &str,
    ) -> Result<TlsStream<TcpStream>, RemoteError> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let greeted = connector.connect(self.name.clone(), stream).await;
        greeted.map_err(|why| explained(why, url.to_owned()))
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

/// As much of a file as is taken, and one byte more where it is longer.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(CA_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn of_file(path: &Path) -> Result<RootCertStore, RemoteError> {
    let bad = |why: String| RemoteError::Ca {
        path: path.to_owned(),
        why,
    };
    let bytes = read(path).map_err(|why| bad(why.to_string()))?;
    if bytes.len() as u64 > CA_MAX {
        return Err(bad("it has more than 1 MiB".to_owned()));
    }
    let mut roots = RootCertStore::empty();
    for found in CertificateDer::pem_slice_iter(&bytes) {
        let found = found.map_err(|why| bad(why.to_string()))?;
        roots.add(found).map_err(|why| bad(why.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}

/// What a failed greeting means.
fn explained(why: io::Error, url: String) -> RemoteError {
    let inner = why.get_ref().and_then(|it| it.downcast_ref::<TlsError>());
    match inner {
        Some(TlsError::InvalidCertificate(bad)) => RemoteError::Distrusted {
            url,
            why: distrust(bad),
        },
        Some(TlsError::InvalidMessage(_)) => RemoteError::NotTls { url },
        Some(_) => RemoteError::Tls { url, source: why },
        None => RemoteError::NoAnswer {
            url,
            source: Box::new(why),
        },
    }
}

fn distrust(bad: &CertificateError) -> Distrust {
    match bad {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Distrust::Unknown,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Distrust::Name
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Distrust::Time,
        other if other.to_string().contains(AUTHORITY) => Distrust::Authority,
        other => Distrust::Other(other.to_string()),
    }
}

/// How the verifier names a certificate of an authority that a server shows as its own.
const AUTHORITY: &str = "CaUsedAsEndEntity";
