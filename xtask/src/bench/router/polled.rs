//! A candidate that hangs, and one that errs a little more often: what they cost beside what they cost under a
//! guard that polls the router's figures once a second.
//!
//! Ours is the whole product, with its controller. The guard has the same router, the same services and the same
//! load, and goes back by one swap over the router's own socket.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::Signal;

use crate::bench::interrupt;
use crate::bench::lab::free_addresses;
use crate::bench::processes;
use crate::bench::registry::Product;
use crate::bench::rollback::{Lost, OFTEN, SELDOM, hung, plan, worse};
use crate::bench::router::bed::{Bed, Running};
use crate::bench::router::control::{serving, slot};
use crate::bench::router::guard::Guard;
use crate::bench::router::session;
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::timing::count;

/// Of a hundred requests the candidate's.
const SHARE: u64 = 10;
/// Time between two polls.
const POLL: Duration = Duration::from_secs(1);
/// Polls after which it has overlooked the matter.
const POLLS: u32 = 20;
/// Time before the first poll, in which all is well; and after the last one, in which the last answers come.
const AROUND: Duration = Duration::from_millis(500);
/// How it is called where it is an anchor, and the part of its cost that ours may have.
pub(crate) const POLLER: &str = "1 s poller";
pub(crate) const PART: f64 = 0.2;
/// The candidate's slot, and how it is called in a chain.
const CANDIDATE: u32 = 2;
const CHAIN: &str = "web=v1";

/// What befalls the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// It is killed.
    Killed,
    /// It stops to answer.
    Hung,
    /// It errs five times as often as what is stable, from its first answer on.
    Worse,
}

/// A candidate that hangs.
pub(crate) fn hang(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let names = ["hang_bad_answers", "hang_restored"];
    let (ours, theirs) = both(|| hung(product), || guarded(product, Blow::Hung))?;
    Ok(beside(names, ours, theirs, Goal::TimesAnchor(PART)).into())
}

/// A candidate that errs a little more often. How soon that can be known is the figures' matter: nothing is asked.
pub(crate) fn errors(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let names = ["worse_bad_answers", "worse_restored"];
    let (ours, theirs) = both(|| worse(product), || guarded(product, Blow::Worse))?;
    Ok(beside(names, ours, theirs, Goal::Told).into())
}

/// Ours and another at the same time: both wait for most of it, and a part has little of it.
pub(crate) fn both<T: Send, U>(
    ours: impl FnOnce() -> anyhow::Result<T> + Send,
    theirs: impl FnOnce() -> anyhow::Result<U>,
) -> anyhow::Result<(T, U)> {
    thread::scope(|scope| {
        let ours = scope.spawn(ours);
        let theirs = theirs();
        let ours = ours.join();
        let ours = ours.map_err(|_panic| anyhow::anyhow!("a part of the bench panicked"))?;
        Ok((ours?, theirs.context("the guard that polls")?))
    })
}

/// Bad answers and time of both.
fn beside(
    [bad_answers, restored]: [&'static str; 2],
    ours: Lost,
    theirs: Lost,
    goal: Goal,
) -> [Measure; 2] {
    let row = |name, unit, of: fn(&Lost) -> u64| Measure {
        name,
        value: count(of(&ours)),
        unit,
        anchor: Some(Anchor {
            name: POLLER,
            value: count(of(&theirs)),
        }),
        goal,
    };
    [
        row(bad_answers, "", |lost| lost.bad_answers),
        row(restored, "ms", |lost| lost.lasted_ms),
    ]
}

/// What a candidate costs where a guard polls. It is struck half way between two polls.
pub(crate) fn guarded(product: &Product, blow: Blow) -> anyhow::Result<Lost> {
    let mut bed = Bed::make(product, false)?;
    let addresses = free_addresses()?;
    let [seldom, often] = [SELDOM, OFTEN].map(|every| (blow == Blow::Worse).then_some(every));
    let _stable = service(product, &bed, ("good", addresses[0]), seldom)?;
    let candidate = service(product, &bed, ("v1", addresses[1]), often)?;
    let before = if blow == Blow::Worse { 0 } else { SHARE };
    share(&mut bed, addresses, before)?;
    let load = windlass_load::start(plan(bed.ours.address)).context("start the load")?;
    thread::sleep(AROUND);
    bed.ours.control.polled(CANDIDATE)?;
    let polled = Instant::now();
    thread::sleep(POLL / 2);
    match blow {
        Blow::Killed => processes::signal(candidate.pid(), Signal::KILL),
        Blow::Hung => processes::signal(candidate.pid(), Signal::STOP),
        Blow::Worse => share(&mut bed, addresses, SHARE)?,
    }
    poll(&mut bed, polled)?;
    share(&mut bed, addresses, 0)?;
    thread::sleep(AROUND);
    let seen = load.stop();
    // What hangs can't end by itself.
    processes::signal(candidate.pid(), Signal::KILL);
    Ok(match blow {
        Blow::Killed | Blow::Hung => Lost::all(&seen),
        Blow::Worse => Lost::of(&seen, CHAIN),
    })
}

/// Polls until the guard goes back.
fn poll(bed: &mut Bed, mut polled: Instant) -> anyhow::Result<()> {
    let mut guard = Guard::default();
    for _ in 0..POLLS {
        interrupt::check()?;
        polled += POLL;
        thread::sleep(polled.saturating_duration_since(Instant::now()));
        if guard.goes_back(bed.ours.control.polled(CANDIDATE)?) {
            return Ok(());
        }
    }
    anyhow::bail!("it has seen nothing in {POLLS} polls")
}

/// Gives the candidate its share; the other one has the rest.
fn share(bed: &mut Bed, [stable, candidate]: [SocketAddr; 2], share: u64) -> anyhow::Result<()> {
    let slots = vec![
        slot(1, 100 - share, &[stable])?,
        slot(CANDIDATE, share, &[candidate])?,
    ];
    let route = serving(bed.ours.address, slots);
    bed.ours.control.route(route)
}

/// A service that answers with this version.
fn service(
    product: &Product,
    bed: &Bed,
    (version, address): (&'static str, SocketAddr),
    errs_every: Option<u32>,
) -> anyhow::Result<Running> {
    let mut command = session::own(&product.binary);
    command
        .args(["demo-service", "--name", "web", "--version", version])
        .args(["--port", &address.port().to_string()]);
    if let Some(every) = errs_every {
        command.args(["--fault", "errors", "--fault-every", &every.to_string()]);
    }
    let service = Running::start(version, &mut command, bed.folder())?;
    service.wait_for(address)?;
    Ok(service)
}
