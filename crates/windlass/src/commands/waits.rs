//! For what `down` waits, said once that takes longer than a person expects; and what helps when it fails
//! for that.

use std::time::Duration;

use windlass_api::{DownAnswer, DownRequest, EnvironmentView};
use windlass_client::{Client, ClientError, is_stopped};
use windlass_router::holder;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::ui::words::listed;
use crate::wire;

/// How long it is waited without a word.
const SILENT_FOR: Duration = Duration::from_secs(2);

/// A refusal of `down` for what would not end.
const NOT_DOWN: &str = "WL0315";

/// Asks for it. While it takes its time, says for what.
pub(super) async fn down(
    context: &Context,
    client: &Client,
    request: &DownRequest,
) -> Result<DownAnswer, Diagnostic> {
    let told = async {
        tokio::time::sleep(SILENT_FOR).await;
        let said = match stopped_router(context) {
            Some(pid) => Some(router(pid)),
            // Who can't be asked is waited for all the same.
            None => left(&client.status().await.unwrap_or_default(), request),
        };
        if let Some(said) = said {
            context.ui.say(&said);
        }
        std::future::pending().await
    };
    let answer = tokio::select! {
        answer = client.down(request) => answer,
        never = told => never,
    };
    answer.map_err(|failed| advised(failed, stopped_router(context)))
}

/// The router's process, where it is seen to be stopped: only on its own machine. Nobody is asked: a question
/// to a router that is silent would stand in the way of what waits for it.
fn stopped_router(context: &Context) -> Option<u32> {
    let paths = context.paths().ok()?;
    holder(&wire::router_state(&paths)).filter(|pid| is_stopped(*pid))
}

fn router(pid: u32) -> String {
    format!(
        "waits for the router: process {pid} is stopped by a signal; let it go on: kill -CONT {pid}"
    )
}

/// The services that have not ended; none where nobody knows of any.
fn left(all: &[EnvironmentView], request: &DownRequest) -> Option<String> {
    let meant = all.iter().filter(|view| {
        let environment = request.environment.as_deref();
        view.app.as_str() == request.app
            && environment.is_none_or(|name| view.environment.as_str() == name)
    });
    let services = meant.flat_map(|view| &view.services);
    let left = services.filter(|(_, now)| !now.is_empty());
    let names: Vec<&str> = left.map(|(name, _)| name.as_str()).collect();
    (!names.is_empty()).then(|| format!("waits for the end of {}", listed(&names)))
}

/// Where a stopped router is in the way, that is the next command.
fn advised(failed: ClientError, stopped: Option<u32>) -> Diagnostic {
    let said = Diagnostic::from(failed);
    match stopped {
        Some(pid) if said.code.as_deref() == Some(NOT_DOWN) => said.hint(format!(
            "the router is stopped by a signal: kill -CONT {pid}, then: windlass down"
        )),
        Some(_) | None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn what_has_not_ended_is_named() {
        let mut shop = sample::environment();
        let request = |environment: Option<&str>| DownRequest {
            app: "shop".to_owned(),
            environment: environment.map(str::to_owned),
            by: "mira".to_owned(),
            why: None,
        };
        let said = |shop: &EnvironmentView, environment| {
            left(std::slice::from_ref(shop), &request(environment))
        };
        assert_eq!(
            said(&shop, None).as_deref(),
            Some("waits for the end of api, auth, worker")
        );
        assert_eq!(said(&shop, Some("staging")), None);
        for service in shop.services.values_mut() {
            (service.stable, service.standby) = (None, None);
        }
        assert_eq!(said(&shop, None), None);
    }
}
