//! A busy machine: one thread that takes a processor away, again and again.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long it takes one away, and how long it lets go: of unlike lengths, so that no rhythm fits.
const BURSTS_MS: [(u64, u64); 4] = [(20, 90), (60, 140), (10, 40), (120, 310)];

/// Noise until it is dropped.
pub(super) struct Noise {
    goes_on: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Noise {
    pub(super) fn begin() -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&goes_on);
        let thread = thread::spawn(move || {
            for (busy, quiet) in BURSTS_MS.into_iter().cycle() {
                if !seen.load(Ordering::Relaxed) {
                    return;
                }
                burn(Duration::from_millis(busy));
                thread::sleep(Duration::from_millis(quiet));
            }
        });
        Self {
            goes_on,
            thread: Some(thread),
        }
    }
}

fn burn(time: Duration) {
    let begun = Instant::now();
    let mut sum = 0_u64;
    while begun.elapsed() < time {
        for number in 0..10_000_u64 {
            sum = black_box(sum.wrapping_add(number));
        }
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        self.goes_on.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It can't have panicked, and there is nothing to do about it if it did.
            thread.join().ok();
        }
    }
}
