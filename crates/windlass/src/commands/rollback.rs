//! `windlass rollback`: back to the last good release, or to the one that is named.

use clap::Args;
use windlass_api::{EnvironmentView, Exit, RollbackRequest};

use super::place::environment;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, SAID_NO};
use crate::follow::{Purpose, begun, follow};
use crate::report::Report;
use crate::ui::plan::plan_text;
use crate::ui::words::{harmless, listed};

/// Options of `rollback`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The service; everything that was promoted last by default
    #[arg(value_name = "SERVICE")]
    service: Option<String>,

    /// The version to go back to; the last good one by default
    #[arg(long, value_name = "VERSION")]
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
    if !options.yes && context.ui.can_ask() && !context.ui.ask(&question(&runs, options)) {
        return Err(Diagnostic::new(Exit::Refused, "nothing was rolled back").code(SAID_NO));
    }
    let request = RollbackRequest {
        app: runs.app.to_string(),
        environment: runs.environment.to_string(),
        service: options.service.clone(),
        to: options.to.clone(),
        by: Context::who(),
    };
    let answer = client.rollback(&request).await?;
    let Some(id) = &answer.deployment else {
        let text = format!("nothing to do: {} is there already\n", runs.app);
        return Report::new(text, &answer);
    };
    if answer.aborted {
        context.ui.say(&format!("{id} runs: it is aborted"));
    }
    if let Some(plan) = &answer.plan {
        context
            .ui
            .say_as_it_is(plan_text(plan, false, context.ui.talk_columns()).trim_end());
    }
    for (service, why) in &answer.stays {
        context
            .ui
            .say(&format!("{service} stays as it is: {}", harmless(why)));
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

/// What is about to happen, as far as it can be told before it is asked for.
fn question(runs: &EnvironmentView, options: &Options) -> String {
    let place = format!("{} in {}", runs.app, runs.environment);
    if let Some(id) = &runs.deployment {
        return format!("{id} runs in {place}: abort it and go back?");
    }
    let what = options.service.as_deref().unwrap_or("everything");
    if let Some(version) = &options.to {
        return format!("Roll {what} back to {version}, {place}?");
    }
    let warm: Vec<String> = runs
        .services
        .iter()
        .filter(|(name, _)| {
            options
                .service
                .as_deref()
                .is_none_or(|it| name.as_str() == it)
        })
        .filter_map(|(name, now)| {
            let (stable, standby) = (now.stable.as_ref()?, now.standby.as_ref()?);
            Some(format!("{name} {} → {}", stable.version, standby.version))
        })
        .collect();
    if warm.is_empty() {
        format!("Roll {what} back to the last good release, {place}?")
    } else {
        format!("Roll back {place} ({}, warm)?", listed(&warm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn the_question_says_what_is_known_before() {
        let mut runs = sample::environment();
        let mut options = Options {
            service: None,
            to: None,
            detach: false,
            yes: false,
        };
        assert_eq!(
            question(&runs, &options),
            "Roll back shop in production (auth 1.4.2 → 1.4.1, warm)?"
        );
        options.service = Some("api".to_owned());
        assert_eq!(
            question(&runs, &options),
            "Roll api back to the last good release, shop in production?"
        );
        options.to = Some("1.4.0".to_owned());
        assert_eq!(
            question(&runs, &options),
            "Roll api back to 1.4.0, shop in production?"
        );
        runs.deployment = Some(sample::deployment("dep_01k0a").id);
        assert_eq!(
            question(&runs, &options),
            "dep_01k0a runs in shop in production: abort it and go back?"
        );
    }
}
