//! `/v1/deployments`: beginning them, looking at them, and what people say to them.

use std::future::pending;

use axum::Extension;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use windlass_api::{
    Command, CommandRequest, DeployAnswer, DeployRequest, DeploymentPage, DeploymentView,
    FinalizeRequest, ListQuery, RepairRequest, Source,
};
use windlass_model::{DeploymentId, Millis, REASON_LONGEST, is_reason};
use windlass_runtime::{From, Signed, Terms, When};

use super::paging;
use crate::Controller;
use crate::access::{Caller, lost_meanwhile};
use crate::answer::{Answer, Answered, Refused, bad_request, contradicts};
use crate::app::App;
use crate::body::{Asked, Json, Named};
use crate::condition::{Seen, WithTag};
use crate::file::decode;
use crate::keys::{Waiting, asked_as};

pub(super) async fn list<C: Controller>(
    State(app): State<App<C>>,
    Asked(query): Asked<ListQuery>,
) -> Answered<DeploymentPage> {
    let limit = paging::limit(&query)?;
    let before = paging::place(&query, |text| DeploymentId::parse(text).ok())?;
    // One more than the page holds says whether there is another page.
    let mut deployments = app.controller.deployments(limit + 1, before).await?;
    let last = paging::cut(&mut deployments, limit);
    let next = last.map(|last| paging::cursor(last.id.as_str()));
    Ok(Answer(DeploymentPage { deployments, next }))
}

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    waiting: Option<Extension<Waiting>>,
    headers: HeaderMap,
    Json(request): Json<DeployRequest>,
) -> Answered<DeployAnswer> {
    let when = when(&request)?;
    let asked_as = asked_as(&headers, &caller, &request)?;
    let seen = Seen::of(&headers)?;
    let comparing = app.comparing(&seen).await;
    let from = match request.source {
        Source::File(file) => {
            let wanted = decode(file, &caller)?;
            let spec = &wanted.spec;
            seen.environment(&app, &spec.app, &spec.environment).await?;
            From::File(Box::new(wanted))
        }
        Source::Plan(_) if seen.is_said() => {
            let what = "a stored plan is refused when it is stale: send it without If-Match";
            return Err(contradicts(what));
        }
        Source::Plan(id) => From::Plan(id),
        Source::Retry(id) => {
            if seen.is_said() {
                let ended = app.controller.show(id.clone()).await?;
                seen.environment(&app, &ended.app, &ended.environment)
                    .await?;
            }
            From::Retry(id)
        }
    };
    let terms = Terms {
        by: caller.signs(request.by)?,
        why: reason(request.why)?,
        may_move: request.may_move,
        keep_failed: request.keep_failed,
        asked_as,
    };
    // Whoever waits for another deployment has it change what was seen: the others go first.
    let comparing = comparing.filter(|_| when == When::Now);
    let left = async {
        match waiting {
            // What need not wait begins though its client has left, and is found by the key.
            Some(Extension(waiting)) if when != When::Now => waiting.end().await,
            Some(_) | None => pending().await,
        }
    };
    let withdrawn = async {
        tokio::select! {
            () = caller.lost(&app.tokens) => {}
            () = left => {}
        }
    };
    let begun = app.controller.deploy(from, terms, when, withdrawn).await;
    drop(comparing);
    let (deployment, plan) = begun.map_err(|why| {
        if caller.holds(&app.tokens) {
            why
        } else {
            lost_meanwhile()
        }
    })?;
    Ok(Answer(DeployAnswer { deployment, plan }))
}

pub(super) fn when(request: &DeployRequest) -> Result<When, Refused> {
    match (request.wait_ms, request.supersede) {
        (None, false) => Ok(When::Now),
        (Some(millis), false) => Ok(When::Wait(Millis::from_millis(millis))),
        (None, true) => Ok(When::Supersede),
        (Some(_), true) => {
            let what = "a deployment waits for the one that runs, or supersedes it: not both";
            Err(contradicts(what))
        }
    }
}

pub(super) async fn show<C: Controller>(
    State(app): State<App<C>>,
    Named(id): Named,
) -> Result<WithTag<DeploymentView>, Refused> {
    Ok(WithTag(app.controller.show(id).await?))
}

/// Answers with the deployment as it is once the command is journalled.
pub(super) async fn command<C: Controller>(
    State(app): State<App<C>>,
    said: Said,
    Json(request): Json<CommandRequest>,
) -> Result<WithTag<DeploymentView>, Refused> {
    let why = reason(request.why)?;
    said.to(&app, request.command, (request.by, why)).await
}

/// Why, as it may be kept.
pub(super) fn reason(why: Option<String>) -> Result<Option<String>, Refused> {
    if why.as_deref().is_none_or(is_reason) {
        return Ok(why);
    }
    let what = format!("`why` has 1 to {REASON_LONGEST} characters, and no control characters");
    Err(bad_request(what))
}

pub(super) async fn finalize<C: Controller>(
    State(app): State<App<C>>,
    said: Said,
    Json(request): Json<FinalizeRequest>,
) -> Result<WithTag<DeploymentView>, Refused> {
    let why = reason(request.why)?;
    said.to(&app, Command::Finalize, (request.by, why)).await
}

pub(super) async fn repair<C: Controller>(
    State(app): State<App<C>>,
    said: Said,
    Json(request): Json<RepairRequest>,
) -> Result<WithTag<DeploymentView>, Refused> {
    let (how, why) = (request.how, reason(request.why)?);
    said.to(&app, Command::Repair { how }, (request.by, why))
        .await
}

/// To which deployment something is said, by whom, and what that one has seen of it.
pub(super) struct Said {
    id: DeploymentId,
    caller: Caller,
    seen: Seen,
}

impl<C: Controller> FromRequestParts<App<C>> for Said {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App<C>) -> Result<Self, Refused> {
        let Named(id) = Named::from_request_parts(parts, app).await?;
        Ok(Self {
            id,
            caller: Caller::from_request_parts(parts, app).await?,
            seen: Seen::of(&parts.headers)?,
        })
    }
}

impl Said {
    async fn to<C: Controller>(
        self,
        app: &App<C>,
        command: Command,
        (by, why): (String, Option<String>),
    ) -> Result<WithTag<DeploymentView>, Refused> {
        let _comparing = app.comparing(&self.seen).await;
        if self.seen.is_said() {
            let now = app.controller.show(self.id.clone()).await?;
            self.seen.deployment(&now)?;
        }
        let by = Signed {
            by: self.caller.signs(by)?,
            why,
        };
        app.controller.command(self.id.clone(), command, by).await?;
        Ok(WithTag(app.controller.show(self.id).await?))
    }
}
