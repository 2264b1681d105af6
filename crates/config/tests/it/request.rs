//! What is typed beside the file.

use windlass_config::{Loaded, Refused, RefusedKind, Request, load, render_plain, unset};
use windlass_model::ServiceSpec;

const TWO: &str = "app: shop
environments: { staging: { services: { web: { listen: 127.0.0.1:9000 } } }, production: }
services:
  web: { run: ./web, listen: 127.0.0.1:8000, release: { version: 1.10 } }
";

fn attempt(text: &str, environment: Option<&str>, set: &[(&str, &str)]) -> Result<Loaded, Refused> {
    let set: Vec<(String, String)> = set
        .iter()
        .map(|(s, v)| ((*s).to_owned(), (*v).to_owned()))
        .collect();
    load(&Request {
        text,
        name: "windlass.yaml",
        environment,
        set: &set,
    })
}

fn usage(text: &str, environment: Option<&str>, set: &[(&str, &str)]) -> String {
    let refused = attempt(text, environment, set).expect_err("a refusal");
    assert_eq!(refused.kind, RefusedKind::Usage);
    refused.to_string()
}

#[test]
fn several_environments_need_a_choice() {
    assert_eq!(
        usage(TWO, None, &[]),
        "the file has several environments [WL0180]"
    );
    assert_eq!(
        usage(TWO, Some("stagin"), &[]),
        "there is no environment `stagin` [WL0181]"
    );
    let loaded = attempt(TWO, Some("staging"), &[]).expect("a spec");
    let listen = loaded
        .spec
        .services
        .values()
        .next()
        .and_then(ServiceSpec::address);
    assert_eq!(listen.map(|listen| listen.port()), Some(9000));
    assert_eq!(loaded.environments.len(), 2);
}

#[test]
fn the_only_environment_needs_none() {
    let text = "app: a\nservices: { web: { run: ./web } }";
    let loaded = attempt(text, None, &[]).expect("a spec");
    assert_eq!(loaded.spec.environment.as_str(), "default");
    assert!(attempt(text, Some("default"), &[]).is_ok());
    assert_eq!(
        usage(text, Some("x"), &[]),
        "there is no environment `x` [WL0181]"
    );
    let one = "app: a\nservices: { web: { run: ./web } }\nenvironments: { only: {} }";
    assert_eq!(
        attempt(one, None, &[])
            .expect("a spec")
            .spec
            .environment
            .as_str(),
        "only"
    );
}

#[test]
fn set_overrides_the_version() {
    let loaded = attempt(TWO, Some("staging"), &[]).expect("a spec");
    let version = |loaded: &Loaded| {
        loaded
            .spec
            .services
            .values()
            .next()
            .and_then(|s| s.version.clone())
    };
    assert_eq!(version(&loaded).as_deref(), Some("1.10"));
    let loaded = attempt(TWO, Some("staging"), &[("web", "2.0")]).expect("a spec");
    assert_eq!(version(&loaded).as_deref(), Some("2.0"));
}

#[test]
fn a_set_that_can_not_be_is_usage() {
    let refused = attempt(
        TWO,
        Some("staging"),
        &[("wbe", "1"), ("web", "a b"), ("web", "")],
    )
    .expect_err("a refusal");
    assert_eq!(refused.kind, RefusedKind::Usage);
    assert_eq!(refused.problems.len(), 3);
    let twice = usage(TWO, Some("staging"), &[("web", "1"), ("web", "2")]);
    assert_eq!(twice, "--set names `web` twice [WL0184]");
}

#[test]
fn a_wrong_file_comes_before_a_wrong_choice() {
    let refused = attempt("app: a\nservices: {}", Some("x"), &[]).expect_err("a refusal");
    assert_eq!(refused.kind, RefusedKind::Configuration);
}

#[test]
fn a_name_without_a_value_is_pointed_at_where_it_is_first_used() {
    let text = "app: a
services:
  b: { run: './b', env: { T: '$${X} ${TOKEN}' } }
  a:
    run: ./a --token ${TOKEN} --port ${PORT} ${VERSION} ${INSTANCE}
";
    let loaded = attempt(text, None, &[]).expect("a spec");
    assert_eq!(loaded.foreign_names.keys().collect::<Vec<_>>(), ["TOKEN"]);
    let span = loaded
        .foreign_names
        .get("TOKEN")
        .copied()
        .expect("its place");
    // Where a dollar sign is written out, the whole text is pointed at.
    assert_eq!(
        render_plain(&unset("TOKEN", span), "windlass.yaml", text),
        "windlass.yaml:3:30: `TOKEN` is not set [WL0190]
      b: { run: './b', env: { T: '$${X} ${TOKEN}' } }
                                 ^^^^^^^^^^^^^^^^
  set TOKEN, or write $${TOKEN} for the text itself
"
    );
}

#[test]
fn a_refusal_draws_itself() {
    let request = Request {
        text: "app: 5",
        name: "x.yaml",
        environment: None,
        set: &[],
    };
    let drawn = load(&request).expect_err("a refusal").render(&request);
    assert!(
        drawn.starts_with("x.yaml:1:1: the file needs `services` [WL0122]\n"),
        "{drawn}"
    );
}
