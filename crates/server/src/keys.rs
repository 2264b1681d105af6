//! Idempotency keys: the same request, sent again, begins nothing twice.
//!
//! The first request with a key is carried out by a task of its own, so that it goes on when its
//! client is gone; whoever sends it again waits for the same answer. A handler that only waits sees when
//! nobody waits with it any more.
//!
//! Keys live as long as the controller, at most for a day. Only that of a deployment is journalled with
//! it, as the digest of who asks, the key and what is asked for but secrets: whoever sends the same to the next
//! controller, with less time left to wait perhaps, is answered with what has begun. Nothing else may be
//! repeated to another controller.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use windlass_api::{DeployRequest, Exit, KEY_HEADER, Problem, Source};

use crate::access::Caller;
use crate::answer::{Refused, bad_request};
use crate::app::App;
use crate::body::whole;
use crate::{Controller, Limits};

/// Longest key, in bytes.
const KEY_MAX: usize = 128;

/// Longest answer of a route that takes keys, in bytes: that of a plan of a thousand services.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// The header of an answer that was given before.
const REPLAYED: &str = "idempotency-replayed";

/// The keys of one server.
pub(crate) struct Keys {
    known: Mutex<HashMap<Name, First>>,
    under_way: Mutex<JoinSet<()>>,
    limits: Limits,
}

/// A key is its sender's own: nobody reads another's answer by guessing one.
type Name = (Option<String>, String);

/// The first request with a key.
#[derive(Clone)]
struct First {
    /// Of its method, path, condition and body.
    digest: [u8; 32],
    since: Instant,
    /// None while it is under way.
    answer: watch::Receiver<Option<Saved>>,
    waiting: Waiting,
}

/// Those who wait for an answer: the sender's other ends.
#[derive(Clone)]
pub(crate) struct Waiting(watch::Sender<()>);

impl Waiting {
    /// Returns once nobody waits any more.
    pub(crate) async fn end(&self) {
        self.0.closed().await;
    }
}

/// One who waits, until it is dropped.
type Waiter = watch::Receiver<()>;

/// An answer that can be given again.
#[derive(Clone)]
struct Saved {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Saved {
    fn again(self) -> Response {
        let mut answer = (self.status, Body::from(self.body)).into_response();
        *answer.headers_mut() = self.headers;
        answer
    }

    /// Whether the next try may have another answer, because nothing came of this one.
    fn passes(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS || self.status.is_server_error()
    }
}

/// What a request with a key meets.
enum Met {
    /// Nobody sent it before.
    New(watch::Sender<Option<Saved>>, Waiting),
    /// It was sent before.
    Again(watch::Receiver<Option<Saved>>),
}

impl Keys {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            known: Mutex::default(),
            under_way: Mutex::default(),
            limits,
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Name, First>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests that go on without a client; for the server's end.
    pub(crate) fn take_under_way(&self) -> JoinSet<()> {
        let mut tasks = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *tasks)
    }

    fn meet(&self, name: &Name, digest: [u8; 32], now: Instant) -> Result<(Met, Waiter), Problem> {
        let mut known = self.known();
        known.retain(|_, first| {
            let fresh = now.duration_since(first.since) < self.limits.keys_kept;
            first.is_under_way() || (fresh && first.is_answered())
        });
        if let Some(first) = known.get(name) {
            return if first.digest == digest {
                Ok((
                    Met::Again(first.answer.clone()),
                    first.waiting.0.subscribe(),
                ))
            } else {
                Err(used())
            };
        }
        while known.len() >= self.limits.keys || kept(&known) > self.limits.keys_bytes {
            let ended = known.iter().filter(|(_, first)| !first.is_under_way());
            let oldest = ended.min_by_key(|(_, first)| first.since);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
                return Err(too_many());
            };
            known.remove(&oldest);
        }
        let (answered, answer) = watch::channel(None);
        let (waiting, waiter) = watch::channel(());
        let waiting = Waiting(waiting);
        let first = First {
            digest,
            since: now,
            answer,
            waiting: waiting.clone(),
        };
        known.insert(name.clone(), first);
        Ok((Met::New(answered, waiting), waiter))
    }

    fn carry_out(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }
}

impl First {
    /// An answer that never came, because its task died, is none.
    fn is_under_way(&self) -> bool {
        !self.is_answered() && self.answer.has_changed().is_ok()
    }

    fn is_answered(&self) -> bool {
        self.answer.borrow().is_some()
    }
}

/// Bytes of all answers.
fn kept(known: &HashMap<Name, First>) -> usize {
    let bytes = |first: &First| first.answer.borrow().as_ref().map_or(0, |a| a.body.len());
    known.values().map(bytes).sum()
}

/// Carries a request out once for each key.
pub(crate) async fn once<C: Controller>(
    State(app): State<App<C>>,
    request: Request,
    next: Next,
) -> Response {
    match key(request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => keyed(app, key, request, next)
            .await
            .unwrap_or_else(IntoResponse::into_response),
        Err(refused) => refused.into_response(),
    }
}

async fn keyed<C: Controller>(
    app: App<C>,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Refused> {
    let owner = request.extensions().get::<Caller>().and_then(owner);
    let name = (owner, key);
    let (parts, body) = request.into_parts();
    let mut copied = Request::from_parts(parts.clone(), body);
    copied.headers_mut().remove(KEY_HEADER);
    let bytes = whole(copied, &app).await?;
    let digest = fingerprint(&parts, &bytes);
    let (answered, waiting, waiter) = loop {
        match app.keys.meet(&name, digest, Instant::now())? {
            (Met::New(answered, waiting), waiter) => break (answered, waiting, waiter),
            (Met::Again(answer), _waiter) => {
                // Of what nothing came, the next one tries anew.
                if let Some(saved) = given(answer).await.filter(|saved| !saved.passes()) {
                    let mut answer = saved.again();
                    let yes = HeaderValue::from_static("true");
                    answer.headers_mut().insert(REPLAYED, yes);
                    return Ok(answer);
                }
            }
        }
    };
    let answer = answered.subscribe();
    let keys = Arc::clone(&app.keys);
    let mut request = Request::from_parts(parts, Body::from(bytes));
    request.extensions_mut().insert(waiting);
    app.keys.carry_out(async move {
        let saved = save(next.run(request).await).await;
        if saved.passes() {
            keys.known().remove(&name);
        }
        answered.send_replace(Some(saved));
    });
    let saved = given(answer).await;
    drop(waiter);
    Ok(saved.ok_or_else(ending)?.again())
}

/// The answer, once it is given; none if it never will be.
async fn given(mut answer: watch::Receiver<Option<Saved>>) -> Option<Saved> {
    let given = answer.wait_for(Option::is_some).await;
    given.ok().and_then(|saved| saved.clone())
}

async fn save(answer: Response) -> Saved {
    let (parts, body) = answer.into_parts();
    match to_bytes(body, ANSWER_MAX).await {
        Ok(body) => Saved {
            status: parts.status,
            headers: parts.headers,
            body,
        },
        Err(why) => {
            tracing::error!(%why, "an answer can't be kept");
            Saved {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                headers: HeaderMap::new(),
                body: Bytes::new(),
            }
        }
    }
}

/// Whose the keys are that come with it.
fn owner(caller: &Caller) -> Option<String> {
    match caller {
        Caller::Token { id, .. } => Some(id.clone()),
        // A run begins nothing.
        Caller::Owner | Caller::Run(_) | Caller::Stranger(_) => None,
    }
}

/// By what every controller knows a deployment that is asked for again; none without a key.
pub(crate) fn asked_as(
    headers: &HeaderMap,
    caller: &Caller,
    request: &DeployRequest,
) -> Result<Option<String>, Refused> {
    let Some(key) = key(headers)? else {
        return Ok(None);
    };
    // Each time it is sent less is left of its wait. In other words it is the same: what has begun must not
    // begin once more for a better reason.
    let mut what = DeployRequest {
        wait_ms: None,
        supersede: false,
        why: None,
        ..request.clone()
    };
    // The digest is in the journal, and must not confirm a guess.
    if let Source::File(file) = &mut what.source {
        file.values.clear();
    }
    let what = serde_json::to_value(&what).expect("a request is plain data");
    let what = said(what).to_string().into_bytes();
    let owner = owner(caller).unwrap_or_default();
    let digest = digest([owner.as_bytes(), key.as_bytes(), &what]);
    Ok(Some(data_encoding::HEXLOWER.encode(&digest)))
}

/// What a request says: without fields that are as if they were not there. A newer controller may know
/// more of them, and the request is still the same.
fn said(request: Value) -> Value {
    let says = |field: &Value| match field {
        Value::Null | Value::Bool(false) => false,
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => !all.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => true,
    };
    match request {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, field)| (name, said(field)));
            Value::Object(fields.filter(|(_, field)| says(field)).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            request
        }
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Refused> {
    let Some(value) = headers.get(KEY_HEADER) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let fine =
        !text.is_empty() && text.len() <= KEY_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    if fine {
        Ok(Some(text.to_owned()))
    } else {
        let what = format!("an Idempotency-Key is 1 to {KEY_MAX} visible ASCII characters");
        Err(bad_request(what))
    }
}

fn fingerprint(parts: &axum::http::request::Parts, body: &[u8]) -> [u8; 32] {
    let condition = parts.headers.get("if-match");
    digest([
        parts.method.as_str().as_bytes(),
        parts.uri.to_string().as_bytes(),
        condition.map_or(&[][..], HeaderValue::as_bytes),
        body,
    ])
}

/// Length first: no two lists of parts read the same.
fn digest<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

fn used() -> Problem {
    let title = "the key was used for another request";
    Problem::new(422, "WL0370", Exit::Usage, title)
        .hint("send a new Idempotency-Key with each new request")
}

fn too_many() -> Problem {
    Problem::new(429, "WL0302", Exit::Unreachable, "the controller is busy").hint("try again")
}

fn ending() -> Problem {
    Problem::new(503, "WL0301", Exit::Unreachable, "the controller is ending").hint("try again")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_of_a_newer_version_that_says_nothing_changes_no_request() {
        let now =
            json!({ "source": { "file": { "text": "", "set": [["web", ""]] } }, "by": "mira" });
        let newer = json!({
            "source": { "file": { "text": "", "set": [["web", ""]], "more": {}, "list": [] } },
            "by": "mira", "may": false, "who": null, "deep": { "may": false },
        });
        assert_eq!(said(newer.clone()), now);
        for (name, field) in [
            ("may", json!(true)),
            ("who", json!("")),
            ("deep", json!({ "a": 0 })),
        ] {
            let mut other = newer.clone();
            other[name] = field;
            assert_ne!(said(other), now, "{name}");
        }
    }
}
