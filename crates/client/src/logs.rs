//! Log lines as they arrive.

use std::path::Path;

use bytes::{Buf, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use windlass_api::LogLine;

use crate::ClientError;
use crate::exchange::{Ask, Driven, begin, finish, open, refused};

/// Longest line that is read, in bytes, as JSON.
const LINE_MAX: usize = 4 * 1024 * 1024;

/// A service's log being read. Dropping it ends the reading.
#[derive(Debug)]
pub struct Logs {
    body: Incoming,
    driven: Driven,
    driving: bool,
    read: BytesMut,
}

impl Logs {
    pub(crate) async fn open(socket: &Path, path: String) -> Result<Self, ClientError> {
        let (answer, driven) = begin(open(socket).await?, Ask::get(path)).await?;
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
