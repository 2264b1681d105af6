//! What a client has seen, and whether it is still so: ETag and If-Match.

use axum::http::HeaderValue;
use axum::http::header::{ETAG, HeaderMap, IF_MATCH};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use windlass_api::{DeploymentView, EnvironmentView, Exit, Problem};
use windlass_model::{AppName, EnvironmentName};

use crate::Controller;
use crate::answer::{Answer, Refused, bad_request};
use crate::app::App;

/// Something whose state has a tag.
pub(crate) trait Tagged: Serialize {
    /// Changes whenever what the client sees changes.
    fn tag(&self) -> String;
}

impl Tagged for DeploymentView {
    fn tag(&self) -> String {
        format!("\"{}\"", self.sequence)
    }
}

impl Tagged for EnvironmentView {
    /// Its revision, and the deployment that runs there.
    fn tag(&self) -> String {
        match &self.deployment {
            Some(id) => format!("\"{}-{id}\"", self.revision),
            None => format!("\"{}\"", self.revision),
        }
    }
}

/// A value as JSON, with its tag.
#[derive(Debug)]
pub(crate) struct WithTag<T>(pub(crate) T);

impl<T: Tagged> IntoResponse for WithTag<T> {
    fn into_response(self) -> Response {
        let tag = HeaderValue::try_from(self.0.tag());
        let mut answer = Answer(self.0).into_response();
        if let Ok(tag) = tag {
            answer.headers_mut().insert(ETAG, tag);
        }
        answer
    }
}

/// What a request says it has seen.
pub(crate) enum Seen {
    /// Nothing: it is carried out whatever has happened.
    Anything,
    /// One of these tags.
    Tags(Vec<String>),
}

impl Seen {
    /// Reads `If-Match`. A star is met by everything that is there; a weak tag by nothing.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut tags = Vec::new();
        for value in headers.get_all(IF_MATCH) {
            let text = value.to_str().unwrap_or_default();
            for part in text.split(',').map(|part| part.trim_matches([' ', '\t'])) {
                if part == "*" {
                    return Ok(Self::Anything);
                }
                let strong = part.len() >= 2 && part.starts_with('"') && part.ends_with('"');
                if !strong && !part.starts_with("W/\"") {
                    let what = "If-Match takes the ETag of an earlier answer, quotes included";
                    return Err(bad_request(what));
                }
                tags.push(part.to_owned());
            }
        }
        Ok(if tags.is_empty() {
            Self::Anything
        } else {
            Self::Tags(tags)
        })
    }

    /// Whether anything was said.
    pub(crate) fn is_said(&self) -> bool {
        matches!(self, Self::Tags(_))
    }

    /// Refuses when the deployment is not as it was seen.
    pub(crate) fn deployment(&self, now: &DeploymentView) -> Result<(), Problem> {
        let path = format!("/v1/deployments/{}", now.id);
        self.must_hold(now, &path, || {
            format!(
                "{} is at event {} now, and {}",
                now.id,
                now.sequence,
                standing(now)
            )
        })
    }

    /// Refuses when the environment is not as it was seen.
    pub(crate) async fn environment<C: Controller>(
        &self,
        app: &App<C>,
        name: &AppName,
        environment: &EnvironmentName,
    ) -> Result<(), Problem> {
        if !self.is_said() {
            return Ok(());
        }
        let path = format!("/v1/environments/{name}/{environment}");
        let all = app.controller.status().await?;
        let found = all
            .iter()
            .find(|view| view.app == *name && view.environment == *environment);
        let Some(now) = found else {
            let what = format!("nothing of {name} is deployed in {environment} now");
            return Err(changed(&path, what));
        };
        self.must_hold(now, &path, || match &now.deployment {
            Some(id) => format!("its revision is {} now, and {id} runs there", now.revision),
            None => format!("its revision is {} now", now.revision),
        })
    }

    fn must_hold(
        &self,
        now: &impl Tagged,
        path: &str,
        what: impl FnOnce() -> String,
    ) -> Result<(), Problem> {
        match self {
            Self::Anything => Ok(()),
            Self::Tags(tags) if tags.contains(&now.tag()) => Ok(()),
            Self::Tags(_) => Err(changed(path, what())),
        }
    }
}

/// The state as the API writes it.
fn standing(now: &DeploymentView) -> String {
    match serde_json::to_value(now.state) {
        Ok(serde_json::Value::String(state)) => state,
        Ok(other) => other.to_string(),
        Err(_unwritable) => "elsewhere".to_owned(),
    }
}

fn changed(path: &str, what: String) -> Problem {
    let title = "it has changed since you looked";
    Problem::new(412, "WL0371", Exit::Refused, title)
        .detail(what)
        .hint(format!("look again: GET {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &'static str) -> Result<Seen, Refused> {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, HeaderValue::from_static(text));
        Seen::of(&headers)
    }

    #[test]
    fn only_whole_tags_are_taken_and_weak_ones_match_nothing() {
        for bad in ["4", "\"4", "four", ""] {
            assert!(seen(bad).is_err(), "{bad}");
        }
        assert!(matches!(seen("*"), Ok(Seen::Anything)));
        let Ok(Seen::Tags(tags)) = seen("W/\"4\", \"5\"") else {
            panic!("two tags");
        };
        assert_eq!(tags, ["W/\"4\"", "\"5\""]);
    }
}
