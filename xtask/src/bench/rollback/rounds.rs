//! A few rounds of one blow, each with a new candidate; the worst of them counts.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Deserialize;
use windlass_load::{ChainCounts, Counts, FAILURES_KEPT, Load, LoadPlan};

use crate::bench::interrupt;
use crate::bench::lab::{Lab, free_addresses};
use crate::bench::processes::Role;
use crate::bench::registry::Product;
use crate::bench::rollback::application::{self, Health, SHARE};
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::timing::count;
use crate::say;

/// Rounds of each blow.
const ROUNDS: u32 = 3;

/// Requests that leave each second, unless a blow says otherwise.
const PER_SECOND: u32 = 500;
/// Connections of the load at a time.
const CONNECTIONS: usize = 32;
/// Every so many requests one has a connection of its own.
const FRESH_EVERY: Option<NonZeroU32> = NonZeroU32::new(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Answers of a candidate after which it counts as serving.
const SERVING: u64 = 25;
/// Longest wait for that, and for a deployment's end.
const WITHIN: Duration = Duration::from_mins(1);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// Without a failed request for so long, traffic counts as restored.
const QUIET: Duration = Duration::from_secs(1);

/// Most bad answers of one candidate.
const BAD_ANSWERS_MOST: f64 = 10.0;
/// Longest time from the first of them to the last, in milliseconds, unless a blow says otherwise.
const RESTORED_MS_MOST: f64 = 150.0;
/// Requests in a row that a dead candidate must miss before a router believes it: the anchor.
const BELIEVED_AFTER: f64 = 5.0;

/// What befalls a candidate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blow {
    /// A good one is killed; the other is bad from the beginning.
    pub(crate) health: Health,
    /// Whether the controller is there, or was killed just before.
    pub(crate) controller_lives: bool,
    /// Requests that leave each second.
    pub(crate) per_second: u32,
    /// Longest time from the first bad answer to the last, in milliseconds.
    pub(crate) restored_ms_most: f64,
}

/// A good candidate is killed beside a living controller.
impl Default for Blow {
    fn default() -> Self {
        Self {
            health: Health::Good,
            controller_lives: true,
            per_second: PER_SECOND,
            restored_ms_most: RESTORED_MS_MOST,
        }
    }
}

/// What the rows are called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub(crate) bad_answers: &'static str,
    pub(crate) restored: &'static str,
}

/// What one round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Round {
    bad_answers: u64,
    restored_ms: u64,
    /// Requests that were answered in a second.
    answered_per_second: f64,
}

/// The rows of one blow.
pub(crate) fn play(product: &Product, blow: Blow, names: Names) -> anyhow::Result<Vec<Measure>> {
    let [listen] = free_addresses()?;
    let lab = Lab::make(product, &application::text(listen, Health::Good))?;
    lab.windlass(&["deploy", "--quiet", "--set", "web=good"])
        .context("deploy what is gone back to")?;
    let mut rounds = Vec::new();
    for number in 1..=ROUNDS {
        let round = one(&lab, listen, blow, number)
            .with_context(|| format!("round {number} of {}", names.restored))?;
        say::aside(&format!(
            "   {}: {} bad answers, {} ms",
            names.restored, round.bad_answers, round.restored_ms
        ));
        rounds.push(round);
    }
    lab.down()?;
    rows(&rounds, names, blow)
}

/// The worst of the rounds is told; they fail only if all of them lie beyond a bar.
fn rows(rounds: &[Round], names: Names, blow: Blow) -> anyhow::Result<Vec<Measure>> {
    let slowest = rounds.iter().map(|round| round.answered_per_second);
    let slowest = slowest.reduce(f64::min).filter(|rate| *rate > 0.0);
    let gap_ms = 1_000.0 / (slowest.context("nothing was answered")? * SHARE / 100.0);
    let row = |name, unit, of: fn(&Round) -> u64, bar| {
        let figures = || rounds.iter().map(of).map(count);
        let [least, most] = [f64::min, f64::max].map(|one| figures().reduce(one));
        let (least, most) = least.zip(most).context("no round was played")?;
        anyhow::Ok(Measure {
            name,
            value: most,
            unit,
            anchor: None,
            goal: Goal::RoundsAtMost { bar, least, most },
        })
    };
    let bad_answers = row(
        names.bad_answers,
        "",
        |round| round.bad_answers,
        BAD_ANSWERS_MOST,
    )?;
    let restored = row(
        names.restored,
        "ms",
        |round| round.restored_ms,
        blow.restored_ms_most,
    )?;
    let anchor = Anchor {
        name: "five requests of its share",
        value: BELIEVED_AFTER * gap_ms,
    };
    Ok(vec![
        bad_answers,
        Measure {
            anchor: Some(anchor),
            ..restored
        },
    ])
}

/// A candidate comes, fails, and is gone again.
fn one(lab: &Lab, listen: SocketAddr, blow: Blow, number: u32) -> anyhow::Result<Round> {
    lab.rewrite(&application::text(listen, blow.health))?;
    let load = windlass_load::start(plan(listen, blow)).context("start the load")?;
    let began = Instant::now();
    let version = format!("v{number}");
    let set = format!("web={version}");
    // The release is called as its link of the version chain.
    let chain = set.clone();
    lab.windlass(&["deploy", "--quiet", "--detach", "--set", &set])?;
    match blow.health {
        Health::Good => strike(lab, &load, blow, &version, &chain)?,
        Health::Errors | Health::ErrorsEvery(_) => {
            wait(&load, "the candidate was not asked", |seen| seen.failed > 0)?;
        }
    }
    restored(&load, &chain)?;
    let answered = load.snapshot().answered;
    let elapsed = began.elapsed();
    let outcome = ended(lab)?;
    let seen = load.stop();
    anyhow::ensure!(outcome == "rolled_back", "the candidate was {outcome}");
    Ok(Round {
        bad_answers: seen.failed,
        restored_ms: lasted(&seen),
        answered_per_second: count(answered) / elapsed.as_secs_f64(),
    })
}

/// Waits until the candidate serves, then kills it, and the controller before it if that is asked.
fn strike(lab: &Lab, load: &Load, blow: Blow, version: &str, chain: &str) -> anyhow::Result<()> {
    wait(load, "the candidate got no traffic", |seen| {
        let own = seen.by_chain.get(chain);
        own.is_some_and(|own| own.total() >= SERVING)
    })?;
    anyhow::ensure!(
        load.snapshot().failed == 0,
        "requests failed before the blow"
    );
    if !blow.controller_lives {
        lab.kill("controller", |process| process.role == Role::Controller)?;
    }
    lab.kill("candidate", |process| {
        process.role == Role::Other && process.has("--version", version)
    })?;
    Ok(())
}

fn wait(load: &Load, otherwise: &str, until: impl Fn(&Counts) -> bool) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !until(&load.snapshot()) {
        interrupt::check()?;
        anyhow::ensure!(begun.elapsed() < WITHIN, "{otherwise} within {WITHIN:?}");
        thread::sleep(LOOK);
    }
    Ok(())
}

/// Waits until nothing has failed for a moment, and the candidate has answered nothing. A dead one may
/// be off the traffic before any request misses it.
fn restored(load: &Load, chain: &str) -> anyhow::Result<()> {
    let look = || {
        let seen = load.snapshot();
        let own = seen.by_chain.get(chain).map_or(0, ChainCounts::total);
        (seen.failed, own)
    };
    let begun = Instant::now();
    let (mut last, mut since) = (look(), Instant::now());
    while since.elapsed() < QUIET {
        interrupt::check()?;
        anyhow::ensure!(
            begun.elapsed() < WITHIN,
            "the candidate is still on the traffic after {WITHIN:?}"
        );
        let now = look();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

/// One entry of `list -o json`, as far as it is needed.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    /// How it stands, as a word.
    pub(super) state: String,
    /// How it ended, where it has.
    pub(super) outcome: Option<String>,
}

/// Waits for the end of the newest deployment; a dead controller comes back by being asked.
fn ended(lab: &Lab) -> anyhow::Result<String> {
    let begun = Instant::now();
    loop {
        let Listed { state, outcome } = newest(lab)?;
        if let Some(outcome) = outcome {
            return Ok(outcome);
        }
        anyhow::ensure!(
            begun.elapsed() < WITHIN,
            "the deployment is {state} after {WITHIN:?}"
        );
        thread::sleep(LOOK * 5);
    }
}

/// How the newest deployment stands.
pub(super) fn newest(lab: &Lab) -> anyhow::Result<Listed> {
    let text = lab.windlass(&["list", "--limit", "1", "-o", "json"])?.out;
    let listed: Vec<Listed> = serde_json::from_str(&text).context("read the deployments")?;
    let newest = listed.into_iter().next();
    newest.context("no deployment is listed")
}

/// From the first failure to the last. Of too many the last is not known: then to the end of time,
/// since the other row says already that they were too many.
fn lasted(seen: &Counts) -> u64 {
    let times: Vec<u64> = seen.failures.iter().map(|failure| failure.at_ms).collect();
    let kept = u64::try_from(FAILURES_KEPT).unwrap_or(u64::MAX);
    if seen.failed > kept {
        return WITHIN.as_secs() * 1_000;
    }
    let first = times.iter().min().copied().unwrap_or_default();
    let last = times.iter().max().copied().unwrap_or_default();
    last.saturating_sub(first)
}

fn plan(target: SocketAddr, blow: Blow) -> LoadPlan {
    LoadPlan {
        target,
        path: "/".to_owned(),
        per_second: blow.per_second,
        connections: CONNECTIONS,
        fresh_every: FRESH_EVERY,
        timeout: ANSWER_WITHIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_load::Failure;

    fn failed(at: &[u64]) -> Counts {
        let failure = |at_ms: &u64| Failure {
            at_ms: *at_ms,
            reason: String::new(),
        };
        Counts {
            failed: at.len() as u64,
            failures: at.iter().take(FAILURES_KEPT).map(failure).collect(),
            ..Counts::default()
        }
    }

    #[test]
    fn it_lasts_from_the_first_failure_to_the_last() {
        assert_eq!(lasted(&failed(&[120, 100, 190])), 90);
        assert_eq!(lasted(&failed(&[])), 0);
        let many: Vec<u64> = (0..=FAILURES_KEPT as u64).collect();
        assert_eq!(lasted(&failed(&many)), 60_000);
    }

    #[test]
    fn the_worst_round_is_told() {
        let round = |bad_answers, restored_ms| Round {
            bad_answers,
            restored_ms,
            answered_per_second: 500.0,
        };
        let names = Names {
            bad_answers: "a",
            restored: "b",
        };
        let rows = rows(&[round(3, 90), round(5, 80)], names, Blow::default()).expect("rows");
        let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
        assert_eq!(values, [5.0, 90.0]);
        let anchor = rows[1].anchor.as_ref().expect("an anchor");
        assert!((anchor.value - 100.0).abs() < 1e-6, "{anchor:?}");
    }
}
