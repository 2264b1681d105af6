//! The address on the network that a controller listens on, and its TLS.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::sign::SingleCertAndKey;
use tokio_rustls::rustls::{Error as TlsError, ServerConfig};
use windlass_api::Exit;
use windlass_server::Network;
use windlass_tls::{BadPair, Blame, Pair};

use crate::diagnostic::{Diagnostic, chain};

/// The controller can't listen on the network as it was asked.
const NOT_LISTENING: &str = "WL0447";

/// Where to listen, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listen {
    /// The address.
    pub(crate) address: SocketAddr,
    /// What TLS needs; none only on a loopback address.
    pub(crate) tls: Option<TlsFiles>,
}

/// PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TlsFiles {
    /// The certificate, and those that lead to its root.
    pub(crate) cert: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
}

impl Listen {
    /// # Errors
    /// An address that others can reach, without TLS: tokens would pass in the clear.
    pub(crate) fn new(address: SocketAddr, tls: Option<TlsFiles>) -> Result<Self, Diagnostic> {
        if tls.is_some() || address.ip().to_canonical().is_loopback() {
            return Ok(Self { address, tls });
        }
        let port = address.port();
        Err(Diagnostic::new(
            Exit::Usage,
            format!("{address} can be reached by others, so it needs TLS"),
        )
        .code(NOT_LISTENING)
        .detail("without it, tokens pass in the clear; nothing was started")
        .hint(format!(
            "add --tls-cert FILE --tls-key FILE, or stay on this machine: --listen {port}"
        )))
    }

    /// The same for a process that starts elsewhere.
    ///
    /// # Errors
    /// No folder of now that its paths could belong to.
    pub(crate) fn absolute(&self) -> Result<Self, Diagnostic> {
        let absolute = |path: &Path| {
            let what = format!("{} can't be made absolute", path.display());
            std::path::absolute(path).map_err(|why| Diagnostic::io(what, &why))
        };
        let tls = self.tls.as_ref().map(|tls| {
            Ok::<_, Diagnostic>(TlsFiles {
                cert: absolute(&tls.cert)?,
                key: absolute(&tls.key)?,
            })
        });
        Ok(Self {
            address: self.address,
            tls: tls.transpose()?,
        })
    }

    /// Its address as a URL.
    fn url(&self, bound: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{bound}")
    }

    /// Takes the address, once its files are good.
    ///
    /// # Errors
    /// Files that can't be used; an address that can't be had.
    pub(crate) async fn open(&self) -> Result<Network, Diagnostic> {
        let tls = self.acceptor()?;
        let bound = self.bind().await;
        let listener = bound.map_err(|why| not_had(self.address, &why))?;
        Ok(Network { listener, tls })
    }

    /// The same while `holder` still controls. None where the address can be had once that one has
    /// ended: it is its own.
    ///
    /// # Errors
    /// Files that can't be used; an address that can't be had by its end either.
    pub(crate) async fn open_beside(&self, holder: u32) -> Result<Option<Network>, Diagnostic> {
        let tls = self.acceptor()?;
        match self.bind().await {
            Ok(listener) => Ok(Some(Network { listener, tls })),
            Err(why) if why.kind() == io::ErrorKind::AddrInUse => {
                let is_its = windlass_adapters::holds_alone(holder, self.address);
                is_its
                    .then_some(None)
                    .ok_or_else(|| not_had(self.address, &why))
            }
            Err(why) => Err(not_had(self.address, &why)),
        }
    }

    async fn bind(&self) -> io::Result<TcpListener> {
        let listener = TcpListener::bind(self.address).await?;
        tracing::info!("listens on {}", self.url(listener.local_addr()?));
        Ok(listener)
    }

    fn acceptor(&self) -> Result<Option<TlsAcceptor>, Diagnostic> {
        self.tls.as_ref().map(TlsFiles::acceptor).transpose()
    }
}

impl TlsFiles {
    fn acceptor(&self) -> Result<TlsAcceptor, Diagnostic> {
        let pair = Pair::read(&self.cert, &self.key).map_err(|why| self.bad(&why))?;
        let config = config(&pair).map_err(|why| {
            Diagnostic::new(Exit::Bug, "TLS can't be set up").detail(why.to_string())
        })?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn bad(&self, why: &BadPair) -> Diagnostic {
        let path = match why.blame() {
            Blame::Certificate => &self.cert,
            Blame::Key => &self.key,
        };
        let what = format!("{} can't be used for TLS", path.display());
        Diagnostic::new(Exit::Usage, what)
            .code(NOT_LISTENING)
            .detail(chain(why))
            .hint("look at both files: windlass docs reach-a-controller has the command that makes a pair")
    }
}

fn config(pair: &Pair) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair.key())));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn not_had(address: SocketAddr, why: &io::Error) -> Diagnostic {
    let said = Diagnostic::new(Exit::Refused, format!("{address} can't be listened on"))
        .code(NOT_LISTENING)
        .detail(why.to_string());
    match why.kind() {
        io::ErrorKind::AddrInUse => said
            .hint("see what has it: ss -ltnp; or choose another port with --listen ADDRESS:PORT"),
        _ => said,
    }
}

/// What `--listen` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// `none`: on the private socket only.
    Nowhere,
    /// At this address too.
    At(SocketAddr),
}

/// `none`, or an address.
pub(crate) fn wanted(text: &str) -> Result<Wanted, String> {
    match text {
        "none" => Ok(Wanted::Nowhere),
        text => address(text).map(Wanted::At),
    }
}

/// `PORT` of 127.0.0.1, or an address with its port.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse()
        .map_err(|_why| "write PORT, 127.0.0.1:PORT or [::1]:PORT; none ends it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_port_is_of_this_machine() {
        assert_eq!(address("7070").unwrap().to_string(), "127.0.0.1:7070");
        assert_eq!(address("[::1]:7070").unwrap().to_string(), "[::1]:7070");
        for bad in ["", "localhost", "127.0.0.1", "70000", "::1:7070:"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_loopback_address_needs_no_tls() {
        let open = |text| Listen::new(address(text).unwrap(), None).map_err(|said| said.exit);
        for own in ["1", "127.8.9.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(open(own).is_ok(), "{own}");
        }
        for others in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1"] {
            assert_eq!(open(others), Err(Exit::Usage), "{others}");
        }
        let files = TlsFiles {
            cert: "cert.pem".into(),
            key: "key.pem".into(),
        };
        assert!(Listen::new(address("0.0.0.0:1").unwrap(), Some(files)).is_ok());
    }
}
