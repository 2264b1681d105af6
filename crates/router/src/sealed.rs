//! A table as it lies on disk: the SHA-256 of its JSON in a line, then the JSON.

use std::io;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use windlass_control::{TABLE_FORMAT, Table};

/// Why a table file is refused whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadTable {
    #[error("it could not be read: {0}")]
    Read(#[from] io::Error),
    #[error("it is {0} bytes long")]
    TooLong(u64),
    #[error("its first line is not the SHA-256 of the rest")]
    Checksum,
    #[error("it is no table: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("its format {0} is newer than {TABLE_FORMAT}")]
    Newer(u32),
}

/// Only the format, so that a newer file is told from a broken one.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

/// The bytes of a table file.
pub(crate) fn seal(table: &Table) -> io::Result<Vec<u8>> {
    Ok(sealed(&serde_json::to_vec(table)?))
}

/// JSON with its seal.
pub(crate) fn sealed(json: &[u8]) -> Vec<u8> {
    let seal = HEXLOWER.encode(&Sha256::digest(json));
    [seal.as_bytes(), b"\n", json].concat()
}

/// The JSON of these bytes, if its seal is good.
pub(crate) fn intact(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    let (seal, rest) = bytes.split_at(end);
    let json = rest.get(1..).unwrap_or_default();
    (seal == HEXLOWER.encode(&Sha256::digest(json)).as_bytes()).then_some(json)
}

/// The table that lies in these bytes.
pub(crate) fn unseal(bytes: &[u8]) -> Result<Table, BadTable> {
    let json = intact(bytes).ok_or(BadTable::Checksum)?;
    let Format { format } = serde_json::from_slice(json)?;
    if format > TABLE_FORMAT {
        return Err(BadTable::Newer(format));
    }
    Ok(serde_json::from_slice(json)?)
}
