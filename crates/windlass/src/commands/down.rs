//! `windlass down`: ends this application's services; journal and releases stay.

use std::time::{Duration, Instant};

use windlass_api::{DownAnswer, DownRequest, EnvironmentView, Exit};
use windlass_client::{Client, ControllerLock, Holder, StatePaths};

use super::file::Found;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::words::{counted, listed};

/// Longest wait for the controller's own end.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) async fn run(context: &Context) -> Result<Report, Diagnostic> {
    let Some(client) = context.client_to_look().await? else {
        return nothing_runs();
    };
    let environments = client.status().await?;
    let Some(app) = application(context, &environments)? else {
        return nothing_runs();
    };
    let request = DownRequest {
        app,
        environment: context.global.environment.clone(),
        by: Context::who(),
    };
    let answer = client.down(&request).await?;
    if answer.last {
        wait_for_end(&client).await?;
    }
    if answer.ended.is_empty() {
        return nothing_runs();
    }
    Report::new(text(&answer), &answer)
}

fn nothing_runs() -> Result<Report, Diagnostic> {
    let answer = DownAnswer {
        ended: Vec::new(),
        last: true,
    };
    Report::new("nothing runs\n", &answer)
}

/// The application of the file here, or the only one that there is.
fn application(
    context: &Context,
    environments: &[EnvironmentView],
) -> Result<Option<String>, Diagnostic> {
    if context.global.file.is_some() {
        let found = Found::find(context)?;
        let nameless = format!("{} does not say which application it is", found.name);
        let app = found.app();
        return app
            .map(Some)
            .ok_or_else(|| Diagnostic::new(Exit::Configuration, nameless));
    }
    if let Some(app) = super::logs::app_of_the_file(context) {
        return Ok(Some(app));
    }
    let mut apps: Vec<_> = environments.iter().map(|view| view.app.as_str()).collect();
    apps.dedup();
    match apps.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some((*only).to_owned())),
        [_, _, ..] => Err(Diagnostic::new(
            Exit::Usage,
            format!("several applications run: {}", listed(&apps)),
        )
        .hint("name the file of one with -f FILE")),
    }
}

/// Returns once the controller has let go of its lock: then no process, socket or port is left.
pub(crate) async fn wait_for_end(client: &Client) -> Result<(), Diagnostic> {
    let paths: &StatePaths = client.paths();
    let begun = Instant::now();
    while ControllerLock::holder(paths) != Holder::Nobody {
        if begun.elapsed() > GONE_WITHIN {
            let pid = client.controller().pid;
            return Err(Diagnostic::new(
                Exit::Stuck,
                format!("everything is down, but the controller (pid {pid}) did not end"),
            )
            .hint("look at controller.log in the state directory"));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

fn text(answer: &DownAnswer) -> String {
    let count = counted(answer.ended.len(), "service");
    let rest = if answer.last {
        "; router and controller ended too"
    } else {
        ""
    };
    format!("{count} down: {}{rest}\n", listed(&answer.ended))
}

#[cfg(test)]
mod tests {
    use windlass_model::ServiceName;

    use super::*;

    #[test]
    fn what_went_down_is_named() {
        let answer = DownAnswer {
            ended: vec![
                ServiceName::new("api").unwrap(),
                ServiceName::new("auth").unwrap(),
            ],
            last: true,
        };
        assert_eq!(
            text(&answer),
            "2 services down: api, auth; router and controller ended too\n"
        );
    }
}
