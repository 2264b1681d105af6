//! `windlass token`: who may ask over the network, and for what.

use clap::{Args, Subcommand, ValueEnum};
use windlass_api::{Scope, TokenRequest};
use windlass_model::Millis;

use super::wants::Wants;
use crate::arguments::{duration, named};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::person::person;
use crate::report::Report;
use crate::ui::time::now_us;
use crate::ui::tokens::{kept, tokens_text};
use crate::ui::words::harmless;

/// Options of `token`.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

impl Options {
    /// What it wants of the state directory.
    pub(super) fn wants(&self) -> Wants {
        match self.verb {
            Verb::Create(_) => Wants::Made,
            Verb::List | Verb::Revoke { .. } => Wants::There,
        }
    }
}

/// What is done with tokens.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a token and print it, this once
    Create(Create),
    /// List tokens, oldest first, without their secrets
    List,
    /// End a token at once
    Revoke {
        /// The token's id; token list shows it
        #[arg(value_name = "ID", value_parser = named)]
        id: String,
    },
}

/// Options of `token create`.
#[derive(Debug, Args)]
struct Create {
    /// What it allows: read; operate, also hold, abort, promote, roll back; or deploy, also plan,
    /// deploy, remove, down
    #[arg(long, value_enum, value_name = "SCOPE", hide_possible_values = true)]
    scope: Allows,

    /// When it ends, like 90d; never unless said
    #[arg(long, value_name = "DURATION", value_parser = lasting)]
    expires: Option<Millis>,

    /// What it is for: the journal names it; your user name by default
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// A duration in which something can be done.
fn lasting(text: &str) -> Result<Millis, String> {
    match duration(text)? {
        Millis::ZERO => Err("it would be of no use: write how long it holds, like 90d".to_owned()),
        lasting => Ok(lasting),
    }
}

/// A scope as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Allows {
    Read,
    Operate,
    Deploy,
}

impl From<Allows> for Scope {
    fn from(allows: Allows) -> Self {
        match allows {
            Allows::Read => Self::Read,
            Allows::Operate => Self::Operate,
            Allows::Deploy => Self::Deploy,
        }
    }
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    context.paths()?;
    match &options.verb {
        Verb::Create(options) => create(context, options).await,
        Verb::List => list(context).await,
        Verb::Revoke { id } => revoke(context, id).await,
    }
}

/// Only the secret is data, so that a script can take it as it is.
async fn create(context: &Context, options: &Create) -> Result<Report, Diagnostic> {
    let request = TokenRequest {
        name: options.name.clone().unwrap_or_else(person),
        scope: options.scope.into(),
        expires_in_ms: options.expires.map(Millis::as_millis),
    };
    let made = context.client().await?.create_token(&request).await?;
    let zone = context.ui.talk_style().zone;
    context.ui.say(&format!(
        "{}; this is the only time that it is shown:",
        kept(&made.token, now_us(), &zone)
    ));
    Report::new(format!("{}\n", made.secret), &made)
}

async fn list(context: &Context) -> Result<Report, Diagnostic> {
    let tokens = match context.client_to_look().await? {
        Some(client) => client.tokens().await?,
        None => Vec::new(),
    };
    let text = tokens_text(&tokens, now_us(), &context.ui.style());
    Ok(Report::new(text, &tokens)?.of("token"))
}

async fn revoke(context: &Context, id: &str) -> Result<Report, Diagnostic> {
    let gone = context.client().await?.revoke_token(id).await?;
    let name = harmless(&gone.name);
    Report::new(format!("{} ({name}) is revoked\n", gone.id), &gone)
}
