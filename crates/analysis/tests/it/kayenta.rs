//! The judge of batches, and the quirks that are kept.

use std::collections::BTreeMap;

use windlass_analysis::kayenta::score::{Limits, score};
use windlass_analysis::kayenta::{Class, Judgement, Metric, Outliers, Scored, Verdict};

fn series(base: f64) -> Vec<f64> {
    (0..30)
        .map(|n| base + f64::from(n * 7 % 13) / 10.0)
        .collect()
}

#[test]
fn a_series_that_is_alike_passes_and_one_that_is_higher_is_high() {
    let metric = Metric::default();
    assert_eq!(
        metric.judge(&series(10.0), &series(10.0)).class,
        Class::Pass
    );
    assert_eq!(
        metric.judge(&series(13.0), &series(10.0)).class,
        Class::High
    );
    assert_eq!(metric.judge(&series(7.0), &series(10.0)).class, Class::Low);
}

#[test]
fn two_constant_series_are_told_apart_and_always_the_same_way() {
    let metric = Metric::default();
    let judge = || metric.judge(&[3.0; 20], &[2.0; 20]);
    assert_eq!(judge().class, Class::High);
    assert_eq!(judge(), judge());
}

#[test]
fn one_value_far_out_can_be_left_out() {
    let mut experiment = series(10.0);
    experiment.push(10_000.0);
    let metric = Metric {
        outliers: Outliers::Remove(3.0),
        ..Metric::default()
    };
    assert_eq!(metric.judge(&experiment, &series(10.0)).class, Class::Pass);
}

fn scored(class: Class, group: &str) -> Scored {
    Scored {
        groups: vec![group.to_owned()],
        judgement: Judgement {
            class,
            critical: false,
        },
        muted: false,
    }
}

#[test]
fn a_group_without_data_scores_full_and_no_metric_scores_nothing() {
    let metrics = [
        scored(Class::Nodata, "silent"),
        scored(Class::Pass, "loud"),
        scored(Class::Pass, "loud"),
    ];
    let found = score(&metrics, &BTreeMap::new());
    assert!((found - 100.0).abs() < 1e-9, "{found}");
    assert!(score(&[], &BTreeMap::new()).abs() < 1e-9);
    let limits = Limits {
        pass: 75.0,
        marginal: 50.0,
    };
    assert_eq!(limits.verdict(50.0), Verdict::Marginal);
    assert_eq!(limits.verdict(49.99), Verdict::Fail);
}
