//! `windlass validate`: checks the file and lists what it needs. Needs no controller; one that runs is
//! asked what came to the services, so that rules that will misfire are told.

use serde::Serialize;
use windlass_api::Exit;
use windlass_model::{AppName, EnvironmentName, ServiceName};
use windlass_server::look_at_certificates;

use super::absent;
use super::beyond_reach::{self, BEYOND_REACH};
use super::file::Found;
use super::forecast::{self, MISFIRES};
use super::in_vain::{self, IN_VAIN};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::words::{counted, listed};

/// What a valid file says.
#[derive(Debug, Serialize)]
struct Checked {
    valid: bool,
    file: String,
    app: AppName,
    environment: EnvironmentName,
    environments: Vec<EnvironmentName>,
    services: Vec<ServiceName>,
    /// Services whose list of triggers is empty: nothing takes their releases back.
    unwatched: Vec<ServiceName>,
    needs_from_environment: Vec<Needed>,
    /// Also told on stderr.
    warnings: Vec<Warned>,
}

/// What may not be meant as it is written.
#[derive(Debug, Serialize)]
struct Warned {
    line: Option<u32>,
    code: &'static str,
    message: String,
}

/// A name in `run` or `env` whose value comes from the deployer.
#[derive(Debug, Serialize)]
struct Needed {
    name: String,
    line: u32,
    set: bool,
}

pub(crate) async fn run(context: &Context) -> Result<Report, Diagnostic> {
    let found = Found::find(context)?;
    let mut loaded = match found.try_load(context.global.environment.as_deref(), &[]) {
        Ok(loaded) => loaded,
        Err(refused) => {
            let hint = refused.problems.first().and_then(|p| p.hint.clone());
            return match hint.filter(|_| refused.lacks_an_environment()) {
                Some(hint) => {
                    found.warn(context, &refused.warnings);
                    Report::new(
                        format!("{} is valid; {hint}\n", found.name),
                        &serde_json::json!({ "valid": true, "file": found.name }),
                    )
                }
                None => Err(found.refused(&refused)),
            };
        }
    };
    absent::note(&mut loaded, &found.folder);
    found.warn(context, &loaded.warnings);
    let unusable = look_at_certificates(&mut loaded, &found.folder);
    if !unusable.is_empty() {
        return Err(found.problems(Exit::Configuration, &unusable));
    }
    let spec = &loaded.spec;
    let whose = (&spec.app, &spec.environment);
    let misfires = forecast::warn(context, whose, spec.services.iter()).await;
    let in_vain = in_vain::warn(context, spec.services.iter(), spec.parallel);
    let beyond = beyond_reach::warn_of_file(context, spec).await;
    let of_rules = |code: &'static str| {
        move |message: String| Warned {
            line: None,
            code,
            message,
        }
    };
    let misfires = misfires.into_iter().map(of_rules(MISFIRES));
    let in_vain = in_vain.into_iter().map(of_rules(IN_VAIN));
    let beyond = beyond.into_iter().map(of_rules(BEYOND_REACH));
    let warnings = loaded.warnings.iter().map(|warning| Warned {
        line: warning.span.map(|span| span.line),
        code: warning.code,
        message: warning.message.clone(),
    });
    let needed = loaded.foreign_names.iter().map(|(name, span)| Needed {
        name: name.clone(),
        line: span.line,
        set: std::env::var_os(name).is_some(),
    });
    let services = loaded.spec.services.iter();
    let unwatched = services.filter(|(_, service)| service.rollback_on.is_empty());
    let valid = Checked {
        valid: true,
        file: found.name.clone(),
        app: loaded.spec.app.clone(),
        environment: loaded.spec.environment.clone(),
        environments: loaded.environments.clone(),
        services: loaded.spec.services.keys().cloned().collect(),
        unwatched: unwatched.map(|(name, _)| name.clone()).collect(),
        needs_from_environment: needed.collect(),
        warnings: warnings
            .chain(misfires)
            .chain(in_vain)
            .chain(beyond)
            .collect(),
    };
    Report::new(text(&valid), &valid)
}

fn text(valid: &Checked) -> String {
    let services = listed(&valid.services);
    let count = counted(valid.services.len(), "service");
    let mut text = format!(
        "{} is valid: app {}, {count} ({services})",
        valid.file, valid.app
    );
    if valid.environments.len() > 1 {
        text.push_str(&format_checked(
            &valid.environment,
            &listed(&valid.environments),
        ));
    }
    text.push('\n');
    if !valid.unwatched.is_empty() {
        text.push_str(&format_unwatched(&listed(&valid.unwatched)));
    }
    for name in &valid.needs_from_environment {
        let state = if name.set { "set" } else { "not set" };
        text.push_str(&format_needed(&name.name, name.line, state));
    }
    text
}

fn format_checked(environment: &EnvironmentName, all: &str) -> String {
    format!(", checked for {environment} of the environments {all}")
}

fn format_unwatched(names: &str) -> String {
    format!("  nothing is watched while {names} bakes: `rollback_on` is empty\n")
}

fn format_needed(name: &str, line: u32, state: &str) -> String {
    format!("  takes {name} from your environment (line {line}): {state}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_file_is_told_in_one_line_and_one_for_each_thing_to_know() {
        let valid = Checked {
            valid: true,
            file: "windlass.yaml".to_owned(),
            app: AppName::new("shop").unwrap(),
            environment: EnvironmentName::new("staging").unwrap(),
            environments: ["staging", "production"]
                .map(|name| EnvironmentName::new(name).unwrap())
                .to_vec(),
            unwatched: vec![ServiceName::new("web").unwrap()],
            services: ["auth", "api", "web"]
                .map(|name| ServiceName::new(name).unwrap())
                .to_vec(),
            needs_from_environment: vec![Needed {
                name: "DATABASE_URL".to_owned(),
                line: 12,
                set: false,
            }],
            warnings: Vec::new(),
        };
        insta::assert_snapshot!(text(&valid), @r"
        windlass.yaml is valid: app shop, 3 services (auth, api, web), checked for staging of the environments staging, production
          nothing is watched while web bakes: `rollback_on` is empty
          takes DATABASE_URL from your environment (line 12): not set
        ");
    }
}
