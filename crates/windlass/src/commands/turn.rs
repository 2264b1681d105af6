//! A deployment that waits for its turn: whom it waits for, and what Ctrl-C does meanwhile.

use std::pin::pin;
use std::time::{Duration, Instant};

use serde_json::Value;
use windlass_api::{
    DeployAnswer, DeployRequest, DeploymentView, Exit, FileRequest, LockView, Source,
};
use windlass_client::{Client, ClientError, Starting};
use windlass_config::Format;
use windlass_model::{EnvironmentName, Millis};

use super::which::SEARCHED;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::ui::words::harmless;

/// How long it is waited without a word.
const SILENT_FOR: Duration = Duration::from_millis(500);

/// Controllers that may die under one question.
const DEATHS_MAX: u32 = 10;

/// What came of asking for a deployment.
pub(super) enum Asked {
    /// It was answered.
    Answered(Box<DeployAnswer>),
    /// Ctrl-C came first: the controller begins nothing that nobody waits for.
    Left,
}

/// Asks for it. While it waits for another one, says for which, and Ctrl-C gives it up. A controller
/// that dies meanwhile has begun nothing: the next one is asked for what is left of the wait.
pub(super) async fn ask(
    context: &Context,
    client: &Client,
    request: &DeployRequest,
) -> Result<Asked, Diagnostic> {
    if request.wait_ms.is_none() && !request.supersede {
        let answer = client.deploy(request).await?;
        return Ok(Asked::Answered(Box::new(answer)));
    }
    let known = client.deployments(SEARCHED).await?;
    let (mut client, mut request) = (client.clone(), request.clone());
    let mut deaths = 0;
    loop {
        let asked = Instant::now();
        let failed = match in_turn(context, &client, &request).await {
            Ok(asked) => return Ok(asked),
            Err(failed) => failed,
        };
        deaths += 1;
        if failed.exit() != Exit::Unreachable || deaths > DEATHS_MAX {
            return Err(failed.into());
        }
        client = Client::connect_or_start(client.reach().clone(), &Starting::default()).await?;
        // Its answer may have been lost: then it must not be asked for twice.
        let now = client.deployments(SEARCHED).await?;
        if let Some(begun) = begun_since(&known, &now, &request.by) {
            return Err(died_after(begun));
        }
        let gone = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
        request.wait_ms = request.wait_ms.map(|wait| wait.saturating_sub(gone));
        context
            .ui
            .say("the controller died, and another one is asked");
    }
}

/// What somebody of this name has begun since.
fn begun_since<'v>(
    known: &[DeploymentView],
    now: &'v [DeploymentView],
    by: &str,
) -> Option<&'v DeploymentView> {
    let is_new = |view: &&DeploymentView| known.iter().all(|old| old.id != view.id);
    now.iter().filter(is_new).find(|view| view.by == by)
}

fn died_after(begun: &DeploymentView) -> Diagnostic {
    let id = &begun.id;
    let what = format!("the controller died before it answered, and {id} has begun");
    Diagnostic::new(Exit::Unreachable, what).hint(format!("windlass events {id} --follow"))
}

/// Asks once.
async fn in_turn(
    context: &Context,
    client: &Client,
    request: &DeployRequest,
) -> Result<Asked, ClientError> {
    let mut asked = pin!(client.deploy(request));
    let mut left = pin!(tokio::signal::ctrl_c());
    let mut told = pin!(tell(context, client, request));
    let mut silent = true;
    loop {
        tokio::select! {
            answer = &mut asked => return Ok(Asked::Answered(Box::new(answer?))),
            _signal = &mut left => break,
            () = &mut told, if silent => silent = false,
        }
    }
    context
        .ui
        .say("given up: what has not begun does not begin");
    context.ui.say("see what runs: windlass status");
    Ok(Asked::Left)
}

async fn tell(context: &Context, client: &Client, request: &DeployRequest) {
    tokio::time::sleep(SILENT_FOR).await;
    // Who can't be asked now is waited for all the same.
    let all = client.status().await.unwrap_or_default();
    let lock = match &request.source {
        Source::File(file) => {
            let here = all.into_iter().find(|one| {
                Some(one.app.as_str()) == app(file).as_deref()
                    && one.environment.as_str() == environment(file)
            });
            here.and_then(|one| one.lock)
        }
        // Where these belong to is for the controller to know.
        Source::Plan(_) | Source::Retry(_) => None,
    };
    context.ui.say(&waits(lock.as_ref(), request.wait_ms));
}

fn app(file: &FileRequest) -> Option<String> {
    let tree = windlass_config::as_json(&file.text, Format::of(&file.name)).ok()?;
    tree.get("app").and_then(Value::as_str).map(str::to_owned)
}

fn environment(file: &FileRequest) -> String {
    let named = file.environment.clone();
    named.unwrap_or_else(|| EnvironmentName::default_environment().as_str().to_owned())
}

fn waits(lock: Option<&LockView>, wait_ms: Option<u64>) -> String {
    let whom = match lock {
        Some(lock) => format!("{}, begun by {}", lock.deployment, harmless(&lock.by)),
        None => "its turn".to_owned(),
    };
    let until = match wait_ms {
        Some(millis) => format!("at most {}", Millis::from_millis(millis)),
        None => "until that is back".to_owned(),
    };
    format!("waits for {whom}, {until}; Ctrl-C gives it up, and nothing is begun")
}

#[cfg(test)]
mod tests {
    use windlass_model::DeploymentId;

    use super::*;
    use crate::ui::sample;

    #[test]
    fn what_the_dead_controller_has_begun_is_not_asked_for_again() {
        let known = [sample::deployment("dep_1")];
        let now = [sample::deployment("dep_2"), sample::deployment("dep_1")];
        let found = |by| begun_since(&known, &now, by).map(|view| view.id.to_string());
        assert_eq!(found("mira").as_deref(), Some("dep_2"));
        assert_eq!(found("somebody else"), None);
        assert_eq!(begun_since(&now, &now, "mira"), None);
    }

    #[test]
    fn it_says_for_whom_and_how_long_it_waits() {
        let lock = LockView {
            deployment: DeploymentId::parse("dep_1").unwrap(),
            by: "mira".to_owned(),
            since_us: 0,
            reason: String::new(),
            state: windlass_model::DeploymentState::Running,
            held: None,
            evidence: std::collections::BTreeMap::new(),
        };
        assert_eq!(
            waits(Some(&lock), Some(120_000)),
            "waits for dep_1, begun by mira, at most 2m; Ctrl-C gives it up, and nothing is begun"
        );
        assert_eq!(
            waits(Some(&lock), None),
            "waits for dep_1, begun by mira, until that is back; Ctrl-C gives it up, and nothing is begun"
        );
        assert_eq!(
            waits(None, Some(1_500)),
            "waits for its turn, at most 1s500ms; Ctrl-C gives it up, and nothing is begun"
        );
    }
}
