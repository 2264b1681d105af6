//! `windlass remove`: drains and removes a service that is no longer in the file.

use clap::Args;
use windlass_api::{CheckRequest, Exit, RemoveRequest};

use super::file::Found;
use super::place::environment;
use super::plan::show_plan;
use crate::arguments::{Because, service};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::{Purpose, begun, follow};
use crate::person::person;
use crate::report::Report;
use crate::ui::question;

/// Options of `remove`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The service
    #[arg(value_name = "SERVICE", value_parser = service)]
    service: String,

    /// Return once it began
    #[arg(long)]
    detach: bool,

    #[command(flatten)]
    because: Because,

    /// Ask nothing; where there is no terminal nothing is asked either
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let service = &options.service;
    must_be_out_of_the_file(context, service)?;
    let client = super::which::client(context).await?;
    let runs = environment(context, &client).await?;
    let request = RemoveRequest {
        app: runs.app.to_string(),
        environment: runs.environment.to_string(),
        service: service.clone(),
        by: person(),
        why: options.because.message.clone(),
    };
    if !options.yes {
        let check = client.check(&CheckRequest::Remove(request.clone())).await?;
        let question = match check.and_then(|check| check.plan) {
            Some(view) => question::of_plan(&view.plan),
            // An older controller says it only once it is done.
            None => format!(
                "Remove {service} from {} in {}?",
                runs.app, runs.environment
            ),
        };
        if !context.ui.agrees(&question) {
            return Err(Diagnostic::said_no("nothing was removed"));
        }
    }
    let answer = client.remove(&request).await?;
    show_plan(context, &answer.plan);
    let id = answer.deployment;
    let view = client.show(&id).await?;
    if options.detach {
        let text = format!("{id} began\nfollow it: windlass events {id} --follow\n");
        return begun(text, &view);
    }
    let plan = Box::new(answer.plan.plan);
    follow(context, &client, view, Purpose::Deploy { plan }).await
}

/// The next deployment of a file that still has it would bring it back.
fn must_be_out_of_the_file(context: &Context, service: &str) -> Result<(), Diagnostic> {
    let found = match Found::find(context) {
        Ok(found) => found,
        Err(failed) if context.global.file.is_some() => return Err(failed),
        // Without a file there is nothing that could bring it back.
        Err(_none) => return Ok(()),
    };
    if found.services().iter().any(|name| name == service) {
        return Err(Diagnostic::new(
            Exit::Refused,
            format!("{service} is still in {}", found.name),
        )
        .code("WL0409")
        .detail("nothing was changed")
        .hint(format!(
            "take it out of the file, then: windlass remove {service}"
        )));
    }
    Ok(())
}
