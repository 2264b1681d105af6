//! Telling watchers what was committed, without a gap and without waiting for the slow ones.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use futures_channel::mpsc;
use futures_util::{SinkExt, StreamExt};
use windlass_api::{Event, Problem};
use windlass_edge::{JournalEntry, Store};
use windlass_model::DeploymentId;

use crate::border::Border;
use crate::handle::{EVENTS_WAITING, EventStream};
use crate::problems;

/// Watchers at one time; more are refused as busy.
const WATCHERS: usize = 10_000;

/// Rows read from the store at once.
const PAGE: u32 = 500;

/// Who watches.
#[derive(Default)]
pub(crate) struct Watchers {
    senders: RefCell<Vec<mpsc::Sender<Event>>>,
    /// The far ends, for as long as something is sent there: who has left is seen at once.
    listeners: RefCell<Vec<Weak<mpsc::Sender<Event>>>>,
}

impl Watchers {
    /// Tells everyone. Who has too much unread is let go, and resumes by sequence.
    pub(crate) fn publish(&self, event: &Event) {
        self.senders
            .borrow_mut()
            .retain_mut(|sender| sender.try_send(event.clone()).is_ok());
    }

    /// Whether anybody watches now.
    pub(crate) fn are_there(&self) -> bool {
        let mut listeners = self.listeners.borrow_mut();
        listeners.retain(|far| far.upgrade().is_some_and(|far| !far.is_closed()));
        !listeners.is_empty()
    }

    fn note_listener(&self, far_end: &Rc<mpsc::Sender<Event>>) {
        let mut listeners = self.listeners.borrow_mut();
        listeners.retain(|far| far.strong_count() > 0);
        listeners.push(Rc::downgrade(far_end));
    }

    fn subscribe(&self) -> Result<mpsc::Receiver<Event>, Problem> {
        let mut senders = self.senders.borrow_mut();
        senders.retain(|sender| !sender.is_closed());
        if senders.len() >= WATCHERS {
            return Err(problems::busy());
        }
        let (sender, receiver) = mpsc::channel(EVENTS_WAITING);
        senders.push(sender);
        Ok(receiver)
    }
}

pub(crate) fn event(entry: JournalEntry) -> Event {
    Event {
        sequence: entry.sequence,
        deployment: entry.deployment,
        number: entry.number,
        at_us: entry.at_us,
        facts: entry.facts,
    }
}

/// Rows after `after`, then live ones: subscribed before the store is read, so that none is missed. One
/// after what the journal does not have is refused: who has that has it of another journal, and would
/// wait for ever for rows that are told already.
pub(crate) async fn stream(
    border: &Border,
    watchers: &Rc<Watchers>,
    after: u64,
    deployment: Option<DeploymentId>,
) -> Result<EventStream, Problem> {
    let live = watchers.subscribe()?;
    if after > 0 {
        let end = border.store.end().await;
        let end = end.map_err(|error| problems::store(&error))?;
        if after > end {
            return Err(problems::beyond_the_end(after, end));
        }
    }
    let (sender, receiver) = mpsc::channel(EVENTS_WAITING);
    let store = border.store.clone();
    let far_end = Rc::new(sender.clone());
    watchers.note_listener(&far_end);
    let pump = async move {
        pump(store, live, sender, after, deployment).await;
        drop(far_end);
    };
    border.spawner.spawn(Box::pin(pump));
    Ok(receiver)
}

async fn pump(
    store: Rc<dyn Store>,
    mut live: mpsc::Receiver<Event>,
    mut out: mpsc::Sender<Event>,
    mut after: u64,
    deployment: Option<DeploymentId>,
) {
    loop {
        let page = match store.entries(deployment.as_ref(), after, PAGE).await {
            Ok(page) => page,
            Err(error) => {
                return tracing::warn!("a watcher's history could not be read: {}", error.chain());
            }
        };
        let full = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
        for entry in page {
            after = after.max(entry.sequence);
            if out.send(event(entry)).await.is_err() {
                return;
            }
        }
        if !full {
            break;
        }
    }
    while let Some(event) = live.next().await {
        // Who has left is noticed at the next event, wanted or not.
        if out.is_closed() {
            return;
        }
        let wanted = deployment.as_ref().is_none_or(|id| event.deployment == *id);
        // What the store had already shown is not shown twice.
        if wanted && event.sequence > after && out.send(event).await.is_err() {
            return;
        }
    }
}
