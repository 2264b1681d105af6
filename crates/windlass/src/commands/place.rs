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

/// Nothing is deployed in the environment that was typed, and there are others.
fn not_there(wanted: &str, all: &[EnvironmentView]) -> Diagnostic {
    let there: BTreeSet<String> = all
        .iter()
        .map(|view| view.environment.to_string())
        .collect();
    let meant = did_you_mean(wanted, there.iter().map(String::as_str));
    let there: Vec<&String> = there.iter().collect();
    let there = format!("something is deployed in {}", listed(&there));
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
            Some("did you mean staging? something is deployed in production, staging")
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
}
