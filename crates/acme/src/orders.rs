//! All certificates that are wanted: which is due, and what became of its order.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, pending};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;
use windlass_model::Host;
use windlass_tls::Pair;

use crate::accounts::Accounts;
use crate::answers::Answers;
use crate::ask::Asker;
use crate::failure::Failure;
use crate::limits::{ORDER_TIME, ORDERS_AT_ONCE};
use crate::order::order;
use crate::store::{Note, Store};
use crate::wanted::Wanted;
use crate::when::{again, renewal};

/// Orders certificates. Whoever has one holds the router's state folder alone.
#[derive(Debug)]
pub struct Orders {
    store: Store,
    accounts: Accounts,
    answers: Arc<Answers>,
    /// When each wanted one is to be looked at again.
    due: Mutex<BTreeMap<Wanted, i64>>,
    /// Why the last order of each is not known, as it was told.
    told: Mutex<BTreeMap<Wanted, String>>,
}

/// How the last order went is on disk and can't be read for now.
struct NotNow;

/// When it is looked whether it can.
fn not_now(one: &Wanted, now: i64) -> i64 {
    again(&one.host, now, 1, None)
}

impl Orders {
    /// Keeps what it gets in `store`.
    pub fn new(store: Store) -> Self {
        Self {
            accounts: Accounts::new(store.clone()),
            store,
            answers: Arc::default(),
            due: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Where it keeps what it gets.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What listeners show to an authority.
    pub fn answers(&self) -> Arc<Answers> {
        self.answers.clone()
    }

    /// Nothing under way yet. `took` is called with each that there is a new certificate for.
    pub fn round<T: Fn(&Wanted)>(&self, took: T) -> Round<'_, T> {
        Round {
            orders: self,
            took,
            under_way: FuturesUnordered::new(),
            at: BTreeSet::new(),
        }
    }

    /// When a certificate is to be ordered, by what is on disk.
    fn due_of(&self, one: &Wanted, now: i64) -> i64 {
        let not_before = match self.note(one) {
            Ok(note) => note.map_or(i64::MIN, |note| note.not_before),
            Err(NotNow) => not_now(one, now),
        };
        let renewed = self.kept(one).unwrap_or(i64::MIN);
        renewed.max(not_before)
    }

    /// How the last order went. What is damaged is laid aside, so that it is told once and in nobody's way; it
    /// counts as none. What is of a newer Windlass, or can't be read now, is left alone and told once: until
    /// it can be read there is no order, for nobody knows whether there may be one.
    fn note(&self, one: &Wanted) -> Result<Option<Note>, NotNow> {
        let (directory, host) = (one.directory.as_str(), &one.host);
        let why = match self.store.note(directory, host) {
            Ok(note) => {
                self.told().remove(one);
                return Ok(note);
            }
            Err(why) => why,
        };
        if !why.is_damaged {
            let why = why.to_string();
            let before = self.told().insert(one.clone(), why.clone());
            if before.as_ref() != Some(&why) {
                tracing::error!(%host, %why, "no certificate is ordered: how the last order went is not known");
            }
            return Err(NotNow);
        }
        match self.store.lose_note(directory, host) {
            Ok(()) => {
                tracing::warn!(%host, %why, "how the last order went can't be read: it is laid aside");
            }
            Err(stays) => {
                tracing::error!(%host, %why, %stays, "how the last order went can't be read, nor laid aside");
            }
        }
        Ok(None)
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<Wanted, String>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the certificate on disk is to be renewed; none if there is none to show.
    fn kept(&self, one: &Wanted) -> Option<i64> {
        let path = self.store.pair(&one.directory, &one.host);
        renewed(&path, &one.host)
    }

    /// One order. Gives when the next one is due, and whether there is a new certificate.
    async fn attempt(&self, one: &Wanted, now: i64) -> (i64, bool) {
        let (directory, host) = (one.directory.as_str(), &one.host);
        let Ok(before) = self.note(one) else {
            return (not_now(one, now), false);
        };
        let failures = before.map_or(0, |note| note.failures).saturating_add(1);
        let mut note = Note {
            tried: now,
            failures,
            under_way: true,
            not_before: again(host, now, failures, None),
            ..Note::default()
        };
        // First on disk: whoever dies on the way does not order again at once, and who could not keep
        // what is made does not ask for it.
        if let Err(why) = self.store.keep_note(directory, host, &mut note) {
            tracing::error!(%host, %why, "no certificate is ordered: it could not be kept");
            return (note.not_before, false);
        }
        tracing::info!(%host, directory, "ordering a certificate");
        let ordered = self.ordered(one, now).await;
        note.under_way = false;
        match ordered {
            Ok(next) => {
                note.failures = 0;
                note.not_before = now;
                tracing::info!(%host, directory, "a certificate was issued");
                self.keep(one, &mut note);
                (next, true)
            }
            Err((failure, asked)) => {
                note.not_before = again(host, now, failures, asked);
                note.why = Some(failure.to_string());
                let pause = note.not_before.saturating_sub(now);
                tracing::warn!(%host, directory, why = %failure, failures, again_in_s = pause,
                    "a certificate could not be ordered");
                self.keep(one, &mut note);
                (note.not_before, false)
            }
        }
    }

    fn keep(&self, one: &Wanted, note: &mut Note) {
        if let Err(why) = self.store.keep_note(&one.directory, &one.host, note) {
            tracing::error!(host = %one.host, %why, "how an order went could not be kept");
        }
    }

    /// Orders, keeps and checks a certificate. Gives when it is to be renewed, or why there is none and how
    /// many seconds the authority wants to be left alone.
    async fn ordered(&self, one: &Wanted, now: i64) -> Result<i64, (Failure, Option<u64>)> {
        let ca = one.ca.as_ref().map(Path::new);
        let asker = Asker::new(ca).map_err(|why| (why, None))?;
        let with = (&asker, &*self.answers);
        let made = timeout(ORDER_TIME, order(one, &self.accounts, with)).await;
        let late = |_late| {
            let time = ORDER_TIME.as_secs();
            Err(Failure::own(format!("it took more than {time}s")))
        };
        let made = made.unwrap_or_else(late);
        let made = made.map_err(|why| (why, asker.told().map(|asked| asked.as_secs())))?;
        let (directory, host) = (one.directory.as_str(), &one.host);
        let unkept = |why| (Failure::own(format!("it can't be kept: {why}")), None);
        let pair = self
            .store
            .write_pair(directory, host, &made.key, &made.chain);
        // What is there stays until there is something better.
        let renewed = renewed(&pair.map_err(unkept)?, host);
        let renewed = renewed.ok_or((Failure::own("what was issued can't be used"), None))?;
        self.store.take_pair(directory, host).map_err(unkept)?;
        if renewed <= now {
            // Else it would be ordered again at once, for ever.
            let what = "what was issued is to be renewed already: is this machine's clock right?";
            return Err((Failure::own(what), None));
        }
        Ok(renewed)
    }

    fn due(&self) -> MutexGuard<'_, BTreeMap<Wanted, i64>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An order that came to its end: of what, when the next one is due, and whether it brought a certificate.
type Ended = (Wanted, i64, bool);

/// Orders under way, side by side: a few at each authority, so that one that is slow or does not answer
/// holds up its own only, and one for each host. Dropping it leaves them; each counts as failed then.
pub struct Round<'a, T> {
    orders: &'a Orders,
    took: T,
    under_way: FuturesUnordered<Pin<Box<dyn Future<Output = Ended> + 'a>>>,
    /// The same by name.
    at: BTreeSet<Wanted>,
}

impl<T: Fn(&Wanted)> Round<'_, T> {
    /// Begins an order of each of `wanted` that is due at `now`, as far as there is room, and forgets what is
    /// wanted no more. What fails is told in the log and in the note beside the certificate, and is due again
    /// later: what was there before stays.
    pub fn begin(&mut self, wanted: &BTreeSet<Wanted>, now: SystemTime) {
        let now = seconds(now);
        let orders = self.orders;
        orders.due().retain(|one, _| wanted.contains(one));
        orders.told().retain(|one, _| wanted.contains(one));
        for one in wanted {
            let known = orders.due().get(one).copied();
            if known.is_some_and(|due| due > now) || !self.has_room(one) {
                continue;
            }
            // Another listener may have had it ordered meanwhile.
            let due = orders.due_of(one, now);
            orders.due().insert(one.clone(), due);
            if due <= now {
                let one = one.clone();
                self.at.insert(one.clone());
                self.under_way.push(Box::pin(async move {
                    let (due, is_new) = orders.attempt(&one, now).await;
                    (one, due, is_new)
                }));
            }
        }
    }

    /// Returns when one of them has ended: there may be room for another. Never while none is under way.
    /// Nothing is lost if it is dropped.
    pub async fn ended(&mut self) {
        let Some((one, due, is_new)) = self.under_way.next().await else {
            return pending().await;
        };
        self.at.remove(&one);
        if is_new {
            (self.took)(&one);
        }
        self.orders.due().insert(one, due);
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.at.is_empty()
    }

    /// A host can be proven to one authority at a time, and has one note at each.
    fn has_room(&self, one: &Wanted) -> bool {
        let there = |other: &&Wanted| other.directory == one.directory;
        self.at.iter().filter(there).count() < ORDERS_AT_ONCE
            && self.at.iter().all(|other| other.host != one.host)
    }
}

/// When the certificate in a file is to be renewed; none if it can't be shown for `host`.
fn renewed(path: &Path, host: &Host) -> Option<i64> {
    let pair = Pair::read(path, path).ok()?;
    pair.fit(host.as_str())?;
    let about = pair.about()?;
    Some(renewal(host, about.from, about.until))
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
