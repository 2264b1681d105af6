//! Events as server-sent events: for browsers and curl.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, StreamExt, unfold};
use windlass_runtime::EventStream;

use super::events::End;
use super::over::Over;
use crate::watchers::Watcher;

/// What one stream has.
struct Streaming {
    events: EventStream,
    over: Over,
    done: bool,
    /// Its place among the watchers, until it is dropped.
    _place: Watcher,
}

/// The answer that goes on until one side leaves. Each event has its sequence as id; the last one is
/// named `end` and says why.
pub(super) fn answer(
    events: EventStream,
    over: Over,
    place: Watcher,
    keep_alive: Duration,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let streaming = Streaming {
        events,
        over,
        done: false,
        _place: place,
    };
    let all = unfold(streaming, next);
    Sse::new(all).keep_alive(KeepAlive::new().interval(keep_alive))
}

async fn next(mut streaming: Streaming) -> Option<(Result<Event, Infallible>, Streaming)> {
    if streaming.done {
        return None;
    }
    let met = tokio::select! {
        end = streaming.over.comes() => Err(end),
        event = streaming.events.next() => match event {
            None => Err(End::of(&streaming.events)),
            Some(event) => serde_json::to_string(&event)
                .map(|text| Event::default().id(event.sequence.to_string()).data(text))
                .map_err(|_unwritable| End::Broken),
        },
    };
    streaming.done = met.is_err();
    let event = met.unwrap_or_else(|end| {
        let said = format!(r#"{{"end":"{}","reason":"{}"}}"#, end.word(), end.reason());
        Event::default().event("end").data(said)
    });
    Some((Ok(event), streaming))
}
