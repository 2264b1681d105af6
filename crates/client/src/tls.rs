//! TLS to a controller elsewhere: whom it trusts, and what went wrong in words.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error as TlsError};
use windlass_tls::roots;

use crate::RemoteError;
use crate::remote_error::Distrust;

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
        let roots = roots(ca).map_err(|bad| RemoteError::Ca {
            path: bad.path,
            why: bad.why,
        })?;
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
