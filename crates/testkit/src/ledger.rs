//! What took effect outside the controller.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_control::Restart;
use windlass_model::{Epoch, Millis};

use crate::time::WorldTime;

/// Something that took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// A release was copied; the key is its identity.
    Kept,
    /// An instance was started; the key is its id.
    Started,
    /// An instance that had been started was asked to start: a redo without looking first.
    StartedAgain,
    /// An instance that had ended was started again under its id; the key is its id.
    Revived,
    /// An instance was sent its stop signal; the key is its id.
    Stopped,
    /// An instance was told what to do when it ends by itself.
    RestartSet(Told),
    /// A route changed; the key is service and generation.
    Routed,
    /// A route that is in effect was asked for: a redo without looking first.
    RoutedAgain,
    /// The router ended.
    ShutDown,
}

/// [`Restart`] with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// It stays ended.
    Never,
    /// It is started again.
    BackOff,
}

impl From<Restart> for Told {
    fn from(restart: Restart) -> Self {
        match restart {
            Restart::Never => Self::Never,
            Restart::BackOff => Self::BackOff,
        }
    }
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, since the world began.
    pub at: Millis,
    /// The epoch of the controller that asked.
    pub epoch: Epoch,
    /// What.
    pub effect: Effect,
    /// On what.
    pub key: String,
}

/// An append-only list of effects. It survives every controller.
#[derive(Debug)]
pub struct Ledger {
    time: Rc<WorldTime>,
    lines: RefCell<Vec<Line>>,
}

impl Ledger {
    pub(crate) fn new(time: &Rc<WorldTime>) -> Self {
        Self {
            time: Rc::clone(time),
            lines: RefCell::default(),
        }
    }

    pub(crate) fn note(&self, epoch: Epoch, effect: Effect, key: impl Into<String>) {
        let (at, key) = (self.time.now(), key.into());
        self.lines.borrow_mut().push(Line {
            at,
            epoch,
            effect,
            key,
        });
    }

    /// All lines in order.
    pub fn lines(&self) -> Vec<Line> {
        self.lines.borrow().clone()
    }

    /// How often `effect` took effect, whatever it was on.
    pub fn count(&self, effect: Effect) -> usize {
        self.lines
            .borrow()
            .iter()
            .filter(|line| line.effect == effect)
            .count()
    }

    /// Effects that no story may contain: the same one twice, a redo without looking, an older
    /// controller after a newer one. Empty when all is well.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut seen: BTreeMap<(Effect, String), Millis> = BTreeMap::new();
        let mut highest = Epoch::default();
        for line in &*self.lines.borrow() {
            match line.effect {
                Effect::StartedAgain | Effect::RoutedAgain => {
                    complaints.push(format!("redone without looking first: {line:?}"));
                }
                Effect::Started | Effect::Stopped | Effect::Routed => {
                    let key = (line.effect, line.key.clone());
                    if let Some(before) = seen.insert(key, line.at) {
                        complaints.push(format!("twice, first at {before}: {line:?}"));
                    }
                }
                // What runs again can be stopped again.
                Effect::Revived => drop(seen.remove(&(Effect::Stopped, line.key.clone()))),
                Effect::Kept | Effect::RestartSet(_) | Effect::ShutDown => {}
            }
            if line.epoch < highest {
                complaints.push(format!("after epoch {highest}: {line:?}"));
            }
            highest = highest.max(line.epoch);
        }
        complaints
    }
}
