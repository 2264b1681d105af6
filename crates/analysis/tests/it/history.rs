//! Changes over many deployments.

use windlass_analysis::history::drift::drifts;
use windlass_analysis::history::{Settings, changes};

#[test]
fn a_step_is_found_and_too_little_history_says_nothing() {
    let noise = |n: u32| f64::from(n * 7_919 % 101) / 100.0;
    let series: Vec<f64> = (0..60)
        .map(|n| if n < 37 { 100.0 } else { 120.0 } + noise(n))
        .collect();
    let found = changes(&series, Settings::default());
    assert_eq!(
        found.iter().map(|change| change.index).collect::<Vec<_>>(),
        [37]
    );
    assert!(changes(&series[34..41], Settings::default()).is_empty());
    assert!(changes(&[100.0; 60], Settings::default()).is_empty());
}

#[test]
fn many_small_steps_are_a_drift() {
    let series: Vec<f64> = (0..60).map(|n| 100.0 * 1.005_f64.powi(n)).collect();
    let found: Vec<usize> = drifts(&series, 0.1)
        .iter()
        .map(|drift| drift.back)
        .collect();
    assert_eq!(found, [50], "5 % in ten deployments, 28 % in fifty");
    assert!(drifts(&[100.0; 60], 0.1).is_empty());
    assert!(drifts(&[], 0.1).is_empty());
}
