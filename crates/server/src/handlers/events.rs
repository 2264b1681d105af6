//! `GET /v1/events`: each event once, as WebSocket messages or as server-sent events.
//!
//! The stream begins after the sequence that the client names and has no gaps. It ends with *again*
//! (WebSocket 1013) when the client was too slow, and with *away* (1001) when the server ends; either way
//! the client opens another after the last sequence it has. With *revoked* (1008) its token is over, and with
//! *ended* (1000) the deployment that it was of: all of it was sent.

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::http::header::UPGRADE;
use axum::response::{IntoResponse, Response};
use windlass_api::{EventQuery, Exit, Problem};
use windlass_runtime::EventStream;

use super::over::Over;
use super::{socket, sse};
use crate::Controller;
use crate::access::Caller;
use crate::answer::{Refused, bad_request};
use crate::app::App;
use crate::body::{Asked, deployment};

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The server ends.
    Away,
    /// The client was too slow.
    Again,
    /// An event can't be written.
    Broken,
    /// The client's token holds no longer.
    Revoked,
    /// Its deployment has ended, and all of that was sent.
    Ended,
}

impl End {
    /// In a word, for programs.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Again => "again",
            Self::Broken => "broken",
            Self::Revoked => "revoked",
            Self::Ended => "ended",
        }
    }

    /// For people.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Away => "the controller ends",
            Self::Again => "too slow: go on after the last sequence",
            Self::Broken => "an event can't be written",
            Self::Revoked => "the token was revoked or has expired",
            Self::Ended => "the deployment has ended; this was all of it",
        }
    }

    /// Why a stream has nothing more.
    pub(super) fn of(events: &EventStream) -> Self {
        if events.is_whole() {
            Self::Ended
        } else {
            Self::Again
        }
    }
}

pub(super) async fn get<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Asked(query): Asked<EventQuery>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refused> {
    let upgrade = if headers.contains_key(UPGRADE) {
        Some(upgrade.map_err(|why| bad_request(why.body_text()))?)
    } else {
        None
    };
    let id = query.deployment.as_deref().map(deployment).transpose()?;
    let after = after(&query, &headers)?;
    let place = app.watchers.take(&caller).ok_or_else(too_many)?;
    let events = app.controller.events(after, id).await?;
    let over = Over::of(&app, caller);
    Ok(match upgrade {
        Some(upgrade) => socket::limited(upgrade).on_upgrade(move |socket| async move {
            socket::stream(socket, events, over).await;
            drop(place);
        }),
        None => sse::answer(events, over, place, app.limits.keep_alive).into_response(),
    })
}

/// Where the stream begins: a browser that comes back says the last event it has.
fn after(query: &EventQuery, headers: &HeaderMap) -> Result<u64, Refused> {
    let Some(last) = headers.get("last-event-id") else {
        return Ok(query.after);
    };
    let last = last.to_str().ok().and_then(|text| text.parse().ok());
    last.ok_or_else(|| bad_request("Last-Event-ID is the sequence of an event"))
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
