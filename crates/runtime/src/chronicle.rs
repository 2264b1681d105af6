//! What happens outside of deployments is noted.
//!
//! Beside the journal and never in its way: whoever has something to note puts it into a queue and goes on;
//! one task writes. A disk that is full loses what does not fit into the queue, and nothing else.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use windlass_api::{HappeningView, RestartsView};
use windlass_edge::{ErrorKind, RouterNews};
use windlass_model::{Happened, Happening, InstanceId, InstanceOf, Millis};

use crate::controller::Shared;
use crate::ends::Ends;
use crate::halts::{self, Seen};
use crate::handle::Reply;
use crate::{lapses, problems};

/// Happenings that wait to be written; further ones are not noted.
const WAITING: usize = 64;

/// Time before a write that failed is tried again.
const AGAIN: Millis = Millis::from_secs(10);

/// How long what is noted at once is waited for, as the end of a controller.
const CLOSE_WITHIN: Millis = Millis::from_millis(500);

/// Newest happenings that are looked at for what is known already, and for what status tells.
const LOOKED_AT: u32 = 1_000;

/// Longest reason that is noted, in characters.
const WHY_LONGEST: usize = 500;

/// What status tells of: a day, so that whoever comes in the morning sees the night.
const LATELY_US: i64 = 24 * 3_600_000_000;

/// What has happened, on its way to the store.
pub(crate) struct Chronicle {
    queue: RefCell<mpsc::Sender<Happening>>,
    pub(crate) ends: RefCell<Ends>,
    pub(crate) lapses: RefCell<lapses::Noted>,
    /// Halts and their ends that are noted, of those that can still be seen.
    pub(crate) halts: RefCell<BTreeSet<Seen>>,
}

impl Chronicle {
    /// One that nobody writes yet, and what is to be written.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Happening>) {
        let (queue, noted) = mpsc::channel(WAITING);
        let chronicle = Self {
            queue: RefCell::new(queue),
            ends: RefCell::default(),
            lapses: RefCell::default(),
            halts: RefCell::default(),
        };
        (chronicle, noted)
    }

    /// Notes it, and waits for nobody.
    pub(crate) fn note(&self, happening: Happening) {
        let sent = self.queue.borrow_mut().try_send(happening);
        if sent.is_err_and(|unsent| unsent.is_full()) {
            tracing::warn!("too much happens to be noted: something is left out");
        }
    }
}

/// From now on what happens is written. Of what was noted before it is read what is known already.
pub(crate) async fn begin(shared: &Rc<Shared>, noted: mpsc::Receiver<Happening>) {
    let before = match shared.border.store.happenings(None, LOOKED_AT).await {
        Ok(before) => before,
        Err(error) => {
            tracing::warn!("what happened before can't be read: {}", error.chain());
            Vec::new()
        }
    };
    remember(shared, &before);
    let mut controllers = before.iter().filter_map(|(_, it)| match it.what {
        Happened::ControllerStarted { .. } => Some((true, it.at_us)),
        Happened::ControllerEnded => Some((false, it.at_us)),
        _ => None,
    });
    // Of one that lived when the journal was copied into a backup, a restored one says nothing else.
    let restored_us = shared.border.restored_us;
    let after_death = controllers
        .next()
        .is_some_and(|(lived, at_us)| lived && restored_us.is_none_or(|made_us| made_us < at_us));
    let last_seen_us = if after_death {
        last_seen(shared, &before).await
    } else {
        None
    };
    let started = Happened::ControllerStarted {
        after_death,
        last_seen_us,
    };
    note(shared, started);
    let writes = write(Rc::clone(shared), noted);
    shared.border.spawner.spawn(Box::pin(writes));
    let hears = hear_router(Rc::clone(shared));
    shared.border.spawner.spawn(Box::pin(hears));
}

/// When the controller before this one last wrote something: a row of the journal, or what it saw. A
/// halt and its end are of whoever made them.
async fn last_seen(shared: &Shared, before: &[(u64, Happening)]) -> Option<i64> {
    let own = before.iter().filter(|(_, it)| Seen::of(it).is_none());
    let noted = own.map(|(_, it)| it.found_us.unwrap_or(it.at_us)).max();
    let store = &shared.border.store;
    let end = store.end().await.unwrap_or_default();
    let last = store.entries(None, end.saturating_sub(1), 1).await;
    let journalled = last.ok().and_then(|rows| Some(rows.last()?.at_us));
    noted.max(journalled)
}

fn remember(shared: &Shared, before: &[(u64, Happening)]) {
    let halts = before.iter().filter_map(|(_, it)| Seen::of(it));
    shared.chronicle.halts.borrow_mut().extend(halts);
    shared.chronicle.ends.borrow_mut().remember(before);
    shared.chronicle.lapses.borrow_mut().remember(before);
}

/// Writes one after the other. What can't be written now is tried again, and the others wait.
async fn write(shared: Rc<Shared>, mut noted: mpsc::Receiver<Happening>) {
    let mut is_told = false;
    while let Some(happening) = noted.next().await {
        while let Err(error) = shared.border.store.put_happening(&happening).await {
            if !is_told {
                tracing::warn!("what happened can't be noted: {}", error.chain());
            }
            is_told = true;
            match error.kind {
                // A newer controller notes what happens.
                ErrorKind::Refused => return,
                ErrorKind::Unreachable | ErrorKind::Timeout => {
                    shared.border.clock.sleep(AGAIN).await;
                }
                ErrorKind::Rejected
                | ErrorKind::Conflict
                | ErrorKind::Unsupported
                | ErrorKind::Malformed
                | ErrorKind::Halted => break,
            }
        }
    }
}

async fn hear_router(shared: Rc<Shared>) {
    loop {
        let news = shared.border.router.news().await;
        let now = shared.border.clock.calendar_us();
        let (what, found) = match news {
            RouterNews::Restarted { end, found } => (Happened::RouterRestarted { end }, found),
            RouterNews::NotRestarted { why } => {
                let why = cut(why);
                (Happened::RouterNotStarted { why }, false)
            }
            RouterNews::Replaced => (Happened::RouterReplaced, false),
        };
        let mut happening = Happening::once(now, None, what);
        happening.found_us = found.then_some(now);
        shared.chronicle.note(happening);
    }
}

/// Notes what happens now.
pub(crate) fn note(shared: &Shared, what: Happened) {
    let now = shared.border.clock.calendar_us();
    shared.chronicle.note(Happening::once(now, None, what));
}

/// The controller ends, and says so: the next one knows then that it has not died.
pub(crate) async fn close(shared: &Shared) {
    if shared.lost.is_some() {
        return;
    }
    halts::look(shared).await;
    let now = shared.border.clock.calendar_us();
    let ended = Happening::once(now, None, Happened::ControllerEnded);
    // Not noted: the next one takes it for a death, which is all that is lost.
    note_at_once(shared, &ended).await;
}

/// Notes it before anything else happens, as far as that takes no time. Whether it is noted.
pub(crate) async fn note_at_once(shared: &Shared, happening: &Happening) -> bool {
    let (clock, store) = (&shared.border.clock, &shared.border.store);
    let noted = pin!(store.put_happening(happening));
    match select(noted, clock.sleep(CLOSE_WITHIN)).await {
        Either::Left((noted, _)) => noted.is_ok(),
        Either::Right(_) => false,
    }
}

/// Notes that an instance can't be started again.
pub(crate) fn note_not_started(shared: &Shared, of: &InstanceOf, why: &str) {
    let why = cut(why.to_owned());
    let now = shared.border.clock.calendar_us();
    let what = Happened::InstanceNotStarted { why };
    shared
        .chronicle
        .note(Happening::once(now, Some(of.clone()), what));
}

/// As long as a reason may be.
pub(crate) fn cut(why: String) -> String {
    if why.chars().nth(WHY_LONGEST).is_none() {
        return why;
    }
    let mut cut: String = why.chars().take(WHY_LONGEST - 1).collect();
    cut.push('…');
    cut
}

/// What somebody asks to see of it.
pub(crate) struct Asked {
    pub(crate) limit: u32,
    /// Only what is older; none: all of it.
    pub(crate) before: Option<u64>,
    pub(crate) reply: Reply<Vec<HappeningView>>,
}

/// Answers with the newest first. Whether whoever asked has left.
pub(crate) async fn answer(shared: &Shared, asked: Asked) -> bool {
    let store = &shared.border.store;
    let noted = store.happenings(asked.before, asked.limit).await;
    let view = |(sequence, happening)| HappeningView::of(sequence, happening);
    let views = noted.map(|noted| noted.into_iter().map(view).collect());
    let views = views.map_err(|error| problems::store(&error));
    asked.reply.send(views).is_err()
}

/// What was started again lately.
#[derive(Default)]
pub(crate) struct Lately {
    pub(crate) router: Option<RestartsView>,
    pub(crate) instances: BTreeMap<InstanceId, RestartsView>,
}

/// What was started again in the last 24 hours, as far as that was noted.
pub(crate) async fn lately(shared: &Shared) -> Lately {
    let mut lately = Lately::default();
    let noted = match shared.border.store.happenings(None, LOOKED_AT).await {
        Ok(noted) => noted,
        Err(error) => {
            tracing::debug!("what happened can't be read: {}", error.chain());
            return lately;
        }
    };
    let since = shared.border.clock.calendar_us().saturating_sub(LATELY_US);
    for (_, happening) in noted.into_iter().filter(|(_, it)| it.at_us >= since) {
        let restarts = |end| RestartsView {
            count: happening.count,
            last_us: happening.at_us,
            end,
            // What is counted as one may have begun before.
            since_us: Some(happening.first_us).filter(|first| *first < since),
        };
        match (happening.of, happening.what) {
            (Some(of), Happened::InstanceEnded { end, .. }) => {
                let more = restarts(end);
                let known = lately.instances.remove(&of.instance);
                let both = known.map_or(more.clone(), |known| known.and(more));
                lately.instances.insert(of.instance, both);
            }
            (None, Happened::RouterRestarted { end }) => {
                let more = restarts(end);
                let known = lately.router.take();
                lately.router = Some(known.map_or(more.clone(), |known| known.and(more)));
            }
            _ => {}
        }
    }
    lately
}
