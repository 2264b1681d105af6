//! A deployment that waits for its turn: whom it waits for, and what Ctrl-C does meanwhile.

use std::cell::Cell;
use std::pin::pin;
use std::time::{Duration, Instant};

use serde_json::Value;
use windlass_api::{DeployAnswer, DeployRequest, FileRequest, LockView, Source};
use windlass_client::{Client, ClientError, Key, Starting};
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

/// Asks for it. While it waits for another one, says for which, and Ctrl-C gives it up. A controller
/// that dies or is replaced meanwhile leaves it to the next one: it knows by the key what has begun
/// already, and waits for what is left of the time.
pub(super) async fn ask(
    context: &Context,
    client: &Client,
    request: &DeployRequest,
) -> Result<Asked, Diagnostic> {
    let key = Key::fresh()?;
    let begun = Instant::now();
    let is_first = Cell::new(true);
    let ask = async |client: &Client| {
        if !is_first.replace(false) {
            context
                .ui
                .say("the controller died, and another one is asked");
        }
        in_turn(context, client, &left_of(request, begun.elapsed()), &key).await
    };
    Ok(client.outliving(&Starting::default(), ask).await?)
}

/// What is left to ask for after so long.
fn left_of(request: &DeployRequest, gone: Duration) -> DeployRequest {
    let gone = u64::try_from(gone.as_millis()).unwrap_or(u64::MAX);
    DeployRequest {
        wait_ms: request.wait_ms.map(|wait| wait.saturating_sub(gone)),
        ..request.clone()
    }
}

/// Asks once.
async fn in_turn(
    context: &Context,
    client: &Client,
    request: &DeployRequest,
    key: &Key,
) -> Result<Asked, ClientError> {
    let mut asked = pin!(client.deploy_as(request, key.clone()));
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
    fn the_next_controller_is_asked_for_what_is_left_of_the_wait() {
        let request = DeployRequest {
            source: Source::Retry(DeploymentId::parse("dep_1").unwrap()),
            by: "mira".to_owned(),
            may_move: false,
            keep_failed: false,
            wait_ms: Some(5_000),
            supersede: false,
            why: None,
        };
        let left = |seconds| left_of(&request, Duration::from_secs(seconds)).wait_ms;
        assert_eq!(
            (left(0), left(2), left(9)),
            (Some(5_000), Some(3_000), Some(0))
        );
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
            "waits for its turn, at most 1.5s; Ctrl-C gives it up, and nothing is begun"
        );
    }
}
