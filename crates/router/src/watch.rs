//! What a tripwire sees: every answer of its candidate, judged as it comes.
//!
//! A good answer of a healthy candidate costs one count on the data thread's own cache line and two
//! loads that nobody writes to. Nothing here locks but an alarm, once per tripwire that fires.

use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst,
};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use windlass_analysis::tripwire::{LIMIT, Steps};
use windlass_control::{TripRule, Tripwire};
use windlass_model::Rate;

use crate::core::locked;
use crate::limits::UNREACHABLE;

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

/// What one data thread counted. Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Cell {
    answers: AtomicU64,
    errors: AtomicU64,
}

/// What was seen of one candidate, over all its armings.
#[derive(Debug)]
pub(crate) struct Watch {
    errors_above: Option<Rate>,
    steps: Option<Steps>,
    sum: AtomicI64,
    /// Connect failures in a row.
    unreachable: AtomicU32,
    /// 0, or the rule that fired: never taken back, the evidence stands.
    fired: AtomicU8,
    cells: Box<[Cell]>,
    alarm: Arc<Alarm>,
}

const ERRORS: u8 = 1;
const CONNECT_FAILURES: u8 = 2;

impl Watch {
    pub(crate) fn new(errors_above: Option<Rate>, shards: usize, alarm: Arc<Alarm>) -> Self {
        Self {
            errors_above,
            steps: errors_above.map(Steps::new),
            sum: AtomicI64::new(0),
            unreachable: AtomicU32::new(0),
            fired: AtomicU8::new(0),
            cells: (0..shards.max(1)).map(|_| Cell::default()).collect(),
            alarm,
        }
    }

    /// Whether it judges by this very threshold, so that another arming can go on with it.
    pub(crate) fn judges_by(&self, errors_above: Option<Rate>) -> bool {
        self.errors_above == errors_above
    }

    /// Judges one answer of the candidate.
    pub(crate) fn saw(&self, shard: usize, error: bool) {
        let cell = &self.cells[shard % self.cells.len()];
        cell.answers.fetch_add(1, Relaxed);
        if error {
            cell.errors.fetch_add(1, Relaxed);
        }
        let Some(steps) = self.steps else {
            return;
        };
        // A good answer takes nothing from an empty sum: nobody writes in the usual case.
        if !error && self.sum.load(Relaxed) == 0 {
            return;
        }
        let mut before = self.sum.load(Relaxed);
        loop {
            let after = steps.after(before, error);
            match self
                .sum
                .compare_exchange_weak(before, after, Relaxed, Relaxed)
            {
                Ok(_) if after >= LIMIT => return self.fire(ERRORS),
                Ok(_) => return,
                Err(now) => before = now,
            }
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
            _ => None,
        }
    }

    /// Answers and errors so far.
    pub(crate) fn seen(&self) -> (u64, u64) {
        let sum = |count: fn(&Cell) -> &AtomicU64| {
            let all = self.cells.iter().map(|cell| count(cell).load(Relaxed));
            all.sum::<u64>()
        };
        (sum(|cell| &cell.answers), sum(|cell| &cell.errors))
    }
}
