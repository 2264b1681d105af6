//! Who may ask what.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use windlass_api::{Exit, Problem, Scope};

use crate::Controller;
use crate::answer::{Refused, bad_request};
use crate::app::App;
use crate::rate::Counted;
use crate::run_tokens::Run;

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
    },
    /// The run of a command.
    Run(Run),
    /// Somebody who needs no token.
    Stranger,
}

impl Caller {
    /// The name for the journal: a token's holder may claim any, so the token is said too.
    pub(crate) fn signs(&self, by: String) -> String {
        match self {
            // A run says nothing that is signed.
            Self::Owner | Self::Run(_) | Self::Stranger => by,
            Self::Token { name, .. } => format!("{by} (token {name})"),
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
        let known = parts.extensions.get::<Self>().cloned();
        // Every route is behind `admit`, which leaves it there.
        Ok(known.unwrap_or(Self::Stranger))
    }
}

/// What stands before a route.
#[derive(Clone)]
pub(crate) struct Guard<C> {
    pub(crate) app: App<C>,
    pub(crate) access: Access,
}

/// Lets a request in whose connection or token allows it.
pub(crate) async fn admit<C: Controller>(
    State(guard): State<Arc<Guard<C>>>,
    mut request: Request,
    next: Next,
) -> Response {
    match known(&guard, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    }
}

fn known<C: Controller>(guard: &Guard<C>, request: &Request) -> Result<Caller, Refused> {
    let app = &guard.app;
    let now = Instant::now();
    let peer = request.extensions().get::<Peer>().copied();
    let address = match peer {
        Some(Peer::Owner) => {
            app.buckets.take(Counted::Owner, now)?;
            return Ok(Caller::Owner);
        }
        Some(Peer::Network(address) | Peer::Runs(address)) => address,
        None => return Err(bad_request("the connection is of no known kind")),
    };
    let secret = bearer(request);
    let runs = app.runs.as_ref();
    let run = runs
        .zip(secret)
        .and_then(|(runs, secret)| runs.holder(secret));
    if let Some(run) = run {
        let who = Counted::Run(run.deployment.clone(), run.service.clone());
        app.buckets.take(who, now)?;
        return match guard.access {
            Access::Open | Access::Run => Ok(Caller::Run(run)),
            Access::From(_) | Access::Owner => Err(reports_only().into()),
        };
    }
    let token = secret.and_then(|secret| app.tokens.holder(secret));
    let Some(token) = token else {
        // Counted before anything else is said, so that secrets can't be guessed fast.
        app.buckets.take(Counted::Stranger(address), now)?;
        return match guard.access {
            Access::Open => Ok(Caller::Stranger),
            Access::From(_) | Access::Owner | Access::Run => Err(no_token(secret.is_some()).into()),
        };
    };
    app.buckets.take(Counted::Token(token.id.clone()), now)?;
    if matches!(peer, Some(Peer::Runs(_))) && guard.access != Access::Open {
        // Nobody asked for the API to be served there.
        return Err(reports_only().into());
    }
    match guard.access {
        Access::Open => {}
        Access::From(scope) if token.scope >= scope => {}
        Access::From(scope) => return Err(not_allowed(token.scope, scope).into()),
        Access::Owner => return Err(owner_only().into()),
        Access::Run => return Err(not_its_own().into()),
    }
    Ok(Caller::Token {
        id: token.id,
        name: token.name,
    })
}

fn bearer(request: &Request) -> Option<&str> {
    let said = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = said.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| secret.trim_matches(' '))
}

fn no_token(offered: bool) -> Problem {
    let what = if offered {
        "the one that was sent is unknown, revoked or expired"
    } else {
        "none was sent"
    };
    Problem::new(401, "WL0366", Exit::Refused, "a token is needed")
        .detail(what)
        .hint(
            "make one on the controller's machine: windlass token create --scope read|operate|deploy; \
             commands take it from WINDLASS_TOKEN",
        )
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
