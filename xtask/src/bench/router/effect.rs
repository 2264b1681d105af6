//! How soon a switch is in effect, and what it costs clients, at an even thousand requests each second: ours
//! beside two lines on HAProxy's socket, a change of what Caddy was told, and a reload of nginx.
//!
//! It is in effect from the first request on after which no answer is of the old side any more.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::control::{serving, slot};
use crate::bench::router::name::Client;
use crate::bench::router::pairs::{Bar, Pairs};
use crate::bench::router::{runtime, switches};
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::timing::{count, figure, milliseconds};

/// Switches of each.
const ROUNDS: usize = 4;
/// Requests each second, and the connections on which they come.
const PER_SECOND: u32 = 1_000;
const CONNECTIONS: usize = 64;
/// Connections on which the side is asked for, one after the other, and the time between two questions.
const ASKED: usize = 8;
const BETWEEN: Duration = Duration::from_micros(200);
/// Time that the load has before a switch.
const BEFORE: Duration = Duration::from_millis(100);
/// Without an answer of the old side for so long, it is over.
const QUIET: Duration = Duration::from_millis(200);
/// Longest wait for that.
const WITHIN: Duration = Duration::from_secs(3);
/// Time between two looks at it.
const LOOK: Duration = Duration::from_millis(5);
/// The part of a reload of nginx that ours may take.
const PART: f64 = 0.02;
/// As the origins call themselves.
const NAMES: [&str; 2] = ["origin-1", "origin-2"];
/// Whoever is switched besides ours, nginx first: it is what ours is judged by.
const BESIDE: [&str; 3] = ["nginx", "haproxy", "caddy"];
/// How ours is called among them.
const OURS: &str = "windlass";

/// One question for the side.
#[derive(Clone, Copy, Debug)]
struct Asked {
    sent: Instant,
    /// The answer was of the old side.
    is_old: bool,
}

/// What the switches of one came to.
struct Contender {
    name: &'static str,
    address: SocketAddr,
    /// Milliseconds from the command, for each round.
    effect: Vec<f64>,
    /// Answers of the old side to what was sent after the command had returned.
    old: usize,
    /// Requests of the load that failed.
    failed: u64,
}

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut bed = Bed::make(product, true)?;
    let mut all = vec![Contender::new(OURS, bed.ours.address)];
    let there = |name: &&str| bed.others.iter().find(|other| other.name == *name);
    let beside = BESIDE.iter().filter_map(there);
    all.extend(beside.map(|other| Contender::new(other.name, other.doors.plain)));
    for contender in &all {
        tell(&mut bed, contender.name, 0)?;
    }
    thread::sleep(WITHIN / 10);
    for round in 0..ROUNDS {
        let to = (round + 1) % 2;
        let first = round % all.len();
        all.rotate_left(first);
        for contender in &mut all {
            interrupt::check()?;
            contender.turn(&mut bed, to)?;
        }
    }
    Ok(rows(&all))
}

impl Contender {
    fn new(name: &'static str, address: SocketAddr) -> Self {
        Self {
            name,
            address,
            effect: Vec::new(),
            old: 0,
            failed: 0,
        }
    }

    /// One switch under load.
    fn turn(&mut self, bed: &mut Bed, to: usize) -> anyhow::Result<()> {
        let load = windlass_load::start(windlass_load::LoadPlan {
            target: self.address,
            path: "/1k".to_owned(),
            per_second: PER_SECOND,
            connections: CONNECTIONS,
            fresh_every: None,
            timeout: Duration::from_secs(5),
        })
        .context("start the load")?;
        let (asked, over) = (Mutex::default(), AtomicBool::new(false));
        let (old, address) = (NAMES[1 - to], self.address);
        let told = thread::scope(|scope| {
            scope.spawn(|| ask(address, old, &asked, &over));
            thread::sleep(BEFORE);
            let begun = Instant::now();
            let told = tell(bed, self.name, to).map(|()| [begun, Instant::now()]);
            if told.is_ok() {
                wait(begun, &asked);
            }
            over.store(true, Ordering::Relaxed);
            told
        });
        let [begun, returned] = told?;
        let asked = asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        let effect = effect(&asked, begun);
        let effect = effect.with_context(|| format!("{} did not switch", self.name))?;
        self.effect.push(milliseconds(effect));
        let late = asked
            .iter()
            .filter(|one| one.is_old && one.sent >= returned);
        self.old += late.count();
        self.failed += load.stop().failed;
        Ok(())
    }
}

/// Gives everything to one origin.
fn tell(bed: &mut Bed, who: &str, to: usize) -> anyhow::Result<()> {
    let (folder, origin) = (bed.folder().to_owned(), bed.origins[to]);
    let doors = |bed: &Bed| {
        let there = bed.others.iter().find(|other| other.name == who);
        there.map(|there| there.doors).context("it is not there")
    };
    match who {
        OURS => {
            let share = |of: usize| if of == to { 100 } else { 0 };
            let slots = vec![
                slot(1, share(0), &bed.origins[..1])?,
                slot(2, share(1), &bed.origins[1..])?,
            ];
            let route = serving(bed.ours.address, slots);
            bed.ours.control.route(route)
        }
        "haproxy" => runtime::switch(&folder, to).map(drop),
        "caddy" => switches::caddy(&doors(bed)?, origin),
        "nginx" => switches::nginx(&folder, &doors(bed)?, origin),
        other => anyhow::bail!("nobody knows how to switch {other}"),
    }
}

/// Asks for the side, on one connection after the other, until it is over. One that was closed is replaced.
fn ask(address: SocketAddr, old: &str, asked: &Mutex<Vec<Asked>>, over: &AtomicBool) {
    let mut clients: Vec<Option<Client>> = (0..ASKED).map(|_| None).collect();
    while !over.load(Ordering::Relaxed) {
        for place in &mut clients {
            let client = place.take().map_or_else(|| Client::connect(address), Ok);
            let sent = Instant::now();
            let answered = client.and_then(|mut client| Ok((client.ask()?, client)));
            // What the switch breaks is counted by the load.
            if let Ok((name, client)) = answered {
                *place = Some(client);
                let is_old = name == old;
                let mut all = asked.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(Asked { sent, is_old });
            }
            thread::sleep(BETWEEN);
        }
    }
}

/// Waits until the old side has answered nothing for a while.
fn wait(begun: Instant, asked: &Mutex<Vec<Asked>>) {
    let mut last = begun;
    while last.elapsed() < QUIET && begun.elapsed() < WITHIN {
        thread::sleep(LOOK);
        let all = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let old = all.iter().rfind(|one| one.is_old);
        last = old.map_or(last, |old| old.sent.max(begun));
    }
}

/// From the command to the first question from which on every answer is of the new side.
fn effect(asked: &[Asked], begun: Instant) -> Option<Duration> {
    let after = asked.iter().rev().take_while(|one| one.sent >= begun);
    let new = after.take_while(|one| !one.is_old).last()?;
    Some(new.sent.saturating_duration_since(begun))
}

fn rows(all: &[Contender]) -> Vec<Measure> {
    let named = |name: &str| all.iter().find(|one| one.name == name);
    let (mut rows, mut old, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    let Some(ours) = named(OURS) else {
        return rows;
    };
    for name in BESIDE {
        let bar = (name == "nginx").then_some(Bar::Most(PART));
        let theirs = named(name).map(|one| one.effect.as_slice());
        rows.push(Pairs::new(&ours.effect, theirs, name).measure("flip_effect", "ms", bar));
    }
    for name in BESIDE {
        let lost = |row, of: fn(&Contender) -> f64| Measure {
            name: row,
            value: of(ours),
            unit: "requests",
            anchor: named(name).map(|one| Anchor {
                name,
                value: of(one),
            }),
            goal: if name == BESIDE[0] {
                Goal::AtMost(0.0)
            } else {
                Goal::Told
            },
        };
        old.push(lost("flip_effect_old", |one| figure(one.old)));
        failed.push(lost("flip_effect_failed", |one| count(one.failed)));
    }
    rows.extend(old);
    rows.extend(failed);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_in_effect_when_no_answer_is_of_the_old_side_any_more() {
        let zero = Instant::now();
        let at = |millis| zero + Duration::from_millis(millis);
        let asked = |sides: &str| {
            let sides = sides.chars().zip(1..);
            let asked = sides.map(|(side, millis)| Asked {
                sent: at(millis),
                is_old: side == 'o',
            });
            effect(&asked.collect::<Vec<_>>(), at(3))
        };
        let after = |millis| Some(Duration::from_millis(millis));
        assert_eq!(asked("oonnn"), after(0));
        assert_eq!(asked("oooonn"), after(2));
        // Two workers of which one goes on with what was.
        assert_eq!(asked("oonononn"), after(4));
        assert_eq!(asked("ooooo"), None);
    }

    #[test]
    fn beside_who_is_not_installed_nothing_is_asked() {
        let at = SocketAddr::from(([127, 0, 0, 1], 1));
        let mut ours = Contender::new(OURS, at);
        ours.effect.push(1.0);
        let rows = rows(&[ours]);
        assert_eq!(rows.len(), 9);
        assert!(rows.iter().all(|row| row.anchor.is_none()));
    }
}
