//! `windlass down`: ends this application's services; journal and releases stay.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use clap::Args;
use windlass_api::{CheckRequest, DownAnswer, DownRequest, EnvironmentView, Exit, ServiceView};
use windlass_client::{Client, is_stopped};
use windlass_model::{DeploymentId, ServiceName};

use super::at_rest::at_rest;
use super::file::Found;
use super::place::{self, PLACE};
use super::waits;
use crate::arguments::Because;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, SILENT};
use crate::person::person;
use crate::report::Report;
use crate::ui::words::{counted, listed};
use crate::ui::{question, taken_down};

/// Longest wait for the controller's own end.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Options of `down`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Ask nothing; where there is no terminal nothing is asked either
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    because: Because,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    // Before anything is asked: a file that can't be read must not end another application.
    let here = Found::app_here(context)?;
    if let Some(known) = at_rest(context).await? {
        place::must_be_known(context, here.as_deref(), &known)?;
        let app = here.as_deref();
        let its = known
            .iter()
            .filter(|view| app.is_none_or(|app| view.app.as_str() == app));
        return nothing_runs(None, None, &left(scripts(its)));
    }
    let Some(client) = context.client_to_look().await? else {
        place::must_be_known(context, None, &[])?;
        return nothing_runs(None, None, &left(Vec::new()));
    };
    let all = client.status().await?;
    let from_here = here.clone();
    let app = match here {
        Some(app) => app,
        None => match without_a_file(context, &all)? {
            Some(app) => app,
            None => return nothing_runs(None, None, &left(Vec::new())),
        },
    };
    place::must_be_known(context, Some(&app), &all)?;
    let request = DownRequest {
        app: app.clone(),
        environment: context.global.environment.clone(),
        by: person(),
        why: options.because.message.clone(),
    };
    if !options.yes {
        // An older controller refuses after the question.
        let _checked = client.check(&CheckRequest::Down(request.clone())).await?;
        let environment = context.global.environment.as_deref();
        let question = question(&app, environment, &client.status().await?);
        if question.is_some_and(|question| !context.ui.agrees(&question)) {
            return Err(Diagnostic::said_no("nothing was ended"));
        }
    }
    let answer = waits::down(context, &client, &request).await?;
    if answer.last {
        wait_for_end(&client).await?;
    }
    if answer.ended.is_empty() {
        let environment = context.global.environment.as_deref();
        return nothing_runs((!answer.last).then_some(&app), environment, &answer);
    }
    let ran = meant(&app, context.global.environment.as_deref(), &all);
    let kept = kept(ran, from_here.as_deref());
    Ok(Report::new(text(&answer, &kept), &answer)?.sentences())
}

/// What stays, and the way back to all that `ran`: one command for each environment.
fn kept<'v>(ran: impl Iterator<Item = &'v EnvironmentView>, here: Option<&str>) -> String {
    let mut ways: Vec<String> = ran.map(|view| taken_down::again(view, here)).collect();
    ways.dedup();
    if ways.is_empty() {
        return STAYS.to_owned();
    }
    format!("{STAYS}; to start all of it again: {}", listed(&ways))
}

/// What `down` leaves.
const STAYS: &str = "releases and history stay";

/// What is about to end, by name; none where nothing runs.
fn question(app: &str, environment: Option<&str>, all: &[EnvironmentView]) -> Option<String> {
    let mut meant = meant(app, environment, all).peekable();
    meant.peek()?;
    Some(question::of_down(meant))
}

/// The environments of `app` in which something ends.
fn meant<'v>(
    app: &str,
    environment: Option<&str>,
    all: &'v [EnvironmentView],
) -> impl Iterator<Item = &'v EnvironmentView> {
    all.iter().filter(move |view| {
        let asked = environment.is_none_or(|name| view.environment.as_str() == name);
        view.app.as_str() == app && asked && runs(view)
    })
}

/// What there is to say where no controller was asked: nothing ran.
fn left(stays: Vec<ServiceName>) -> DownAnswer {
    DownAnswer {
        ended: Vec::new(),
        stays,
        stuck: Vec::new(),
        last: true,
    }
}

/// No service is there to end; of `app` alone, where others run.
fn nothing_runs(
    app: Option<&String>,
    environment: Option<&str>,
    answer: &DownAnswer,
) -> Result<Report, Diagnostic> {
    let text = match (app, environment) {
        (Some(app), Some(environment)) => format!("nothing of {app} runs in {environment}\n"),
        (Some(app), None) => format!("nothing of {app} runs\n"),
        (None, _) if answer.stays.is_empty() => "nothing runs\n".to_owned(),
        (None, _) => "nothing of Windlass runs\n".to_owned(),
    };
    let told = format!(
        "{text}{}{}",
        ended_with_it(&answer.stuck),
        as_its_script_left(&answer.stays)
    );
    Report::new(told, answer)
}

/// The deployments that were stuck, and are over now.
fn ended_with_it(stuck: &[DeploymentId]) -> String {
    match stuck {
        [] => String::new(),
        [id] => format!("{id}, which was stuck, ended with it; how it stood: windlass show {id}\n"),
        [_, _, ..] => format!("{}, which were stuck, ended with it\n", listed(stuck)),
    }
}

/// The services that scripts have brought.
fn scripts<'v>(views: impl Iterator<Item = &'v EnvironmentView>) -> Vec<ServiceName> {
    let services = views.flat_map(|view| &view.services);
    let of_scripts = services.filter(|(_, now)| now.stable.as_ref().is_some_and(|it| it.script));
    of_scripts.map(|(service, _)| service.clone()).collect()
}

/// What is left of services that scripts have brought.
fn as_its_script_left(stays: &[ServiceName]) -> String {
    let theirs = match stays {
        [] => return String::new(),
        [_] => "its script",
        [_, _, ..] => "their scripts",
    };
    let names = listed(stays);
    format!(
        "{names}: what {theirs} deployed stays as it is, and the next deployment goes on from there\n"
    )
}

/// Where no file says which is meant: the one that runs. Where none does, any of those that are known,
/// so that the controller ends.
fn without_a_file(
    context: &Context,
    environments: &[EnvironmentView],
) -> Result<Option<String>, Diagnostic> {
    if let Some(only) = the_only_one(environments)? {
        let said = format!("there is no file here; {only} is the only one that runs");
        context.ui.say(&said);
        return Ok(Some(only));
    }
    Ok(environments.first().map(|view| view.app.to_string()))
}

/// The application that runs, if there is but one.
fn the_only_one(environments: &[EnvironmentView]) -> Result<Option<String>, Diagnostic> {
    let running = environments.iter().filter(|view| runs(view));
    let apps: BTreeSet<&str> = running.map(|view| view.app.as_str()).collect();
    let apps: Vec<&str> = apps.into_iter().collect();
    match apps.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some((*only).to_owned())),
        [_, _, ..] => Err(Diagnostic::new(
            Exit::Usage,
            format!("several applications run: {}", listed(&apps)),
        )
        .code(PLACE)
        .hint("name the file of one with -f FILE")),
    }
}

/// Whether anything of it runs, or is about to.
fn runs(view: &EnvironmentView) -> bool {
    view.deployment.is_some() || view.services.values().any(ServiceView::runs)
}

/// Returns once the controller has ended: then no process, socket or port is left.
pub(crate) async fn wait_for_end(client: &Client) -> Result<(), Diagnostic> {
    let begun = Instant::now();
    while !client.has_ended().await {
        if begun.elapsed() > GONE_WITHIN {
            let pid = client.controller().pid;
            return Err(Diagnostic::new(
                Exit::Stuck,
                format!("everything is down, but the controller (pid {pid}) did not end"),
            )
            .code(SILENT)
            .hint(if is_stopped(pid) {
                format!("it is stopped by a signal: kill -CONT {pid}")
            } else {
                "look with: windlass doctor".to_owned()
            }));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

fn text(answer: &DownAnswer, kept: &str) -> String {
    let count = counted(answer.ended.len(), "service");
    let rest = if answer.last {
        "; router and controller ended too"
    } else {
        ""
    };
    let names = listed(&answer.ended);
    let stays = as_its_script_left(&answer.stays);
    let stuck = ended_with_it(&answer.stuck);
    format!("{count} down: {names}{rest}\n{stuck}{stays}{kept}\n")
}

#[cfg(test)]
mod tests {
    use windlass_model::{AppName, EnvironmentName};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn what_went_down_is_named() {
        let answer = DownAnswer {
            ended: vec![
                ServiceName::new("api").unwrap(),
                ServiceName::new("auth").unwrap(),
            ],
            stays: Vec::new(),
            stuck: Vec::new(),
            last: true,
        };
        assert_eq!(
            text(&answer, STAYS),
            "2 services down: api, auth; router and controller ended too\n\
             releases and history stay\n"
        );
        let answer = DownAnswer {
            stays: vec![ServiceName::new("legacy").unwrap()],
            ..answer
        };
        assert_eq!(
            text(&answer, STAYS),
            "2 services down: api, auth; router and controller ended too\n\
             legacy: what its script deployed stays as it is, and the next deployment goes on from there\n\
             releases and history stay\n"
        );
        let stuck = vec![DeploymentId::parse("dep_01k0a").unwrap()];
        let scripts = DownAnswer {
            ended: Vec::new(),
            stuck,
            ..answer
        };
        let told = nothing_runs(None, None, &scripts).unwrap().text;
        assert_eq!(
            told,
            "nothing of Windlass runs\n\
             dep_01k0a, which was stuck, ended with it; how it stood: windlass show dep_01k0a\n\
             legacy: what its script deployed stays as it is, and the next deployment goes on from there\n"
        );
    }

    #[test]
    fn the_way_back_is_one_command_for_each_environment_that_ran() {
        let shop = sample::environment();
        let mut staging = shop.clone();
        staging.environment = EnvironmentName::new("staging").unwrap();
        let all = [shop, staging];
        let said = |environment, here| kept(meant("shop", environment, &all), here);
        insta::assert_snapshot!(said(None, Some("shop")), @"releases and history stay; to start all of it again: windlass -e production deploy, windlass -e staging deploy");
        insta::assert_snapshot!(said(Some("staging"), Some("shop")), @"releases and history stay; to start all of it again: windlass -e staging deploy");
        insta::assert_snapshot!(said(None, None), @"releases and history stay; to start all of it again: deploy it from /srv/shop");
        assert_eq!(said(Some("nowhere"), None), STAYS);
    }

    #[test]
    fn the_question_names_what_will_end() {
        let mut shop = sample::environment();
        let ask = |shop: &EnvironmentView, environment| {
            question("shop", environment, std::slice::from_ref(shop))
        };
        let said = ask(&shop, Some("production"));
        insta::assert_snapshot!(said.unwrap(), @"End shop in production (api 1.4.2, auth 1.4.2, worker 7)? Nothing of it answers after that.");
        assert_eq!(ask(&shop, Some("staging")), None);
        shop.deployment = Some(sample::deployment("dep_01k0a").id);
        let said = ask(&shop, None).unwrap();
        assert!(said.contains(", and dep_01k0a under way)?"), "{said}");
        assert_eq!(question("blog", None, &[shop]), None);
    }

    #[test]
    fn without_a_file_only_what_runs_alone_is_meant() {
        let shop = sample::environment();
        let mut ended = shop.clone();
        ended.app = AppName::new("blog").unwrap();
        for service in ended.services.values_mut() {
            (service.stable, service.standby) = (None, None);
        }
        let name = |all: &[EnvironmentView]| the_only_one(all).map_err(|failed| failed.exit);
        let both = [ended.clone(), shop.clone()];
        assert_eq!(name(&both), Ok(Some("shop".to_owned())));
        assert_eq!(name(&[ended.clone()]), Ok(None));
        ended.deployment = Some(sample::deployment("dep_01k0a").id);
        assert_eq!(name(&[shop, ended]), Err(Exit::Usage));
    }
}
