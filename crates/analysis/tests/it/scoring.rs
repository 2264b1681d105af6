//! The health score: its arithmetic, what no data does, and what each band allows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use windlass_analysis::score::{Place, Readings, band, permit, score};
use windlass_model::{
    Band, CategoryName, CategorySpec, CheckName, CheckSource, CheckSpec, Counted, EnvironmentName,
    Measure, Millis, NoData, Permit, Reading, Scale, Score, ScoreSpec,
};

const NOW_US: i64 = 1_800_000_000_000_000;
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

fn measure(value: f64) -> Measure {
    Measure::try_from(value).expect("a measure")
}

fn category(name: &str) -> CategoryName {
    CategoryName::new(name).expect("a name")
}

fn check(name: &str) -> CheckName {
    CheckName::new(name).expect("a name")
}

/// A share in per cent, of a file.
fn share(weight: u16) -> CheckSpec {
    CheckSpec {
        weight,
        source: CheckSource::Junit("junit.xml".to_owned()),
        scale: Scale {
            bad: measure(0.0),
            good: measure(100.0),
        },
        no_data: NoData::Hold,
        max_age: Millis::from_secs(24 * 3_600),
        within: Millis::from_secs(30),
        remedy: None,
    }
}

fn value(value: f64) -> Reading {
    Reading::Value {
        value: measure(value),
        saw: format!("{value} % passed"),
        at_us: NOW_US,
    }
}

/// One check: its name, weight, and value.
type Row = (&'static str, u16, f64);

/// Four checks of the infrastructure, three of the content, three of testing. The categories weigh 43, 7
/// and 50, and come to 97, 47 and 90: 43 · 97 + 7 · 47 + 50 · 90 = 9000, over 100 is 90.
const REQUIRED: [(&str, u16, &[Row]); 3] = [
    (
        "infrastructure",
        43,
        &[
            ("database", 3, 100.0),
            ("errors", 3, 100.0),
            ("latency", 2, 85.0),
            ("tracing", 2, 100.0),
        ],
    ),
    (
        "content",
        7,
        &[
            ("links", 1, 60.0),
            ("rules", 1, 50.0),
            ("translations", 1, 31.0),
        ],
    ),
    (
        "testing",
        50,
        &[
            ("coverage", 2, 80.0),
            ("end-to-end", 4, 90.0),
            ("unit", 4, 95.0),
        ],
    ),
];

fn required() -> (ScoreSpec, Readings) {
    let mut spec = ScoreSpec::default();
    let mut readings = Readings::new();
    for (name, weight, rows) in REQUIRED {
        let mut checks = BTreeMap::new();
        for (of, weight, worth) in rows {
            checks.insert(check(of), share(*weight));
            readings.insert((category(name), check(of)), value(*worth));
        }
        let whole = CategorySpec { weight, checks };
        spec.categories.insert(category(name), whole);
    }
    (spec, readings)
}

/// One check in a category of its own.
fn only(spec: CheckSpec, reading: Option<Reading>) -> Score {
    let checks = BTreeMap::from([(check("only"), spec)]);
    let whole = CategorySpec { weight: 1, checks };
    let spec = ScoreSpec {
        categories: BTreeMap::from([(category("all"), whole)]),
    };
    let at = (category("all"), check("only"));
    let readings = reading.map(|reading| (at, reading)).into_iter().collect();
    score(&spec, &readings, NOW_US)
}

#[test]
fn the_example_of_the_requirement_comes_to_90() {
    let (spec, readings) = required();
    let score = score(&spec, &readings, NOW_US);
    let told: Vec<(String, u16, f64)> = score
        .categories
        .iter()
        .map(|it| (it.name.to_string(), it.weight, it.low.into()))
        .collect();
    let wanted = [
        ("content".to_owned(), 7, 47.0),
        ("infrastructure".to_owned(), 43, 97.0),
        ("testing".to_owned(), 50, 90.0),
    ];
    assert_eq!(told, wanted);
    assert_eq!(score.known(), Some(measure(90.0)));
    assert_eq!(score.band, Some(Band::DeployWithMonitoring));
}

#[test]
fn every_lost_point_names_what_took_it_and_what_gives_it_back() {
    let (mut spec, readings) = required();
    let testing = spec.categories.get_mut(&category("testing"));
    let unit = testing.and_then(|it| it.checks.get_mut(&check("unit")));
    unit.expect("a check").remedy = Some("mend the cart".to_owned());
    let score = score(&spec, &readings, NOW_US);
    let lines: Vec<String> = score
        .lost
        .iter()
        .map(|it| {
            format!(
                "{} {}/{}: {}: {}",
                it.points, it.category, it.check, it.cause, it.remedy
            )
        })
        .collect();
    let failing = "mend what the failing tests show";
    assert_eq!(
        lines,
        [
            &format!("2 testing/coverage: 80 % passed: {failing}"),
            &format!("2 testing/end-to-end: 90 % passed: {failing}"),
            &format!("1.61 content/translations: 31 % passed: {failing}"),
            &format!("1.29 infrastructure/latency: 85 % passed: {failing}"),
            &format!("1.166667 content/rules: 50 % passed: {failing}"),
            "1 testing/unit: 95 % passed: mend the cart",
            &format!("0.933333 content/links: 60 % passed: {failing}"),
        ]
    );
}

#[test]
fn a_value_lies_on_a_line_between_its_ends_and_less_may_be_better() {
    let worth = |bad: f64, good: f64, is: f64| {
        let scale = Scale {
            bad: measure(bad),
            good: measure(good),
        };
        let spec = CheckSpec { scale, ..share(1) };
        f64::from(only(spec, Some(value(is))).low)
    };
    for (bad, good, is, wanted) in [
        (0.0, 100.0, 38.0, 38.0),
        (40.0, 80.0, 60.0, 50.0),
        (40.0, 80.0, 95.0, 100.0),
        (40.0, 80.0, 12.0, 0.0),
        (5.0, 1.0, 2.0, 75.0),
        (5.0, 1.0, 0.0, 100.0),
        (5.0, 1.0, 9.0, 0.0),
        (-1.0, 1.0, 0.0, 50.0),
    ] {
        let found = worth(bad, good, is);
        assert!(
            (found - wanted).abs() < 1e-9,
            "{is} from {bad} to {good} is {found}"
        );
    }
}

#[test]
fn no_data_is_never_a_hundred() {
    for missing in [None, Some(Reading::Missing("there is no file".to_owned()))] {
        for (no_data, counted, high) in [
            (NoData::Hold, Counted::Held, 100.0),
            (NoData::Zero, Counted::Zero, 0.0),
            (NoData::Skip, Counted::Skipped, 100.0),
        ] {
            let spec = CheckSpec {
                no_data,
                ..share(1)
            };
            let score = only(spec, missing.clone());
            assert_eq!(score.categories[0].checks[0].counted, counted);
            assert_eq!((score.low, score.high), (measure(0.0), measure(high)));
            let known = (no_data == NoData::Zero).then_some(measure(0.0));
            assert_eq!(score.known(), known, "{no_data:?}");
            assert_eq!(score.band.is_some(), no_data == NoData::Zero);
        }
    }
}

#[test]
fn a_check_that_holds_leaves_a_range_and_one_that_is_skipped_its_weight() {
    let (mut spec, mut readings) = required();
    let at = (category("testing"), check("coverage"));
    readings.remove(&at);
    let held = score(&spec, &readings, NOW_US);
    assert_eq!((held.low, held.high), (measure(82.0), measure(92.0)));
    assert_eq!(held.known(), None);
    let first = &held.lost[0];
    assert_eq!(
        (first.points, first.cause.as_str(), first.remedy.as_str()),
        (
            measure(10.0),
            "no data: not measured",
            "run the tests that write junit.xml"
        )
    );

    let testing = spec.categories.get_mut(&at.0).expect("a category");
    testing.checks.get_mut(&at.1).expect("a check").no_data = NoData::Skip;
    let skipped = score(&spec, &readings, NOW_US);
    // (4 · 90 + 4 · 95) / 8 = 92.5
    assert_eq!(skipped.known(), Some(measure(91.25)));
}

#[test]
fn an_old_report_is_no_data_and_says_its_age() {
    let read = |age_us: i64| {
        let reading = Reading::Value {
            value: measure(100.0),
            saw: "40 of 40 tests passed".to_owned(),
            at_us: NOW_US - age_us,
        };
        only(share(1), Some(reading))
    };
    assert_eq!(read(DAY_US).known(), Some(measure(100.0)));
    let old = read(3 * DAY_US + DAY_US / 3);
    assert_eq!(old.known(), None);
    assert_eq!(
        old.lost[0].cause,
        "no data: 40 of 40 tests passed, but that is 3d8h old and counts for 1d"
    );
    // A clock that was set back makes nothing older.
    assert_eq!(read(-DAY_US).known(), Some(measure(100.0)));
}

#[test]
fn bands_begin_at_95_85_and_70_and_say_where_they_allow_what() {
    use Permit::{No, Watched, Yes};

    for (score, wanted) in [
        (100.0, Band::Deploy),
        (95.0, Band::Deploy),
        (94.999_999, Band::DeployWithMonitoring),
        (85.0, Band::DeployWithMonitoring),
        (84.999_999, Band::StagingOnly),
        (70.0, Band::StagingOnly),
        (69.999_999, Band::DevelopmentOnly),
        (0.0, Band::DevelopmentOnly),
    ] {
        assert_eq!(band(measure(score)), wanted, "{score}");
    }
    let allowed = |band| {
        [Place::Development, Place::Staging, Place::Production].map(|place| permit(band, place))
    };
    assert_eq!(allowed(Band::Deploy), [Yes, Yes, Yes]);
    assert_eq!(allowed(Band::DeployWithMonitoring), [Yes, Yes, Watched]);
    assert_eq!(allowed(Band::StagingOnly), [Yes, Yes, No]);
    assert_eq!(allowed(Band::DevelopmentOnly), [Yes, No, No]);
    let place = |name: &str| Place::of(&EnvironmentName::new(name).expect("a name"));
    assert_eq!(place("staging"), Place::Staging);
    assert_eq!(place("dev"), Place::Development);
    for name in ["production", "default", "eu-west"] {
        assert_eq!(place(name), Place::Production);
    }
}

prop_compose! {
    fn any_reading()(
        kind in 0..3, is in 0.0..100.0f64
    ) -> Option<Reading> {
        match kind {
            0 => None,
            1 => Some(Reading::Missing("gone".to_owned())),
            _ => Some(value(is)),
        }
    }
}

proptest! {
    #[test]
    fn what_is_there_and_what_is_lost_is_a_hundred_together(
        rows in prop::collection::vec(
            (1u16..1_000, prop::collection::vec((1u16..1_000, any_reading(), any::<bool>()), 1..6)),
            1..5,
        ),
    ) {
        let mut spec = ScoreSpec::default();
        let mut readings = Readings::new();
        for (index, (weight, checks)) in rows.iter().enumerate() {
            let name = category(&format!("c{index}"));
            let mut whole = CategorySpec { weight: *weight, checks: BTreeMap::new() };
            for (index, (weight, reading, zero)) in checks.iter().enumerate() {
                let at = check(&format!("k{index}"));
                let no_data = if *zero { NoData::Zero } else { NoData::Hold };
                whole.checks.insert(at.clone(), CheckSpec { no_data, ..share(*weight) });
                readings.extend(reading.clone().map(|reading| ((name.clone(), at), reading)));
            }
            spec.categories.insert(name, whole);
        }
        let score = score(&spec, &readings, NOW_US);
        let lost: f64 = score.lost.iter().map(|it| f64::from(it.points)).sum();
        prop_assert!((f64::from(score.low) + lost - 100.0).abs() < 1e-3);
        prop_assert!(score.low <= score.high);
        let holds = score.categories.iter().flat_map(|it| &it.checks);
        let holds = holds.filter(|it| it.counted == Counted::Held).count();
        prop_assert_eq!(score.known().is_none(), holds > 0);
        prop_assert!(score.lost.iter().all(|it| !it.cause.is_empty() && !it.remedy.is_empty()));
    }
}
