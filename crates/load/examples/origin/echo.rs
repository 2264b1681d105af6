//! WebSockets that say what was said to them.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// A connection that has become a WebSocket, as soon as it has.
#[derive(Default)]
pub(crate) struct Switched(Mutex<Option<OnUpgrade>>);

impl Switched {
    /// Agrees to a request for a WebSocket.
    pub(crate) fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        let key = request.headers().get(SEC_WEBSOCKET_KEY);
        let accept = key.map(|key| derive_accept_key(key.as_bytes()));
        let Some(accept) = accept.and_then(|accept| HeaderValue::from_str(&accept).ok()) else {
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return response;
        };
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(hyper::upgrade::on(request));
        response
    }

    /// Serves the WebSocket to its end, if there is one.
    pub(crate) async fn echo(self) {
        let slot = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(switched) = slot else { return };
        let Ok(stream) = switched.await else { return };
        let mut socket =
            WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() || socket.send(message).await.is_err() {
                return;
            }
        }
    }
}
