//! Deployments that wait for the lock of their environment.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use futures_channel::oneshot;
use windlass_api::Problem;
use windlass_model::{AppName, EnvironmentName};

use crate::{problems, taken_down};

/// Deployments that may wait for one environment; more are refused.
const WAITING: usize = 16;

/// An environment of an application.
pub(crate) type Place = (AppName, EnvironmentName);

struct Waiting {
    number: u64,
    /// Takes the place of what runs: before all that only wait.
    urgent: bool,
    wake: Option<oneshot::Sender<()>>,
    /// Who took down what it waits for.
    dismissed_by: Option<String>,
}

/// One queue per environment, in the order of asking.
#[derive(Default)]
pub(crate) struct Queues {
    waiting: RefCell<BTreeMap<Place, Vec<Waiting>>>,
    numbers: Cell<u64>,
}

/// A place in a queue; left when dropped.
pub(crate) struct Ticket<'q> {
    queues: &'q Queues,
    place: Place,
    number: u64,
}

impl Queues {
    /// Queues behind those that wait already; an urgent one before all that are not.
    pub(crate) fn enter(&self, place: &Place, urgent: bool) -> Result<Ticket<'_>, Problem> {
        let number = self.numbers.get() + 1;
        self.numbers.set(number);
        let mut all = self.waiting.borrow_mut();
        let queue = all.entry(place.clone()).or_default();
        if queue.len() >= WAITING {
            return Err(problems::queue_full(WAITING));
        }
        let at = queue
            .iter()
            .position(|other| urgent && !other.urgent)
            .unwrap_or(queue.len());
        queue.insert(
            at,
            Waiting {
                number,
                urgent,
                wake: None,
                dismissed_by: None,
            },
        );
        Ok(Ticket {
            queues: self,
            place: place.clone(),
            number,
        })
    }

    /// Whoever waits for this place begins nothing there: `by` has taken it down. They hear of it at the
    /// next [`Queues::wake`].
    pub(crate) fn dismiss(&self, place: &Place, by: &str) {
        let mut all = self.waiting.borrow_mut();
        for waiting in all.get_mut(place).into_iter().flatten() {
            waiting.dismissed_by = Some(by.to_owned());
        }
    }

    /// Something has changed: everyone who waits looks again.
    pub(crate) fn wake(&self) {
        let mut all = self.waiting.borrow_mut();
        for waiting in all.values_mut().flatten() {
            if let Some(wake) = waiting.wake.take() {
                // Who has stopped waiting needs no word.
                let _gone = wake.send(()).is_err();
            }
        }
    }
}

impl Ticket<'_> {
    /// Whether nobody is before it.
    pub(crate) fn is_first(&self) -> bool {
        let all = self.queues.waiting.borrow();
        let first = all.get(&self.place).and_then(|queue| queue.first());
        first.is_some_and(|first| first.number == self.number)
    }

    /// Refuses what waited for something that was taken down meanwhile.
    pub(crate) fn refuse_dismissed(&self) -> Result<(), Problem> {
        let all = self.queues.waiting.borrow();
        let mut queue = all.get(&self.place).into_iter().flatten();
        let waiting = queue.find(|waiting| waiting.number == self.number);
        match waiting.and_then(|waiting| waiting.dismissed_by.as_ref()) {
            Some(by) => Err(taken_down::meanwhile(by)),
            None => Ok(()),
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Told at the next change. Asked for before looking, so that none is missed.
    pub(crate) fn change(&self) -> oneshot::Receiver<()> {
        let (wake, change) = oneshot::channel();
        let mut all = self.queues.waiting.borrow_mut();
        let mut queue = all.get_mut(&self.place).into_iter().flatten();
        if let Some(waiting) = queue.find(|waiting| waiting.number == self.number) {
            waiting.wake = Some(wake);
        }
        change
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        {
            let mut all = self.queues.waiting.borrow_mut();
            if let Some(queue) = all.get_mut(&self.place) {
                queue.retain(|waiting| waiting.number != self.number);
                if queue.is_empty() {
                    all.remove(&self.place);
                }
            }
        }
        self.queues.wake();
    }
}
