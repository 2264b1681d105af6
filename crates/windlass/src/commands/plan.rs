//! `windlass plan`: what a deployment would do. Keeps the releases and stores the plan.

use clap::Args;

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

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let file = Found::find(context)?.request(context, &options.set)?;
    let view = context.client().await?.plan(&file).await?;
    let plan = &view.plan;
    let services = plan.rollouts.iter().map(|(name, part)| (name, &part.spec));
    in_vain::warn(context, services.clone(), plan.parallel);
    forecast::warn(context, (&plan.app, &plan.environment), services).await;
    let mut report = Report::new(plan_text(&view, true), &view.plan)?;
    if let Some(value) = &mut report.json {
        let no_start = serde_json::to_value(&view.no_start);
        value["no_start"] = no_start.map_err(|why| Diagnostic::bug(&why))?;
    }
    Ok(report)
}
