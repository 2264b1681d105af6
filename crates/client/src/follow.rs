//! Events across the deaths of the controller.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use windlass_api::Event;
use windlass_model::DeploymentId;

use crate::{Client, ClientError, Events, Reach, Starting};

/// Longest time without a controller before following is given up.
const GONE_MAX: Duration = Duration::from_mins(1);

/// Time between two tries to reach one.
const PAUSE: Duration = Duration::from_millis(100);

/// Time without an event after which the controller is asked whether it still answers.
const QUIET_MAX: Duration = Duration::from_secs(5);

/// The journal ends before what was heard.
const ENDS_BEFORE: &str = "WL0471";

/// Streams in a row that may end without a single event.
const EMPTY_STREAMS_MAX: u32 = 100;

/// What a follower meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// An event, each once and in order.
    Event(Box<Event>),
    /// The controller was gone and is there again, with this pid.
    Reconnected {
        /// Its process.
        pid: u32,
    },
    /// The deployment has ended, and all of it was told.
    Ended,
}

/// Follows events by their sequence: a stream that ends is opened again after the last one, and a
/// dead controller is started again. Where the journal is an older one than what was heard, all of it comes
/// anew.
#[derive(Debug)]
pub struct Following {
    reach: Reach,
    starting: Starting,
    deployment: Option<DeploymentId>,
    client: Client,
    events: Option<Events>,
    after: u64,
    empty: u32,
    unknown: BTreeSet<String>,
}

impl Following {
    /// Follows what comes after `after`, of one deployment or of all.
    pub fn new(
        client: &Client,
        starting: &Starting,
        after: u64,
        deployment: Option<DeploymentId>,
    ) -> Self {
        Self {
            reach: client.reach().clone(),
            starting: starting.clone(),
            deployment,
            client: client.clone(),
            events: None,
            after,
            empty: 0,
            unknown: BTreeSet::new(),
        }
    }

    /// The client that reaches the controller of now.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The names of the facts that were left out so far, since only a newer version knows them.
    pub fn unknown(&self) -> &BTreeSet<String> {
        &self.unknown
    }

    /// The next event, or that the controller was replaced. Cancelling it loses no event.
    ///
    /// # Errors
    /// The controller's refusal; none that could be reached for a minute; a deployment that an older
    /// journal does not have.
    pub async fn next(&mut self) -> Result<Followed, ClientError> {
        loop {
            let Some(events) = &mut self.events else {
                let before = self.client.controller().clone();
                self.open().await?;
                // Elsewhere every controller may have the same pid.
                if *self.client.controller() != before {
                    let pid = self.client.controller().pid;
                    return Ok(Followed::Reconnected { pid });
                }
                continue;
            };
            let Ok(met) = tokio::time::timeout(QUIET_MAX, events.next()).await else {
                self.still_answers().await?;
                continue;
            };
            match met {
                Ok(Some(told)) => {
                    self.empty = 0;
                    self.unknown.extend(told.unknown);
                    let event = told.known;
                    if event.sequence > self.after {
                        self.after = event.sequence;
                        return Ok(Followed::Event(Box::new(event)));
                    }
                }
                Ok(None) if events.is_whole() => return Ok(Followed::Ended),
                Ok(None) | Err(ClientError::Broken { .. }) => self.ended()?,
                Err(other) => return Err(other),
            }
        }
    }

    /// A bake is quiet too; a controller that is stopped or hangs would be quiet for ever.
    async fn still_answers(&mut self) -> Result<(), ClientError> {
        match Client::connect(&self.reach).await {
            Ok(_client) => Ok(()),
            Err(failed) if failed.passes() => self.ended(),
            Err(failed) => Err(failed),
        }
    }

    /// Notes that a stream ended; a controller that only ever closes streams is not followed for ever.
    fn ended(&mut self) -> Result<(), ClientError> {
        self.events = None;
        self.empty += 1;
        if self.empty > EMPTY_STREAMS_MAX {
            return Err(ClientError::Malformed {
                what: format!("{EMPTY_STREAMS_MAX} event streams without an event"),
            });
        }
        Ok(())
    }

    async fn open(&mut self) -> Result<(), ClientError> {
        let gone = Instant::now();
        loop {
            let failed = match Client::connect_or_start(&self.reach, &self.starting).await {
                Ok(client) => {
                    self.client = client;
                    let opened = self.client.events(self.after, self.deployment.as_ref());
                    match opened.await {
                        Ok(events) => {
                            self.events = Some(events);
                            return Ok(());
                        }
                        Err(ClientError::Refused(why)) if why.code.0 == ENDS_BEFORE => {
                            self.begin_anew().await?;
                            continue;
                        }
                        Err(failed) => failed,
                    }
                }
                Err(failed) => failed,
            };
            if !failed.passes() || gone.elapsed() > GONE_MAX {
                return Err(failed);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A backup was restored meanwhile: nothing that was heard counts.
    async fn begin_anew(&mut self) -> Result<(), ClientError> {
        self.after = 0;
        // One that began after the backup is in no row, and nothing would ever be heard of it.
        if let Some(id) = &self.deployment {
            self.client.show(id).await?;
        }
        Ok(())
    }
}
