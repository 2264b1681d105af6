//! How soon after the last byte of the last long answer a drain is known to be over, for somebody who
//! looks as often as a controller does, and whether answers and WebSockets outlive the switch.

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::control::{serving, slot};
use crate::bench::router::long;
use crate::bench::router::pairs::rounds;
use crate::bench::router::sockets;
use crate::bench::router::turns::Loaded;
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::{count, milliseconds};

/// Drains.
const ROUNDS: usize = 4;
/// Long answers that are under way when one begins; each takes a second and a half.
const LONG: u64 = 20;
/// WebSockets on which is spoken then, and for how many seconds.
const SOCKETS: u64 = 5;
const SPOKEN: u64 = 1;
/// Time between two looks: a controller's.
const LOOK: Duration = Duration::from_millis(10);
/// Longest wait for what is looked for.
const SEEN_WITHIN: Duration = Duration::from_secs(10);
/// How much before a client has its last byte a drain may seem to be over: the byte is on its way then. It
/// is half of the time between two pieces of an answer.
const EARLY_MOST: Duration = Duration::from_millis(50);
/// Longest time from the last byte to the end of the drain, in milliseconds.
const LATE_MOST: f64 = 20.0;

/// What one drain came to.
struct Drained {
    late: Duration,
    broken: u64,
}

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut bed = Bed::make(product, false)?;
    let (mut late, mut broken) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        let drained = drain(product, &mut bed, round % 2)?;
        late.push(milliseconds(drained.late));
        broken += drained.broken;
    }
    Ok(vec![
        rounds("drain_late", "ms", &late, LATE_MOST)?,
        Measure {
            name: "drain_broken",
            value: count(broken),
            unit: "requests",
            anchor: None,
            goal: Goal::AtMost(0.0),
        },
    ])
}

/// Everything to one origin, long answers of it, then everything to the other.
fn drain(product: &Product, bed: &mut Bed, from: usize) -> anyhow::Result<Drained> {
    let address = bed.ours.address;
    all_to(bed, from)?;
    let spoken = speak(product, bed);
    let asked: Vec<JoinHandle<_>> = (0..LONG)
        .map(|_| thread::spawn(move || long::ask(address)))
        .collect();
    seen(bed, from, |open| open == LONG + SOCKETS).context("wait for all of them to begin")?;
    all_to(bed, 1 - from)?;
    let over = seen(bed, from, |open| open == 0).context("wait for the drain")?;
    let mut last: Option<Instant> = None;
    let spoken = spoken.join();
    let mut broken = spoken
        .map_err(|_panic| anyhow::anyhow!("a client panicked"))??
        .failed;
    for answer in asked {
        let answer = answer.join();
        match answer.map_err(|_panic| anyhow::anyhow!("a client panicked"))? {
            Ok(end) => last = last.max(Some(end)),
            Err(_broke_off) => broken += 1,
        }
    }
    let last = last.context("no long answer was whole")?;
    let early = last.saturating_duration_since(over);
    anyhow::ensure!(
        early <= EARLY_MOST,
        "a drain was over {early:?} before the last byte of an answer"
    );
    Ok(Drained {
        late: over.saturating_duration_since(last),
        broken,
    })
}

/// WebSockets on which is spoken until before the last long answer is whole.
fn speak(product: &Product, bed: &Bed) -> JoinHandle<anyhow::Result<Loaded>> {
    let (program, address) = (product.sockets.clone(), bed.ours.address);
    let folder = bed.folder().to_owned();
    let size = [SOCKETS, SPOKEN].map(|number| number.to_string());
    thread::spawn(move || sockets::load(&program, address, &size, &folder))
}

/// Gives one origin everything; each has a slot of its own.
fn all_to(bed: &mut Bed, at: usize) -> anyhow::Result<()> {
    let share = |of: usize| if of == at { 100 } else { 0 };
    let address: SocketAddr = bed.ours.address;
    let [one, two] = bed.origins;
    let slots = vec![slot(1, share(0), &[one])?, slot(2, share(1), &[two])?];
    bed.ours.control.route(serving(address, slots))
}

/// When as many requests as that were open on the slot of an origin.
fn seen(bed: &mut Bed, at: usize, is: impl Fn(u64) -> bool) -> anyhow::Result<Instant> {
    let number = u32::try_from(at).context("number a slot")? + 1;
    let begun = Instant::now();
    loop {
        interrupt::check()?;
        let open = bed.ours.control.open(number)?;
        if is(open) {
            return Ok(Instant::now());
        }
        anyhow::ensure!(begun.elapsed() < SEEN_WITHIN, "{open} are open");
        thread::sleep(LOOK);
    }
}
