//! Which version a release is called.

use std::collections::BTreeMap;

use windlass_engine::plan::{PlanProblem, settle_versions};
use windlass_model::{Environment, Promoted, Release, Version};

use crate::builders::{App, Kind, digest, name};

const API: &str = "api";

fn release(version: &str, files: &str, sees: &str) -> Release {
    Release {
        version: Version(version.to_owned()),
        identity: digest(&format!("{files} {sees}")),
        artefact: digest(files),
    }
}

/// An environment that promoted these, the last one being stable.
fn promoted(releases: &[Release]) -> Environment {
    let mut environment = App::of(API, Kind::Canary).environment();
    let state = environment.services.get_mut(&name(API)).expect("api");
    let spec = state.promoted[0].spec.clone();
    let known = |release: &Release| Promoted {
        release: release.clone(),
        spec: spec.clone(),
    };
    state.promoted = releases.iter().rev().map(known).collect();
    let stable = state.stable.as_mut().expect("stable");
    stable.release = releases.last().expect("a release").clone();
    environment
}

/// The version that `new` gets under the label, if any.
fn settled(
    environment: &Environment,
    label: Option<&str>,
    new: Release,
) -> Result<String, Vec<PlanProblem>> {
    let mut spec = App::of(API, Kind::Canary).spec();
    let api = spec.services.get_mut(&name(API)).expect("api");
    api.version = label.map(str::to_owned);
    let mut releases = BTreeMap::from([(name(API), new)]);
    let problems = settle_versions(&spec, environment, &mut releases);
    if problems.is_empty() {
        Ok(releases[&name(API)].version.0.clone())
    } else {
        Err(problems)
    }
}

#[test]
fn a_release_without_a_label_keeps_its_digest_or_the_name_it_had() {
    let environment = promoted(&[release("1.4.2", "a", "x")]);
    let unnamed = |files: &str| settled(&environment, None, release("0123456789", files, "x"));
    assert_eq!(unnamed("b"), Ok("0123456789".to_owned()));
    assert_eq!(unnamed("a"), Ok("1.4.2".to_owned()));
}

#[test]
fn a_new_label_on_a_new_artefact_is_taken() {
    let environment = promoted(&[release("1.4.2", "a", "x")]);
    let version = settled(&environment, Some("1.4.3"), release("?", "b", "x"));
    assert_eq!(version, Ok("1.4.3".to_owned()));
}

#[test]
fn a_new_label_on_an_unchanged_release_is_refused() {
    let environment = promoted(&[release("1.4.2", "a", "x")]);
    let problems =
        settled(&environment, Some("1.4.3"), release("?", "a", "x")).expect_err("the same release");
    assert_eq!(
        problems,
        [PlanProblem::LabelUnused {
            service: name(API),
            label: Version("1.4.3".to_owned()),
            known: Version("1.4.2".to_owned()),
        }]
    );
    let text = problems[0].to_string();
    assert!(text.contains("nothing uses ${VERSION}"), "{text}");
}

#[test]
fn a_label_that_the_process_sees_makes_a_new_release_of_the_same_files() {
    let environment = promoted(&[release("1.4.2", "a", "VERSION=1.4.2")]);
    let version = settled(
        &environment,
        Some("1.4.3"),
        release("?", "a", "VERSION=1.4.3"),
    );
    assert_eq!(version, Ok("1.4.3".to_owned()));
}

#[test]
fn an_old_label_on_a_new_artefact_is_refused_with_what_it_was_deployed_as() {
    // Also once the artefact is not stable any more.
    for known in [
        vec![release("1.4.2", "a", "x")],
        vec![release("1.4.2", "a", "x"), release("2", "z", "x")],
    ] {
        let problems = settled(&promoted(&known), Some("1.4.2"), release("?", "b", "x"))
            .expect_err("another artefact");
        let text = problems[0].to_string();
        let short = digest("a");
        assert!(
            text.contains(&format!("was deployed as {}…", short.short())),
            "{text}"
        );
    }
}

#[test]
fn the_same_label_on_the_same_release_is_the_same_version() {
    for version in ["1.4.2", "1.4.2+2", "1.4.2+build5", "v+w+3"] {
        let label = version.strip_suffix("+2").unwrap_or(version);
        let environment = promoted(&[release(version, "a", "x")]);
        let again = settled(&environment, Some(label), release("?", "a", "x"));
        assert_eq!(again, Ok(version.to_owned()));
    }
}

#[test]
fn the_same_label_with_another_environment_is_numbered() {
    let first = release("1.4.2", "a", "x");
    let second = release("1.4.2+2", "a", "y");
    let other = release("2", "z", "x");
    let label = Some("1.4.2");
    let third = || release("?", "a", "z");
    let version = |known: &[Release]| settled(&promoted(known), label, third());
    assert_eq!(
        version(std::slice::from_ref(&first)),
        Ok("1.4.2+2".to_owned())
    );
    let both = [first, second.clone()];
    assert_eq!(version(&both), Ok("1.4.2+3".to_owned()));
    // Also once the first one is forgotten: a number is never used again for another release.
    assert_eq!(version(&[second, other]), Ok("1.4.2+3".to_owned()));
}

#[test]
fn a_label_that_only_looks_alike_is_another_label() {
    let environment = promoted(&[release("1.4.2+build5", "a", "x")]);
    let version = settled(&environment, Some("1.4.2"), release("?", "b", "x"));
    assert_eq!(version, Ok("1.4.2".to_owned()));
    let environment = promoted(&[release("1.4.20", "a", "x")]);
    let version = settled(&environment, Some("1.4.2"), release("?", "b", "x"));
    assert_eq!(version, Ok("1.4.2".to_owned()));
}

#[test]
fn every_label_that_can_not_be_used_is_said_at_once() {
    let app = App::of("auth", Kind::Canary).and("api", Kind::Canary, &[]);
    let mut spec = app.spec();
    for service in spec.services.values_mut() {
        service.version = Some("9".to_owned());
    }
    let environment = app.environment();
    let stable = |service: &str| {
        let state = &environment.services[&name(service)];
        state.stable.as_ref().expect("stable").release.clone()
    };
    let mut releases = ["auth", "api"]
        .map(|s| (name(s), stable(s)))
        .into_iter()
        .collect();
    assert_eq!(settle_versions(&spec, &environment, &mut releases).len(), 2);
}
