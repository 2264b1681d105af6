//! Where the runs of commands say how it goes.

use std::fmt;
use std::net::SocketAddr;

use async_trait::async_trait;
use windlass_model::{DeploymentId, ServiceName};

use crate::EdgeError;

/// Hears the runs of commands. A run keeps what it was told, so that each is heard at the address of
/// its own instance: whoever controls it next listens there again.
#[async_trait(?Send)]
pub trait Reception {
    /// Listens for the run and says what it needs to be heard. Open already: says the same.
    ///
    /// # Errors
    /// `Conflict` when the address is taken; `Unreachable` when nothing can listen there.
    async fn open(&self, run: &RunAt) -> Result<Reporting, EdgeError>;

    /// Listens for no run of this deployment any more.
    fn close(&self, deployment: &DeploymentId);
}

/// Who is to be heard, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunAt {
    /// The deployment that it is a part of.
    pub deployment: DeploymentId,
    /// Whose command runs.
    pub service: ServiceName,
    /// The address of its instance: on this machine only.
    pub address: SocketAddr,
}

/// What a run is given to be heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reporting {
    /// The URL that takes its reports.
    pub coordination: String,
    /// The URL that says how its deployment is.
    pub health: String,
    /// What lets it in there, and nowhere else.
    pub token: Secret,
}

/// A text that is written into no file and shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
