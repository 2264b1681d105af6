//! `windlass status`: what runs where.

use clap::Args;
use jiff::tz::TimeZone;
use windlass_api::{DeploymentView, EnvironmentView, ServiceView};
use windlass_client::{Client, Reach, Starting, StatePaths, is_stopped};
use windlass_control::{Level, RouterProgram};
use windlass_model::{DeploymentState, Outcome};

use super::at_rest::{at_rest, at_rest_after};
use super::file::Found;
use super::place;
use crate::arguments::Output;
use crate::certificates::on_disk;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::route;
use crate::ui::happenings::{OUTSIDE, restarts};
use crate::ui::instances::instances_text;
use crate::ui::program::router_line;
use crate::ui::router::alone_text;
use crate::ui::status::{Silent, Whole, status_text};
use crate::ui::time::now_us;

/// Options of `status`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Every application in full, not only the one of this folder
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    if let Reach::Here(paths) = context.reach()?
        && let Some(table) = route::alone(&paths)
    {
        // No controller would start beside it.
        let nothing: [EnvironmentView; 0] = [];
        return Ok(Report::new(alone_text(&table), &nothing)?.sentences());
    }
    // Of a file that can't be read nobody knows the application, and looking does no harm.
    let own = Found::app_here(context).ok().flatten();
    let (client, mut environments) = look(context).await?;
    place::must_be_known_to_look(context, &environments)?;
    let failed = match &client {
        // Only people read it.
        Some(client) if context.global.output == Output::Text => {
            failed(client, &environments).await?
        }
        Some(_) | None => Vec::new(),
    };
    let whole = Whole {
        failed,
        halted: match context.reach()? {
            // A halt may be there before anything else is.
            Reach::Here(paths) => crate::wire::halted(&paths),
            Reach::Elsewhere(_) => environments.iter().find_map(|view| view.halted.clone()),
        },
        certificates: match context.reach()? {
            Reach::Here(paths) => certificates(&paths, &context.ui.style().zone),
            Reach::Elsewhere(_) => Vec::new(),
        },
        silent: silent(&environments, &context.reach()?),
        router: router(&environments, client.as_ref(), &context.reach()?),
        lost: client.and_then(|client| client.controller().lost_history),
        only: context.global.environment.clone(),
        here: own.clone().filter(|_| !options.all),
        own,
        has_file: Found::is_here(context),
    };
    if let Some(wanted) = &context.global.environment {
        environments.retain(|view| view.environment.as_str() == wanted);
    }
    let at = (now_us(), context.ui.columns());
    let mut text = status_text(&environments, &whole, at, &context.ui.style());
    if context.global.verbose {
        let here = whole.here.as_deref();
        let told = environments
            .iter()
            .filter(|view| here.is_none_or(|here| view.app.as_str() == here));
        text.push_str(&instances_text(told, context.ui.columns()));
    }
    Ok(Report::new(text, &environments)?
        .of("environment")
        .sentences())
}

/// Deployments among which the newest of an environment is looked for, where something runs in each and where not.
const LOOKED_AT: u32 = 20;
const SEARCHED: u32 = 100;

/// The newest deployment of each environment in which none is under way, where it failed: what was down is down
/// still, and not because nobody tried; and what runs is not what was deployed last.
async fn failed(
    client: &Client,
    environments: &[EnvironmentView],
) -> Result<Vec<DeploymentView>, Diagnostic> {
    let is_empty = |view: &EnvironmentView| view.services.values().all(ServiceView::is_empty);
    let at_rest = environments.iter().filter(|view| view.deployment.is_none());
    let at_rest: Vec<&EnvironmentView> = at_rest.collect();
    if at_rest.is_empty() {
        return Ok(Vec::new());
    }
    let some_empty = at_rest.iter().any(|view| is_empty(view));
    let most = if some_empty { SEARCHED } else { LOOKED_AT };
    // They come newest first.
    let all = client.deployments(most).await?;
    let newest = at_rest.into_iter().filter_map(|view| {
        let mut its = all.iter();
        its.find(|it| it.app == view.app && it.environment == view.environment)
    });
    let is_failed = |it: &&DeploymentView| {
        matches!(
            it.state,
            DeploymentState::Ended(Outcome::Failed | Outcome::RolledBack | Outcome::PartlyPromoted)
        )
    };
    Ok(newest.filter(is_failed).cloned().collect())
}

/// What is there, and who said so: where nothing runs nobody is started to say it.
async fn look(context: &Context) -> Result<(Option<Client>, Vec<EnvironmentView>), Diagnostic> {
    if let Some(known) = at_rest(context).await? {
        return Ok((None, known));
    }
    let Some(client) = context.client_to_look().await? else {
        return Ok((None, Vec::new()));
    };
    let environments = match client.status().await {
        // Somebody may just have taken all of it down.
        Err(met) if met.is_death() => {
            if let Some(known) = at_rest_after(context, &client).await? {
                return Ok((None, known));
            }
            let ask = async |client: &Client| client.status().await;
            client.outliving(&Starting::default(), ask).await?
        }
        answered => answered?,
    };
    Ok((Some(client), environments))
}

/// The line about the router that answers. Beside which program it is set depends on which one can renew
/// it: elsewhere that is not this one.
fn router(
    environments: &[EnvironmentView],
    client: Option<&Client>,
    reach: &Reach,
) -> Option<String> {
    let view = environments.iter().find_map(|view| view.router.as_ref())?;
    let router = RouterProgram {
        version: view.version.clone(),
        level: Level(view.level),
    };
    let beside = match reach {
        Reach::Here(_) => ("this program", RouterProgram::own()),
        Reach::Elsewhere(_) => {
            let version = client.map(|client| client.controller().version.clone());
            let level = router.level;
            ("its controller", RouterProgram { version, level })
        }
    };
    let line = router_line(&router, (beside.0, &beside.1));
    let again = view.restarted.as_ref();
    let again = again.map(|again| format!(", {}: {OUTSIDE}", restarts(again, now_us())));
    Some(line + &again.unwrap_or_default())
}

/// What is wrong with what is shown to clients.
fn certificates(paths: &StatePaths, zone: &TimeZone) -> Vec<String> {
    let now = now_us() / 1_000_000;
    let shown = on_disk(paths);
    let troubles = shown.iter().filter_map(|one| one.trouble(now, zone));
    troubles.map(|trouble| trouble.saw).collect()
}

/// The router, if it did not answer the controller.
fn silent(environments: &[EnvironmentView], reach: &Reach) -> Option<Silent> {
    let router = environments.iter().find_map(|view| view.router_silent)?;
    let is_here = matches!(reach, Reach::Here(_));
    Some(Silent {
        router,
        is_stopped: is_here && router.pid.is_some_and(is_stopped),
    })
}
