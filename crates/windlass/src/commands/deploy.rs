//! `windlass deploy`: does what the file says and follows it live.

use clap::Args;
use windlass_api::{CheckRequest, DeployRequest, EnvironmentView, Exit, PlanView, Source};
use windlass_client::{Client, Starting};
use windlass_model::{DeploymentId, Millis, Plan, PlanId, PlanKind};

use super::file::Found;
use super::halt::must_not_be_halted;
use super::not_ready;
use super::plan::show_plan;
use super::turn::{self, Asked};
use crate::arguments::{Because, assignment, duration, named};
use crate::context::Context;
use crate::diagnostic::{Diagnostic, TYPED};
use crate::follow::{Purpose, begun, follow, of_none};
use crate::person::person;
use crate::report::Report;
use crate::ui::{question, went_back};

/// Options of `deploy`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The version of a service, in the place of the file's; may be given for each service
    #[arg(long, value_name = "SERVICE=VERSION", value_parser = assignment, conflicts_with = "plan")]
    pub(crate) set: Vec<(String, String)>,

    /// The stored plan to carry out: its releases and values, not today's file
    #[arg(long, value_name = "ID", value_parser = named)]
    plan: Option<String>,

    /// Return once it began
    #[arg(long)]
    detach: bool,

    #[command(flatten)]
    allowed: Allowed,

    /// Leave a candidate that fails running, without traffic, to look at
    #[arg(long)]
    keep_failed: bool,

    #[command(flatten)]
    meeting: Meeting,

    #[command(flatten)]
    because: Because,
}

/// What goes on without a question.
#[derive(Debug, Args)]
struct Allowed {
    /// Ask nothing, also where there is no way back
    #[arg(long)]
    yes: bool,

    /// The application may move here from another folder
    #[arg(long = "move", conflicts_with = "plan")]
    may_move: bool,
}

/// What becomes of a deployment that runs here already.
#[derive(Debug, Args)]
struct Meeting {
    /// Wait so long for a deployment that runs here, like 10m, instead of being refused; ends with 4
    /// when that was not enough
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Millis>,

    /// Take back a deployment that runs here, then begin afresh
    #[arg(long, conflicts_with = "wait")]
    supersede: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    must_not_be_halted(context)?;
    let source = if let Some(text) = &options.plan {
        Source::Plan(stored(text)?)
    } else {
        let file = Found::find(context)?.request(context, &options.set)?;
        Source::File(file)
    };
    let client = context.client().await?;
    let mut request = DeployRequest {
        source,
        by: person(),
        may_move: options.allowed.may_move,
        keep_failed: options.keep_failed,
        wait_ms: options.meeting.wait.map(Millis::as_millis),
        supersede: options.meeting.supersede,
        why: options.because.message.clone(),
    };
    // A plan was looked at when it was made; a move can only be carried out, not planned.
    let is_new = matches!(request.source, Source::File(_));
    let mut manner = Manner {
        detach: options.detach,
        plan_seen: false,
        warned: false,
    };
    if is_new && !options.allowed.yes && !options.allowed.may_move {
        let agreed = agree(context, &client, &request).await?;
        manner.warned = true;
        // What runs now will have changed what is stable before this one begins.
        let is_now = options.meeting.wait.is_none() && !options.meeting.supersede;
        // Nothing to do, unless a deployment runs: what is stable now is then not what will be.
        if let Some(view) = agreed.filter(|_| is_now) {
            if !context.ui.can_ask() {
                // With what is known of it now, which whoever begins it is not asked for again.
                show_plan(context, &view);
            }
            request.source = Source::Plan(view.plan.id);
            manner.plan_seen = true;
        }
    }
    carry_out(context, &client, &request, manner).await
}

fn stored(text: &str) -> Result<PlanId, Diagnostic> {
    let whole = if text.starts_with("plan_") {
        text.to_owned()
    } else {
        format!("plan_{text}")
    };
    PlanId::parse(&whole).map_err(|why| {
        Diagnostic::new(Exit::Usage, why.to_string())
            .code(TYPED)
            .hint("the last line of windlass plan has the whole id")
    })
}

/// Has it checked, then shows the plan and asks once, on a terminal. Elsewhere nobody can be asked: there a
/// plan without a way back is refused. None where there is nothing to carry out.
async fn agree(
    context: &Context,
    client: &Client,
    request: &DeployRequest,
) -> Result<Option<PlanView>, Diagnostic> {
    let (view, aborts) = checked(client, request).await?;
    let Some(view) = view else {
        return Ok(None);
    };
    warn_of_what_is_not_ready(context, &client.status().await?, &view.plan);
    if context.ui.can_ask() {
        show_plan(context, &view);
        let zone = context.ui.talk_style().zone;
        let mut question = went_back::sentences(&view, &zone);
        if let Some(id) = aborts {
            let running = client.show(&id).await?;
            question.push(question::of_abort(&running, None));
            question.push("Then:".to_owned());
        }
        question.push(question::of_plan(&view.plan));
        if !context.ui.ask(&question.join(" ")) {
            return Err(Diagnostic::said_no("nothing was deployed"));
        }
    } else if view.plan.tasks.iter().any(|task| task.no_way_back) {
        return Err(
            Diagnostic::new(Exit::Refused, "this plan goes past a point of no way back")
                .code("WL0436")
                .detail("nothing was changed")
                .hint("look at it with windlass plan, then add --yes"),
        );
    }
    Ok(Some(view))
}

/// Says of what would be gone back to that it is not ready: whoever mends it knows that, others may not.
fn warn_of_what_is_not_ready(context: &Context, status: &[EnvironmentView], plan: &Plan) {
    if plan.kind == PlanKind::Deploy {
        not_ready::warn(context, &not_ready::to_go_back_to(status, plan));
    }
}

/// What it would do, if anything, and the deployment that it would take back.
async fn checked(
    client: &Client,
    request: &DeployRequest,
) -> Result<(Option<PlanView>, Option<DeploymentId>), Diagnostic> {
    let check = CheckRequest::Deploy(request.clone());
    if let Some(answer) = client.check(&check).await? {
        return Ok((answer.plan, answer.aborts));
    }
    // An older controller: what it refuses, it refuses after the question.
    let Source::File(file) = &request.source else {
        return Ok((None, None));
    };
    let view = client.plan(file).await?;
    Ok((Some(view).filter(|view| !view.nothing_to_do), None))
}

/// How a deployment is begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Whether to return once it began.
    pub(super) detach: bool,
    /// Whether the person who asked has seen its plan.
    pub(super) plan_seen: bool,
    /// Whether they were told what of it is not ready before it begins.
    pub(super) warned: bool,
}

/// Begins the deployment, and follows it unless it is to be left alone.
pub(super) async fn carry_out(
    context: &Context,
    client: &Client,
    request: &DeployRequest,
    manner: Manner,
) -> Result<Report, Diagnostic> {
    // Once it runs, what is not ready may be its own doing.
    let before = if manner.warned {
        Vec::new()
    } else {
        client.status().await?
    };
    let answer = match turn::ask(context, client, request).await? {
        Asked::Answered(answer) => *answer,
        Asked::Left => return Ok(Report::silent(Exit::Detached)),
    };
    let Some(id) = answer.deployment else {
        let plan = &answer.plan.plan;
        not_ready::wait(context, client, (plan, &request.source), manner.detach).await?;
        return nothing_to_do(&answer.plan);
    };
    warn_of_what_is_not_ready(context, &before, &answer.plan.plan);
    if !manner.plan_seen {
        show_plan(context, &answer.plan);
    }
    let starting = Starting::default();
    let view = client.outliving(&starting, async |client: &Client| client.show(&id).await);
    let view = view.await?;
    if manner.detach {
        let text = format!("{id} began\nfollow it: windlass events {id} --follow\n");
        return begun(text, &view);
    }
    let plan = Box::new(answer.plan.plan);
    follow(context, client, view, Purpose::Deploy { plan }).await
}

fn nothing_to_do(view: &PlanView) -> Result<Report, Diagnostic> {
    let plan = &view.plan;
    let text = format!(
        "nothing to do: {} in {} is as the file says\n",
        plan.app, plan.environment
    );
    let data = of_none(plan.kind, plan.app.as_str(), plan.environment.as_str());
    Report::new(text, &data)
}
