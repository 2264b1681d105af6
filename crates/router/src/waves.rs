//! Those that waited go on in waves.
//!
//! A thousand at once would be a thousand new connections to the instances: more than many of them have room
//! for. Of waves the later ones find the connections of the earlier ones.

use std::cell::Cell;

use tokio::time::{Instant, sleep_until};

use crate::limits::{WAVE, WAVE_EVERY};

/// The waves of one data thread.
pub(crate) struct Waves {
    /// When the newest begins.
    begins: Cell<Instant>,
    /// Places that are left in it.
    left: Cell<usize>,
}

impl Waves {
    pub(crate) fn new() -> Self {
        Self {
            begins: Cell::new(Instant::now()),
            left: Cell::new(WAVE),
        }
    }

    /// Returns when one more may go on. Whoever waits takes one place at a time: so the wait is as long as
    /// they are many, and no longer.
    pub(crate) async fn turn(&self) {
        let now = Instant::now();
        let begins = self.place(now);
        if begins > now {
            sleep_until(begins).await;
        }
    }

    fn place(&self, now: Instant) -> Instant {
        let next = self.begins.get() + WAVE_EVERY;
        if next <= now {
            self.begin(now);
        } else if self.left.get() == 0 {
            self.begin(next);
        }
        self.left.set(self.left.get() - 1);
        self.begins.get()
    }

    fn begin(&self, at: Instant) {
        self.begins.set(at);
        self.left.set(WAVE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_go_on_in_waves_and_a_few_at_once() {
        let waves = Waves::new();
        let now = Instant::now() + WAVE_EVERY;
        let after = |count: usize, now| {
            let places: Vec<_> = (0..count).map(|_| waves.place(now)).collect();
            let late =
                |place: &Instant| place.duration_since(now).as_micros() / WAVE_EVERY.as_micros();
            [places.first(), places.last()].map(|place| place.map_or(0, late))
        };
        assert_eq!(after(WAVE, now), [0, 0]);
        assert_eq!(after(2 * WAVE, now), [1, 2]);
        assert_eq!(
            after(1, now + 9 * WAVE_EVERY),
            [0, 0],
            "all of them are through"
        );
    }
}
