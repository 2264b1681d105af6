use std::sync::LazyLock;

use proptest::prelude::*;
use windlass_model::{Drop, Lasting, Limit, Measure, Millis, Percentile, Rate, Times, Trigger};

use super::{EXAMPLE, pattern, read};
use crate::problem::{DURATION_TOO_LONG, NEVER_FIRES, NO_TIME, TRIGGER};

#[test]
fn what_is_read_is_printed_in_one_form() {
    for (written, printed) in [
        ("crash", "crash"),
        (" readiness   lost ", "readiness lost"),
        ("error rate > 5% for 10s", EXAMPLE),
        ("error rate>5%for 10s", EXAMPLE),
        ("error  rate >5 % for  10s", EXAMPLE),
        ("error rate > 0.05% for 90s", "error rate > 0.05% for 1m30s"),
        ("error rate > 12.5% for 1h", "error rate > 12.5% for 1h"),
        ("error rate > 99.99% for 1ms", "error rate > 99.99% for 1ms"),
        ("error rate>1%over 300s", "error rate > 1% over 5m"),
        (
            "error rate > 1.50x baseline for 10m",
            "error rate > 1.5x baseline for 10m",
        ),
        (
            "error rate  worse than baseline",
            "error rate worse than baseline",
        ),
        ("p95 > 2000ms for 30s", "p95 > 2s for 30s"),
        ("p99.90>2s for 30s", "p99.9 > 2s for 30s"),
        ("response time > 2s for 30s", "p95 > 2s for 30s"),
        (
            "response  time > 2x baseline for 10m",
            "p95 > 2x baseline for 10m",
        ),
        ("unavailable for 15m", "unavailable for 15m"),
        (
            "probe database failing for 10s",
            "probe database failing for 10s",
        ),
        ("memory>95% for 30s", "memory > 95% for 30s"),
        ("score drops 5 %", "score drops 5%"),
        ("score drops 5 points", "score drops 5 points"),
        ("score drops 1 point", "score drops 1 point"),
        (
            "metric auth_failure_rate > 5% over 5m",
            "metric auth_failure_rate > 5% over 5m",
        ),
        (
            "metric db.open > 100 for 30s",
            "metric db.open > 100 for 30s",
        ),
    ] {
        assert_eq!(read(written).expect(written).to_string(), printed);
    }
}

#[test]
fn a_slip_is_marked_where_it_is() {
    for (written, code, marked, part_of_hint) in [
        ("error rate above 5% for 10s", TRIGGER, "above", EXAMPLE),
        ("error rate >= 5% for 10s", TRIGGER, "=", EXAMPLE),
        ("error rate > 5 for 10s", TRIGGER, "5", "write 5%"),
        ("error rate > 5% for 10", TRIGGER, "10", "> 5% for 10s"),
        ("error rate > 5% for 0", TRIGGER, "0", "for 10s"),
        ("error rate > 5% for ten", TRIGGER, "ten", "a duration"),
        ("error rate > 5% within 10s", TRIGGER, "within", EXAMPLE),
        ("error rate > 5% for 10s then stop", TRIGGER, "then", "ends"),
        ("error rate > 5%", TRIGGER, "error rate > 5%", EXAMPLE),
        (
            "response time > 2s",
            TRIGGER,
            "response time > 2s",
            "as in `response time > 2s for 10s`",
        ),
        ("error rate", TRIGGER, "error rate", EXAMPLE),
        ("error rate > .5% for 1s", TRIGGER, ".5", "0.5%"),
        ("error rate > 05% for 1s", TRIGGER, "05", "leading zero"),
        ("error rate > 0.005% for 1s", TRIGGER, "0.005", "0.05%"),
        ("error rate > 0% for 1s", NEVER_FIRES, "0", "0.01%"),
        ("error rate > 100% for 1s", NEVER_FIRES, "100", "never more"),
        ("error rate > 5% for 0s", NO_TIME, "0s", "more than zero"),
        (
            "error rate > 5% for 400d",
            DURATION_TOO_LONG,
            "400d",
            "366d",
        ),
        ("crashes", TRIGGER, "crashes", "`crash`"),
        ("pears > 2s", TRIGGER, "pears > 2s", "begins with"),
        ("p100 > 2s for 30s", TRIGGER, "p100", "p99.9"),
        ("p95 > 2% for 30s", TRIGGER, "2", "2x baseline"),
        ("p95 > 2000 for 30s", TRIGGER, "2000", "p95 > 2000s"),
        ("p95 > 2s over 30s", TRIGGER, "over", "p95 > 2s for 30s"),
        ("p95 > 1x baseline for 1m", TRIGGER, "1x", "more than 1x"),
        ("p95 > 2x for 1m", TRIGGER, "for", "baseline"),
        ("probe database fails for 1m", TRIGGER, "fails", "failing"),
        ("score drops 5", TRIGGER, "5", "5 points"),
        ("score drops 500 points", TRIGGER, "500", "hundred"),
        ("metric 5xx > 5% over 5m", TRIGGER, "5xx", "a letter"),
        ("metric a > b over 5m", TRIGGER, "b", "a number"),
        ("memory > 0% for 30s", NEVER_FIRES, "0", "0.01%"),
        ("unavailable", TRIGGER, "unavailable", "unavailable for 10s"),
    ] {
        let slip = read(written).expect_err(written);
        let place = written.get(slip.at..slip.at + slip.length);
        assert_eq!((slip.code, place), (code, Some(marked)), "{written}");
        assert!(slip.hint.contains(part_of_hint), "{written}: {}", slip.hint);
    }
}

fn time() -> impl Strategy<Value = Millis> {
    (1_u64..100_000_000).prop_map(Millis::from_millis)
}

fn rate() -> impl Strategy<Value = Rate> {
    (1_u16..10_000).prop_filter_map("a rate", Rate::from_parts)
}

fn times() -> impl Strategy<Value = Times> {
    (101_u32..100_000).prop_map(Times::from_hundredths)
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9_.-]{0,63}"
}

fn drop() -> impl Strategy<Value = Drop> {
    let points = (1_u16..=10_000).prop_map(Drop::Points);
    prop_oneof![rate().prop_map(Drop::Share), points]
}

fn limit() -> impl Strategy<Value = Limit> {
    let number = (0.0..1e8).prop_filter_map("a measure", |number| Measure::try_from(number).ok());
    prop_oneof![
        rate().prop_map(Limit::Share),
        number.prop_map(Limit::Number)
    ]
}

fn lasting() -> impl Strategy<Value = Lasting> {
    prop_oneof![
        time().prop_map(Lasting::For),
        time().prop_map(Lasting::Over)
    ]
}

fn of_errors() -> impl Strategy<Value = Trigger> {
    prop_oneof![
        (rate(), time()).prop_map(|(above, lasting)| Trigger::ErrorRate { above, lasting }),
        (rate(), time()).prop_map(|(above, window)| Trigger::ErrorRateOver { above, window }),
        (times(), time()).prop_map(|(times, lasting)| Trigger::ErrorRateAgainst { times, lasting }),
        time().prop_map(|lasting| Trigger::Unavailable { lasting }),
        (rate(), time()).prop_map(|(above, lasting)| Trigger::Memory { above, lasting }),
    ]
}

fn of_time() -> impl Strategy<Value = Trigger> {
    let percentile = || rate().prop_map(Percentile);
    let slow =
        (percentile(), time(), time()).prop_map(|(percentile, above, lasting)| Trigger::Slow {
            percentile,
            above,
            lasting,
        });
    let against = (percentile(), times(), time()).prop_map(|(percentile, times, lasting)| {
        Trigger::SlowAgainst {
            percentile,
            times,
            lasting,
        }
    });
    prop_oneof![slow, against]
}

fn trigger() -> impl Strategy<Value = Trigger> {
    let probe = (name(), time());
    let metric = (name(), limit(), lasting());
    prop_oneof![
        Just(Trigger::Crash),
        Just(Trigger::ReadinessLost),
        Just(Trigger::ErrorRateWorse),
        of_errors(),
        of_time(),
        probe.prop_map(|(probe, lasting)| Trigger::ProbeFailing { probe, lasting }),
        drop().prop_map(|by| Trigger::ScoreDrops { by }),
        metric.prop_map(|(name, above, lasting)| Trigger::Metric {
            name,
            above,
            lasting
        }),
    ]
}

/// The schema of all sentences, made once: it takes long.
static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = serde_json::json!({ "type": "string", "pattern": pattern() });
    jsonschema::validator_for(&schema).expect("a schema")
});

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_trigger_that_is_printed_is_read_as_the_same_and_fits_the_schema(trigger in trigger()) {
        let printed = trigger.to_string();
        prop_assert_eq!(read(&printed).expect(&printed), trigger);
        prop_assert!(SCHEMA.is_valid(&serde_json::json!(printed)), "{}", printed);
    }

    #[test]
    fn what_is_no_trigger_is_marked_inside_itself(
        words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..9)
    ) {
        let text = words.concat();
        match read(&text) {
            Ok(trigger) => prop_assert_eq!(read(&trigger.to_string()).expect("printed"), trigger),
            Err(slip) => prop_assert!(text.get(slip.at..slip.at + slip.length).is_some()),
        }
    }
}

/// Pieces of sentences, and what does not belong there.
const WORDS: [&str; 34] = [
    "error rate",
    "p95",
    "p99.9",
    "response time",
    "metric x",
    "score drops",
    "memory",
    "probe db",
    "failing",
    "unavailable",
    "crash",
    ">",
    " > ",
    "=",
    "%",
    "% ",
    "5",
    "0.5",
    "2x",
    "1.5x ",
    " 100",
    " baseline",
    " for",
    " for ",
    " over ",
    "10s",
    "1m30s",
    " 5 points",
    " ",
    "  ",
    "é",
    "≥",
    "−5",
    "\u{0}",
];
