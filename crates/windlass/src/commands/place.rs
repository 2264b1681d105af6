//! Which environment is meant.

use std::collections::BTreeSet;

use windlass_api::{EnvironmentView, Exit};
use windlass_client::Client;

use super::file::Found;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::ui::words::{did_you_mean, harmless, listed};

/// What is there leaves no single environment.
pub(super) const PLACE: &str = "WL0441";

/// The environment that `-e` and the file here leave: there must be one.
pub(super) async fn environment(
    context: &Context,
    client: &Client,
) -> Result<EnvironmentView, Diagnostic> {
    let app = Found::app_here(context)?;
    Found::must_be_of_one_environment(context)?;
    let wanted = context.global.environment.as_deref();
    only(client.status().await?, app, wanted)
}

fn only(
    mut all: Vec<EnvironmentView>,
    app: Option<String>,
    environment: Option<&str>,
) -> Result<EnvironmentView, Diagnostic> {
    if let Some(app) = app {
        all.retain(|view| view.app.as_str() == app);
    }
    if let Some(wanted) = environment {
        let is_there = |view: &EnvironmentView| view.environment.as_str() == wanted;
        if !all.is_empty() && !all.iter().any(is_there) {
            return Err(not_there(wanted, &all));
        }
        all.retain(is_there);
    } else if all.iter().any(runs) {
        // One that was taken down is meant by its name, or where nothing else is left.
        all.retain(runs);
    }
    let choices: Vec<String> = all
        .iter()
        .map(|view| {
            let (app, place, folder) = (&view.app, &view.environment, harmless(&view.folder));
            format!("{app} in {place}: -e {place}, in {folder}")
        })
        .collect();
    let mut left = all.into_iter();
    match (left.next(), left.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Diagnostic::new(Exit::Usage, "nothing is deployed here")
            .code(PLACE)
            .hint("look at what runs: windlass status")),
        (Some(_), Some(_)) => Err(Diagnostic::new(Exit::Usage, "several are deployed")
            .code(PLACE)
            .detail(choices.join("\n"))
            .hint(
                "choose the environment with -e ENV, and the application by its folder or -f FILE",
            )),
    }
}

fn runs(view: &EnvironmentView) -> bool {
    view.services.values().any(|service| !service.is_empty())
}

/// Refuses an environment that nobody knows: neither the file here nor, of `app` or at all, the
/// controller. To that of a typo one would hear that nothing runs, and believe it.
pub(super) fn must_be_known(
    context: &Context,
    app: Option<&str>,
    all: &[EnvironmentView],
) -> Result<(), Diagnostic> {
    let Some(wanted) = context.global.environment.as_deref() else {
        return Ok(());
    };
    let here = Found::environments_here(context)?.unwrap_or_default();
    let its = all
        .iter()
        .filter(|view| app.is_none_or(|app| view.app.as_str() == app));
    let there: Vec<EnvironmentView> = its.cloned().collect();
    is_known(wanted, &here, &there)
}

/// The same for what only looks: a file that can't be read may name it.
pub(super) fn must_be_known_to_look(
    context: &Context,
    all: &[EnvironmentView],
) -> Result<(), Diagnostic> {
    match Found::environments_here(context) {
        Ok(_names) => must_be_known(context, None, all),
        Err(_unreadable) => Ok(()),
    }
}

fn is_known(wanted: &str, here: &[String], there: &[EnvironmentView]) -> Result<(), Diagnostic> {
    let is_there = there.iter().any(|view| view.environment.as_str() == wanted);
    if is_there || here.iter().any(|name| name == wanted) {
        return Ok(());
    }
    if !there.is_empty() {
        return Err(not_there(wanted, there));
    }
    // Where nobody knows any, none is a typo.
    if here.is_empty() {
        return Ok(());
    }
    let has = format!("the file has {}", listed(here));
    let meant = did_you_mean(wanted, here.iter().map(String::as_str));
    let what = format!("nothing is deployed in {}", harmless(wanted));
    let said = Diagnostic::new(Exit::Usage, what).code(PLACE);
    Err(said.hint(match meant {
        Some(meant) => format!("{meant} {has}; look with: windlass status --all"),
        None => format!("{has}; look with: windlass status --all"),
    }))
}

/// Nothing is deployed in the environment that was typed, and there are others.
fn not_there(wanted: &str, all: &[EnvironmentView]) -> Diagnostic {
    let there: BTreeSet<String> = all
        .iter()
        .map(|view| view.environment.to_string())
        .collect();
    let meant = did_you_mean(wanted, there.iter().map(String::as_str));
    let there: Vec<&String> = there.iter().collect();
    let there = format!(
        "something is deployed in {}; look with: windlass status --all",
        listed(&there)
    );
    let what = format!("nothing is deployed in {}", harmless(wanted));
    Diagnostic::new(Exit::Usage, what)
        .code(PLACE)
        .hint(match meant {
            Some(meant) => format!("{meant} {there}"),
            None => there,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn file_and_environment_must_leave_one() {
        let one = sample::environment();
        let mut other = one.clone();
        other.environment = windlass_model::EnvironmentName::new("staging").unwrap();
        let all = || vec![one.clone(), other.clone()];
        let name = |left: Result<EnvironmentView, Diagnostic>| {
            left.map(|view| view.environment.to_string())
                .map_err(|failed| failed.exit)
        };
        let app = || Some("shop".to_owned());
        assert_eq!(
            name(only(all(), app(), Some("staging"))),
            Ok("staging".to_owned())
        );
        assert_eq!(name(only(all(), None, None)), Err(Exit::Usage));
        let typed = only(all(), app(), Some("stagging")).expect_err("no such place");
        assert_eq!(
            typed.hint.as_deref(),
            Some(
                "did you mean staging? something is deployed in production, staging; look with: \
                 windlass status --all"
            )
        );
        assert_eq!(
            name(only(vec![one.clone()], None, None)),
            Ok("production".to_owned())
        );
        assert_eq!(
            name(only(all(), Some("hello".to_owned()), None)),
            Err(Exit::Usage)
        );
    }

    #[test]
    fn one_that_was_taken_down_is_meant_by_its_name_only() {
        let one = sample::environment();
        let mut down = one.clone();
        down.environment = windlass_model::EnvironmentName::new("staging").unwrap();
        for service in down.services.values_mut() {
            (service.stable, service.candidate) = (None, None);
            (service.standby, service.failed) = (None, None);
        }
        let left = |wanted| {
            let left = only(vec![down.clone(), one.clone()], None, wanted);
            left.map(|view| view.environment.to_string())
                .map_err(|failed| failed.exit)
        };
        assert_eq!(left(None), Ok("production".to_owned()));
        assert_eq!(left(Some("staging")), Ok("staging".to_owned()));
        assert_eq!(
            only(vec![down.clone()], None, None).map(|view| view.environment.to_string()),
            Ok("staging".to_owned())
        );
    }

    #[test]
    fn an_environment_is_a_typo_where_others_are_known_and_it_is_not() {
        let one = [sample::environment()];
        let file = ["production".to_owned(), "staging".to_owned()];
        let hint = |wanted, here: &[String], there: &[EnvironmentView]| {
            is_known(wanted, here, there).map_err(|said| said.hint.unwrap_or_default())
        };
        assert_eq!(hint("staging", &file, &one), Ok(()));
        assert_eq!(hint("production", &[], &one), Ok(()));
        assert_eq!(hint("nowhere", &[], &[]), Ok(()));
        let said = hint("prodution", &file, &one).expect_err("a typo");
        assert!(said.starts_with("did you mean production?"), "{said}");
        let said = hint("stagging", &file, &[]).expect_err("a typo");
        assert!(
            said.starts_with("did you mean staging? the file has"),
            "{said}"
        );
    }
}
