//! Why there is no plan.

use std::fmt;
use std::net::SocketAddr;

use windlass_model::{ServiceName, Version};

/// Something that makes a plan impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanProblem {
    /// A new label, but nothing that runs would change.
    LabelUnused {
        /// Whose.
        service: ServiceName,
        /// The label.
        label: Version,
        /// The version that the same release has.
        known: Version,
    },
    /// A label that stands for another artefact already.
    LabelTaken {
        /// Whose.
        service: ServiceName,
        /// The label.
        label: Version,
        /// First characters of the digest it stands for.
        known: String,
    },
    /// An address that another service serves, and keeps at least until promotion.
    ListenTaken {
        /// Who wants it.
        service: ServiceName,
        /// The address.
        address: SocketAddr,
        /// Who has it.
        owner: ServiceName,
    },
}

impl fmt::Display for PlanProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LabelUnused {
                service,
                label,
                known,
            } => write!(
                f,
                "{service}: version {label} is the same release as {known}: \
                 nothing uses ${{VERSION}}, and the files are the same"
            ),
            Self::LabelTaken {
                service,
                label,
                known,
            } => {
                write!(
                    f,
                    "{service}: version {label} was deployed as {known}…: give this one another"
                )
            }
            Self::ListenTaken {
                service,
                address,
                owner,
            } => write!(
                f,
                "{service}: {address} is served by {owner}: free it first by a deployment of its own"
            ),
        }
    }
}
