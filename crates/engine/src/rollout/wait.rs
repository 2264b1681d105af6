//! Work time that survives a crash.

use windlass_model::{Millis, TimerId};

use super::action::Action;

/// Longest piece of a wait between two journal rows. A crash loses at most one piece of progress:
/// what is waited for then lasts longer, never shorter.
pub const SLICE: Millis = Millis::from_secs(5);

/// A wait in work time, cut into slices whose ends are journalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The timer that is running; none while held.
    pub timer: Option<TimerId>,
    /// What is left, the running slice included.
    pub remaining: Millis,
}

/// What a firing meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fired {
    /// Not this wait's timer, or not any more.
    Stale,
    /// Time is left; a new slice must begin.
    More,
    /// Over.
    Done,
}

impl Wait {
    pub(crate) fn paused(remaining: Millis) -> Self {
        Self {
            timer: None,
            remaining,
        }
    }

    fn slice(&self) -> Millis {
        self.remaining.min(SLICE)
    }

    /// What is left once the running slice has run so long. A slice that has not been booked yet takes no
    /// more than itself.
    pub fn left_after(&self, ran: Millis) -> Millis {
        self.remaining.less(ran.min(self.slice()))
    }

    /// Begins the next slice under `timer`.
    pub(crate) fn start(&mut self, timer: TimerId) -> Action {
        self.timer = Some(timer);
        Action::StartTimer {
            timer,
            after: self.slice(),
        }
    }

    /// Books what ran by while nobody counted.
    pub(crate) fn book(&mut self, ran: Millis) {
        self.remaining = self.remaining.less(ran);
    }

    pub(crate) fn pause(&mut self) {
        self.timer = None;
    }

    /// Books the slice that `timer` ended.
    pub(crate) fn fired(&mut self, timer: TimerId) -> Fired {
        if self.timer != Some(timer) {
            return Fired::Stale;
        }
        self.remaining = self.remaining.less(self.slice());
        self.timer = None;
        if self.remaining == Millis::ZERO {
            Fired::Done
        } else {
            Fired::More
        }
    }

    /// The running slice once more, after a crash.
    pub(crate) fn again(&self) -> Option<Action> {
        self.timer.map(|timer| Action::StartTimer {
            timer,
            after: self.slice(),
        })
    }
}
