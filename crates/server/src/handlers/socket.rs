//! Events as WebSocket messages.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use futures_util::StreamExt;
use windlass_runtime::EventStream;

use super::events::End;
use super::over::Over;

/// Longest message that a client may send: it has nothing to say.
const MESSAGE_MAX: usize = 4 * 1024;

/// Most bytes that wait for a client.
const WRITE_MAX: usize = 8 * 1024 * 1024;

/// Time after which a client that takes nothing is let go.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// The same upgrade, within its limits.
pub(super) fn limited(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_MAX)
}

/// Sends every event, then why it ended.
pub(super) async fn stream(mut socket: WebSocket, mut events: EventStream, mut over: Over) {
    let over = over.comes();
    tokio::pin!(over);
    let end = loop {
        tokio::select! {
            end = &mut over => break end,
            event = events.next() => {
                let Some(event) = event else {
                    break End::of(&events);
                };
                let Ok(text) = serde_json::to_string(&event) else {
                    break End::Broken;
                };
                let sent = tokio::time::timeout(WRITE_WITHIN, socket.send(Message::text(text)));
                if !matches!(sent.await, Ok(Ok(()))) {
                    return;
                }
            }
            heard = socket.recv() => match heard {
                None | Some(Err(_) | Ok(Message::Close(_))) => return,
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
            },
        }
    };
    let code = match end {
        End::Away => close_code::AWAY,
        End::Again => close_code::AGAIN,
        End::Broken => close_code::ERROR,
        End::Revoked => close_code::POLICY,
        End::Ended => close_code::NORMAL,
    };
    let goodbye = Message::Close(Some(CloseFrame {
        code,
        reason: end.reason().into(),
    }));
    if let Ok(Err(why)) = tokio::time::timeout(WRITE_WITHIN, socket.send(goodbye)).await {
        tracing::debug!(%why, "an event stream broke at its end");
    }
}
