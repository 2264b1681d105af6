//! Events as they are committed, over one WebSocket.

use std::path::Path;

use futures_util::StreamExt;
use tokio::net::UnixStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::Error as SocketError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, http::StatusCode};
use windlass_api::Event;

use crate::ClientError;
use crate::exchange::{HOST_NAME, open, refused};

/// Longest event, in bytes.
const EVENT_MAX: usize = 4 * 1024 * 1024;

/// Most bytes that wait to be sent: this side only answers pings.
const WRITE_MAX: usize = 64 * 1024;

/// One stream of events. Dropping it ends it.
#[derive(Debug)]
pub struct Events {
    socket: WebSocketStream<UnixStream>,
}

impl Events {
    pub(crate) async fn open(socket: &Path, path: &str) -> Result<Self, ClientError> {
        let stream = open(socket).await?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(EVENT_MAX))
            .max_frame_size(Some(EVENT_MAX))
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_MAX);
        let address = format!("ws://{HOST_NAME}{path}");
        let opened =
            tokio_tungstenite::client_async_with_config(address, stream, Some(limits)).await;
        match opened {
            Ok((socket, _answer)) => Ok(Self { socket }),
            Err(SocketError::Http(answer)) => {
                let status = answer.status();
                Err(refusal(status, answer.into_body()))
            }
            Err(other) => Err(ClientError::broken(other)),
        }
    }

    /// The next event. None when the controller closed the stream, because it is stopping or because
    /// this watcher was too slow: open another after the last event. Cancelling it loses nothing.
    ///
    /// # Errors
    /// A broken connection; an event that can't be read.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            match self.socket.next().await {
                None | Some(Ok(Message::Close(_))) => return Ok(None),
                Some(Ok(Message::Text(text))) => {
                    let event = serde_json::from_str(&text);
                    return event.map(Some).map_err(|why| ClientError::Malformed {
                        what: why.to_string(),
                    });
                }
                Some(Ok(
                    Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_),
                )) => {}
                Some(Err(SocketError::ConnectionClosed | SocketError::AlreadyClosed)) => {
                    return Ok(None);
                }
                Some(Err(why)) => return Err(ClientError::broken(why)),
            }
        }
    }
}

fn refusal(status: StatusCode, body: Option<Vec<u8>>) -> ClientError {
    refused(status, &body.unwrap_or_default())
}
