//! `windlass rollback`: back to the last good release, or to the one that is named.

use std::collections::BTreeMap;

use clap::Args;
use windlass_api::{Command, Exit, PlanView, RollbackRequest};
use windlass_client::Client;
use windlass_model::{DeploymentId, ServiceName, Version};

use super::place::environment;
use crate::arguments::{service, version};
use crate::context::Context;
use crate::diagnostic::{Diagnostic, SAID_NO};
use crate::follow::{Purpose, begun, follow};
use crate::report::Report;
use crate::ui::plan::plan_text;
use crate::ui::question;
use crate::ui::words::harmless;

/// Options of `rollback`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The service; everything that was promoted last by default
    #[arg(value_name = "SERVICE", value_parser = service)]
    service: Option<String>,

    /// The version to go back to; the last good one by default
    #[arg(long, value_name = "VERSION", value_parser = version)]
    to: Option<String>,

    /// Return once it began
    #[arg(long)]
    detach: bool,

    /// Ask nothing
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let client = super::which::client(context).await?;
    let runs = environment(context, &client).await?;
    let mut request = RollbackRequest {
        app: runs.app.to_string(),
        environment: runs.environment.to_string(),
        service: options.service.clone(),
        to: options.to.clone(),
        agreed: None,
        by: Context::who(),
    };
    if !options.yes && context.ui.can_ask() {
        match agree(context, &client, &request).await? {
            Agreed::Abort(id) => return abort(context, &client, &id, options.detach).await,
            Agreed::To(versions) => request.agreed = Some(versions),
            Agreed::NoQuestion => {}
        }
    }
    let answer = client.rollback(&request).await?;
    let Some(id) = &answer.deployment else {
        let text = format!("nothing to do: {} is there already\n", runs.app);
        return Report::new(text, &answer);
    };
    if answer.aborted {
        context.ui.say(&format!("{id} runs: it is aborted"));
    }
    if request.agreed.is_none() {
        show(context, answer.plan.as_ref(), &answer.stays);
    }
    let view = client.show(id).await?;
    if options.detach {
        let text = format!("{id} goes back\nfollow it: windlass events {id} --follow\n");
        return begun(text, &view);
    }
    let purpose = match answer.plan {
        Some(plan) if !answer.aborted => Purpose::Deploy {
            plan: Box::new(plan.plan),
        },
        Some(_) | None => Purpose::Abort {
            after: view.sequence,
        },
    };
    follow(context, &client, view, purpose).await
}

/// What is carried out, and what stays as it is.
fn show(context: &Context, plan: Option<&PlanView>, stays: &BTreeMap<ServiceName, String>) {
    if let Some(plan) = plan {
        context
            .ui
            .say_as_it_is(plan_text(plan, false, context.ui.talk_columns()).trim_end());
    }
    for (service, why) in stays {
        let why = harmless(why);
        context.ui.say(&format!("{service} stays as it is: {why}"));
    }
}

/// What a person has agreed to.
enum Agreed {
    /// This deployment is aborted.
    Abort(DeploymentId),
    /// Each service goes back to this version, and to no other.
    To(BTreeMap<ServiceName, Version>),
    /// Nothing would move, or is already on its way back.
    NoQuestion,
}

/// Has it checked, then asks about what it would do.
async fn agree(
    context: &Context,
    client: &Client,
    request: &RollbackRequest,
) -> Result<Agreed, Diagnostic> {
    let yes = |question: &str| {
        if context.ui.ask(question) {
            return Ok(());
        }
        Err(Diagnostic::new(Exit::Refused, "nothing was rolled back").code(SAID_NO))
    };
    let Some(check) = client.check_rollback(request).await? else {
        // An older controller says it only once it is done.
        let (app, environment) = (&request.app, &request.environment);
        yes(&format!("Roll back {app} in {environment}?"))?;
        return Ok(Agreed::NoQuestion);
    };
    if let Some(id) = check.aborts {
        yes(&question::of_abort(&client.show(&id).await?))?;
        return Ok(Agreed::Abort(id));
    }
    let Some(view) = check.plan else {
        return Ok(Agreed::NoQuestion);
    };
    show(context, Some(&view), &check.stays);
    yes(&question::of_plan(&view.plan))?;
    let parts = view.plan.rollouts.into_iter();
    let versions = parts.map(|(service, part)| (service, part.release.version));
    Ok(Agreed::To(versions.collect()))
}

/// Aborts this one, and none that has begun since.
async fn abort(
    context: &Context,
    client: &Client,
    id: &DeploymentId,
    detach: bool,
) -> Result<Report, Diagnostic> {
    let view = client.command(id, Command::Abort, &Context::who()).await?;
    super::abort::end(context, client, view, detach).await
}
