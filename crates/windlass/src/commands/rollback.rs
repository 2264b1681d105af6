//! `windlass rollback`: back to the last good release, or to the one that is named.

use std::collections::BTreeMap;

use clap::Args;
use windlass_api::{
    CheckAnswer, Command, DeploymentView, EnvironmentView, PlanView, RollbackAnswer,
    RollbackRequest,
};
use windlass_client::Client;
use windlass_model::{DeploymentId, DeploymentState, PlanKind, ServiceName, Version};

use super::place::environment;
use super::plan::show_plan;
use super::versions::{Versions, meant_in};
use super::which::SEARCHED;
use crate::arguments::{Because, service, version};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::{Purpose, begun, follow, of_none};
use crate::person::person;
use crate::report::Report;
use crate::ui::UNASKED;
use crate::ui::question;
use crate::ui::words::{harmless, listed};

/// Options of `rollback`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The service; everything that was promoted last by default
    #[arg(value_name = "SERVICE", value_parser = service)]
    service: Option<String>,

    /// The version to go back to, or at least 4 characters that it alone begins with; the last good one by
    /// default
    #[arg(long, value_name = "VERSION", value_parser = version)]
    to: Option<String>,

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
    let client = super::which::client(context).await?;
    let runs = environment(context, &client).await?;
    let mut request = RollbackRequest {
        app: runs.app.to_string(),
        environment: runs.environment.to_string(),
        service: options.service.clone(),
        to: to(&client, &runs, options).await?,
        agreed: None,
        by: person(),
        why: options.because.message.clone(),
    };
    let agreed = if options.yes {
        Agreed::Whatever
    } else if context.ui.can_ask() {
        agree(context, &client, &request).await?
    } else {
        Agreed::Unasked
    };
    let is_unasked = matches!(agreed, Agreed::Unasked);
    let answer = match agreed {
        Agreed::Abort(id) => return abort(context, &client, &id, options).await,
        Agreed::To(versions) => {
            request.agreed = Some(versions);
            client.rollback(&request).await?
        }
        Agreed::Whatever | Agreed::Unasked => client.rollback(&request).await?,
        Agreed::NoQuestion(check) => under_way(&client, &request, *check).await?,
    };
    let Some(id) = &answer.deployment else {
        let text = format!("nothing to do: {} is there already\n", runs.app);
        let mut data = of_none(
            PlanKind::Rollback,
            runs.app.as_str(),
            runs.environment.as_str(),
        );
        data["stays"] = serde_json::to_value(&answer.stays).map_err(|why| Diagnostic::bug(&why))?;
        return Report::new(text, &data);
    };
    if is_unasked {
        // Which deployment or plan it is follows.
        context.ui.say(UNASKED);
    }
    let view = client.show(id).await?;
    if answer.aborted {
        context.ui.say(&aborted(&view));
    }
    if request.agreed.is_none() {
        show(context, answer.plan.as_ref(), &answer.stays);
    }
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

/// Who named one service hears that the others go back too.
fn aborted(view: &DeploymentView) -> String {
    let services: Vec<&ServiceName> = view.rollouts.keys().collect();
    match services.as_slice() {
        [] | [_] => format!("{} runs: it is aborted", view.id),
        all => format!("{} runs: all of it is aborted, {}", view.id, listed(all)),
    }
}

/// The whole version that is meant, if one is named.
async fn to(
    client: &Client,
    runs: &EnvironmentView,
    options: &Options,
) -> Result<Option<String>, Diagnostic> {
    let Some(typed) = &options.to else {
        return Ok(None);
    };
    let past = client.deployments(SEARCHED).await?;
    let meant = match &options.service {
        Some(service) => Versions::of(runs, service, &past).meant(typed)?,
        None => meant_in(runs, &past, typed)?,
    };
    Ok(Some(meant))
}

/// What is carried out, and what stays as it is.
fn show(context: &Context, plan: Option<&PlanView>, stays: &BTreeMap<ServiceName, String>) {
    if let Some(plan) = plan {
        show_plan(context, plan);
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
    To(BTreeMap<String, Version>),
    /// What it is then: nobody was to be asked, or can be told before.
    Whatever,
    /// The same, since nobody is there to be asked: that is said once it goes ahead.
    Unasked,
    /// Nothing would move, or is already on its way back.
    NoQuestion(Box<CheckAnswer>),
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
        Err(Diagnostic::said_no("nothing was rolled back"))
    };
    let Some(check) = client.check_rollback(request).await? else {
        // An older controller says it only once it is done.
        let (app, environment) = (&request.app, &request.environment);
        yes(&format!("Roll back {app} in {environment}?"))?;
        return Ok(Agreed::Whatever);
    };
    if let Some(id) = check.aborts {
        let alone = request.service.as_deref();
        yes(&question::of_abort(&client.show(&id).await?, alone))?;
        return Ok(Agreed::Abort(id));
    }
    let Some(view) = &check.plan else {
        return Ok(Agreed::NoQuestion(Box::new(check)));
    };
    show(context, Some(view), &check.stays);
    yes(&question::of_plan(&view.plan))?;
    let parts = view.plan.rollouts.iter();
    let versions = parts.map(|(service, part)| (service.to_string(), part.release.version.clone()));
    Ok(Agreed::To(versions.collect()))
}

/// What is on its way back, if anything is. Nothing is asked to begin: what was on its way may have ended
/// meanwhile, and the next one would go further back than anybody agreed to.
async fn under_way(
    client: &Client,
    request: &RollbackRequest,
    check: CheckAnswer,
) -> Result<RollbackAnswer, Diagnostic> {
    let all = client.status().await?;
    let runs = all.into_iter().find(|view| {
        view.app.as_str() == request.app && view.environment.as_str() == request.environment
    });
    let holder = match runs.and_then(|view| view.deployment) {
        Some(id) => Some(client.show(&id).await?),
        None => None,
    };
    Ok(RollbackAnswer {
        deployment: holder.filter(goes_back).map(|holder| holder.id),
        aborted: false,
        plan: None,
        stays: check.stays,
    })
}

fn goes_back(view: &DeploymentView) -> bool {
    let is_open = !matches!(view.state, DeploymentState::Ended(_));
    is_open && (view.kind == PlanKind::Rollback || view.state == DeploymentState::Returning)
}

/// Aborts this one, and none that has begun since.
async fn abort(
    context: &Context,
    client: &Client,
    id: &DeploymentId,
    options: &Options,
) -> Result<Report, Diagnostic> {
    let why = options.because.message.as_deref();
    let view = client.command(id, Command::Abort, &person(), why).await?;
    super::abort::end(context, client, view, options.detach).await
}

#[cfg(test)]
mod tests {
    use windlass_model::Outcome;

    use super::*;
    use crate::ui::sample;

    #[test]
    fn only_what_is_open_and_goes_back_is_followed() {
        let mut view = sample::deployment("dep_01k0a");
        assert!(!goes_back(&view), "it goes forward");
        view.state = DeploymentState::Returning;
        assert!(goes_back(&view));
        view.kind = PlanKind::Rollback;
        view.state = DeploymentState::Running;
        assert!(goes_back(&view));
        view.state = DeploymentState::Ended(Outcome::Promoted);
        assert!(!goes_back(&view), "the next one would go further back");
    }
}
