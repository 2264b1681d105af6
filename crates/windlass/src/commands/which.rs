//! Which deployment is meant.

use windlass_api::{DeploymentView, Exit};
use windlass_client::Client;
use windlass_model::{DeploymentId, DeploymentState};

use crate::arguments::Which;
use crate::context::Context;
use crate::diagnostic::Diagnostic;

/// Deployments among which the beginning of an id is looked for.
const SEARCHED: u32 = 1_000;

/// The deployment that `which` names: by its whole id, by a beginning of it that only one has, or, if
/// none is named, the one that runs.
pub(super) async fn resolve(
    context: &Context,
    client: &Client,
    which: &Which,
) -> Result<DeploymentId, Diagnostic> {
    let Some(text) = &which.id else {
        let all = client.deployments(SEARCHED).await?;
        let environment = context.global.environment.as_deref();
        let id = the_running_one(&all, environment)?;
        context.ui.say(&format!("{id}, the one that runs"));
        return Ok(id);
    };
    let all = client.deployments(SEARCHED).await?;
    by_beginning(&all, text)
}

/// The same for looking: where none is named and none runs, the last one.
pub(super) async fn resolve_to_look(
    context: &Context,
    client: &Client,
    which: &Which,
) -> Result<DeploymentId, Diagnostic> {
    if which.id.is_none() {
        let all = client.deployments(SEARCHED).await?;
        let environment = context.global.environment.as_deref();
        let mut of_environment = all.iter().filter(|view| is_of(view, environment));
        if let Some(last) = of_environment.next()
            && !of_environment
                .chain([last])
                .any(|view| !matches!(view.state, DeploymentState::Ended(_)))
        {
            context.ui.say(&format!("{}, the last one", last.id));
            return Ok(last.id.clone());
        }
    }
    resolve(context, client, which).await
}

fn is_of(view: &DeploymentView, environment: Option<&str>) -> bool {
    environment.is_none_or(|wanted| view.environment.as_str() == wanted)
}

/// The controller, for looking at a deployment: without a state directory there is none.
pub(super) async fn client(context: &Context) -> Result<Client, Diagnostic> {
    context.client_to_look().await?.ok_or_else(|| {
        Diagnostic::new(Exit::Usage, "there are no deployments")
            .hint("nothing was ever deployed with this state directory")
    })
}

fn the_running_one(
    all: &[DeploymentView],
    environment: Option<&str>,
) -> Result<DeploymentId, Diagnostic> {
    let mut running = all.iter().filter(|view| {
        !matches!(view.state, DeploymentState::Ended(_)) && is_of(view, environment)
    });
    match (running.next(), running.next()) {
        (Some(only), None) => Ok(only.id.clone()),
        (None, _) => Err(Diagnostic::new(Exit::Usage, "no deployment runs")
            .hint("name one of those in: windlass list")),
        (Some(_), Some(_)) => Err(Diagnostic::new(Exit::Usage, "several deployments run")
            .hint("name one of those in: windlass list")),
    }
}

fn by_beginning(all: &[DeploymentView], text: &str) -> Result<DeploymentId, Diagnostic> {
    let whole = if text.starts_with("dep_") {
        text.to_owned()
    } else {
        format!("dep_{text}")
    };
    let mut found = all
        .iter()
        .filter(|view| view.id.as_str().starts_with(&whole));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.id.clone()),
        (Some(first), Some(_)) if first.id.as_str() == whole => Ok(first.id.clone()),
        (Some(_), Some(_)) => Err(Diagnostic::new(
            Exit::Usage,
            format!("several deployments begin with {whole}"),
        )
        .hint("write more of the id")),
        // Older than those searched, perhaps: the controller knows.
        (None, _) => DeploymentId::parse(&whole).map_err(|_no_id| {
            Diagnostic::new(Exit::Usage, format!("there is no deployment {text}"))
                .hint("name one of those in: windlass list")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn the_beginning_of_an_id_is_enough_when_only_one_has_it() {
        let all = [
            sample::deployment("dep_01kab"),
            sample::deployment("dep_01kcd"),
        ];
        let id = |text: &str| by_beginning(&all, text).map(|id| id.to_string());
        assert_eq!(id("dep_01ka"), Ok("dep_01kab".to_owned()));
        assert_eq!(id("01kc"), Ok("dep_01kcd".to_owned()));
        assert_eq!(id("dep_01k").map_err(|no| no.exit), Err(Exit::Usage));
        assert_eq!(id("dep_09").as_deref(), Ok("dep_09"));
        assert_eq!(id("NO").map_err(|no| no.exit), Err(Exit::Usage));
    }

    #[test]
    fn without_an_id_the_only_running_one_is_taken() {
        let mut ended = sample::deployment("dep_01kab");
        ended.state = DeploymentState::Ended(windlass_model::Outcome::Promoted);
        let running = sample::deployment("dep_01kcd");
        let one = [ended.clone(), running.clone()];
        assert_eq!(the_running_one(&one, None), Ok(running.id.clone()));
        assert!(the_running_one(&one, Some("elsewhere")).is_err());
        assert!(the_running_one(&[ended], None).is_err());
        assert!(the_running_one(&[running.clone(), running], None).is_err());
    }
}
