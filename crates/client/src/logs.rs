//! Log lines as they arrive.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use windlass_api::{LogLine, LogQuery};

use crate::exchange::{Ask, Driven, begin, finish, refused};
use crate::{Client, ClientError, Reach, Starting};

/// Longest line that is read, in bytes, as JSON.
const LINE_MAX: usize = 4 * 1024 * 1024;

/// Longest time without a controller before following is given up.
const GONE_MAX: Duration = Duration::from_mins(1);

/// Longest wait for the successor of a controller that was asked to end.
const SUCCESSOR_WITHIN: Duration = Duration::from_secs(5);

/// Time between two tries to reach one.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes of each stream that are read again to find where it was left.
const READ_AGAIN: u64 = 1024 * 1024;

/// A service's log being read. Dropping it ends the reading.
#[derive(Debug)]
pub struct Logs {
    body: Incoming,
    driven: Driven,
    driving: bool,
    read: BytesMut,
}

impl Logs {
    pub(crate) async fn open(reach: &Reach, path: String) -> Result<Self, ClientError> {
        let (answer, driven) = begin(reach, Ask::get(path)).await?;
        if !answer.status().is_success() {
            let (status, body) = finish(answer, driven).await?;
            return Err(refused(status, &body));
        }
        Ok(Self {
            body: answer.into_body(),
            driven,
            driving: true,
            read: BytesMut::new(),
        })
    }

    /// The next line; none when the log ended. Cancelling it loses nothing.
    ///
    /// # Errors
    /// A broken connection; a line that can't be read.
    pub async fn next(&mut self) -> Result<Option<LogLine>, ClientError> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line = self.read.split_to(end);
                self.read.advance(1);
                let line = serde_json::from_slice(&line).map_err(|why| ClientError::Malformed {
                    what: why.to_string(),
                })?;
                return Ok(Some(line));
            }
            if self.read.len() > LINE_MAX {
                return Err(ClientError::Malformed {
                    what: format!("a log line over {LINE_MAX} bytes"),
                });
            }
            tokio::select! {
                biased;
                frame = self.body.frame() => match frame {
                    None => return Ok(None),
                    Some(Err(why)) => return Err(ClientError::broken(why)),
                    Some(Ok(frame)) => {
                        if let Ok(bytes) = frame.into_data() {
                            self.read.extend_from_slice(&bytes);
                        }
                    }
                },
                _ended = &mut self.driven, if self.driving => self.driving = false,
            }
        }
    }
}

/// A log across the deaths of the controller: each line once. One that died is started again; one
/// that was asked to end is given time for a successor.
#[derive(Debug)]
pub struct FollowingLogs {
    client: Client,
    starting: Starting,
    query: LogQuery,
    logs: Option<Logs>,
    /// Where each instance's stream was left.
    seen: BTreeMap<(String, String), u64>,
}

impl FollowingLogs {
    /// Reads what `query` asks for, and goes on.
    pub fn new(client: &Client, starting: &Starting, query: LogQuery) -> Self {
        Self {
            client: client.clone(),
            starting: starting.clone(),
            query,
            logs: None,
            seen: BTreeMap::new(),
        }
    }

    /// The next line; none when the controller ended in peace and none came after it. Cancelling it
    /// loses nothing.
    ///
    /// # Errors
    /// The controller's refusal; none that could be reached for a minute.
    pub async fn next(&mut self) -> Result<Option<LogLine>, ClientError> {
        loop {
            let Some(logs) = &mut self.logs else {
                self.logs = Some(self.client.logs(&self.query).await?);
                continue;
            };
            match logs.next().await {
                Ok(Some(line)) if self.is_new(&line) => return Ok(Some(line)),
                Ok(Some(_again)) => {}
                Ok(None) => {
                    if !self.succeeded().await? {
                        return Ok(None);
                    }
                }
                Err(ClientError::Broken { .. }) => self.started_again().await?,
                Err(other) => return Err(other),
            }
        }
    }

    fn is_new(&mut self, line: &LogLine) -> bool {
        let place = (line.instance.clone(), line.stream.clone());
        let seen = self.seen.entry(place).or_default();
        let new = line.end == 0 || line.end > *seen;
        *seen = line.end.max(*seen);
        new
    }

    /// Whether another controller answers after one that ended in peace.
    async fn succeeded(&mut self) -> Result<bool, ClientError> {
        let reach = self.client.reach().clone();
        let before = self.client.controller().clone();
        let begun = Instant::now();
        while begun.elapsed() < SUCCESSOR_WITHIN {
            match Client::connect(&reach).await {
                Ok(client) if *client.controller() != before => {
                    self.client = client;
                    self.open_again();
                    return Ok(true);
                }
                Ok(_it_still_ends) => {}
                Err(failed) if failed.passes() => {}
                Err(failed) => return Err(failed),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(false)
    }

    async fn started_again(&mut self) -> Result<(), ClientError> {
        let reach = self.client.reach().clone();
        let begun = Instant::now();
        loop {
            match Client::connect_or_start(&reach, &self.starting).await {
                Ok(client) => {
                    self.client = client;
                    self.open_again();
                    return Ok(());
                }
                Err(failed) if failed.passes() && begun.elapsed() < GONE_MAX => {}
                Err(failed) => return Err(failed),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn open_again(&mut self) {
        self.logs = None;
        self.query.tail = Some(READ_AGAIN);
        self.query.lines = None;
    }
}
