//! `windlass logs`: what a service's instances printed.

use clap::Args;
use windlass_api::{EnvironmentView, Exit, LogLine, LogQuery};
use windlass_client::{Client, ClientError, FollowingLogs, Logs, Starting};

use super::file::Found;
use super::which::client;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::words::listed;

/// Options of `logs`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,

    /// Go on until Ctrl-C
    #[arg(long)]
    follow: bool,

    /// Most bytes of each instance's output to begin with
    #[arg(long, value_name = "BYTES")]
    tail: Option<u64>,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let client = client(context).await?;
    let query = query(context, &client, options).await?;
    let mut logs = if options.follow {
        Source::Goes(Box::new(FollowingLogs::new(
            &client,
            &Starting::default(),
            query,
        )))
    } else {
        Source::Ends(Box::new(client.logs(&query).await?))
    };
    let stopped = tokio::signal::ctrl_c();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            line = logs.next() => match line? {
                Some(line) => {
                    if context.ui.log_line(&line).is_err() {
                        // Whoever read has left: that ends it as well as it should.
                        return Ok(Report::silent(Exit::Done));
                    }
                }
                None => return Ok(Report::silent(Exit::Done)),
            },
            _signal = &mut stopped => return Ok(Report::silent(Exit::Detached)),
        }
    }
}

/// Where the lines come from.
enum Source {
    /// What there is now.
    Ends(Box<Logs>),
    /// What comes, also after the controller's death.
    Goes(Box<FollowingLogs>),
}

impl Source {
    async fn next(&mut self) -> Result<Option<LogLine>, ClientError> {
        match self {
            Self::Ends(logs) => logs.next().await,
            Self::Goes(logs) => logs.next().await,
        }
    }
}

async fn query(
    context: &Context,
    client: &Client,
    options: &Options,
) -> Result<LogQuery, Diagnostic> {
    let all = client.status().await?;
    let environment = context.global.environment.as_deref();
    let mut places = having(&all, &options.service, environment);
    if places.len() > 1
        && let Some(app) = Found::app_here(context)?
    {
        places.retain(|view| view.app.as_str() == app);
    }
    match places.as_slice() {
        [only] => Ok(LogQuery {
            app: only.app.to_string(),
            environment: only.environment.to_string(),
            service: options.service.clone(),
            tail: options.tail,
            follow: options.follow,
        }),
        [] => Err(unknown(&all, &options.service)),
        [_, _, ..] => Err(Diagnostic::new(
            Exit::Usage,
            format!("there is more than one service {}", options.service),
        )
        .hint("choose its environment with -e")),
    }
}

fn having<'v>(
    all: &'v [EnvironmentView],
    service: &str,
    environment: Option<&str>,
) -> Vec<&'v EnvironmentView> {
    all.iter()
        .filter(|view| environment.is_none_or(|wanted| view.environment.as_str() == wanted))
        .filter(|view| view.services.keys().any(|name| name.as_str() == service))
        .collect()
}

fn unknown(all: &[EnvironmentView], service: &str) -> Diagnostic {
    let names: Vec<_> = all.iter().flat_map(|view| view.services.keys()).collect();
    let said = Diagnostic::new(Exit::Usage, format!("there is no service {service}"));
    if names.is_empty() {
        said.hint("nothing is deployed")
    } else {
        said.hint(format!("there are {}", listed(&names)))
    }
}
