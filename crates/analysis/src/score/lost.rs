//! What a score lacks, and what would give it back.

use std::cmp::Reverse;

use windlass_model::{
    CategoryScore, CheckScore, CheckSource, CheckSpec, Counted, Measure, PointsLost, Scale,
    ScoreSpec,
};

use super::scale::FULL;

/// Every check that is worth less than 100, with its part of what the whole score lacks; the most first.
pub(super) fn lost(spec: &ScoreSpec, categories: &[CategoryScore]) -> Vec<PointsLost> {
    let all: f64 = categories.iter().map(|it| f64::from(it.weight)).sum();
    let mut found = Vec::new();
    for category in categories {
        let share = f64::from(category.weight) / all;
        let within: f64 = category.checks.iter().map(weight).sum();
        for check in &category.checks {
            let missing = FULL - worth(check);
            let points = Measure::nearest(missing * share * weight(check) / within);
            let known = spec.categories.get(&category.name);
            let known = known.and_then(|known| known.checks.get(&check.name));
            if let Some(known) = known.filter(|_| points > Measure::nearest(0.0)) {
                found.push(PointsLost {
                    category: category.name.clone(),
                    check: check.name.clone(),
                    points,
                    cause: cause(check),
                    remedy: remedy(known, check.counted),
                });
            }
        }
    }
    found.sort_by_key(|lost| Reverse(lost.points));
    found
}

/// What it counts as at least.
fn worth(check: &CheckScore) -> f64 {
    match check.counted {
        Counted::Measured(worth) => worth.into(),
        Counted::Zero | Counted::Held | Counted::Skipped => 0.0,
    }
}

fn weight(check: &CheckScore) -> f64 {
    match check.counted {
        Counted::Measured(_) | Counted::Zero | Counted::Held => f64::from(check.weight),
        Counted::Skipped => 0.0,
    }
}

fn cause(check: &CheckScore) -> String {
    match check.counted {
        Counted::Measured(_) => check.saw.clone(),
        Counted::Zero | Counted::Held | Counted::Skipped => format!("no data: {}", check.saw),
    }
}

/// In the words of the file, or what gives back the points of such a check.
fn remedy(spec: &CheckSpec, counted: Counted) -> String {
    if let Some(remedy) = &spec.remedy {
        return remedy.clone();
    }
    let Scale { good, .. } = spec.scale;
    match (counted, &spec.source) {
        (Counted::Measured(_), CheckSource::Probe { service, .. }) => {
            format!("look at it: windlass logs {service}")
        }
        (Counted::Measured(_), CheckSource::Junit(_) | CheckSource::Playwright(_)) => {
            "mend what the failing tests show".to_owned()
        }
        (Counted::Measured(_), CheckSource::Lcov(_) | CheckSource::Cobertura(_)) => {
            format!("cover lines until {good} % are")
        }
        (Counted::Measured(_), CheckSource::Json { .. } | CheckSource::Metric { .. }) => {
            format!("bring it to {good}")
        }
        (Counted::Measured(_), CheckSource::Command { value, .. }) => match value {
            Some(_) => format!("bring it to {good}"),
            None => "have it end with 0".to_owned(),
        },
        (Counted::Zero | Counted::Held | Counted::Skipped, source) => measure(source),
    }
}

/// How there comes to be data.
fn measure(source: &CheckSource) -> String {
    match source {
        CheckSource::Probe { service, .. } => format!("deploy {service}"),
        CheckSource::Metric { name, query, .. } => {
            format!("see that {} has a number for {name}", query.prometheus)
        }
        CheckSource::Junit(file) | CheckSource::Playwright(file) => {
            format!("run the tests that write {file}")
        }
        CheckSource::Lcov(file) | CheckSource::Cobertura(file) => {
            format!("run the tests with coverage into {file}")
        }
        CheckSource::Json { file, .. } => format!("have {file} written anew"),
        CheckSource::Command { argv, .. } => {
            let program = argv.first().map(ToString::to_string).unwrap_or_default();
            format!("see what {program} says")
        }
    }
}
