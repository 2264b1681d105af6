//! The drafts of the score into what it is made of.

use std::collections::BTreeMap;

use windlass_model::{
    Before, CategorySpec, CheckSource, CheckSpec, EnvironmentName, Measure, Millis, Scale,
    ScoreSpec, ServiceName, ServiceSpec, Template,
};

use crate::decode::{CategoryDraft, CheckDraft, End, FileDraft};
use crate::field::At;

/// How long a report counts unless the file says otherwise.
const MAX_AGE: Millis = Millis::from_secs(24 * 60 * 60);
/// How long measuring may take unless the file says otherwise.
const WITHIN: Millis = Millis::from_secs(30);

type Services = BTreeMap<ServiceName, ServiceSpec>;

/// What the score is made of, beside these services.
pub(crate) fn score(file: &FileDraft, services: &Services) -> ScoreSpec {
    let categories = file.score.good().into_iter().flatten();
    ScoreSpec {
        categories: categories
            .map(|(name, draft)| (name.value.clone(), category(&draft.value, services)))
            .collect(),
    }
}

fn category(draft: &CategoryDraft, services: &Services) -> CategorySpec {
    let checks = draft.checks.good().into_iter().flatten();
    let checks = checks.filter_map(|(name, draft)| {
        Some((
            name.value.clone(),
            check(&draft.value, source(&draft.value, services)?),
        ))
    });
    CategorySpec {
        weight: draft.weight.good().copied().unwrap_or(1),
        checks: checks.collect(),
    }
}

fn check(draft: &CheckDraft, source: CheckSource) -> CheckSpec {
    let number = match source {
        CheckSource::Metric { .. } => End::of_metric,
        CheckSource::Probe { .. }
        | CheckSource::Junit(_)
        | CheckSource::Playwright(_)
        | CheckSource::Lcov(_)
        | CheckSource::Cobertura(_)
        | CheckSource::Json { .. }
        | CheckSource::Command { .. } => End::number,
    };
    let end = |found: Option<&End>, usual: f64| {
        found.map_or_else(|| Measure::nearest(usual), |end| number(*end))
    };
    CheckSpec {
        weight: draft.weight.good().copied().unwrap_or(1),
        source,
        scale: Scale {
            bad: end(draft.bad.good(), 0.0),
            good: end(draft.good.good(), 100.0),
        },
        no_data: draft.no_data.good().copied().unwrap_or_default(),
        max_age: draft.max_age.good().copied().unwrap_or(MAX_AGE),
        within: draft.within.good().copied().unwrap_or(WITHIN),
        remedy: draft.remedy.good().cloned(),
    }
}

/// Where the value comes from; none where a problem was reported.
fn source(draft: &CheckDraft, services: &Services) -> Option<CheckSource> {
    let file = |of: fn(String) -> CheckSource| move |file: &String| of(file.clone());
    let value = draft.value.good();
    let probe = draft.probe.good().map(|service| CheckSource::Probe {
        service: service.clone(),
        path: draft.path.good().cloned(),
    });
    let metric = || {
        let (name, service) = (draft.metric.good()?, draft.of.good()?);
        Some(CheckSource::Metric {
            query: Box::new(services.get(service)?.metrics.get(name)?.clone()),
            service: service.clone(),
            name: name.clone(),
        })
    };
    let json = || {
        Some(CheckSource::Json {
            file: draft.json.good()?.clone(),
            value: value?.clone(),
        })
    };
    let command = || {
        Some(CheckSource::Command {
            argv: draft
                .command
                .good()?
                .iter()
                .map(|at| at.value.clone())
                .collect(),
            value: value.cloned(),
        })
    };
    probe
        .or_else(metric)
        .or_else(|| draft.junit.good().map(file(CheckSource::Junit)))
        .or_else(|| draft.playwright.good().map(file(CheckSource::Playwright)))
        .or_else(|| draft.lcov.good().map(file(CheckSource::Lcov)))
        .or_else(|| draft.cobertura.good().map(file(CheckSource::Cobertura)))
        .or_else(json)
        .or_else(command)
}

/// What must be so before a deployment: the environment's own list, else that of the file.
pub(crate) fn before(file: &FileDraft, environment: &EnvironmentName) -> Vec<Before> {
    let named = file.environments.good().into_iter().flatten();
    let mut own = named.filter(|(name, _)| name.value == *environment);
    let own = own.find_map(|(_, draft)| draft.value.before.good());
    let list = own.or(file.before.good()).into_iter().flatten();
    list.map(|at| at.value).collect()
}

/// The words of every command.
pub(crate) fn words(file: &FileDraft) -> impl Iterator<Item = &At<Template>> {
    let categories = file.score.good().into_iter().flatten();
    let checks = categories.flat_map(|(_, draft)| draft.value.checks.good().into_iter().flatten());
    checks.flat_map(|(_, draft)| draft.value.command.good().into_iter().flatten())
}
