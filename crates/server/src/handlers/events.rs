//! `GET /v1/events`: a WebSocket with one text message per event.
//!
//! The stream begins after the sequence that the client names and has no gaps. It ends with 1013
//! (*try again later*) when the client was too slow, and with 1001 (*going away*) when the server ends;
//! either way the client opens another after the last sequence it has.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures_util::StreamExt;
use tokio::sync::watch;
use windlass_api::{EventQuery, Exit, Problem};
use windlass_runtime::EventStream;

use crate::Controller;
use crate::answer::{Refused, bad_request};
use crate::app::{App, ended};
use crate::body::{Asked, deployment};

/// Longest message that a client may send: it has nothing to say.
const MESSAGE_MAX: usize = 4 * 1024;

/// Most bytes that wait for a client.
const WRITE_MAX: usize = 8 * 1024 * 1024;

/// Time after which a client that takes nothing is let go.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn get<C: Controller>(
    State(app): State<App<C>>,
    Asked(query): Asked<EventQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refused> {
    let upgrade = upgrade.map_err(|why| bad_request(why.status().as_u16(), why.body_text()))?;
    let id = match &query.deployment {
        Some(text) => Some(deployment(text)?),
        None => None,
    };
    let place = Arc::clone(&app.watchers)
        .try_acquire_owned()
        .map_err(|_full| too_many())?;
    let events = app.controller.events(query.after, id).await?;
    let ending = app.ending.clone();
    let upgrade = upgrade
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_MAX);
    Ok(upgrade.on_upgrade(move |socket| async move {
        stream(socket, events, ending).await;
        drop(place);
    }))
}

fn too_many() -> Problem {
    Problem::new(
        429,
        "WL0302",
        Exit::Unreachable,
        "too many clients follow events",
    )
    .hint("end one of them")
}

async fn stream(mut socket: WebSocket, mut events: EventStream, mut ending: watch::Receiver<bool>) {
    let ended = ended(&mut ending);
    tokio::pin!(ended);
    let (code, reason) = loop {
        tokio::select! {
            () = &mut ended => break (close_code::AWAY, "the controller ends"),
            event = events.next() => {
                let Some(event) = event else {
                    break (close_code::AGAIN, "too slow: go on after the last sequence");
                };
                let Ok(text) = serde_json::to_string(&event) else {
                    break (close_code::ERROR, "an event can't be written");
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
    let goodbye = Message::Close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }));
    if let Ok(Err(why)) = tokio::time::timeout(WRITE_WITHIN, socket.send(goodbye)).await {
        tracing::debug!(%why, "an event stream broke at its end");
    }
}
