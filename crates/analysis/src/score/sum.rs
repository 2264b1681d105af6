//! The whole score.

use std::collections::BTreeMap;

use windlass_model::{
    CategoryName, CategoryScore, CategorySpec, CheckName, CheckScore, Measure, Reading, Score,
    ScoreSpec,
};

use super::band::band;
use super::lost::lost;
use super::worth::{Range, check, mean};

/// What was measured, by category and check.
pub type Readings = BTreeMap<(CategoryName, CheckName), Reading>;

/// The score of what was measured. `now_us` is the calendar's time, from which ages are told.
pub fn score(spec: &ScoreSpec, readings: &Readings, now_us: i64) -> Score {
    let categories: Vec<CategoryScore> = spec
        .categories
        .iter()
        .map(|(name, category)| of_category(name, category, readings, now_us))
        .collect();
    let ranges: Vec<Range> = categories
        .iter()
        .map(|category| Range {
            low: category.low.into(),
            high: category.high.into(),
            weight: f64::from(category.weight),
        })
        .collect();
    let (low, high) = mean(&ranges);
    let (low, high) = (Measure::nearest(low), Measure::nearest(high));
    Score {
        at_us: now_us,
        low,
        high,
        band: (low == high).then(|| band(low)),
        lost: lost(spec, &categories),
        categories,
    }
}

fn of_category(
    name: &CategoryName,
    spec: &CategorySpec,
    readings: &Readings,
    now_us: i64,
) -> CategoryScore {
    let reading = |check: &CheckName| readings.get(&(name.clone(), check.clone()));
    let checks: Vec<CheckScore> = spec
        .checks
        .iter()
        .map(|(name, spec)| check(name, spec, reading(name), now_us))
        .collect();
    let ranges: Vec<Range> = checks.iter().map(Range::of).collect();
    let (low, high) = mean(&ranges);
    let counts = ranges.iter().any(|range| range.weight > 0.0);
    CategoryScore {
        name: name.clone(),
        weight: if counts { spec.weight } else { 0 },
        low: Measure::nearest(low),
        high: Measure::nearest(high),
        checks,
    }
}
