//! What one check counts as.

use windlass_model::{
    CheckScore, CheckSource, CheckSpec, Counted, Measure, Millis, NoData, Reading,
};

use super::scale::{FULL, worth};

/// The lowest and the highest that a check may be worth, and its weight for its category.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) weight: f64,
}

impl Range {
    /// What becomes of a check that counts like this.
    pub(super) fn of(check: &CheckScore) -> Self {
        let (low, high, weight) = match check.counted {
            Counted::Measured(worth) => (worth.into(), worth.into(), check.weight),
            Counted::Zero => (0.0, 0.0, check.weight),
            Counted::Held => (0.0, FULL, check.weight),
            Counted::Skipped => (0.0, FULL, 0),
        };
        Self {
            low,
            high,
            weight: f64::from(weight),
        }
    }
}

/// The weighted means of the low ends and of the high ends; anything is possible where nothing counts.
pub(super) fn mean(ranges: &[Range]) -> (f64, f64) {
    let weight: f64 = ranges.iter().map(|range| range.weight).sum();
    if weight > 0.0 {
        let sum = |end: fn(&Range) -> f64| {
            let weighted = ranges.iter().map(|range| end(range) * range.weight);
            weighted.sum::<f64>() / weight
        };
        (sum(|range| range.low), sum(|range| range.high))
    } else {
        (0.0, FULL)
    }
}

/// How a check counts with this reading; one that was never read has none.
pub(super) fn check(
    name: &windlass_model::CheckName,
    spec: &CheckSpec,
    reading: Option<&Reading>,
    now_us: i64,
) -> CheckScore {
    let (counted, saw, age) = match reading {
        Some(Reading::Value { value, saw, at_us }) => {
            let age = age(now_us, *at_us);
            let is_old = from_file(&spec.source) && age > spec.max_age;
            let counted = if is_old {
                without(spec.no_data)
            } else {
                Counted::Measured(Measure::nearest(worth(spec.scale, *value)))
            };
            let saw = if is_old {
                format!(
                    "{saw}, but that is {} old and counts for {}",
                    coarse(age),
                    spec.max_age
                )
            } else {
                saw.clone()
            };
            (counted, saw, Some(age))
        }
        Some(Reading::Missing(why)) => (without(spec.no_data), why.clone(), None),
        None => (without(spec.no_data), "not measured".to_owned(), None),
    };
    CheckScore {
        name: name.clone(),
        weight: spec.weight,
        counted,
        saw,
        age,
        source: source(&spec.source),
    }
}

fn without(no_data: NoData) -> Counted {
    match no_data {
        NoData::Hold => Counted::Held,
        NoData::Zero => Counted::Zero,
        NoData::Skip => Counted::Skipped,
    }
}

fn age(now_us: i64, at_us: i64) -> Millis {
    let age = now_us.saturating_sub(at_us).max(0) / 1_000;
    Millis::from_millis(u64::try_from(age).unwrap_or(0))
}

/// What a person wants of an age: its two largest units at most.
pub(super) fn coarse(age: Millis) -> Millis {
    const MINUTE: u64 = 60_000;
    const DAY: u64 = 24 * 60 * MINUTE;
    let millis = age.as_millis();
    let unit = match millis {
        DAY.. => 60 * MINUTE,
        MINUTE.. => MINUTE,
        _ => 1_000,
    };
    Millis::from_millis(millis - millis % unit)
}

/// Whether it reads what somebody left there, at some time.
fn from_file(source: &CheckSource) -> bool {
    match source {
        CheckSource::Junit(_)
        | CheckSource::Playwright(_)
        | CheckSource::Lcov(_)
        | CheckSource::Cobertura(_)
        | CheckSource::Json { .. } => true,
        CheckSource::Probe { .. } | CheckSource::Metric { .. } | CheckSource::Command { .. } => {
            false
        }
    }
}

/// Where a value comes from, in a few words.
fn source(source: &CheckSource) -> String {
    match source {
        CheckSource::Probe { service, path } => match path {
            Some(path) => format!("GET {path} of {service}"),
            None => format!("readiness of {service}"),
        },
        CheckSource::Metric { service, name, .. } => format!("metric {name} of {service}"),
        CheckSource::Junit(file)
        | CheckSource::Playwright(file)
        | CheckSource::Lcov(file)
        | CheckSource::Cobertura(file) => file.clone(),
        CheckSource::Json { file, value } => format!("{value} in {file}"),
        CheckSource::Command { argv, value } => {
            // As written: what a place stands for may be secret.
            let program = argv.first().map(ToString::to_string).unwrap_or_default();
            match value {
                Some(value) => format!("{value} of {program}"),
                None => program,
            }
        }
    }
}
