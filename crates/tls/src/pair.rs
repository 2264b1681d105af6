//! A certificate and its key, read from their files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error as TlsError, InconsistentKeys};
use webpki::EndEntityCert;

use crate::name::fit;
use crate::{About, Fit};

/// Largest PEM file that is read, in bytes.
const PEM_MAX: u64 = 1024 * 1024;

/// A certificate with its key, ready to be shown to clients.
#[derive(Clone, Debug)]
pub struct Pair {
    key: Arc<CertifiedKey>,
    /// What it is for.
    names: Vec<String>,
    about: Option<About>,
}

/// Why two files are no pair.
#[derive(Debug, thiserror::Error)]
pub enum BadPair {
    /// A file can't be read.
    #[error("{} can't be read", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
        /// Which of the two.
        blame: Blame,
    },
    /// A file is not what it should be.
    #[error("{} {what}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong with it: what follows its name in a sentence.
        what: String,
        /// Which of the two.
        blame: Blame,
    },
    /// Each is good, but they do not belong together.
    #[error("{} is not the key of {}", key.display(), certificate.display())]
    Strangers {
        /// The certificate.
        certificate: PathBuf,
        /// The key of another one.
        key: PathBuf,
    },
}

/// Which file of a pair is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The certificate.
    Certificate,
    /// The key, or that it belongs to another certificate.
    Key,
}

impl BadPair {
    /// Which file is to blame.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Read { blame, .. } | Self::Content { blame, .. } => *blame,
            Self::Strangers { .. } => Blame::Key,
        }
    }
}

impl Pair {
    /// Reads both files and looks whether they belong together. A certificate that has expired is read
    /// all the same: clients decide about that.
    ///
    /// # Errors
    /// A file that can't be read, is over one megabyte, or holds no such thing; a key of another
    /// certificate.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, BadPair> {
        let chain = chain(certificate)?;
        let first = chain
            .first()
            .ok_or_else(|| content(certificate, Blame::Certificate, "holds no certificate"))?;
        let names = names(first).map_err(|why| content(certificate, Blame::Certificate, why))?;
        let about = About::of(first);
        let private = private(key)?;
        let paired = CertifiedKey::from_der(chain, private, &default_provider());
        let paired = paired.map_err(|why| match why {
            TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch) => BadPair::Strangers {
                certificate: certificate.to_owned(),
                key: key.to_owned(),
            },
            other => content(key, Blame::Key, format!("holds no usable key: {other}")),
        })?;
        Ok(Self {
            key: Arc::new(paired),
            names,
            about,
        })
    }

    /// What is shown to clients.
    pub fn key(&self) -> Arc<CertifiedKey> {
        self.key.clone()
    }

    /// What the certificate says of itself; none if that can't be read, though it can be shown.
    pub fn about(&self) -> Option<&About> {
        self.about.as_ref()
    }

    /// How well it is for the name that a client asks for; none if it is not.
    pub fn fit(&self, name: &str) -> Option<Fit> {
        self.names.iter().filter_map(|own| fit(own, name)).max()
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, BadPair> {
    let pem = read(path, Blame::Certificate)?;
    let chain: Result<_, _> = CertificateDer::pem_slice_iter(&pem).collect();
    chain.map_err(|why| content(path, Blame::Certificate, format!("is no PEM file: {why}")))
}

fn private(path: &Path) -> Result<PrivateKeyDer<'static>, BadPair> {
    let pem = read(path, Blame::Key)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|why| {
        let what = match why {
            PemError::NoItemsFound if has(&pem, "ENCRYPTED") => {
                "is encrypted: write it without a password".to_owned()
            }
            PemError::NoItemsFound => "holds no private key".to_owned(),
            other => format!("is no PEM file: {other}"),
        };
        content(path, Blame::Key, what)
    })
}

fn has(pem: &[u8], word: &str) -> bool {
    pem.windows(word.len()).any(|part| part == word.as_bytes())
}

/// The DNS names that a certificate is for.
fn names(certificate: &CertificateDer<'_>) -> Result<Vec<String>, String> {
    let parsed = EndEntityCert::try_from(certificate)
        .map_err(|why| format!("holds no usable certificate: {why}"))?;
    Ok(parsed.valid_dns_names().map(str::to_owned).collect())
}

fn read(path: &Path, blame: Blame) -> Result<Vec<u8>, BadPair> {
    let failed = |source| BadPair::Read {
        path: path.to_owned(),
        source,
        blame,
    };
    // Never a pipe: whoever waits for one to be written would wait for ever.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(content(path, blame, "is no file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(PEM_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= PEM_MAX) {
        Ok(bytes)
    } else {
        let what = format!("is larger than {PEM_MAX} bytes");
        Err(content(path, blame, what))
    }
}

fn content(path: &Path, blame: Blame, what: impl Into<String>) -> BadPair {
    BadPair::Content {
        path: path.to_owned(),
        what: what.into(),
        blame,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("pems")
            .join(name)
    }

    fn told(certificate: &Path, key: &Path) -> (String, Blame) {
        let bad = Pair::read(certificate, key).expect_err("no pair");
        let here = pem("");
        let text = bad.to_string().replace(&*here.to_string_lossy(), "");
        (text, bad.blame())
    }

    #[test]
    fn a_pair_knows_what_it_is_for() {
        let pair = Pair::read(&pem("shop.pem"), &pem("shop.key")).expect("a pair");
        assert_eq!(pair.fit("shop.example"), Some(Fit::Exact));
        assert_eq!(pair.fit("a.shop.example"), Some(Fit::Wildcard));
        assert_eq!(pair.fit("help.example"), None);
        let about = pair.about().expect("readable");
        assert_eq!(about.issuer, "windlass tests");
        assert!(about.from < about.until);
    }

    #[test]
    fn what_is_no_pair_is_told_by_the_file_that_is_to_blame() {
        let (shop, help) = (pem("shop.pem"), pem("help.key"));
        let strangers = "help.key is not the key of shop.pem".to_owned();
        assert_eq!(told(&shop, &help), (strangers, Blame::Key));
        let missing = told(&pem("none.pem"), &help);
        assert_eq!(
            missing,
            ("none.pem can't be read".to_owned(), Blame::Certificate)
        );
        let swapped = told(&help, &shop);
        let nothing = "help.key holds no certificate".to_owned();
        assert_eq!(swapped, (nothing, Blame::Certificate));
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let none = file("none", "no PEM at all");
        assert!(told(&shop, &none).0.ends_with("holds no private key"));
        let locked =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let locked = file("locked", locked);
        assert!(told(&shop, &locked).0.contains("without a password"));
        assert!(told(folder.path(), &help).0.ends_with("is no file"));
        let huge = file("huge", &" ".repeat(1_100_000));
        assert!(told(&huge, &help).0.contains("is larger than"));
    }
}
