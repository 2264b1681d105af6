//! Which deployment is meant.

use windlass_api::{DeploymentView, Exit};
use windlass_client::Client;
use windlass_model::{AppName, DeploymentId, DeploymentState, EnvironmentName};

use super::file::Found;
use crate::arguments::{Look, Which};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::ui::words::did_you_mean;

/// Deployments among which the beginning of an id is looked for.
pub(super) const SEARCHED: u32 = 1_000;

/// None is named, and what is there leaves no single one.
pub(super) const NONE_NAMED: &str = "WL0431";

/// There is none that could be meant: what was typed is right, and comes too late or too early.
pub(super) const NONE_IS: &str = "WL0491";

/// Deployments that are meant where none is named: of this application, in this environment.
pub(super) struct Here<'c> {
    pub(super) app: Option<String>,
    pub(super) environment: Option<&'c str>,
}

impl<'c> Here<'c> {
    /// What the file here and `-e` leave to change something in. Of a file that can't be read nobody knows the
    /// application.
    pub(super) fn of(context: &'c Context) -> Result<Self, Diagnostic> {
        let here = Self::to_look(context).map_err(or_name_it)?;
        Found::must_be_of_one_environment(context)?;
        Ok(here)
    }

    /// The same for looking, which does no harm in any environment.
    fn to_look(context: &'c Context) -> Result<Self, Diagnostic> {
        Ok(Self {
            app: Found::app_here(context)?,
            environment: context.global.environment.as_deref(),
        })
    }

    pub(super) fn has(&self, app: &AppName, environment: &EnvironmentName) -> bool {
        let wanted = self.app.as_deref();
        wanted.is_none_or(|wanted| app.as_str() == wanted)
            && self
                .environment
                .is_none_or(|wanted| environment.as_str() == wanted)
    }
}

/// The deployment that `which` names: by its whole id, by a beginning of it that only one has, or, if
/// none is named, the one that runs of what the file and `-e` say.
pub(super) async fn resolve(
    context: &Context,
    client: &Client,
    which: &Which,
) -> Result<DeploymentId, Diagnostic> {
    let all = client.deployments(SEARCHED).await?;
    if let Some(text) = &which.id {
        return named(context, &all, text);
    }
    let here = Here::of(context)?;
    Ok(say_running(context, the_running_one(&all, &here)?))
}

/// The same for looking: where none is named and none runs, the last one. A file that can't be read
/// says nothing about what is meant, and looking does no harm.
pub(super) async fn resolve_to_look(
    context: &Context,
    client: &Client,
    which: &Look,
) -> Result<DeploymentId, Diagnostic> {
    let all = client.deployments(SEARCHED).await?;
    if let Some(text) = &which.id {
        return named(context, &all, text);
    }
    let here = Here::to_look(context).unwrap_or(Here {
        app: None,
        environment: context.global.environment.as_deref(),
    });
    let mut of_here = all
        .iter()
        .filter(|view| here.has(&view.app, &view.environment));
    if let Some(last) = of_here.next()
        && !of_here
            .chain([last])
            .any(|view| !matches!(view.state, DeploymentState::Ended(_)))
    {
        context.ui.about(&last.environment);
        context.ui.say(&format!("{}, the last one", last.id));
        return Ok(last.id.clone());
    }
    Ok(say_running(context, the_running_one(&all, &here)?))
}

fn say_running(context: &Context, view: &DeploymentView) -> DeploymentId {
    let place = format!("of {} in {}", view.app, view.environment);
    let said = format!("{}, the one that runs {place}", view.id);
    context.ui.about(&view.environment);
    context.ui.say(&said);
    view.id.clone()
}

/// The deployment that is named; what is said from now on is about it.
pub(super) fn named(
    context: &Context,
    all: &[DeploymentView],
    text: &str,
) -> Result<DeploymentId, Diagnostic> {
    let id = by_beginning(all, text)?;
    if let Some(view) = all.iter().find(|view| view.id == id) {
        context.ui.about(&view.environment);
    }
    Ok(id)
}

fn or_name_it(unreadable: Diagnostic) -> Diagnostic {
    unreadable.hint("name the deployment: one of those in windlass list")
}

/// The controller, for looking at a deployment: without a state directory there is none.
pub(super) async fn client(context: &Context) -> Result<Client, Diagnostic> {
    context.client_to_look().await?.ok_or_else(|| {
        Diagnostic::new(Exit::Usage, "there are no deployments")
            .code(NONE_NAMED)
            .hint(
                "nothing was ever deployed with this state directory: windlass deploy, or name another \
                 one with --state-dir DIR",
            )
    })
}

fn the_running_one<'v>(
    all: &'v [DeploymentView],
    here: &Here<'_>,
) -> Result<&'v DeploymentView, Diagnostic> {
    let mut running = all.iter().filter(|view| {
        let open = !matches!(view.state, DeploymentState::Ended(_));
        open && here.has(&view.app, &view.environment)
    });
    let hint = if all
        .iter()
        .any(|view| here.has(&view.app, &view.environment))
    {
        "see how the last one ended: windlass show"
    } else {
        "nothing of it was deployed here; what was: windlass list"
    };
    match (running.next(), running.next(), &here.app) {
        (Some(only), None, _) => Ok(only),
        (None, _, Some(app)) => {
            let what = format!("no deployment of {app} runs");
            Err(Diagnostic::new(Exit::Refused, what)
                .code(NONE_IS)
                .hint(hint))
        }
        (None, _, None) => Err(Diagnostic::new(Exit::Refused, "no deployment runs")
            .code(NONE_IS)
            .hint(hint)),
        (Some(first), Some(second), _) => {
            let told = [first, second].into_iter().chain(running);
            let told: Vec<String> = told
                .map(|view| format!("{} of {} in {}", view.id, view.app, view.environment))
                .collect();
            Err(Diagnostic::new(Exit::Usage, "several deployments run")
                .code(NONE_NAMED)
                .detail(told.join("\n"))
                .hint("name the one that is meant, by its id or the beginning of it"))
        }
    }
}

pub(super) fn by_beginning(all: &[DeploymentView], text: &str) -> Result<DeploymentId, Diagnostic> {
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
        .code(NONE_NAMED)
        .hint("write more of the id: windlass list")),
        // Older than those searched, perhaps: the controller knows.
        (None, _) if all.len() >= SEARCHED as usize => {
            DeploymentId::parse(&whole).map_err(|_no_id| unknown(all, &whole))
        }
        (None, _) => Err(unknown(all, &whole)),
    }
}

fn unknown(all: &[DeploymentView], whole: &str) -> Diagnostic {
    let meant = did_you_mean(whole, all.iter().map(|view| view.id.as_str()));
    let list = "windlass list shows them";
    Diagnostic::new(Exit::Usage, format!("there is no deployment {whole}"))
        .code("WL0430")
        .hint(match meant {
            Some(meant) => format!("{meant} {list}"),
            None => list.to_owned(),
        })
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
        let far = by_beginning(&all, "dep_09").expect_err("none of them");
        assert_eq!(far.hint.as_deref(), Some("windlass list shows them"));
        let near = by_beginning(&all, "01kad").expect_err("none of them");
        assert_eq!(near.code.as_deref(), Some("WL0430"));
        assert_eq!(
            near.hint.as_deref(),
            Some("did you mean dep_01kab? windlass list shows them")
        );
        let many = vec![sample::deployment("dep_01kab"); SEARCHED as usize];
        let older = by_beginning(&many, "dep_09").map(|id| id.to_string());
        assert_eq!(older.as_deref(), Ok("dep_09"));
        assert_eq!(id("NO").map_err(|no| no.exit), Err(Exit::Usage));
    }

    #[test]
    fn without_an_id_the_only_running_one_is_taken() {
        let mut ended = sample::deployment("dep_01kab");
        ended.state = DeploymentState::Ended(windlass_model::Outcome::Promoted);
        let running = sample::deployment("dep_01kcd");
        let here = |app: Option<&str>, environment| Here {
            app: app.map(str::to_owned),
            environment,
        };
        let found = |all: &[DeploymentView], here: &Here<'_>| {
            let id = the_running_one(all, here).map(|view| view.id.to_string());
            id.map_err(|refused| refused.summary)
        };
        let one = [ended.clone(), running.clone()];
        assert_eq!(found(&one, &here(None, None)), Ok(running.id.to_string()));
        assert!(found(&one, &here(None, Some("elsewhere"))).is_err());
        assert!(found(&[ended], &here(None, None)).is_err());
        assert!(found(&[running.clone(), running.clone()], &here(None, None)).is_err());

        // In another application's folder it is not this one that is meant.
        let mut other = running.clone();
        other.id = sample::deployment("dep_01kef").id;
        other.app = AppName::new("blog").unwrap();
        let both = [running.clone(), other.clone()];
        let shop = here(Some("shop"), None);
        assert_eq!(found(&both, &shop), Ok(running.id.to_string()));
        assert_eq!(
            found(&[other], &shop),
            Err("no deployment of shop runs".to_owned())
        );
    }
}
