//! The run of a command that says how it goes.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use windlass_api::{ReportAnswer, ReportRequest};

use crate::exchange::{Ask, exchange};
use crate::{ClientError, Reach, Remote, RemoteError};

/// How long it is tried: a controller that died is back within a second or two.
const TRY_FOR: Duration = Duration::from_secs(10);

/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// Longest wait for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Says things to one coordination endpoint.
#[derive(Clone, Debug)]
pub struct Reporter {
    reach: Reach,
    path: String,
}

impl Reporter {
    /// To the `endpoint` that a run was given, with its `token`. Connects to nothing.
    ///
    /// # Errors
    /// An endpoint that is no URL or has no path, or a token that is none.
    pub fn new(endpoint: &str, token: &str) -> Result<Self, RemoteError> {
        let begins = endpoint.find("://").map_or(0, |at| at + 3);
        let path = endpoint.get(begins..).and_then(|rest| rest.find('/'));
        let (server, path) = endpoint.split_at(path.map_or(endpoint.len(), |at| begins + at));
        let remote = Remote::new(server, Some(token), None)?;
        if path.len() <= 1 {
            return Err(RemoteError::Address {
                text: remote.url().to_owned(),
                why: "it is not where a run reports: that is a whole URL, with its path",
            });
        }
        Ok(Self {
            reach: remote.into(),
            path: path.to_owned(),
        })
    }

    /// Says something. Tried again for ten seconds while the controller is away or busy, so that a
    /// line may be kept twice.
    ///
    /// # Errors
    /// The controller's refusal; a controller that stays away.
    pub async fn say(&self, report: &ReportRequest) -> Result<ReportAnswer, ClientError> {
        let until = Instant::now() + TRY_FOR;
        loop {
            let ask = Ask::post(self.path.as_str(), report)?;
            match exchange(&self.reach, ask, ANSWER_WITHIN).await {
                Err(error) if error.passes() && Instant::now() < until => sleep(PAUSE).await,
                said => return said,
            }
        }
    }
}
