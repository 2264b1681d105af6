//! Numbers that somebody else measures.

use async_trait::async_trait;
use windlass_model::{Access, PrometheusUrl};

use crate::EdgeError;

/// Asks for a number. How often is the runtime's.
///
/// It is a question only: asking twice changes nothing, and dropping the future drops the question.
#[async_trait(?Send)]
pub trait MetricSource {
    /// The one number that answers `query`, whose places are filled; none if there is no data: no
    /// series, or what is no finite number. Several series are an error, because nobody said which.
    ///
    /// # Errors
    /// Where it can't be asked, or says no, with what it says; nothing that is secret is in it.
    async fn read(
        &self,
        prometheus: &PrometheusUrl,
        access: &Access,
        query: &str,
    ) -> Result<Option<f64>, EdgeError>;
}
