//! Seeded stories: each is played without a crash, then with one between two commits, then with a
//! second one soon after, then with one at any time, and must come to the same end.

use windlass_model::Millis;
use windlass_testkit::{Crash, Seeded, run};

use super::check::{complaints, differences};
use super::play::{Death, Played, play};
use super::story::{Names, Story};

/// Seeds played unless `WINDLASS_SEEDS` says otherwise.
const SEEDS: u64 = 200;

/// Seeds that went wrong once: what they found stays mended.
const ONCE_WRONG: [u64; 4] = [10_064, 10_286, 11_118, 11_626];

/// Commits after a crash within which the second one comes: often the next controller is still
/// recovering.
const SOON: u64 = 6;

fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).unwrap_or_default();
    text.parse().unwrap_or(otherwise)
}

/// Plays `count` seeds from `from` on, or those of them that `which` picks; returns what was wrong.
pub(super) fn simulate(
    from: u64,
    count: u64,
    names: Names,
    which: impl Fn(u64) -> bool,
) -> Vec<String> {
    let seeds = from..from.saturating_add(count);
    let picked = seeds.filter(|seed| which(*seed));
    picked.filter_map(|seed| one(seed, names).err()).collect()
}

/// What is wrong, and how to see it alone; with `WINDLASS_STORY` set, also the story itself.
fn told(story: &Story, how: &str, played: &Played, wrong: &[String]) -> String {
    let seed = story.seed;
    let mut lines = vec![format!("seed {seed}, {how}:")];
    lines.extend(wrong.iter().map(|what| format!("  {what}")));
    if std::env::var_os("WINDLASS_STORY").is_some() {
        lines.extend(played.lines.iter().map(|line| format!("{line:?}")));
        let splits = played.splits.iter();
        lines.extend(splits.map(|s| format!("{} {} {:?}", s.at, s.service, s.weights())));
        let rows = played.rows.iter();
        lines.extend(rows.map(|r| format!("{} {} {} {:?}", r.at_us, r.number, r.event, r.facts)));
        lines.push(format!("{story:?}"));
    }
    lines.push(format!(
        "  alone: WINDLASS_SEED_FROM={seed} WINDLASS_SEEDS=1 WINDLASS_STORY=1 \
         cargo test -p windlass-runtime --test it simulation"
    ));
    lines.join("\n")
}

fn one(seed: u64, names: Names) -> Result<(), String> {
    let story = Story::of(seed, names);
    let whole = run(play(&story, &[]));
    let wrong = complaints(&story, &whole);
    if !wrong.is_empty() {
        return Err(told(&story, "without a crash", &whole, &wrong));
    }
    let seeded = Seeded::new(seed ^ 0x00c0_ffee);
    let first = crash(&seeded, 1 + seeded.below(whole.commits));
    let second = crash(&seeded, commit(first) + 1 + seeded.below(SOON));
    let time = Millis::from_millis(seeded.below(whole.took.as_millis()));
    let deaths = [
        vec![Death::With(first)],
        vec![Death::With(first), Death::With(second)],
        vec![Death::At(time)],
    ];
    for deaths in deaths {
        let played = run(play(&story, &deaths));
        let mut wrong = complaints(&story, &played);
        wrong.extend(compared(&story, &whole, &played));
        if !wrong.is_empty() {
            return Err(told(&story, &format!("{deaths:?}"), &played, &wrong));
        }
    }
    Ok(())
}

fn compared(story: &Story, whole: &Played, played: &Played) -> Vec<String> {
    if story.has_one_end() {
        differences(whole, played)
    } else {
        Vec::new()
    }
}

fn crash(seeded: &Seeded, commit: u64) -> Crash {
    if seeded.chance(50) {
        Crash::Before(commit)
    } else {
        Crash::After(commit)
    }
}

fn commit(crash: Crash) -> u64 {
    match crash {
        Crash::Before(commit) | Crash::After(commit) => commit,
    }
}

/// The seeds that the environment asks for.
fn assert_all_end_well(names: Names, which: impl Fn(u64) -> bool) {
    let from = number("WINDLASS_SEED_FROM", 1);
    let wrong = simulate(from, number("WINDLASS_SEEDS", SEEDS), names, which);
    assert!(
        wrong.is_empty(),
        "{} seeds went wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

// Several tests, so that all cores share the work.

#[test]
fn a_crash_between_any_two_commits_changes_no_end() {
    assert_all_end_well(Names::Stay, |seed| seed % 4 == 0);
}

#[test]
fn a_crash_between_any_two_commits_changes_no_end_of_the_second_quarter() {
    assert_all_end_well(Names::Stay, |seed| seed % 4 == 1);
}

#[test]
fn a_crash_between_any_two_commits_changes_no_end_of_the_third_quarter() {
    assert_all_end_well(Names::Stay, |seed| seed % 4 == 2);
}

#[test]
fn a_crash_between_any_two_commits_changes_no_end_of_the_last_quarter() {
    assert_all_end_well(Names::Stay, |seed| seed % 4 == 3);
}

#[test]
fn seeds_that_went_wrong_once_end_well() {
    for seed in ONCE_WRONG {
        assert_eq!(one(seed, Names::Stay), Ok(()), "seed {seed}");
    }
}

#[test]
fn a_crash_between_any_two_commits_changes_no_end_where_services_get_other_names() {
    assert_all_end_well(Names::Change, |seed| seed % 3 == 0);
}
