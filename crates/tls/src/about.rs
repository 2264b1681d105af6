//! What a certificate says of itself.

use x509_parser::prelude::{FromDer as _, X509Certificate, X509Name};

/// Who made a certificate, and how long it is good. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Who made it, for people.
    pub issuer: String,
    /// Since when it is good.
    pub from: i64,
    /// Until when.
    pub until: i64,
}

impl About {
    /// Reads it; none if that can't be.
    pub(crate) fn of(certificate: &[u8]) -> Option<Self> {
        let (_rest, parsed) = X509Certificate::from_der(certificate).ok()?;
        Some(Self {
            issuer: called(parsed.issuer()),
            from: parsed.validity().not_before.timestamp(),
            until: parsed.validity().not_after.timestamp(),
        })
    }
}

/// The short name of somebody, with what it belongs to where that is said.
fn called(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().find_map(|it| it.as_str().ok());
    let above = name.iter_organization().find_map(|it| it.as_str().ok());
    match (above, common) {
        (Some(above), Some(common)) => format!("{above} {common}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => name.to_string(),
    }
}
