//! What is ordered.

use windlass_model::{Acme, Host};

/// A certificate that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// For whom.
    pub host: Host,
    /// From whom: the address of the authority's directory.
    pub directory: String,
    /// Where the authority writes to.
    pub email: Option<String>,
    /// The file of whom to trust when it is asked; none: whom the machine trusts.
    pub ca: Option<String>,
}

impl Wanted {
    /// One for each host.
    pub fn all(acme: &Acme) -> impl Iterator<Item = Self> {
        acme.hosts.iter().map(|host| Self {
            host: host.clone(),
            directory: acme.directory.clone(),
            email: acme.email.clone(),
            ca: acme.ca.clone(),
        })
    }
}
