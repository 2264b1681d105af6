//! How requests are dealt out, and what that means for what is compared.

use windlass_analysis::watch::{Counts, Dealt, Watch};
use windlass_model::{Percent, Rule, Verdict};

use crate::conditions::failed;
use crate::random::Random;
use crate::watching::{dealt, percent, second, watch};

fn seconds(watch: &mut Watch, range: std::ops::Range<u64>, share: u8, counts: &(Counts, Counts)) {
    for at in range {
        let interval = second(at, counts.0.clone(), counts.1.clone());
        watch.push(&interval, &dealt(percent(share), &interval));
    }
}

#[test]
fn an_interval_in_which_the_share_changed_is_not_compared() {
    let mut watch = watch(Rule::defaults());
    let interval = second(0, failed(100, 1), failed(900, 9));
    watch.push(&interval, &Dealt::default());
    assert_eq!(watch.verdict(), Verdict::NoData);
    watch.push(&interval, &dealt(percent(10), &interval));
    assert_eq!(watch.judgement(percent(10)).candidate.requests, 100);
}

#[test]
fn late_answers_of_another_share_are_left_out_of_the_comparison() {
    let mut watch = watch(Rule::defaults());
    for at in 0..30 {
        let interval = second(at, failed(130, 40), failed(900, 9));
        let dealt = Dealt {
            late_candidate: failed(30, 39),
            candidate: 100,
            ..dealt(percent(10), &interval)
        };
        watch.push(&interval, &dealt);
    }
    let record = watch.judgement(percent(10));
    assert_eq!(
        (record.candidate.requests, record.candidate.errors),
        (3_000, 30)
    );
    assert_ne!(record.verdict, Verdict::Fail);
}

#[test]
fn what_was_compared_at_an_earlier_share_is_no_evidence_of_this_one() {
    let mut watch = watch(Rule::defaults());
    seconds(&mut watch, 0..60, 10, &(failed(100, 1), failed(900, 9)));
    assert_eq!(watch.judgement(percent(10)).here, 60_000);
    assert_eq!(watch.judgement(percent(25)).here, 0);
    seconds(&mut watch, 60..61, 25, &(failed(0, 0), failed(0, 0)));
    let record = watch.judgement(percent(25));
    assert_eq!((record.here, record.candidate.requests), (0, 6_000));
    seconds(&mut watch, 61..62, 25, &(failed(250, 2), failed(750, 7)));
    assert_eq!(watch.judgement(percent(25)).here, 1_000);
}

#[test]
fn a_split_that_is_not_kept_voids_what_was_found() {
    let mut watch = watch(Rule::defaults());
    // The candidate is worse, but gets two in ten where one was said.
    let mut fired = Vec::new();
    for at in 0..60 {
        let interval = second(at, failed(200, 20), failed(800, 1));
        fired.extend(watch.push(&interval, &dealt(percent(10), &interval)));
    }
    let worse = |rule: &Rule| rule.to_string().contains("worse");
    assert!(!fired.iter().any(|fired| worse(&fired.rule)), "{fired:?}");
    let record = watch.judgement(percent(10));
    assert_eq!(record.verdict, Verdict::Error);
    assert_eq!(
        record.words,
        "can't be compared: requests are not dealt out as the split says; 12,000 of 60,000 came to \
         the new version at 10 %"
    );
}

#[test]
fn what_is_written_down_stays_small_however_much_was_seen() {
    let mut random = Random(5);
    let mut many = |most| u64::try_from(1 + random.below(most)).expect("not many");
    let mut watch = watch(Rule::defaults());
    for at in 0..20_000 {
        let (stable, candidate) = (many(2_000), many(3_000));
        let interval = second(at, failed(candidate, 0), failed(stable, 1));
        let dealt = Dealt {
            stable: 0,
            candidate: 0,
            ..dealt(percent(10), &interval)
        };
        watch.push(&interval, &dealt);
    }
    let written = serde_json::to_string(&watch).expect("written");
    assert!(written.len() < 1_000_000, "{} bytes", written.len());
}

#[test]
fn a_candidate_that_does_not_answer_is_no_broken_split() {
    let mut watch = watch(Rule::defaults());
    for at in 0..60 {
        let interval = second(at, failed(1, 0), failed(900, 1));
        let dealt = Dealt {
            candidate: 100,
            ..dealt(percent(10), &interval)
        };
        watch.push(&interval, &dealt);
    }
    assert_ne!(watch.verdict(), Verdict::Error);
    assert_eq!(watch.judgement(Percent::ZERO).here, 0);
}
