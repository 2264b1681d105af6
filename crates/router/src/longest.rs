//! How long a slot lately took until its answers began, at the most, or was waited for.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::limits::LATELY;

/// What one data thread saw: only that thread writes it. Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Cell {
    /// Which part of time it was, from 1; 0: nothing was seen.
    part: AtomicU64,
    /// The longest in that part, and in the one before it in which anything was seen, in microseconds.
    now: AtomicU64,
    before: AtomicU64,
}

/// The longest time, per data thread. Old ones are forgotten when there are newer ones.
#[derive(Debug)]
pub(crate) struct Longest {
    begun: Instant,
    cells: Box<[Cell]>,
}

impl Longest {
    /// Nothing seen, by so many data threads.
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            begun: Instant::now(),
            cells: (0..shards.max(1)).map(|_| Cell::default()).collect(),
        }
    }

    /// Notes what happened at `now`, such as a head, so long `after` its request was sent.
    pub(crate) fn saw(&self, shard: usize, now: Instant, after: Duration) {
        let cell = &self.cells[shard % self.cells.len()];
        let age = now.saturating_duration_since(self.begun);
        let part = age.as_secs() / LATELY.as_secs() + 1;
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        let longest = cell.now.load(Relaxed);
        if cell.part.load(Relaxed) != part {
            cell.before.store(longest, Relaxed);
            cell.now.store(micros, Relaxed);
            cell.part.store(part, Relaxed);
        } else if longest < micros {
            cell.now.store(micros, Relaxed);
        }
    }

    /// The longest of all; none if nothing was ever seen.
    pub(crate) fn get(&self) -> Option<Duration> {
        let seen = self.cells.iter().filter(|cell| cell.part.load(Relaxed) > 0);
        let longest = |cell: &Cell| cell.now.load(Relaxed).max(cell.before.load(Relaxed));
        seen.map(longest).max().map(Duration::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_remembered_until_there_are_newer_ones_of_two_parts() {
        let (longest, secs) = (Longest::new(2), Duration::from_secs);
        assert_eq!(longest.get(), None);
        let at = |parts: u32| longest.begun + LATELY * parts;
        longest.saw(0, at(0), secs(15));
        longest.saw(0, at(0), secs(1));
        longest.saw(1, at(0), secs(2));
        assert_eq!(longest.get(), Some(secs(15)));
        // However long nothing comes.
        longest.saw(0, at(7), secs(3));
        assert_eq!(longest.get(), Some(secs(15)));
        longest.saw(0, at(8), secs(1));
        assert_eq!(longest.get(), Some(secs(3)));
    }
}
