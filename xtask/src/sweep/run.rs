//! All of a sweep: the reference of each plan, its points, a case for each, the report.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::arguments::Form;
use crate::bench::interrupt;
use crate::say;
use crate::sweep::Ask;
use crate::sweep::case::{self, Case, Ran};
use crate::sweep::crew;
use crate::sweep::draw::Draw;
use crate::sweep::kill::Kill;
use crate::sweep::plan::Plan;
use crate::sweep::product::{self, Product};
use crate::sweep::report::{Failure, Report, Swept};
use crate::sweep::seen::Seen;
use crate::workspace::Workspace;
use anyhow::Context as _;

/// Kills of the router, and of shims, in a whole sweep of a plan.
const RANDOM_KILLS: usize = 8;
/// How many shims one may be picked from.
const SHIMS: usize = 64;

/// Sweeps, and prints the report.
///
/// # Errors
/// It can't be begun, or something was otherwise than it must be.
pub(crate) fn run(ask: &Ask) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let product = product::build(&workspace)?;
    interrupt::listen()?;
    let begun = Instant::now();
    let sweep = Sweep {
        product: &product,
        ask,
        begun,
    };
    let plans = sweep.plans()?;
    let report = Report {
        ok: plans.iter().all(|swept| swept.failures.is_empty()),
        plans,
        seed: ask.seed,
        elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    say::text(&match ask.form {
        Form::Text => report.text(),
        Form::Json => report.json()?,
    });
    anyhow::ensure!(report.ok, "the sweep found differences");
    Ok(())
}

struct Sweep<'a> {
    product: &'a Product,
    ask: &'a Ask,
    begun: Instant,
}

/// A plan, what a run of it leaves without a kill, and the kills.
struct Prepared {
    plan: Plan,
    seen: Seen,
    swept: Swept,
    kills: Vec<Kill>,
}

impl Sweep<'_> {
    fn plans(&self) -> anyhow::Result<Vec<Swept>> {
        let mut draw = Draw::new(self.ask.seed);
        let prepared = crew::all(&self.ask.plans, &|| self.is_over(), &|(plan, _)| {
            self.reference(*plan)
        });
        let mut all = Vec::new();
        for (reference, (plan, share)) in prepared.into_iter().zip(&self.ask.plans) {
            let reference = reference.context("interrupted")?;
            let (ran, points) = reference.with_context(|| format!("plan {}", plan.name()))?;
            all.push(self.prepare(*plan, *share, (ran, points), &mut draw));
        }
        let jobs: Vec<(usize, Case)> = all
            .iter()
            .enumerate()
            .flat_map(|(index, prepared)| {
                let kills = prepared.kills.iter().enumerate();
                kills.map(move |(number, kill)| {
                    let name = format!("{}-{number}", prepared.plan.name());
                    let (plan, kill) = (prepared.plan, kill.clone());
                    (index, Case { plan, kill, name })
                })
            })
            .collect();
        anyhow::ensure!(!jobs.is_empty(), "no such point");
        say::aside(&format!("== sweep: {} kills", jobs.len()));
        let outcomes = crew::all(&jobs, &|| self.is_over(), &|(index, case)| {
            let seen = all.get(*index).map(|prepared| &prepared.seen);
            case::run(self.product, case, seen)
        });
        for ((index, case), outcome) in jobs.iter().zip(outcomes) {
            if let Some(prepared) = all.get_mut(*index) {
                prepared.swept.count(&case.kill, outcome);
            }
        }
        Ok(all.into_iter().map(|prepared| prepared.swept).collect())
    }

    fn is_over(&self) -> bool {
        let is_late = self
            .ask
            .within
            .is_some_and(|within| self.begun.elapsed() > within);
        is_late || interrupt::check().is_err()
    }

    /// A run without a kill, and the points of the plan.
    fn reference(&self, plan: Plan) -> anyhow::Result<(Ran, Vec<String>)> {
        let case = |kill, name: &str| Case {
            plan,
            kill,
            name: format!("{}-{name}", plan.name()),
        };
        let ran = case::run(self.product, &case(Kill::Nothing, "reference"), None)?;
        well(&ran)?;
        let first: Vec<String> = plan
            .dies_first()
            .iter()
            .map(|at| (*at).to_owned())
            .collect();
        let points = if let Some(last) = first.last() {
            let kill = case(Kill::Controller(first.clone()), "first");
            let died = case::run(self.product, &kill, Some(&ran.seen))?;
            well(&died)?;
            // Only what the next controller reaches.
            let reached = died.reached.iter();
            let after = reached.skip_while(|point| *point != last).skip(1);
            once(after)
        } else {
            once(ran.reached.iter())
        };
        anyhow::ensure!(!points.is_empty(), "no point was reached");
        Ok((ran, points))
    }

    fn prepare(
        &self,
        plan: Plan,
        share: u8,
        (ran, points): (Ran, Vec<String>),
        draw: &mut Draw,
    ) -> Prepared {
        let first = plan.dies_first().iter().map(|at| (*at).to_owned());
        let at = |point: String| Kill::Controller(first.clone().chain([point]).collect());
        let mut kills: Vec<Kill> = draw.share(&points, share).into_iter().map(at).collect();
        let random = (RANDOM_KILLS * usize::from(share)).div_ceil(100);
        for _ in 0..random {
            kills.push(Kill::Router(draw.moment(ran.took)));
            kills.push(Kill::Shim(draw.moment(ran.took), draw.below(SHIMS)));
        }
        if let Some(only) = &self.ask.only {
            kills.retain(|kill| kill.name() == *only);
        }
        Prepared {
            plan,
            swept: Swept {
                plan: plan.name(),
                points: points.len(),
                requests: ran.requests,
                ..Swept::default()
            },
            seen: ran.seen,
            kills,
        }
    }
}

impl Swept {
    fn count(&mut self, kill: &Kill, outcome: Option<anyhow::Result<Ran>>) {
        let what = match outcome {
            Some(Ok(ran)) => {
                self.requests += ran.requests;
                ran.faults
            }
            Some(Err(error)) => vec![format!("{error:#}")],
            None => vec!["not begun: interrupted, or no time left".to_owned()],
        };
        match kill {
            Kill::Nothing => {}
            Kill::Controller(_) => self.controller_kills += 1,
            Kill::Router(_) => self.router_kills += 1,
            Kill::Shim(..) => self.shim_kills += 1,
        }
        if !what.is_empty() {
            let at = kill.name();
            self.failures.push(Failure { at, what });
        }
    }
}

/// A run that is compared with must itself be as it must be.
fn well(ran: &Ran) -> anyhow::Result<()> {
    anyhow::ensure!(ran.faults.is_empty(), "{}", ran.faults.join("; "));
    Ok(())
}

/// Each point once, in the order in which they are first reached.
fn once<'a>(reached: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    reached
        .filter(|point| known.insert(point.as_str()))
        .cloned()
        .collect()
}
