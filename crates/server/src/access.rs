//! Who may ask what.

use std::future::pending;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, CONNECTION};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use windlass_api::{BY_MAX, Exit, Problem, Scope};

use crate::answer::{Refused, bad_request};
use crate::app::App;
use crate::rate::Counted;
use crate::reading::Reading;
use crate::run_tokens::Run;
use crate::{Controller, Tokens};

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The private socket: its owner.
    Owner,
    /// The network.
    Network(IpAddr),
    /// An address that was opened for the runs of commands.
    Runs(IpAddr),
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// The private socket's owner, and tokens of this scope or a wider one.
    From(Scope),
    /// The private socket's owner only.
    Owner,
    /// The private socket's owner, and a run of a command with its own token.
    Run,
}

/// Who asks, once that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The private socket's owner.
    Owner,
    /// Whoever holds a token.
    Token {
        /// Which.
        id: String,
        /// What it is for.
        name: String,
        /// What it allows.
        scope: Scope,
    },
    /// The run of a command.
    Run(Run),
    /// Somebody without one, and from where.
    Stranger(IpAddr),
}

impl Caller {
    /// The name for the journal: a token's holder may claim any, so the token is said too.
    ///
    /// # Errors
    /// It is none, or would do something to the terminal that it is shown in.
    pub(crate) fn signs(&self, by: String) -> Result<String, Refused> {
        let long = by.chars().count();
        if !(1..=BY_MAX).contains(&long) || by.chars().any(char::is_control) {
            let what = format!("`by` has 1 to {BY_MAX} characters, and no control characters");
            return Err(bad_request(what));
        }
        Ok(match self {
            // A run says nothing that is signed.
            Self::Owner | Self::Run(_) | Self::Stranger(_) => by,
            Self::Token { name, .. } => format!("{by} (token {name})"),
        })
    }

    /// Returns once what it came in with holds no longer. Cancelling it loses nothing.
    pub(crate) async fn lost(&self, tokens: &Tokens) {
        match self {
            Self::Token { id, .. } => tokens.lost(id).await,
            // Nothing that a run or a stranger may ask takes long.
            Self::Owner | Self::Run(_) | Self::Stranger(_) => pending().await,
        }
    }

    /// Whether that still holds.
    pub(crate) fn holds(&self, tokens: &Tokens) -> bool {
        match self {
            Self::Token { id, .. } => tokens.holds(id),
            Self::Owner | Self::Run(_) | Self::Stranger(_) => true,
        }
    }

    /// Whether paths that it sends are of this machine's files as its user sees them.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self, Self::Owner)
    }
}

impl<C: Controller> FromRequestParts<App<C>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _app: &App<C>) -> Result<Self, Refused> {
        // Every route is behind `admit`, which leaves it there.
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(unknown_connection)
    }
}

/// What stands before a route.
#[derive(Clone)]
pub(crate) struct Guard<C> {
    pub(crate) app: App<C>,
    pub(crate) access: Access,
}

/// Lets a request in whose connection or token allows it. Whoever has no token is let go after one
/// answer, so that strangers hold no places.
pub(crate) async fn admit<C: Controller>(
    State(guard): State<Arc<Guard<C>>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut request, reading) = Reading::begin(request);
    let caller = match who(&guard.app, &request) {
        Ok(caller) => caller,
        Err(refused) => return refused.into_response(),
    };
    let is_stranger = matches!(caller, Caller::Stranger(_));
    let mut answer = match allowed(&guard, &caller, &request) {
        Ok(()) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => Refused::from(problem).into_response(),
    };
    // A body that nobody has read ends the connection: the client is told.
    if is_stranger || !reading.is_over() {
        let last = HeaderValue::from_static("close");
        answer.headers_mut().insert(CONNECTION, last);
    }
    answer
}

fn who<C: Controller>(app: &App<C>, request: &Request) -> Result<Caller, Refused> {
    let (address, runs) = match request.extensions().get::<Peer>() {
        Some(Peer::Owner) => return Ok(Caller::Owner),
        // Whoever has taken the token of a run gets no further with it than the run itself.
        Some(Peer::Network(address)) => (*address, None),
        Some(Peer::Runs(address)) => (*address, app.runs.as_ref()),
        None => return Err(unknown_connection()),
    };
    let Some(secret) = bearer(request) else {
        return Ok(Caller::Stranger(address));
    };
    let run = runs.and_then(|runs| runs.holder(secret));
    if let Some(run) = run {
        return Ok(Caller::Run(run));
    }
    let token = app.tokens.holder(secret);
    Ok(
        token.map_or(Caller::Stranger(address), |token| Caller::Token {
            id: token.id,
            name: token.name,
            scope: token.scope,
        }),
    )
}

/// Counts the request before anything else is said of it, so that secrets can't be guessed fast.
fn allowed<C: Controller>(
    guard: &Guard<C>,
    caller: &Caller,
    request: &Request,
) -> Result<(), Problem> {
    let counted = match caller {
        Caller::Owner => Counted::Owner,
        Caller::Token { id, .. } => Counted::Token(id.clone()),
        Caller::Run(run) => Counted::Run(run.deployment.clone(), run.service.clone()),
        Caller::Stranger(address) => Counted::Stranger(*address),
    };
    guard.app.buckets.take(counted, Instant::now())?;
    let is_for_runs = matches!(request.extensions().get::<Peer>(), Some(Peer::Runs(_)));
    match (caller, guard.access) {
        (Caller::Owner, _) | (_, Access::Open) | (Caller::Run(_), Access::Run) => Ok(()),
        (Caller::Stranger(_), Access::From(_) | Access::Owner | Access::Run) => {
            Err(no_token(bearer(request).is_some()))
        }
        (Caller::Run(_), Access::From(_) | Access::Owner) => Err(reports_only()),
        // Nobody asked for the API to be served there.
        (Caller::Token { .. }, _) if is_for_runs => Err(reports_only()),
        (Caller::Token { scope, .. }, Access::From(needs)) if *scope >= needs => Ok(()),
        (Caller::Token { scope, .. }, Access::From(needs)) => Err(not_allowed(*scope, needs)),
        (Caller::Token { .. }, Access::Owner) => Err(owner_only()),
        (Caller::Token { .. }, Access::Run) => Err(not_its_own()),
    }
}

fn unknown_connection() -> Refused {
    bad_request("the connection is of no known kind")
}

fn bearer(request: &Request) -> Option<&str> {
    let said = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = said.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| secret.trim_matches(' '))
}

/// A token that never was reads as one that has ended: whoever guesses learns nothing.
fn no_token(offered: bool) -> Problem {
    if !offered {
        return Problem::new(401, "WL0366", Exit::Refused, "a token is needed")
            .detail("none was sent")
            .hint(
                "make one on the controller's machine: windlass token create --scope read|operate|deploy; \
                 commands take it from WINDLASS_TOKEN",
            );
    }
    let title = "the token is not known here, or no longer";
    Problem::new(401, "WL0366", Exit::Refused, title)
        .detail("the one that was sent is unknown, revoked or expired")
        .hint(
            "see on the controller's machine which hold: windlass token list; put another one into WINDLASS_TOKEN: \
             windlass token create --scope read|operate|deploy",
        )
}

/// The token was good when the deployment was asked for, and is no longer.
pub(crate) fn lost_meanwhile() -> Problem {
    let what = "the one that was sent was revoked or has expired meanwhile; nothing was begun";
    no_token(true).detail(what)
}

/// A scope as it is typed.
pub(crate) fn typed(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Operate => "operate",
        Scope::Deploy => "deploy",
    }
}

fn not_allowed(has: Scope, needs: Scope) -> Problem {
    let (has, needs) = (typed(has), typed(needs));
    Problem::new(
        403,
        "WL0367",
        Exit::Refused,
        "the token does not allow this",
    )
    .detail(format!("its scope is {has}; this needs {needs}"))
    .hint(format!(
        "use one made with: windlass token create --scope {needs}"
    ))
}

fn owner_only() -> Problem {
    let title = "the token does not allow this";
    Problem::new(403, "WL0367", Exit::Refused, title)
        .detail("only the controller's own user may do it, on its machine")
        .hint("run the command there, without --server")
}

/// What the token of a run, or its address, is not for.
fn reports_only() -> Problem {
    let title = "the token does not allow this";
    Problem::new(403, "WL0367", Exit::Refused, title)
        .detail("the run of a command reports, and asks for the health of its deployment; no more")
        .hint("the API is on the private socket, and where `windlass serve --listen` says")
}

/// A report about something else.
pub(crate) fn not_its_own() -> Problem {
    let title = "the token does not allow this";
    Problem::new(403, "WL0367", Exit::Refused, title)
        .detail("only the run of this service's command in this deployment reports here")
        .hint("send WINDLASS_TOKEN of that run to its WINDLASS_COORDINATION_ENDPOINT")
}
