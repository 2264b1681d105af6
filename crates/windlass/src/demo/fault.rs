//! What can be wrong with a service of the demo, and how it shows.
//!
//! Faults come exactly: at every so many-th answer, or from one on. A share by chance would make each run
//! another one.

use std::num::NonZeroU64;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::ValueEnum;

/// Bytes that each answer of a leaking service keeps.
const LEAK: usize = 64 * 1024;

/// Answers after which it leaks no more: a test must not take all of the machine's memory.
const LEAKS_MOST: u64 = 2_048;

/// Seconds over which requests are counted: after a moment in which nothing ran, many come at once.
const SPAN: u64 = 3;

/// Status of a service that ends by itself.
const CRASHED: i32 = 7;

/// What can be wrong with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// It is ready, and answers with 500.
    Errors,
    /// It answers with 500 while more than so many requests come in a second.
    Overload,
    /// It ends by itself.
    Crash,
    /// It answers nothing any more, its health neither.
    Hang,
    /// Each answer keeps some memory.
    Leak,
    /// It answers well, and says that its database is down.
    Unwell,
}

/// How a fault is to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faulty {
    /// Which.
    pub(crate) fault: Fault,
    /// At every so many-th answer; what happens once does at that one.
    pub(crate) every: NonZeroU64,
    /// Requests in a second that are no overload yet.
    pub(crate) load: u64,
}

/// A fault at work.
#[derive(Debug)]
pub(super) struct Trouble {
    faulty: Faulty,
    asked: AtomicU64,
    kept: Mutex<Vec<Vec<u8>>>,
    /// Begin of the present span, requests in it, and in the one before.
    spans: Mutex<(Instant, u64, u64)>,
}

impl Trouble {
    pub(super) fn new(faulty: Faulty) -> Self {
        Self {
            faulty,
            asked: AtomicU64::new(0),
            kept: Mutex::default(),
            spans: Mutex::new((Instant::now(), 0, 0)),
        }
    }

    /// Another request comes; whether its answer is to be an error.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is to end as a program that crashes does"
    )]
    pub(super) fn hits(&self) -> bool {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let every = self.faulty.every.get();
        let hits = asked.is_multiple_of(every);
        match self.faulty.fault {
            Fault::Errors => hits,
            Fault::Overload => self.is_overloaded() && hits,
            Fault::Crash if hits => std::process::exit(CRASHED),
            // All of it runs on one thread.
            Fault::Hang if hits => loop {
                std::thread::park();
            },
            Fault::Leak => {
                if asked <= LEAKS_MOST {
                    self.leak();
                }
                false
            }
            Fault::Crash | Fault::Hang | Fault::Unwell => false,
        }
    }

    /// Whether it says that its database is down.
    pub(super) fn is_unwell(&self) -> bool {
        self.faulty.fault == Fault::Unwell
    }

    fn leak(&self) {
        if let Ok(mut kept) = self.kept.lock() {
            // Written, so that it is there and not only promised.
            kept.push(vec![1; LEAK]);
        }
    }

    fn is_overloaded(&self) -> bool {
        let Ok(mut spans) = self.spans.lock() else {
            return false;
        };
        let (begun, count, before) = *spans;
        *spans = match begun.elapsed().as_secs() / SPAN {
            0 => (begun, count + 1, before),
            1 => (Instant::now(), 1, count),
            _ => (Instant::now(), 1, 0),
        };
        spans.2 > self.faulty.load * SPAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(fault: Fault, every: u64) -> Trouble {
        Trouble::new(Faulty {
            fault,
            every: NonZeroU64::new(every).expect("not none"),
            load: 1_000,
        })
    }

    #[test]
    fn errors_come_exactly_as_often_as_they_shall() {
        let trouble = trouble(Fault::Errors, 20);
        let bad = (0..1_000).filter(|_| trouble.hits()).count();
        assert_eq!(bad, 50);
    }

    #[test]
    fn a_leak_has_an_end_and_breaks_no_answer() {
        let trouble = trouble(Fault::Leak, 1);
        assert!((0..3_000).all(|_| !trouble.hits()));
        let kept = trouble.kept.lock().expect("nobody else has it").len();
        assert_eq!(u64::try_from(kept), Ok(LEAKS_MOST));
    }

    #[test]
    fn few_requests_are_no_overload() {
        let trouble = trouble(Fault::Overload, 1);
        assert!((0..900).all(|_| !trouble.hits()));
    }
}
