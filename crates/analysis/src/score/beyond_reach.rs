//! Whether a score can be reached before the services that it asks run.

use windlass_model::{
    BeyondReach, CheckOf, CheckSource, CheckSpec, NoData, Reach, Reading, ScoreSpec, ScoreSummary,
    ServiceName,
};

use super::sum::{Readings, score};

/// What keeps a score from `at_least`, however good all else may be: checks of services that do not run, by
/// `runs`. None where it can be reached.
pub fn beyond_reach(
    spec: &ScoreSpec,
    at_least: u16,
    runs: impl Fn(&ServiceName) -> bool,
) -> Option<BeyondReach> {
    let asks_nobody = |check: &CheckSpec| asked(check).is_some_and(|service| !runs(service));
    if reaches(spec, at_least, &asks_nobody) {
        return None;
    }
    let all = spec.checks().filter(|(_, _, check)| asks_nobody(check));
    let checks = all.filter(|(_, _, check)| check.no_data != NoData::Skip);
    let checks: Vec<CheckOf> = checks
        .filter_map(|(category, name, check)| {
            Some(CheckOf {
                category: category.clone(),
                check: name.clone(),
                service: asked(check)?.clone(),
            })
        })
        .collect();
    let mut skipping = spec.clone();
    let categories = skipping.categories.values_mut();
    for check in categories.flat_map(|category| category.checks.values_mut()) {
        if asks_nobody(check) {
            check.no_data = NoData::Skip;
        }
    }
    (!checks.is_empty()).then(|| BeyondReach {
        checks,
        skip_is_enough: reaches(&skipping, at_least, &asks_nobody),
    })
}

/// The service that a check asks, if it asks one.
fn asked(check: &CheckSpec) -> Option<&ServiceName> {
    match &check.source {
        CheckSource::Probe { service, .. } => Some(service),
        CheckSource::Junit(_)
        | CheckSource::Playwright(_)
        | CheckSource::Lcov(_)
        | CheckSource::Cobertura(_)
        | CheckSource::Json { .. }
        // Nobody knows here what of it there is before anything runs.
        | CheckSource::Metric { .. }
        | CheckSource::Command { .. } => None,
    }
}

/// Whether the best that can be measured is enough, where some checks have no data.
fn reaches(spec: &ScoreSpec, at_least: u16, has_none: &impl Fn(&CheckSpec) -> bool) -> bool {
    let best = spec.checks().filter(|(_, _, check)| !has_none(check));
    let best: Readings = best
        .map(|(category, name, check)| {
            let full = Reading::Value {
                value: check.scale.good,
                saw: String::new(),
                at_us: 0,
            };
            ((category.clone(), name.clone()), full)
        })
        .collect();
    let score = score(spec, &best, 0);
    ScoreSummary::of(&score, None).reach(at_least) == Reach::Reached
}
