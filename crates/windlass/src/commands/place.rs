//! Which environment is meant.

use windlass_api::{EnvironmentView, Exit};
use windlass_client::Client;

use super::file::Found;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::ui::words::harmless;

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
    all.retain(|view| environment.is_none_or(|wanted| view.environment.as_str() == wanted));
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
            .hint("look at what runs: windlass status")),
        (Some(_), Some(_)) => Err(Diagnostic::new(Exit::Usage, "several are deployed")
            .detail(choices.join("\n"))
            .hint(
                "choose the environment with -e ENV, and the application by its folder or -f FILE",
            )),
    }
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
