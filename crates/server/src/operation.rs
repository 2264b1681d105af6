//! The operation that was asked, in what is said of a request that it does not take.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Query, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use windlass_api::Problem;

use crate::answer::Refused;
use crate::unknown::Unknown;

/// One operation of the document.
pub(crate) struct Operation {
    /// Its id there.
    pub(crate) id: String,
    /// Its method and path.
    pub(crate) at: String,
    /// What its query may have.
    pub(crate) query: Vec<String>,
    /// Of this controller.
    pub(crate) version: String,
}

impl Operation {
    /// The first name of a query that is not known.
    fn unknown_in(&self, uri: &Uri, headers: &HeaderMap) -> Option<Refused> {
        // Whoever reads it for its values says what can't be read of it.
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
        let known: Vec<&str> = self.query.iter().map(String::as_str).collect();
        let mut names = pairs.iter().map(|(name, _)| name.as_str());
        let unknown = Unknown {
            place: "the query",
            name: names.find(|name| !known.contains(name))?,
            known,
        };
        Some(unknown.refused(headers, &self.version))
    }

    /// An answer that does not say what to do says where it stands.
    fn point(&self, answer: Response) -> Response {
        let Some(problem) = answer.extensions().get::<Problem>() else {
            return answer;
        };
        if problem.hint.is_some() || !matches!(problem.code.0.as_str(), "WL0360" | "WL0490") {
            return answer;
        }
        let Self { id, at, .. } = self;
        let hint = format!("what {at} takes: operation `{id}` in GET /v1/openapi.json");
        let problem = problem.clone().hint(hint);
        said_anew(answer, problem)
    }
}

/// Points from refusals of a handler to its operation.
pub(crate) async fn point(
    State(operation): State<Arc<Operation>>,
    request: Request,
    next: Next,
) -> Response {
    operation.point(next.run(request).await)
}

/// Refuses what the query can't have: a cursor that is misspelt would be page one again.
pub(crate) async fn known_query(
    State(operation): State<Arc<Operation>>,
    request: Request,
    next: Next,
) -> Response {
    let answer = match operation.unknown_in(request.uri(), request.headers()) {
        Some(refused) => refused.into_response(),
        None => next.run(request).await,
    };
    operation.point(answer)
}

/// The methods of each path.
pub(crate) type Methods = BTreeMap<&'static str, Vec<&'static str>>;

/// Names the methods of a path that was asked by another one. The `Allow` header comes later.
pub(crate) async fn name_methods(
    State(methods): State<Arc<Methods>>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>();
    let served = path.and_then(|path| methods.get(path.as_str())).cloned();
    let answer = next.run(request).await;
    let problem = answer.extensions().get::<Problem>();
    let problem = problem.filter(|problem| problem.code.0 == "WL0362");
    let (Some(problem), Some(served)) = (problem, served) else {
        return answer;
    };
    let served = served.join(", ");
    let problem = problem
        .clone()
        .detail(format!(
            "{method} is not served here; this path takes {served}"
        ))
        .hint("what each does: GET /v1/openapi.json");
    said_anew(answer, problem)
}

/// The same answer with another problem as its body.
fn said_anew(mut answer: Response, problem: Problem) -> Response {
    let body: Body = Refused(problem).into_response().into_body();
    *answer.body_mut() = body;
    answer.headers_mut().remove(CONTENT_LENGTH);
    answer
}
