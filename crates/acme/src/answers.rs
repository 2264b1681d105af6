//! What a listener shows to prove that a host is ours (TLS-ALPN-01, RFC 8737).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use tokio_rustls::rustls::crypto::ring::sign::any_ecdsa_type;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::sign::CertifiedKey;
use windlass_model::Host;

use crate::failure::Failure;

/// The protocol that an authority asks for, and nobody else, when it looks at a proof.
pub const PROOF: &[u8] = b"acme-tls/1";

/// The proofs that are asked for now. There is one for each host that is being ordered.
#[derive(Debug, Default)]
pub struct Answers(Mutex<BTreeMap<String, Arc<CertifiedKey>>>);

impl Answers {
    /// What is shown to an authority that looks at this host; none if nothing was ordered.
    pub fn of(&self, host: &str) -> Option<Arc<CertifiedKey>> {
        self.locked().get(&host.to_ascii_lowercase()).cloned()
    }

    /// Has a host proven by `digest`, until what this gives is dropped.
    pub(crate) fn give(&self, host: &Host, digest: &[u8]) -> Result<Given<'_>, Failure> {
        let made = made(host, digest).map_err(|why| Failure::own(format!("no proof: {why}")))?;
        let host = host.as_str().to_owned();
        self.locked().insert(host.clone(), Arc::new(made));
        Ok(Given {
            answers: self,
            host,
        })
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Arc<CertifiedKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A proof that can be looked at.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    answers: &'a Answers,
    host: String,
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        self.answers.locked().remove(&self.host);
    }
}

/// A certificate for this host alone, signed by itself, that holds the digest.
fn made(host: &Host, digest: &[u8]) -> Result<CertifiedKey, Box<dyn std::error::Error>> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![host.as_str().to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?;
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let signing = any_ecdsa_type(&private)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], signing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_shown_for_its_host_alone_and_only_while_it_is_asked_for() {
        let answers = Answers::default();
        let host = Host::new("shop.example").expect("a host");
        let given = answers.give(&host, &[7; 32]).expect("a proof");
        let shown = answers.of("Shop.Example").expect("shown");
        // id-pe-acmeIdentifier, critical, and the digest as an octet string in an octet string.
        let extension = [
            &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f][..],
            &[0x01, 0x01, 0xff, 0x04, 0x22, 0x04, 0x20],
            &[7; 32],
        ];
        let der = shown.cert.first().expect("a certificate");
        let extension = extension.concat();
        assert!(der.windows(extension.len()).any(|part| part == extension));
        assert!(answers.of("www.shop.example").is_none());
        drop(given);
        assert!(answers.of("shop.example").is_none());
    }
}
