//! Measuring what a check of the health score asks for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use windlass_model::{CheckSource, Millis, Reading};

/// One thing to measure, and where.
#[derive(Clone, Debug)]
pub struct Measuring {
    /// A file or a command; a probe is asked by a [`Prober`](crate::Prober).
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

/// Reads reports and asks commands.
#[async_trait(?Send)]
pub trait Gauge {
    /// What is measured now. What can't be measured within its time is [`Reading::Missing`], with the reason.
    /// Dropping the future ends a command with all of its descendants.
    async fn measure(&self, asked: &Measuring) -> Reading;
}
