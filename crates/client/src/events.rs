//! Events as they are committed, over one WebSocket.

use futures_util::StreamExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::Error as SocketError;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use windlass_api::Event;

use crate::exchange::refused;
use crate::reach::Stream;
use crate::{ClientError, Reach, Told, newer};

/// Longest event, in bytes.
const EVENT_MAX: usize = 4 * 1024 * 1024;

/// Most bytes that wait to be sent: this side only answers pings.
const WRITE_MAX: usize = 64 * 1024;

/// One stream of events. Dropping it ends it.
#[derive(Debug)]
pub struct Events {
    socket: WebSocketStream<Stream>,
    whole: bool,
}

impl Events {
    pub(crate) async fn open(reach: &Reach, path: &str) -> Result<Self, ClientError> {
        let limits = WebSocketConfig::default()
            .max_message_size(Some(EVENT_MAX))
            .max_frame_size(Some(EVENT_MAX))
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_MAX);
        let address = format!("ws://{}{path}", reach.host());
        let mut request = address.into_client_request().map_err(ClientError::broken)?;
        if let Some(who) = reach.authorization() {
            request.headers_mut().insert(AUTHORIZATION, who.clone());
        }
        let stream = reach.open().await?;
        let opened =
            tokio_tungstenite::client_async_with_config(request, stream, Some(limits)).await;
        match opened {
            Ok((socket, _answer)) => Ok(Self {
                socket,
                whole: false,
            }),
            Err(SocketError::Http(answer)) => {
                reach.is_windlass(answer.status(), answer.headers())?;
                let status = answer.status();
                Err(refused(status, &answer.into_body().unwrap_or_default()))
            }
            Err(other) => Err(ClientError::broken(other)),
        }
    }

    /// Whether it ended with its deployment: all of that was heard.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The next event, without facts that only a newer version knows. None when the controller closed the stream, because it is stopping or because
    /// this watcher was too slow: open another after the last event, unless it [`is_whole`](Self::is_whole). Cancelling it loses nothing.
    ///
    /// # Errors
    /// A broken connection; an event that can't be read.
    pub async fn next(&mut self) -> Result<Option<Told<Event>>, ClientError> {
        loop {
            match self.socket.next().await {
                None => return Ok(None),
                Some(Ok(Message::Close(said))) => {
                    self.whole = said.is_some_and(|said| said.code == CloseCode::Normal);
                    return Ok(None);
                }
                Some(Ok(Message::Text(text))) => {
                    let event = newer::event(&text);
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
