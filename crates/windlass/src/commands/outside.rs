//! `windlass events --outside`: what happened outside of deployments.

use std::pin::pin;
use std::time::Duration;

use windlass_api::{DeploymentView, Exit, HappeningView};
use windlass_client::{Client, Starting};

use super::at_rest::at_rest_after;
use crate::arguments::Output;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::say_unknown;
use crate::report::Report;
use crate::ui::happenings::{HAPPENING, OUTSIDE, by_time, happening_lines, happenings_text};

/// Most that are shown: a controller keeps no more.
const SHOWN: u32 = 1_000;

/// Most that are shown below the events of a deployment.
const SHOWN_BELOW: usize = 10;

/// Time between two questions of whoever follows.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// A page that holds all that can happen between two questions.
const NEWS: u32 = 100;

pub(super) async fn run(context: &Context, follow: bool) -> Result<Report, Diagnostic> {
    let Some(client) = context.client_to_look().await? else {
        let nothing: [HappeningView; 0] = [];
        let text = happenings_text(&nothing, &context.ui.style());
        return Ok(Report::new(text, &nothing)?.of(HAPPENING));
    };
    let told = client.happenings(SHOWN).await?;
    say_unknown(context, &told.unknown);
    let mut all = told.known;
    retain_wanted(context, &mut all);
    if follow {
        return goes_on(context, client, all).await;
    }
    let text = happenings_text(&all, &context.ui.style());
    all.sort_by_key(|it| (it.at_us, it.sequence));
    Ok(Report::new(text, &all)?.of(HAPPENING).sentences())
}

/// Those of the environment that was asked for, and what belongs to none.
fn retain_wanted(context: &Context, all: &mut Vec<HappeningView>) {
    let wanted = context.global.environment.as_deref();
    all.retain(|view| match (wanted, &view.environment) {
        (Some(wanted), Some(its)) => its.as_str() == wanted,
        (Some(_), None) | (None, _) => true,
    });
}

/// Tells what there is, then what comes, until Ctrl-C.
async fn goes_on(
    context: &Context,
    client: Client,
    mut news: Vec<HappeningView>,
) -> Result<Report, Diagnostic> {
    let mut left = pin!(tokio::signal::ctrl_c());
    let starting = Starting::default();
    let mut told = 0;
    let mut is_over = false;
    loop {
        for happening in by_time(&news) {
            if say(context, happening).is_err() {
                return Ok(Report::silent(Exit::Done));
            }
        }
        told = news.first().map_or(told, |newest| newest.sequence);
        tokio::select! {
            () = tokio::time::sleep(ASK_EVERY) => {}
            _signal = &mut left => return Ok(Report::silent(Exit::Detached)),
        }
        news = match client.happenings(NEWS).await {
            Err(met) if met.is_death() => {
                if at_rest_after(context, &client).await?.is_some() {
                    is_over = say_over(context, is_over);
                    news = Vec::new();
                    continue;
                }
                let asked = async |client: &Client| client.happenings(NEWS).await;
                client.outliving(&starting, asked).await?.known
            }
            answered => answered?.known,
        };
        is_over = false;
        news.retain(|happening| happening.sequence > told);
        retain_wanted(context, &mut news);
    }
}

/// Says once that nothing is left that could happen to anything: nobody starts a controller to hear that.
fn say_over(context: &Context, is_said: bool) -> bool {
    if !is_said {
        context
            .ui
            .say("nothing runs any more; this goes on once something is deployed");
    }
    true
}

fn say(context: &Context, happening: &HappeningView) -> std::io::Result<()> {
    if context.ui.output() != Output::Text {
        return context.ui.data_json(Some(HAPPENING), happening);
    }
    for line in happening_lines(happening, &context.ui.style()) {
        context.ui.data_fact(&line)?;
    }
    Ok(())
}

/// Whether it is about what was deployed: that application in that environment, or neither of any.
fn is_of(view: &DeploymentView, happening: &HappeningView) -> bool {
    let HappeningView {
        app, environment, ..
    } = happening;
    app.as_ref().is_none_or(|app| *app == view.app)
        && environment
            .as_ref()
            .is_none_or(|it| *it == view.environment)
}

/// Below the events of the last deployment: what went wrong since it began and that it does not tell of. A
/// controller that can't say it leaves it out.
pub(super) async fn since(context: &Context, client: &Client, view: &DeploymentView) {
    if context.ui.output() != Output::Text {
        return;
    }
    let mut all = client.happenings(SHOWN).await.unwrap_or_default().known;
    all.retain(|it| is_of(view, it) && it.what.is_counted() && it.at_us >= view.started_us);
    if all.is_empty() {
        return;
    }
    let more = all.len() > SHOWN_BELOW;
    all.truncate(SHOWN_BELOW);
    let of_all = if more {
        "the last of all since"
    } else {
        "since"
    };
    let said = format!("outside of the deployment, {of_all} it began: {OUTSIDE}");
    context.ui.say(&said);
    for happening in by_time(&all) {
        if say(context, happening).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::{AppName, EnvironmentName};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn what_happened_in_another_environment_or_application_is_not_told_below_a_deployment() {
        let view = sample::deployment("dep_01k0a");
        let all = sample::happenings();
        assert!(all.iter().all(|it| is_of(&view, it)));
        let mut elsewhere = view.clone();
        elsewhere.environment = EnvironmentName::new("staging").expect("a name");
        let told: Vec<_> = all.iter().filter(|it| is_of(&elsewhere, it)).collect();
        assert!(told.iter().all(|it| it.environment.is_none()), "{told:?}");
        assert!(!told.is_empty(), "the router is everybody's");
        let mut other = view;
        other.app = AppName::new("mail").expect("a name");
        assert!(all.iter().filter(|it| is_of(&other, it)).count() < all.len());
    }
}
