//! One check, measured.

use async_trait::async_trait;
use tokio::time::timeout;
use windlass_edge::{Gauge, Measuring};
use windlass_model::{CheckSource, Measure, Reading};
use windlass_reports::{Found, cobertura, figure, junit, lcov, playwright};

use super::{command, file};

/// Measures in the folder of a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct FolderGauge;

#[async_trait(?Send)]
impl Gauge for FolderGauge {
    async fn measure(&self, asked: &Measuring) -> Reading {
        let measured = async {
            match &asked.source {
                CheckSource::Probe { service, .. } => Err(format!("{service} is not asked here")),
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
                    command::ask(asked, argv, value.as_deref()).await
                }
            }
        };
        match timeout(asked.within.duration(), measured).await {
            Ok(Ok(reading)) => reading,
            Ok(Err(why)) => Reading::Missing(why),
            Err(_late) => Reading::Missing(format!("no answer within {}", asked.within)),
        }
    }
}

/// What was found at some time. A figure that is too large to be told apart from its neighbours is none.
pub(super) fn reading(found: Found, at_us: i64) -> Result<Reading, String> {
    let Found { value, saw } = found;
    let value = Measure::try_from(value).map_err(|_large| format!("{saw}: that is too large"))?;
    Ok(Reading::Value { value, saw, at_us })
}
