//! One deployment, in a fresh lab, with one kill.

use std::num::NonZeroU32;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use windlass_load::{Counts, Load, LoadPlan};

use crate::say;
use crate::sweep::kill::{Kill, Killed};
use crate::sweep::lab::Lab;
use crate::sweep::plan::{BEFORE, Plan, Stage, VERSION};
use crate::sweep::product::Product;
use crate::sweep::seen::{self, Seen};

/// The command's exit when the controller was gone before the deployment could be followed.
const EXIT_UNAVAILABLE: i32 = 69;
/// Longest time for a deployment to end, over all commands.
const ENDS_WITHIN: Duration = Duration::from_mins(1);
/// Longest time for what runs to be as it must be, after the end.
const SETTLES_WITHIN: Duration = Duration::from_secs(5);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(50);

const PER_SECOND: u32 = 40;
const CONNECTIONS: usize = 4;
/// Every so many requests one has a connection of its own.
const FRESH_EVERY: Option<NonZeroU32> = NonZeroU32::new(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often a case is begun anew because two labs took the same port.
const CLASHES_MOST: usize = 3;
/// Failed requests that are told with their reason.
const REASONS_TOLD: usize = 3;

/// One case.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) plan: Plan,
    pub(super) kill: Kill,
    /// Its lab's own name.
    pub(super) name: String,
}

/// What came of a case.
#[derive(Debug)]
pub(super) struct Ran {
    /// The points that were reached, in order, with repeats.
    pub(super) reached: Vec<String>,
    /// What was left.
    pub(super) seen: Seen,
    /// Requests that were sent.
    pub(super) requests: u64,
    /// How long the swept deployment took.
    pub(super) took: Duration,
    /// What was not as it must be.
    pub(super) faults: Vec<String>,
}

/// Deploys the versions before, then the swept one under load with the kill, and looks. `expected` is
/// what was left without a kill.
///
/// # Errors
/// The product did something that no kill explains, such as not ending.
pub(super) fn run(product: &Product, case: &Case, expected: Option<&Seen>) -> anyhow::Result<Ran> {
    let mut again = CLASHES_MOST;
    loop {
        let lab = Lab::make(product, case.plan, &case.name)?;
        let ran = in_lab(&lab, case, expected);
        let is_well = ran.as_ref().is_ok_and(|ran| ran.faults.is_empty());
        if !is_well && lab.has_clashed() && again > 0 {
            again -= 1;
            say::aside(&format!(
                "   {}: two labs took the same port; again",
                case.name
            ));
            continue;
        }
        if !is_well {
            lab.keep(&product.scratch.join("failed").join(&case.name));
        }
        return ran;
    }
}

fn in_lab(lab: &Lab, case: &Case, expected: Option<&Seen>) -> anyhow::Result<Ran> {
    lab.set(Stage::Before)?;
    for version in BEFORE {
        let ended = lab.deploy(version)?;
        anyhow::ensure!(ended.code == 0, "version {version} failed: {}", ended.err);
    }
    lab.arm(case.kill.points())?;
    lab.set(Stage::Swept)?;
    let load = load(lab).context("start the load")?;
    let begun = Instant::now();
    let (carried, killed) = thread::scope(|scope| {
        let strike = scope.spawn(|| case.kill.strike(lab));
        let carried = carry_out(lab, case.plan);
        let killed = strike.join();
        (carried, killed)
    });
    let took = begun.elapsed();
    let mut faults: Vec<String> = carried?.into_iter().collect();
    let killed = killed.map_err(|_panic| anyhow::anyhow!("killing panicked"))??;
    let seen = settled(lab, expected)?;
    let counts = load.stop();
    faults.extend(
        expected
            .iter()
            .flat_map(|expected| seen.differences(expected)),
    );
    faults.extend(failed_requests(&counts, case.plan, killed));
    faults.extend(not_visited(lab, &case.kill)?);
    for start in seen::started_twice(&lab.starts()?) {
        faults.push(format!(
            "{start} (service, version, port) was started twice"
        ));
    }
    // What `down` passes is no point of the deployment, and nothing dies there.
    let reached = lab.reached()?;
    lab.disarm()?;
    let left = lab.down()?;
    if left > 0 {
        faults.push(format!("{left} processes are left after `windlass down`"));
    }
    Ok(Ran {
        reached,
        seen,
        requests: counts.sent,
        took,
        faults,
    })
}

fn load(lab: &Lab) -> std::io::Result<Load> {
    windlass_load::start(LoadPlan {
        target: lab.front(),
        path: "/".to_owned(),
        per_second: PER_SECOND,
        connections: CONNECTIONS,
        fresh_every: FRESH_EVERY,
        timeout: ANSWER_WITHIN,
    })
}

/// Deploys to the end; where the command could not follow, the next ones do. What is wrong with how
/// it ended, if anything.
fn carry_out(lab: &Lab, plan: Plan) -> anyhow::Result<Option<String>> {
    let until = Instant::now() + ENDS_WITHIN;
    let judge = |code: i32, err: &str| {
        let wanted = plan.exit();
        (code != wanted)
            .then(|| format!("`windlass deploy` ended with {code}, not {wanted}: {err}"))
    };
    let ended = lab.deploy(VERSION)?;
    if ended.code != EXIT_UNAVAILABLE {
        return Ok(judge(ended.code, &ended.err));
    }
    while Instant::now() < until {
        let list = lab.json(&["list"])?;
        let all = list.as_array().map(Vec::as_slice).unwrap_or_default();
        if all.len() == BEFORE.len() {
            // Nothing of it had been recorded: a person types it again.
            let again = lab.deploy(VERSION)?;
            return Ok(judge(again.code, &again.err));
        }
        if all.first().is_some_and(|newest| newest["state"] == "ended") {
            return Ok(None);
        }
        lab.run(&["events", "--follow"])?;
    }
    anyhow::bail!("the deployment did not end within {ENDS_WITHIN:?}")
}

/// What is left, once it is as expected, or as it is after some time.
fn settled(lab: &Lab, expected: Option<&Seen>) -> anyhow::Result<Seen> {
    let until = Instant::now() + SETTLES_WITHIN;
    loop {
        let seen = Seen::of(lab)?;
        if expected.is_none_or(|expected| seen == *expected) || Instant::now() >= until {
            return Ok(seen);
        }
        thread::sleep(LOOK);
    }
}

/// Requests that failed though neither the bad release nor a killed router explains it.
fn failed_requests(counts: &Counts, plan: Plan, killed: Killed) -> Option<String> {
    let is_bad = |chain: &str| {
        plan.bad()
            .is_some_and(|bad| chain.split(',').any(|link| link == bad))
    };
    let spoiled = counts.by_chain.iter().filter(|(chain, _)| is_bad(chain));
    let spoiled: u64 = spoiled.map(|(_, of)| of.server_errors).sum();
    // One that is neither good nor failed never got an answer.
    let failed = (counts.failed + counts.under_way()).saturating_sub(spoiled);
    let reasons = counts
        .failures
        .iter()
        .map(|failure| failure.reason.as_str());
    let refused = reasons.clone().any(|reason| reason.contains("refused"));
    if failed <= killed.excused && !refused {
        return None;
    }
    let told: Vec<&str> = reasons.take(REASONS_TOLD).collect();
    Some(format!(
        "{failed} of {} requests failed, {} connections were open to a killed router: {}",
        counts.sent,
        killed.excused,
        told.join("; ")
    ))
}

/// Points that the controller was to die at and did not.
fn not_visited(lab: &Lab, kill: &Kill) -> anyhow::Result<Option<String>> {
    let died = lab.died()?;
    let wanted = kill.points();
    Ok((died != wanted).then(|| {
        let missed: Vec<&str> = wanted.iter().skip(died.len()).map(String::as_str).collect();
        format!("not visited: {}", missed.join(", "))
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use windlass_load::{ChainCounts, Failure};

    use super::*;

    fn counts(chain: &str, bad: u64, reason: &str) -> Counts {
        let of = ChainCounts {
            ok: 10,
            server_errors: bad,
            ..ChainCounts::default()
        };
        Counts {
            sent: 10 + bad,
            failed: bad,
            by_chain: BTreeMap::from([(chain.to_owned(), of)]),
            failures: vec![Failure {
                at_ms: 1,
                reason: reason.to_owned(),
            }],
            ..Counts::default()
        }
    }

    #[test]
    fn what_the_bad_release_spoiled_is_not_held_against_the_product() {
        let spoiled = counts("web=2,api=3,auth=3", 4, "HTTP 500");
        let none = Killed::default();
        assert_eq!(failed_requests(&spoiled, Plan::Rollback, none), None);
        let told = failed_requests(&spoiled, Plan::Canary, none).expect("4 failed");
        assert!(told.starts_with("4 of 14 requests failed"), "{told}");
    }

    #[test]
    fn a_killed_router_excuses_one_request_a_connection_and_no_refusal() {
        let excused = |excused| Killed { excused };
        let broken = counts("web=2", 4, "connection reset");
        assert_eq!(failed_requests(&broken, Plan::One, excused(4)), None);
        assert!(failed_requests(&broken, Plan::One, excused(3)).is_some());
        let refused = counts("web=2", 1, "connection refused");
        assert!(failed_requests(&refused, Plan::One, excused(4)).is_some());
    }

    #[test]
    fn a_request_without_an_answer_has_failed() {
        let mut counts = counts("web=2", 0, "");
        counts.sent += 1;
        assert!(failed_requests(&counts, Plan::One, Killed::default()).is_some());
    }
}
