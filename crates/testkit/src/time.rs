//! The clock: tokio's paused one for work time, one that can jump for the calendar.

use std::cell::Cell;
use std::rc::Rc;

use async_trait::async_trait;
use tokio::time::Instant;
use windlass_edge::Clock;
use windlass_model::Millis;

/// Calendar time at the beginning of a world: microseconds since 1970 UTC.
const CALENDAR_START_US: i64 = 1_800_000_000_000_000;

/// The time of a world. Goes on while no controller lives.
#[derive(Debug)]
pub struct WorldTime {
    origin: Instant,
    jumped_us: Cell<i64>,
}

impl Default for WorldTime {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            jumped_us: Cell::new(0),
        }
    }
}

impl WorldTime {
    /// Time since the world began.
    pub fn now(&self) -> Millis {
        let spent = self.origin.elapsed().as_millis();
        Millis::from_millis(u64::try_from(spent).unwrap_or(u64::MAX))
    }

    /// Lets the calendar jump, forwards or backwards. Work time does not see it.
    pub fn jump_calendar(&self, by_us: i64) {
        self.jumped_us
            .set(self.jumped_us.get().saturating_add(by_us));
    }

    /// Calendar time, microseconds since 1970 UTC.
    pub fn calendar_us(&self) -> i64 {
        let spent = self.now().as_millis().saturating_mul(1_000);
        let spent = i64::try_from(spent).unwrap_or(i64::MAX);
        CALENDAR_START_US
            .saturating_add(spent)
            .saturating_add(self.jumped_us.get())
    }
}

/// Waits on paused time.
pub(crate) async fn pass(time: Millis) {
    tokio::time::sleep(time.duration()).await;
}

/// The clock of one controller's life: its work time begins at nothing.
#[derive(Debug)]
pub struct FakeClock {
    time: Rc<WorldTime>,
    born: Millis,
}

impl FakeClock {
    /// A clock that begins now.
    pub fn new(time: &Rc<WorldTime>) -> Self {
        Self {
            time: Rc::clone(time),
            born: time.now(),
        }
    }
}

#[async_trait(?Send)]
impl Clock for FakeClock {
    fn work(&self) -> Millis {
        self.time.now().less(self.born)
    }

    fn calendar_us(&self) -> i64 {
        self.time.calendar_us()
    }

    async fn sleep(&self, after: Millis) {
        pass(after).await;
    }
}
