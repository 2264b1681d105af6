//! Request bodies, paths and queries, refused with a problem document.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use axum::http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use windlass_model::DeploymentId;

use crate::Controller;
use crate::answer::{Refused, bad_body, bad_request};
use crate::app::App;
use crate::unknown::Unknown;

/// A body that is JSON of a type, whole within its time.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, C: Controller> FromRequest<App<C>> for Json<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App<C>) -> Result<Self, Refused> {
        if !is_json(request.headers()) {
            let what = "send it with Content-Type: application/json";
            return Err(bad_body(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
        }
        let headers = request.headers().clone();
        let bytes = whole(request, app).await?;
        // A list would be taken for the fields in their order.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(bad_request("the body is one JSON object"));
        }
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|why| not_taken(&why.to_string(), &headers, &app.about.version))
    }
}

/// What can't be read of a body.
fn not_taken(said: &str, headers: &HeaderMap, version: &str) -> Refused {
    Unknown::in_body(said).map_or_else(
        || bad_request(said),
        |unknown| unknown.refused(headers, version),
    )
}

/// The longest body of a route, in bytes, where that is not [`Limits::body`](crate::Limits).
#[derive(Clone, Copy)]
pub(crate) struct Longest(pub(crate) usize);

/// All of a body, within its size and its time.
pub(crate) async fn whole<C: Controller>(request: Request, app: &App<C>) -> Result<Bytes, Refused> {
    let longest = request.extensions().get::<Longest>();
    let most = longest.map_or(app.limits.body, |longest| longest.0);
    if said_length(request.headers()).is_some_and(|length| length > most) {
        // Not waited for: nothing of it would be read.
        return Err(too_long(most));
    }
    let whole = Limited::new(request.into_body(), most).collect();
    let whole = tokio::time::timeout(app.limits.body_within, whole)
        .await
        .map_err(|_late| bad_body(StatusCode::REQUEST_TIMEOUT, "send it again"))?;
    match whole {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(why) if why.is::<LengthLimitError>() => Err(too_long(most)),
        Err(why) => Err(bad_request(format!("the body can't be read: {why}"))),
    }
}

fn too_long(most: usize) -> Refused {
    let most = match most {
        most if most.is_multiple_of(1024 * 1024) => format!("{} MiB", most / (1024 * 1024)),
        most if most.is_multiple_of(1024) => format!("{} KiB", most / 1024),
        most => format!("{most} bytes"),
    };
    let what = format!("it may have {most}");
    bad_body(StatusCode::PAYLOAD_TOO_LARGE, what)
}

/// How long the body is to be, as its head says.
fn said_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let said = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = said.and_then(|text| text.split(';').next()).map(str::trim);
    media.is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
}

/// The query as a type.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, C: Controller> FromRequestParts<App<C>> for Asked<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App<C>) -> Result<Self, Refused> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        query
            .map(|Query(query)| Self(query))
            .map_err(|why| bad_request(in_query(&why.body_text())))
    }
}

/// Which part of a query can't be read, in our words.
fn in_query(said: &str) -> String {
    const THEIRS: &str = "Failed to deserialize query string: ";
    format!("the query: {}", said.strip_prefix(THEIRS).unwrap_or(said))
}

/// What the path names, as text.
pub(crate) struct Placed<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, C: Controller> FromRequestParts<App<C>> for Placed<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App<C>) -> Result<Self, Refused> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        path.map(|Path(text)| Self(text))
            .map_err(|why| bad_request(why.body_text()))
    }
}

/// The deployment that the path names.
pub(crate) struct Named(pub(crate) DeploymentId);

impl<C: Controller> FromRequestParts<App<C>> for Named {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App<C>) -> Result<Self, Refused> {
        let Placed(text) = Placed::<String>::from_request_parts(parts, app).await?;
        deployment(&text).map(Self)
    }
}

/// A text as a deployment's id.
pub(crate) fn deployment(text: &str) -> Result<DeploymentId, Refused> {
    DeploymentId::parse(text).map_err(|why| bad_request(why.to_string()))
}
