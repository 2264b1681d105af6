//! `windlass plan`: what a deployment would do. Keeps the releases and stores the plan.

use clap::Args;
use serde::Serialize;
use windlass_api::RiskView;
use windlass_model::Plan;

use super::file::Found;
use super::{forecast, in_vain};
use crate::arguments::assignment;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::plan::plan_text;

/// Options of `plan`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The version of a service, in the place of the file's
    #[arg(long, value_name = "SERVICE=VERSION", value_parser = assignment)]
    set: Vec<(String, String)>,
}

/// The plan, and what the past says of it.
#[derive(Serialize)]
struct Told<'p> {
    #[serde(flatten)]
    plan: &'p Plan,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<&'p RiskView>,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let file = Found::find(context)?.request(context, &options.set)?;
    let view = context.client().await?.plan(&file).await?;
    let plan = &view.plan;
    let services = plan.rollouts.iter().map(|(name, part)| (name, &part.spec));
    in_vain::warn(context, services.clone(), plan.parallel);
    forecast::warn(context, (&plan.app, &plan.environment), services).await;
    let told = Told {
        plan,
        risk: view.risk.as_ref(),
    };
    Report::new(plan_text(&view, true), &told)
}
