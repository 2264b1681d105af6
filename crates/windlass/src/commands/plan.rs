//! `windlass plan`: what a deployment would do. Keeps the releases and stores the plan.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use windlass_api::{Exit, NoStartView, PlanView, RiskView, TakesView, WentBackView};
use windlass_model::{OtherProgram, Plan, ServiceName};

use super::file::Found;
use super::not_ready::{self, NotReady};
use super::{beyond_reach, forecast, in_vain};
use crate::arguments::assignment;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::plan::plan_text;

/// Options of `plan`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The version of a service, in the place of the file's; may be given for each service
    #[arg(long, value_name = "SERVICE=VERSION", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
}

/// The plan, what the past says of it, how long it takes, and what could not be started again or was left before.
#[derive(Serialize)]
struct Told<'p> {
    #[serde(flatten)]
    plan: &'p Plan,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<&'p RiskView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    takes: Option<&'p TakesView>,
    no_start: &'p BTreeMap<ServiceName, NoStartView>,
    went_back: &'p BTreeMap<ServiceName, WentBackView>,
    programs: &'p BTreeMap<ServiceName, OtherProgram>,
    /// What is stable and not ready: where there is nothing to do, what is as the file says; else what would be
    /// gone back to.
    #[serde(skip_serializing_if = "<[NotReady]>::is_empty")]
    not_ready: &'p [NotReady],
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let file = Found::find(context)?.request(context, &options.set)?;
    let client = context.client().await?;
    let view = client.plan(&file).await?;
    let plan = &view.plan;
    let services = plan.rollouts.iter().map(|(name, part)| (name, &part.spec));
    in_vain::warn(context, services.clone(), plan.parallel);
    beyond_reach::warn_of_plan(context, plan);
    forecast::warn(context, (&plan.app, &plan.environment), services).await;
    let status = client.status().await?;
    let not_ready = if view.nothing_to_do {
        not_ready::seen(&status, plan)
    } else {
        not_ready::to_go_back_to(&status, plan)
    };
    if !view.nothing_to_do {
        not_ready::warn(context, &not_ready);
    }
    let told = Told {
        plan,
        risk: view.risk.as_ref(),
        takes: view.takes.as_ref(),
        no_start: &view.no_start,
        went_back: &view.went_back,
        programs: &view.programs,
        not_ready: &not_ready,
    };
    let zone = context.ui.style().zone;
    let text = plan_text(&view, true, context.ui.columns(), &zone);
    let mut report = Report::new(text, &told)?.of("plan").sentences();
    if view.nothing_to_do && !not_ready.is_empty() {
        report.exit = Exit::Stuck;
        report.failure = Some(not_ready::told(plan, &not_ready, Duration::ZERO));
    }
    Ok(report)
}

/// Shows what is about to be done, or was begun, to whoever asked for it.
pub(super) fn show_plan(context: &Context, view: &PlanView) {
    let zone = context.ui.talk_style().zone;
    let text = plan_text(view, false, context.ui.talk_columns(), &zone);
    context.ui.say_as_it_is(text.trim_end());
}
