//! TLS to a source of metrics: whom it trusts.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use windlass_tls::roots;

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
        let roots = roots(ca.map(Path::new)).map_err(|bad| bad.to_string())?;
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
