//! Who may ask over the network.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::integer::whole_if_known;

/// What a token lets its holder do; each one includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look at everything.
    Read,
    /// Also hold, resume, abort, promote, finalize, repair and roll back.
    Operate,
    /// Also plan, deploy, remove and take down.
    Deploy,
}

/// `POST /v1/tokens`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// What it is for: 1 to 64 characters of one line. The journal shows it beside who asked.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 64, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")
    )]
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// How long it holds, in milliseconds, from 1; for ever unless said.
    #[serde(default, deserialize_with = "whole_if_known")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub expires_in_ms: Option<u64>,
}

/// Answer to [`TokenRequest`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenAnswer {
    /// The token itself. It is shown this once: only its digest is kept.
    pub secret: String,
    /// What is kept of it.
    pub token: TokenView,
}

impl fmt::Debug for TokenAnswer {
    /// Without the secret: what is debugged is logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenView {
    /// Which: what revokes it.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// When it was made, microseconds since 1970 UTC.
    pub created_us: i64,
    /// When it ends.
    pub expires_us: Option<i64>,
}

/// `GET /v1/tokens`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenList {
    /// Oldest first; those that have expired too.
    pub tokens: Vec<TokenView>,
}
