//! Digests of canonical text.

use sha2::{Digest as _, Sha256};
use windlass_model::Digest;

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest {
    let hex = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    Digest::parse(&hex).expect("a SHA-256 has 64 hex characters")
}
