//! All metrics as one verdict.

use windlass_analysis::ratio::comparison::Shown;
use windlass_analysis::verdict::{Time, Verdict, verdict};

const ALL: [Shown; 5] = [
    Shown::NoData,
    Shown::Harm,
    Shown::NotWorse,
    Shown::NoHarm,
    Shown::Nothing,
];

#[test]
fn a_broken_split_voids_everything() {
    for shown in ALL {
        for time in [Time::Baking, Time::Baked, Time::Over] {
            assert_eq!(verdict(true, &[shown], time), Verdict::Void);
        }
    }
}

#[test]
fn harm_in_one_metric_needs_no_time() {
    let shown = [Shown::NotWorse, Shown::Harm, Shown::NoData];
    assert_eq!(verdict(false, &shown, Time::Baking), Verdict::Fail);
}

#[test]
fn passing_needs_time_and_evidence_for_each() {
    let good = [Shown::NotWorse, Shown::NoHarm];
    assert_eq!(verdict(false, &good, Time::Baking), Verdict::Wait);
    assert_eq!(verdict(false, &good, Time::Baked), Verdict::Pass);
    let open = [Shown::NotWorse, Shown::Nothing];
    assert_eq!(verdict(false, &open, Time::Baked), Verdict::Wait);
    assert_eq!(verdict(false, &open, Time::Over), Verdict::Inconclusive);
}

#[test]
fn silence_never_passes() {
    for shown in [&[][..], &[Shown::NoData], &[Shown::NoHarm, Shown::NoData]] {
        assert_eq!(verdict(false, shown, Time::Baked), Verdict::Wait);
        assert_eq!(verdict(false, shown, Time::Over), Verdict::NoData);
    }
}
