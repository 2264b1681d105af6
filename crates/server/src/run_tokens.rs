//! Tokens of runs: each lets one service's command report to one deployment, and do nothing else.
//!
//! None is kept anywhere. One is made of what it is for and a keyed hash of that, so that every
//! controller of the same state directory knows it again.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use windlass_model::{DeploymentId, ServiceName};

/// What every one starts with, so that scanners and people know one.
const MARK: &str = "wlr_";

/// What the hash is for: the same key is used for other ends.
const PURPOSE: &[u8] = b"windlass report 1";

/// Makes and knows the tokens of runs.
#[derive(Clone)]
pub struct RunTokens {
    key: Vec<u8>,
}

/// For whom a token speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) deployment: DeploymentId,
    pub(crate) service: ServiceName,
}

impl RunTokens {
    /// Those of an installation, by its secret.
    pub fn new(key: Vec<u8>) -> Self {
        Self { key }
    }

    /// The token of a service's command in a deployment. The same each time.
    pub fn of(&self, deployment: &DeploymentId, service: &ServiceName) -> String {
        let sum = self.mac(deployment, service).finalize().into_bytes();
        let sum = BASE64URL_NOPAD.encode(&sum);
        format!("{MARK}{deployment}.{service}.{sum}")
    }

    /// For whom `token` speaks; nobody if it was not made here. Compares in constant time.
    pub(crate) fn holder(&self, token: &str) -> Option<Run> {
        let (whose, sum) = token.strip_prefix(MARK)?.rsplit_once('.')?;
        let (deployment, service) = whose.split_once('.')?;
        let deployment = DeploymentId::parse(deployment).ok()?;
        let service = ServiceName::new(service).ok()?;
        let sum = BASE64URL_NOPAD.decode(sum.as_bytes()).ok()?;
        let mac = self.mac(&deployment, &service);
        mac.verify_slice(&sum).ok()?;
        Some(Run {
            deployment,
            service,
        })
    }

    fn mac(&self, deployment: &DeploymentId, service: &ServiceName) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        for part in [
            PURPOSE,
            deployment.as_str().as_bytes(),
            service.as_str().as_bytes(),
        ] {
            mac.update(part);
            mac.update(&[0]);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(deployment: &str, service: &str) -> (DeploymentId, ServiceName) {
        let deployment = DeploymentId::parse(deployment).expect("an id");
        (deployment, ServiceName::new(service).expect("a name"))
    }

    #[test]
    fn a_token_speaks_for_one_service_of_one_deployment_only() {
        let tokens = RunTokens::new(b"key".to_vec());
        let (deployment, service) = whose("dep_1", "api");
        let token = tokens.of(&deployment, &service);
        assert_eq!(token, tokens.of(&deployment, &service));
        let held = tokens.holder(&token).expect("it was made here");
        assert_eq!((held.deployment, held.service), (deployment, service));
        assert_eq!(RunTokens::new(b"other".to_vec()).holder(&token), None);
        for (from, to) in [("dep_1", "dep_2"), (".api.", ".web."), ("wlr_", "wlt_")] {
            let forged = token.replacen(from, to, 1);
            assert_ne!(forged, token);
            assert_eq!(tokens.holder(&forged), None, "{forged}");
        }
        for bad in ["", "wlr_", "wlr_..", "wlr_dep_1.api.", "wlr_dep_1.api.AAAA"] {
            assert_eq!(tokens.holder(bad), None, "{bad}");
        }
    }
}
