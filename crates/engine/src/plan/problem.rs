//! Why there is no plan.

use std::fmt;

use windlass_model::{Listen, ServiceName, Version};

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
    /// A place that another service serves, and keeps at least until promotion; or an address on which
    /// another one, that stays, differs in what must be the same for all.
    ListenTaken {
        /// Who wants it.
        service: ServiceName,
        /// The place.
        listen: Box<Listen>,
        /// What the other serves.
        taken: Box<Listen>,
        /// Who has it.
        owner: ServiceName,
        /// Whether it may be the owner itself under a new name: it is new, and the owner is not wanted.
        may_be_it: bool,
    },
    /// A service that was a process is to be a command, or the other way round.
    TargetChanged {
        /// Which.
        service: ServiceName,
    },
    /// Nothing runs that could go back or be removed.
    NothingRuns {
        /// Under which name.
        service: ServiceName,
    },
    /// What is to be removed is needed by what runs.
    StillNeeded {
        /// Which.
        service: ServiceName,
        /// Who needs it.
        consumer: ServiceName,
    },
    /// A service runs under its new name and another one under the old.
    BothRun {
        /// The new name.
        service: ServiceName,
        /// The old one.
        was: ServiceName,
    },
    /// The old name of one service is that of another one in the same file.
    OldNameWanted {
        /// The new name.
        service: ServiceName,
        /// The old one.
        was: ServiceName,
    },
    /// Two services were the same one before.
    WasTwice {
        /// One of them.
        service: ServiceName,
        /// The other.
        other: ServiceName,
        /// What both say they were.
        was: ServiceName,
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
                "{service}: {label} would be the very release that is {known} already: \
                 nothing uses ${{VERSION}}, and the files are the same; keep {known}"
            ),
            Self::LabelTaken {
                service,
                label,
                known,
            } => {
                write!(
                    f,
                    "{service}: {label} was deployed as {known}…, and these are other files: \
                     give them another version"
                )
            }
            Self::ListenTaken {
                service,
                listen,
                taken,
                owner,
                may_be_it,
            } if listen.is_same_place(taken) => {
                let place = format!("{service}: {taken} is served by {owner}");
                write!(f, "{place}: {}", free_it((service, owner), *may_be_it))
            }
            Self::ListenTaken {
                service,
                listen,
                taken,
                owner,
                may_be_it: _,
            } => write!(
                f,
                "{service}: {listen} can't be served beside {taken} of {owner}: on one address all \
                 speak TLS, or none, and all believe the same proxies"
            ),
            Self::TargetChanged { service } => write!(
                f,
                "{service}: a process can't become a command, nor a command a process: neither would \
                 know how to go back; give this one a name of its own, and remove the other"
            ),
            Self::NothingRuns { service } => write!(f, "{service}: nothing runs under that name"),
            Self::StillNeeded { service, consumer } => write!(
                f,
                "{service}: {consumer} runs and needs it: deploy {consumer} without that need first"
            ),
            Self::BothRun { service, was } => write!(
                f,
                "{service}: it runs already, and so does {was}: drop `was`, or remove one of the two"
            ),
            Self::OldNameWanted { service, was } => write!(
                f,
                "{service}: was {was}, but {was} is in the file too: deploy the new name alone first"
            ),
            Self::WasTwice {
                service,
                other,
                was,
            } => write!(
                f,
                "{service}: was {was}, and so was {other}: only one can be it"
            ),
        }
    }
}

/// What makes the address of its owner this service's.
fn free_it((service, owner): (&ServiceName, &ServiceName), may_be_it: bool) -> String {
    let free = "free it first by a deployment of its own";
    if !may_be_it {
        return free.to_owned();
    }
    format!(
        "is {service} that service under another name, give it `was: {owner}`, and requests and \
         history go over to it; else {free}"
    )
}
