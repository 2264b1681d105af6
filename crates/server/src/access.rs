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

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The private socket: its owner.
    Owner,
    /// The network.
    Network(IpAddr),
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
    /// Somebody who needs no token.
    Stranger,
}

impl Caller {
    /// The name for the journal: a token's holder may claim any, so the token is said too.
    pub(crate) fn signs(&self, by: String) -> String {
        match self {
            Self::Owner | Self::Stranger => by,
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
        Some(Peer::Network(address)) => address,
        None => return Err(bad_request("the connection is of no known kind")),
    };
    let secret = bearer(request);
    let token = secret.and_then(|secret| app.tokens.holder(secret));
    let Some(token) = token else {
        // Counted before anything else is said, so that secrets can't be guessed fast.
        app.buckets.take(Counted::Stranger(address), now)?;
        return match guard.access {
            Access::Open => Ok(Caller::Stranger),
            Access::From(_) | Access::Owner => Err(no_token(secret.is_some()).into()),
        };
    };
    app.buckets.take(Counted::Token(token.id.clone()), now)?;
    match guard.access {
        Access::Open => {}
        Access::From(scope) if token.scope >= scope => {}
        Access::From(scope) => return Err(not_allowed(token.scope, scope).into()),
        Access::Owner => return Err(owner_only().into()),
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
