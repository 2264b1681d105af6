//! A deployment that waits for its turn: whom it waits for, and what Ctrl-C does meanwhile.

use std::pin::pin;
use std::time::Duration;

use serde_json::Value;
use windlass_api::{DeployAnswer, DeployRequest, FileRequest, LockView, Source};
use windlass_client::Client;
use windlass_config::Format;
use windlass_model::{EnvironmentName, Millis};

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::ui::words::harmless;

/// How long it is waited without a word.
const SILENT_FOR: Duration = Duration::from_millis(500);

/// What came of asking for a deployment.
pub(super) enum Asked {
    /// It was answered.
    Answered(Box<DeployAnswer>),
    /// Ctrl-C came first: the controller begins nothing that nobody waits for.
    Left,
}

/// Asks for it. While it waits for another one, says for which, and Ctrl-C gives it up.
pub(super) async fn ask(
    context: &Context,
    client: &Client,
    request: &DeployRequest,
) -> Result<Asked, Diagnostic> {
    let mut asked = pin!(client.deploy(request));
    if request.wait_ms.is_none() && !request.supersede {
        return Ok(Asked::Answered(Box::new(asked.await?)));
    }
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

    #[test]
    fn it_says_for_whom_and_how_long_it_waits() {
        let lock = LockView {
            deployment: DeploymentId::parse("dep_1").unwrap(),
            by: "mira".to_owned(),
            since_us: 0,
            reason: String::new(),
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
