//! What the rules of a service cost beside none: a cookie that keeps visitors, a header that chooses, and a
//! copy of one request in a hundred. Both are our router, in turns.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Context as _;
use windlass_model::{Fits, Mirror, Percent, Sticky, Token, Traffic};

use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::control::{serving, slot};
use crate::bench::router::cpu;
use crate::bench::router::pairs::{Bar, Pairs};
use crate::bench::router::wrk;
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::count;

/// Times that each has its turn.
const ROUNDS: usize = 3;
/// Length of one turn.
const SECONDS: u64 = 1;
/// Of a hundred requests those that are copied, and the candidate's.
const COPIED: u64 = 1;
const SHARE: u64 = 10;
/// The row of requests that failed.
pub(crate) const FAILED: &str = "features_failed";

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut bed = Bed::make(product, false)?;
    let (mut bare, mut ruled, mut failed) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        for (with, figures) in [(false, &mut bare), (true, &mut ruled)] {
            let traffic = if with {
                rules(bed.origins[0])?
            } else {
                Traffic::default()
            };
            let (cpu, lost) = turn(&mut bed, traffic)?;
            figures.push(cpu);
            failed += lost;
        }
    }
    Ok(vec![
        Pairs::new(&ruled, Some(&bare), "without rules").measure(
            "features_cpu_1k",
            "us",
            Some(Bar::Most(1.15)),
        ),
        Measure {
            name: FAILED,
            value: count(failed),
            unit: "requests",
            anchor: None,
            goal: Goal::AtMost(0.0),
        },
    ])
}

/// Every visitor is a new one: that is the dearest.
fn rules(copies: SocketAddr) -> anyhow::Result<Traffic> {
    let header = Token::try_from("x-canary".to_owned()).context("name a header")?;
    Ok(Traffic {
        sticky: Some(Sticky::Cookie),
        candidate_for: vec![Fits {
            headers: BTreeMap::from([(header, Fits::ANY.to_owned())]),
            ..Fits::default()
        }],
        mirror: Some(Mirror {
            to: copies,
            share: Percent::new(COPIED).context("give a share")?,
        }),
        ..Traffic::default()
    })
}

/// Microseconds of the processors for a request, and requests that failed.
fn turn(bed: &mut Bed, traffic: Traffic) -> anyhow::Result<(f64, u64)> {
    let (address, [one, two]) = (bed.ours.address, bed.origins);
    let slots = vec![slot(1, 100 - SHARE, &[one])?, slot(2, SHARE, &[two])?];
    let mut route = serving(address, slots);
    route.traffic = Box::new(traffic);
    bed.ours.control.route(route)?;
    let pid = bed.ours.process.pid();
    let before = cpu::used(pid)?;
    let loaded = wrk::load(address, "/1k", SECONDS, bed.folder())?;
    let spent = cpu::used(pid)?.saturating_sub(before);
    anyhow::ensure!(loaded.requests > 0, "nothing was answered");
    Ok((
        spent.as_secs_f64() * 1e6 / count(loaded.requests),
        loaded.failed,
    ))
}
