//! What both sides say of themselves with every request, and heads that are too long.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use windlass_api::{API_HEADER, API_VERSION, Exit, Problem, VERSION_HEADER};

use crate::Controller;
use crate::answer::{Refused, bad_request, long_head};
use crate::app::App;

/// What clients of every version may ask: by it they learn which one they need.
const FOR_ALL: [&str; 4] = ["/v1/version", "/v1/openapi.json", "/healthz", "/readyz"];

/// Refuses a client of another API, and says of every answer who gave it.
pub(crate) async fn greet<C: Controller>(
    State(app): State<App<C>>,
    request: Request,
    next: Next,
) -> Response {
    let mut answer = match fits(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => {
            let mut answer = refused.into_response();
            // Nobody has asked who it is: it holds no place.
            let last = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, last);
            answer
        }
    };
    let headers = answer.headers_mut();
    headers.insert(API_HEADER, HeaderValue::from(API_VERSION));
    if let Ok(version) = HeaderValue::try_from(&app.about.version) {
        headers.insert(VERSION_HEADER, version);
    }
    answer
}

fn fits<C: Controller>(app: &App<C>, request: &Request) -> Result<(), Refused> {
    let path = request.uri().path_and_query();
    let headers = request.headers();
    let head: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let long = head + path.map_or(0, |path| path.as_str().len()) > app.limits.head;
    if long || headers.len() > app.limits.headers {
        return Err(long_head(&app.limits));
    }
    let Some(said) = request.headers().get(API_HEADER) else {
        return Ok(());
    };
    let said = said.to_str().ok().and_then(|text| text.parse::<u32>().ok());
    match said {
        None => Err(bad_request(format!(
            "the Windlass-Api header is a number: {API_VERSION}, or left out"
        ))),
        Some(API_VERSION) => Ok(()),
        Some(_) if FOR_ALL.contains(&request.uri().path()) => Ok(()),
        Some(theirs) => Err(other_version(&app.about.version, theirs).into()),
    }
}

fn other_version(ours: &str, theirs: u32) -> Problem {
    let title = "the client speaks another version of the API";
    let hint = if theirs > API_VERSION {
        "upgrade the controller with the client's binary: windlass serve --replace".to_owned()
    } else {
        format!("upgrade the client to Windlass {ours}")
    };
    Problem::new(409, "WL0369", Exit::Unreachable, title)
        .detail(format!(
            "the controller is Windlass {ours} (API {API_VERSION}); the client speaks API {theirs}"
        ))
        .hint(hint)
}
