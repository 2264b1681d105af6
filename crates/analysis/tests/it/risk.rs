//! How likely a deployment is to fail.

use windlass_analysis::risk::honesty::check;
use windlass_analysis::risk::model::{Expected, Feature, Model, Past};

use crate::random::Random;

fn feature(name: &str, expected: Expected) -> Feature {
    Feature {
        name: name.to_owned(),
        expected,
        skewed: name == "lines changed",
        usual: if name == "lines changed" { 4.0 } else { 0.0 },
        spread: 1.0,
    }
}

fn features() -> Vec<Feature> {
    vec![
        feature("lines changed", Expected::Riskier),
        feature("schema changed", Expected::Riskier),
        feature("phase of the moon", Expected::Unknown),
    ]
}

fn past(count: u64, of_a_million: impl Fn(bool) -> u64) -> Vec<Past> {
    let mut random = Random(5);
    let mut one = |n: u64| {
        let schema = random.hits(300_000);
        Past {
            values: vec![
                54.0,
                f64::from(u8::from(schema)),
                f64::from(u8::from(random.hits(500_000))),
            ],
            failed: random.hits(of_a_million(schema)),
            days_ago: f64::from(u32::try_from(count - n).expect("small")),
        }
    };
    (0..count).map(&mut one).collect()
}

#[test]
fn without_history_the_prior_is_the_answer_and_says_so() {
    let risk = Model::learn(features(), &[]).risk(&[54.0, 1.0, 0.0]);
    assert!(risk.prior_only);
    assert!(risk.p > 0.1 && risk.p < 0.2, "{}", risk.p);
    assert!(risk.between.0 < risk.p && risk.p < risk.between.1);
    assert_eq!(risk.reasons[0].name, "schema changed");
}

#[test]
fn what_goes_with_failures_is_learned_and_named_first() {
    let past = past(400, |schema| if schema { 500_000 } else { 30_000 });
    let model = Model::learn(features(), &past);
    let (with, without) = (model.risk(&[54.0, 1.0, 1.0]), model.risk(&[54.0, 0.0, 1.0]));
    assert!(with.p > 2.0 * without.p, "{} {}", with.p, without.p);
    assert_eq!(with.reasons[0].name, "schema changed");
    assert!(with.reasons[0].adds > 0.0);
}

#[test]
fn a_model_that_is_no_better_than_the_plain_rate_is_not_shown() {
    let told = past(200, |schema| if schema { 600_000 } else { 20_000 });
    let checked = check(&features(), &told).expect("enough history");
    assert!(checked.better(), "{checked:?}");
    let noise = past(60, |_| 100_000);
    let checked = check(&features(), &noise).expect("enough history");
    assert!(!checked.better(), "{checked:?}");
    assert!(!checked.calibrated());
    assert_eq!(check(&features(), &noise[..10]), None);
}
