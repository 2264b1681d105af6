//! Telling watchers what was committed, without a gap and without waiting for the slow ones.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use futures_channel::mpsc;
use futures_util::{SinkExt, StreamExt};
use windlass_api::{Event, Problem};
use windlass_edge::{JournalEntry, Store};
use windlass_model::{DeploymentId, Fact};

use crate::border::Border;
use crate::event_stream::EventStream;
use crate::handle::EVENTS_WAITING;
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
    let of = match deployment {
        Some(id) => Some(of_one(border, id).await?),
        None => None,
    };
    let (sender, receiver) = mpsc::channel(EVENTS_WAITING);
    let (stream, whole) = EventStream::of(receiver);
    let store = border.store.clone();
    let far_end = Rc::new(sender.clone());
    watchers.note_listener(&far_end);
    let pump = async move {
        if pump(store, live, sender, after, of).await {
            whole.say();
        }
        drop(far_end);
    };
    border.spawner.spawn(Box::pin(pump));
    Ok(stream)
}

/// The only deployment of a stream.
struct Only {
    id: DeploymentId,
    /// Whether its end was seen.
    ended: bool,
}

impl Only {
    fn note(&mut self, event: &Event) {
        self.ended |= event
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::Ended { .. }));
    }
}

async fn of_one(border: &Border, id: DeploymentId) -> Result<Only, Problem> {
    let found = border.store.deployment(&id).await;
    let found = found.map_err(|error| problems::store(&error))?;
    let found = found.ok_or_else(|| problems::unknown_deployment(&id))?;
    Ok(Only {
        id,
        // One that was given up for lost has no row that says so.
        ended: found.deployment.ended_us.is_some(),
    })
}

/// Whether all was sent that there will be.
async fn pump(
    store: Rc<dyn Store>,
    mut live: mpsc::Receiver<Event>,
    mut out: mpsc::Sender<Event>,
    mut after: u64,
    mut only: Option<Only>,
) -> bool {
    loop {
        let deployment = only.as_ref().map(|only| &only.id);
        let page = match store.entries(deployment, after, PAGE).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!("a watcher's history could not be read: {}", error.chain());
                return false;
            }
        };
        let full = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
        for entry in page {
            after = after.max(entry.sequence);
            let event = event(entry);
            if let Some(only) = &mut only {
                only.note(&event);
            }
            if out.send(event).await.is_err() {
                return false;
            }
        }
        if !full {
            break;
        }
    }
    // What is done about it later, as a `finalize`, is told to those who watch all.
    while only.as_ref().is_none_or(|only| !only.ended) {
        let Some(event) = live.next().await else {
            return false;
        };
        // Who has left is noticed at the next event, wanted or not.
        if out.is_closed() {
            return false;
        }
        let wanted = only.as_ref().is_none_or(|only| event.deployment == only.id);
        // What the store had already shown is not shown twice.
        if !wanted || event.sequence <= after {
            continue;
        }
        if let Some(only) = &mut only {
            only.note(&event);
        }
        if out.send(event).await.is_err() {
            return false;
        }
    }
    true
}
