//! Whom a client trusts.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

/// Largest file of trusted certificates that is read, in bytes.
const CA_MAX: u64 = 1024 * 1024;

/// A file of trusted certificates that can't be used.
#[derive(Debug, Error)]
#[error("the certificates in {} can't be used: {why}", path.display())]
pub struct BadRoots {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// Those that the PEM file `ca` leads to and no others; without it those that this machine trusts.
///
/// # Errors
/// A file that can't be read, is larger than 1 MiB, has no certificate, or one that is none.
pub fn roots(ca: Option<&Path>) -> Result<RootCertStore, BadRoots> {
    let Some(path) = ca else {
        return Ok(of_this_machine());
    };
    of_file(path).map_err(|why| BadRoots {
        path: path.to_owned(),
        why,
    })
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
    if bytes.len() as u64 > CA_MAX {
        return Err("it has more than 1 MiB".to_owned());
    }
    let mut roots = RootCertStore::empty();
    for found in CertificateDer::pem_slice_iter(&bytes) {
        let found = found.map_err(|why| why.to_string())?;
        roots.add(found).map_err(|why| why.to_string())?;
    }
    if roots.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok(roots)
}

/// As much of a file as is taken, and one byte more where it is longer.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(CA_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_trusted_certificates_has_some_and_says_what_is_wrong_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let why = || roots(Some(&path)).expect_err("no roots").why;
        assert!(why().contains("No such file"), "{}", why());
        std::fs::write(&path, "nothing").expect("written");
        assert_eq!(why(), "there is no certificate in it");
        std::fs::write(&path, vec![b'-'; 1024 * 1024 + 1]).expect("written");
        assert_eq!(why(), "it has more than 1 MiB");
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("pems/shop.pem");
        assert_eq!(roots(Some(&own)).expect("one").len(), 1);
    }
}
