//! Measuring what a check of the health score asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use async_trait::async_trait;
use windlass_model::{CheckSource, Millis, PlanId, Reading};

use crate::EdgeError;

/// One thing to measure, and where.
#[derive(Clone, Debug)]
pub struct Measuring {
    /// A file or a command; a probe is asked by a [`Prober`](crate::Prober), a metric by a
    /// [`MetricSource`](crate::MetricSource).
    pub source: CheckSource,
    /// The folder of the file.
    pub folder: PathBuf,
    /// All that a command sees of the world.
    pub env: BTreeMap<String, String>,
    /// What the places of a command stand for.
    pub values: BTreeMap<String, String>,
    /// How long it may take.
    pub within: Millis,
}

/// What commands are given, of whoever made a plan. Kept 0600; never in journal, log or event.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// The PATH, HOME and LANG that a command sees.
    pub surroundings: BTreeMap<String, String>,
    /// What the places of a command stand for.
    pub values: BTreeMap<String, String>,
}

/// Reads reports and asks commands.
#[async_trait(?Send)]
pub trait Gauge {
    /// What is measured now. What can't be measured within its time is [`Reading::Missing`], with the reason.
    /// Dropping the future ends a command with all of its descendants.
    async fn measure(&self, asked: &Measuring) -> Reading;

    /// Keeps what the commands of a plan are given, so that whoever carries it out measures the same. What
    /// was kept of it before is replaced.
    ///
    /// # Errors
    /// It can't be written.
    async fn keep(&self, plan: &PlanId, given: &Given) -> Result<(), EdgeError>;

    /// What was kept; none where nothing is any more.
    ///
    /// # Errors
    /// It can't be read.
    async fn kept(&self, plan: &PlanId) -> Result<Option<Given>, EdgeError>;

    /// Drops what was kept of all other plans.
    ///
    /// # Errors
    /// Not all could be dropped.
    async fn forget_all_but(&self, plans: &BTreeSet<PlanId>) -> Result<(), EdgeError>;
}
