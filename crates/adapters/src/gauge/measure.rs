//! One check, measured.

use std::collections::BTreeSet;
use std::path::PathBuf;

use async_trait::async_trait;
use tokio::time::timeout;
use windlass_edge::{EdgeError, Gauge, Given, Measuring};
use windlass_model::{CheckSource, Measure, PlanId, Reading};
use windlass_reports::{Found, cobertura, figure, junit, lcov, playwright};

use super::kept::Kept;
use super::{command, file};
use crate::group::Running;

/// Measures in the folder of a file.
#[derive(Clone, Debug)]
pub struct FolderGauge {
    given: Kept,
    running: Running,
}

impl FolderGauge {
    /// One that keeps what commands are given, and which of them run, in these folders, which are made when
    /// they are needed.
    pub const fn new(given: PathBuf, running: PathBuf) -> Self {
        Self {
            given: Kept::new(given),
            running: Running::new(running),
        }
    }

    /// Ends the commands that a controller which was killed has left running. Only for the one controller of
    /// these folders, before it measures anything.
    pub fn end_left(&self) {
        self.running.end_all();
    }
}

#[async_trait(?Send)]
impl Gauge for FolderGauge {
    async fn measure(&self, asked: &Measuring) -> Reading {
        let measured = async {
            match &asked.source {
                CheckSource::Probe { service, .. } => Err(format!("{service} is not asked here")),
                CheckSource::Metric { name, .. } => Err(format!("{name} is not asked here")),
                CheckSource::Junit(file) => file::read(&asked.folder, file, junit).await,
                CheckSource::Playwright(file) => file::read(&asked.folder, file, playwright).await,
                CheckSource::Lcov(file) => file::read(&asked.folder, file, lcov).await,
                CheckSource::Cobertura(file) => file::read(&asked.folder, file, cobertura).await,
                CheckSource::Json { file, value } => {
                    let value = value.clone();
                    let reader = move |bytes: &[u8]| figure(bytes, &value);
                    file::read(&asked.folder, file, reader).await
                }
                CheckSource::Command { argv, value } => {
                    command::ask(asked, (argv, value.as_deref()), &self.running).await
                }
            }
        };
        match timeout(asked.within.duration(), measured).await {
            Ok(Ok(reading)) => reading,
            Ok(Err(why)) => Reading::Missing(why),
            Err(_late) => Reading::Missing(format!("no answer within {}", asked.within)),
        }
    }

    async fn keep(&self, plan: &PlanId, given: &Given) -> Result<(), EdgeError> {
        self.given.put(plan, given)
    }

    async fn kept(&self, plan: &PlanId) -> Result<Option<Given>, EdgeError> {
        self.given.get(plan)
    }

    async fn forget_all_but(&self, plans: &BTreeSet<PlanId>) -> Result<(), EdgeError> {
        self.given.drop_all_but(plans)
    }
}

/// What was found at some time. A figure that is too large to be told apart from its neighbours is none.
pub(super) fn reading(found: Found, at_us: i64) -> Result<Reading, String> {
    let Found { value, saw } = found;
    let value = Measure::try_from(value).map_err(|_large| format!("{saw}: that is too large"))?;
    Ok(Reading::Value { value, saw, at_us })
}
