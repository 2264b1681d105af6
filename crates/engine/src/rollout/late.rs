//! The run of a script that took too long: it is ended, with all that it has started, before anybody is told to
//! go on, and before it runs again.

use std::collections::BTreeSet;

use windlass_model::{InstanceId, TimerId};

/// A way forward whose run is being ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// Those that still run.
    pub left: BTreeSet<InstanceId>,
    /// What follows.
    pub then: AfterEnd,
    /// Asks again, should it fail.
    pub retry: Option<TimerId>,
    /// Why it could not be ended the last time.
    pub trouble: Option<String>,
}

/// What follows once a run that took too long is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterEnd {
    /// It runs once more: a person wants that.
    Again,
    /// A person has to say how to go on.
    Stuck {
        /// What was seen of it last when its time was over.
        saw: Option<String>,
    },
}
