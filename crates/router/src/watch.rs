//! What a tripwire sees: every answer of its candidate, judged as it comes.
//!
//! A good answer of a healthy candidate costs one count on the data thread's own cache line and two
//! loads that are hardly ever written to. Nothing here locks but an alarm, once per tripwire that fires,
//! what judges times, at most ten times a second, and a client that leaves after it has waited for long.

use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst,
};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use windlass_analysis::tripwire::{LIMIT, Steps};
use windlass_control::{TripRule, Tripwire};
use windlass_model::{Rate, Route, Slower};

use crate::core::locked;
use crate::limits::{SILENT_LEAST, SILENT_PART, SILENT_TIMES, UNREACHABLE};
use crate::silence::{Look, Silence, Stable, Waits};
use crate::slowness::Slowness;
use crate::terms::Terms;

/// Wakes the thread that takes services back.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    rung: Mutex<bool>,
    changed: Condvar,
    over: AtomicBool,
}

impl Alarm {
    /// Has every tripwire looked at.
    pub(crate) fn ring(&self) {
        *locked(&self.rung) = true;
        self.changed.notify_all();
    }

    /// Ends [`Alarm::wait`].
    pub(crate) fn end(&self) {
        self.over.store(true, SeqCst);
        self.ring();
    }

    /// Waits until it rings; false at the end.
    pub(crate) fn wait(&self) -> bool {
        let mut rung = locked(&self.rung);
        while !*rung {
            rung = self
                .changed
                .wait(rung)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *rung = false;
        !self.over.load(SeqCst)
    }
}

/// A tripwire as it is armed in an entry.
#[derive(Clone, Debug)]
pub(crate) struct Armed {
    pub(crate) tripwire: Tripwire,
    pub(crate) watch: Arc<Watch>,
}

/// What a tripwire judges by: another arming of the same goes on with what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grounds {
    pub(crate) errors_above: Option<Rate>,
    pub(crate) slower: Option<Slower>,
    /// How long a candidate may answer nothing while requests wait for it.
    pub(crate) silence: Duration,
    /// The longest time of an answer.
    pub(crate) answer: Duration,
}

impl Grounds {
    /// Those of a tripwire on this route. Silence follows from how long an answer may take, for some
    /// services take their time; who says what is slow is told sooner.
    pub(crate) fn of(route: &Route, tripwire: &Tripwire) -> Self {
        let answer = Terms::new(&route.traffic).answer;
        let usual = answer / SILENT_PART;
        let slower = tripwire.slower;
        let told = slower.map(|slower| slower.than.duration().saturating_mul(SILENT_TIMES));
        let silence = told.map_or(usual, |told| told.min(usual));
        Self {
            errors_above: tripwire.errors_above,
            slower,
            silence: silence.max(SILENT_LEAST),
            answer,
        }
    }
}

/// What was counted of a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) answers: u64,
    pub(crate) errors: u64,
    pub(crate) slow: u64,
}

/// What one data thread counted. Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Cell {
    answers: AtomicU64,
    errors: AtomicU64,
    slow: AtomicU64,
    /// Heads of answers, also of those that never end.
    heads: AtomicU64,
    waits: Waits,
    /// What waits for others than the candidate.
    beside: Waits,
}

/// Who a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The candidate.
    Candidate,
    /// What is beside it.
    Beside,
}

impl Cell {
    const fn waits(&self, side: Side) -> &Waits {
        match side {
            Side::Candidate => &self.waits,
            Side::Beside => &self.beside,
        }
    }
}

/// The sum of one sequential rule.
#[derive(Debug)]
struct Rule {
    steps: Option<Steps>,
    sum: AtomicI64,
}

impl Rule {
    fn new(above: Option<Rate>) -> Self {
        Self {
            steps: above.map(Steps::new),
            sum: AtomicI64::new(0),
        }
    }

    /// Adds one answer; whether the limit is reached.
    fn add(&self, bad: bool) -> bool {
        let Some(steps) = self.steps else {
            return false;
        };
        // A good answer takes nothing from an empty sum: nobody writes in the usual case.
        if !bad && self.sum.load(Relaxed) == 0 {
            return false;
        }
        let mut before = self.sum.load(Relaxed);
        loop {
            let after = steps.after(before, bad);
            match self
                .sum
                .compare_exchange_weak(before, after, Relaxed, Relaxed)
            {
                Ok(_) => return after >= LIMIT,
                Err(now) => before = now,
            }
        }
    }
}

/// What was seen of one candidate, over all its armings.
#[derive(Debug)]
pub(crate) struct Watch {
    grounds: Grounds,
    errors: Rule,
    slow: Option<Slowness>,
    silence: Silence,
    /// Requests that had waited in vain when it was found silent.
    in_vain: AtomicU64,
    /// Connect failures in a row.
    unreachable: AtomicU32,
    /// 0, or the rule that fired: never taken back, the evidence stands.
    fired: AtomicU8,
    cells: Box<[Cell]>,
    alarm: Arc<Alarm>,
}

const ERRORS: u8 = 1;
const CONNECT_FAILURES: u8 = 2;
const SLOW: u8 = 3;
const SILENT: u8 = 4;

impl Watch {
    pub(crate) fn new(grounds: Grounds, shards: usize, alarm: Arc<Alarm>) -> Self {
        Self {
            grounds,
            errors: Rule::new(grounds.errors_above),
            slow: grounds.slower.map(Slowness::new),
            silence: Silence::new(grounds.silence, grounds.answer, Instant::now()),
            in_vain: AtomicU64::new(0),
            unreachable: AtomicU32::new(0),
            fired: AtomicU8::new(0),
            cells: (0..shards.max(1)).map(|_| Cell::default()).collect(),
            alarm,
        }
    }

    /// Whether it judges by this very thing, so that another arming can go on with it.
    pub(crate) fn judges_by(&self, grounds: &Grounds) -> bool {
        self.grounds == *grounds
    }

    fn cell(&self, shard: usize) -> &Cell {
        &self.cells[shard % self.cells.len()]
    }

    /// Judges one answer of the candidate, and the time from when its request was sent to its head, where
    /// it had one.
    pub(crate) fn saw(&self, shard: usize, error: bool, after: Option<Duration>) {
        let cell = self.cell(shard);
        cell.answers.fetch_add(1, Relaxed);
        if error {
            cell.errors.fetch_add(1, Relaxed);
        }
        if self.errors.add(error) {
            self.fire(ERRORS);
        }
        let Some((rule, after)) = self.slow.as_ref().zip(after) else {
            return;
        };
        let slow = rule.is_slow(after);
        if slow {
            cell.slow.fetch_add(1, Relaxed);
        }
        if rule.add(Instant::now(), slow) {
            self.fire(SLOW);
        }
    }

    /// Counts a request that waits for its answer, until what this gives is dropped.
    pub(crate) fn awaits(self: &Arc<Self>, shard: usize, side: Side) -> Awaits {
        let came = Instant::now();
        let place = self.silence.place(came);
        self.cell(shard).waits(side).add(place);
        Awaits {
            watch: self.clone(),
            shard,
            side,
            place,
            came,
        }
    }

    /// Notes that an answer of the candidate has begun.
    pub(crate) fn heard(&self, shard: usize) {
        self.cell(shard).heads.fetch_add(1, Relaxed);
    }

    fn waits(&self, side: Side) -> impl Iterator<Item = &Waits> + Clone {
        self.cells.iter().map(move |cell| cell.waits(side))
    }

    /// Looks whether the candidate has fallen silent, beside what was seen of what is stable; some ten times a
    /// second.
    pub(crate) fn listen(&self, stable: Stable) {
        let life = |cell: &Cell| cell.heads.load(Relaxed) + cell.answers.load(Relaxed);
        let look = Look {
            now: Instant::now(),
            life: self.cells.iter().map(life).sum(),
            stable,
        };
        let (waits, beside) = (self.waits(Side::Candidate), self.waits(Side::Beside));
        if let Some(in_vain) = self.silence.listen(look, waits, beside) {
            if self.fired().is_none() {
                self.in_vain.store(in_vain, Relaxed);
            }
            self.fire(SILENT);
        }
    }

    /// Notes an instance that could not be connected to.
    pub(crate) fn missed(&self) {
        if self.unreachable.fetch_add(1, Relaxed) + 1 >= UNREACHABLE {
            self.fire(CONNECT_FAILURES);
        }
    }

    /// Notes an instance that was reached.
    pub(crate) fn reached(&self) {
        if self.unreachable.load(Relaxed) > 0 {
            self.unreachable.store(0, Relaxed);
        }
    }

    fn fire(&self, rule: u8) {
        if self.fired.compare_exchange(0, rule, SeqCst, SeqCst).is_ok() {
            self.alarm.ring();
        }
    }

    /// The rule about answers that has fired.
    pub(crate) fn fired(&self) -> Option<TripRule> {
        match self.fired.load(SeqCst) {
            ERRORS => Some(TripRule::Errors),
            CONNECT_FAILURES => Some(TripRule::ConnectFailures),
            SLOW => Some(TripRule::Slow),
            SILENT => Some(TripRule::Silent),
            _ => None,
        }
    }

    /// What was counted so far, as it matters for `rule`.
    pub(crate) fn seen(&self, rule: TripRule) -> Seen {
        let sum = |count: fn(&Cell) -> &AtomicU64| {
            let all = self.cells.iter().map(|cell| count(cell).load(Relaxed));
            all.sum::<u64>()
        };
        Seen {
            answers: sum(|cell| &cell.answers),
            errors: sum(|cell| &cell.errors),
            slow: match rule {
                TripRule::Silent => self.in_vain.load(Relaxed),
                TripRule::Errors
                | TripRule::Slow
                | TripRule::ConnectFailures
                | TripRule::InstancesGone
                | TripRule::Asked => sum(|cell| &cell.slow),
            },
        }
    }
}

/// One request that waits for an answer, of the candidate or beside it.
pub(crate) struct Awaits {
    watch: Arc<Watch>,
    shard: usize,
    side: Side,
    place: usize,
    came: Instant,
}

impl Awaits {
    /// Notes that its client leaves at `now`, without an answer.
    pub(crate) fn left(&self, now: Instant) {
        match self.side {
            Side::Candidate => self.watch.silence.left(self.came, now),
            // What is beside it is asked itself.
            Side::Beside => {}
        }
    }
}

impl Drop for Awaits {
    fn drop(&mut self) {
        let cell = self.watch.cell(self.shard);
        cell.waits(self.side).sub(self.place);
    }
}
