//! Candidates that no first answer shows to be bad: one that hangs, and one that errs a little more often than
//! what serves beside it. Each is played once.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use windlass_load::{Counts, Load, LoadPlan};

use crate::bench::interrupt;
use crate::bench::lab::{Lab, free_addresses};
use crate::bench::processes::{Process, Role};
use crate::bench::registry::Product;
use crate::bench::rollback::application::{self, Health};
use crate::bench::rollback::rounds::{Listed, newest};

/// One answer of so many is an error: of what is stable where the candidate is worse, and of the candidate.
pub(crate) const SELDOM: u32 = 100;
pub(crate) const OFTEN: u32 = 20;

/// Requests that leave each second; a tenth of them come to the candidate.
const PER_SECOND: u32 = 1_000;
/// Connections of the load at a time: requests that hang hold theirs.
const CONNECTIONS: usize = 1_024;
/// A client's patience. Who waits for a candidate that hangs has waited in vain after it, whatever becomes of the
/// request then.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Time for what the way back still does after it was decided on.
const AFTER: Duration = Duration::from_millis(500);
/// Answers of a candidate after which it counts as serving.
const SERVING: u64 = 25;
/// Longest wait for that, and for a deployment's end.
const WITHIN: Duration = Duration::from_mins(1);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// The candidate's version, and how it is called in a chain.
const VERSION: &str = "v1";
const CHAIN: &str = "web=v1";

/// What a candidate cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Bad answers, and requests without one.
    pub(crate) bad_answers: u64,
    /// From the first of them to the last.
    pub(crate) lasted_ms: u64,
}

impl Lost {
    /// Where only the candidate is bad: all that failed, by when it came.
    pub(crate) fn all(seen: &Counts) -> Self {
        let [first, last] = seen.failed_due_ms.unwrap_or_default();
        Self {
            bad_answers: seen.failed,
            lasted_ms: last.saturating_sub(first),
        }
    }

    /// Where what is stable errs too: errors of the candidate alone, which `chain` names.
    pub(crate) fn of(seen: &Counts, chain: &str) -> Self {
        let own = seen.by_chain.get(chain).cloned().unwrap_or_default();
        let span = own.first_bad_ms.zip(own.last_bad_ms);
        Self {
            bad_answers: own.server_errors + own.other,
            lasted_ms: span.map_or(0, |(first, last)| last.saturating_sub(first)),
        }
    }
}

/// A good candidate that stops to answer, and is there all the while.
pub(crate) fn hung(product: &Product) -> anyhow::Result<Lost> {
    let [listen] = free_addresses()?;
    let scene = Scene::make(product, listen, &application::text_of_prompt(listen))?;
    scene.deploy()?;
    scene.wait("the candidate got no traffic", |seen| {
        let own = seen.by_chain.get(CHAIN);
        own.is_some_and(|own| own.total() >= SERVING)
    })?;
    anyhow::ensure!(
        scene.load.snapshot().failed == 0,
        "requests failed before the candidate hung"
    );
    scene.lab.freeze("candidate", is_candidate)?;
    scene.taken_back()?;
    let (lab, seen) = scene.unloaded();
    // It can't end by itself.
    lab.kill("candidate", is_candidate)?;
    rolled_back(&lab)?;
    Ok(Lost::all(&seen))
}

/// A candidate that errs five times as often as what is stable.
pub(crate) fn worse(product: &Product) -> anyhow::Result<Lost> {
    let [listen] = free_addresses()?;
    let stable = application::text(listen, Health::ErrorsEvery(SELDOM));
    let scene = Scene::make(product, listen, &stable)?;
    let candidate = application::text(listen, Health::ErrorsEvery(OFTEN));
    scene.lab.rewrite(&candidate)?;
    scene.deploy()?;
    scene.taken_back()?;
    let (lab, seen) = scene.unloaded();
    rolled_back(&lab)?;
    Ok(Lost::of(&seen, CHAIN))
}

fn is_candidate(process: &Process) -> bool {
    process.role == Role::Other && process.has("--version", VERSION)
}

/// The load under which candidates fail.
pub(crate) fn plan(target: SocketAddr) -> LoadPlan {
    LoadPlan {
        target,
        path: "/".to_owned(),
        per_second: PER_SECOND,
        connections: CONNECTIONS,
        fresh_every: None,
        timeout: ANSWER_WITHIN,
    }
}

/// An installation under load.
struct Scene {
    lab: Lab,
    load: Load,
}

impl Scene {
    /// With what is gone back to in place.
    fn make(product: &Product, target: SocketAddr, text: &str) -> anyhow::Result<Self> {
        let lab = Lab::make(product, text)?;
        lab.windlass(&["deploy", "--quiet", "--set", "web=good"])
            .context("deploy what is gone back to")?;
        let load = windlass_load::start(plan(target)).context("start the load")?;
        Ok(Self { lab, load })
    }

    fn deploy(&self) -> anyhow::Result<()> {
        self.lab
            .windlass(&["deploy", "--quiet", "--detach", "--set", CHAIN])?;
        Ok(())
    }

    fn wait(&self, otherwise: &str, until: impl Fn(&Counts) -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !until(&self.load.snapshot()) {
            interrupt::check()?;
            anyhow::ensure!(begun.elapsed() < WITHIN, "{otherwise} within {WITHIN:?}");
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Waits until the newest deployment goes back.
    fn taken_back(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while newest(&self.lab)?.state == "running" {
            interrupt::check()?;
            anyhow::ensure!(
                begun.elapsed() < WITHIN,
                "the candidate is still on the traffic after {WITHIN:?}"
            );
            thread::sleep(LOOK * 5);
        }
        Ok(())
    }

    /// Ends the load, and tells what came of it.
    fn unloaded(self) -> (Lab, Counts) {
        thread::sleep(AFTER);
        (self.lab, self.load.stop())
    }
}

/// Waits until the newest deployment has ended as it should, and takes all of it down.
fn rolled_back(lab: &Lab) -> anyhow::Result<()> {
    let begun = Instant::now();
    let outcome = loop {
        let Listed { state, outcome } = newest(lab)?;
        if let Some(outcome) = outcome {
            break outcome;
        }
        interrupt::check()?;
        anyhow::ensure!(
            begun.elapsed() < WITHIN,
            "the deployment is {state} after {WITHIN:?}"
        );
        thread::sleep(LOOK * 5);
    };
    anyhow::ensure!(outcome == "rolled_back", "the candidate was {outcome}");
    lab.down()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use windlass_load::ChainCounts;

    #[test]
    fn errors_of_what_is_stable_are_not_the_candidates() {
        let of = |errors, bad: [u64; 2]| ChainCounts {
            server_errors: errors,
            first_bad_ms: Some(bad[0]),
            last_bad_ms: Some(bad[1]),
            ..ChainCounts::default()
        };
        let seen = Counts {
            failed: 19,
            failed_due_ms: Some([40, 9_000]),
            by_chain: BTreeMap::from([
                ("web=good".to_owned(), of(12, [40, 9_000])),
                (CHAIN.to_owned(), of(7, [1_000, 2_200])),
            ]),
            ..Counts::default()
        };
        let lost = |bad_answers, lasted_ms| Lost {
            bad_answers,
            lasted_ms,
        };
        assert_eq!(Lost::of(&seen, CHAIN), lost(7, 1_200));
        assert_eq!(Lost::of(&seen, "web=other"), lost(0, 0));
        assert_eq!(Lost::all(&seen), lost(19, 8_960));
    }
}
