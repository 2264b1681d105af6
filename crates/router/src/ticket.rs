//! One request's place in one slot, from its pick to its last byte.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arc_swap::Guard;
use hyper::body::Body as _;
use hyper::header::HeaderValue;

use crate::choice::Says;
use crate::cohort::Number;
use crate::core::Core;
use crate::counts::Head;
use crate::doors::Destination;
use crate::entering;
use crate::limits::{COUNTED_BYTES, ENTER_TRIES};
use crate::live::{Entry, EntrySlot, InstanceState, Live, ServiceState, SlotState};
use crate::mirror::Mirror;
use crate::outgoing::Outgoing;
use crate::passage::Hold;
use crate::refused::Refused;
use crate::retry::Spare;
use crate::sending::Lost;
use crate::terms::{Admitted, Size, Terms};
use crate::ticks::Who;
use crate::upload::Progress;
use crate::watch::{Awaits, Side};

/// Counts one request as in flight in one slot. Dropping it ends the request for the drain, after
/// it was counted for the ticks.
pub(crate) struct Ticket {
    place: Place,
    shard: usize,
    /// The split under which it came.
    split: u64,
    /// Cuts of the slot that it need not care about: they came before it.
    cuts: u64,
    begun: Instant,
    head: Option<Head>,
    /// Time from when all of it was sent to the answer's head.
    waited: Duration,
    end: End,
    /// How far its body is.
    upload: Option<Rc<Progress>>,
    /// Bytes of the answer that were not counted yet.
    sent: u64,
    /// A tripwire has judged it.
    judged: bool,
    /// It waits for an answer of a candidate that a tripwire watches, or of what is beside one.
    awaits: Option<Awaits>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing yet. Who lets go of it so was left by its client.
    Open,
    /// Its client has the whole answer, or is told why there is none.
    Told,
    /// Its answer did not come, or broke off.
    Broken,
    /// No instance could be connected to.
    Unreachable,
}

/// Whose bytes they are.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    FromClient,
    ToClient,
}

/// Counts bytes that pass one slot.
pub(crate) struct Meter {
    state: Arc<SlotState>,
    shard: usize,
    way: Way,
}

impl Meter {
    pub(crate) fn passed(&self, bytes: usize) {
        let bytes = bytes as u64;
        let (received, sent) = match self.way {
            Way::FromClient => (bytes, 0),
            Way::ToClient => (0, bytes),
        };
        self.state.counts.passed(self.shard, received, sent);
    }
}

/// A slot of one table's entry.
struct Place {
    entry: Arc<Entry>,
    index: usize,
    /// The number of a visitor who has none yet.
    visitor: Option<Number>,
    #[expect(
        dead_code,
        reason = "counts among those that its service may have at once until dropped"
    )]
    admitted: Option<Admitted>,
}

impl Place {
    fn slot(&self) -> &EntrySlot {
        // The index was taken from this very entry.
        &self.entry.slots[self.index]
    }

    /// Goes over to the same slot in another table, if that still takes such requests there.
    fn stays_in(&mut self, live: &Live, to: &Destination) -> bool {
        let state = &self.slot().state;
        let found = || {
            let entry = live.doors.get(&to.listener)?.find(to)?;
            let index = entry.open_place(state.slot)?;
            let same = Arc::ptr_eq(&entry.slots[index].state, state);
            same.then(|| (entry.clone(), index))
        };
        let Some((entry, index)) = found() else {
            return false;
        };
        self.entry = entry;
        self.index = index;
        true
    }
}

/// What a request wants.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'r> {
    pub(crate) to: &'r Destination,
    pub(crate) says: Says<'r>,
    /// What is judged; none once it was.
    pub(crate) size: Option<Size<'r>>,
}

/// Why a request enters no slot, and whose it was.
pub(crate) struct NotEntered {
    pub(crate) why: Refused,
    pub(crate) service: Option<Arc<ServiceState>>,
    /// How it may wait, if it may.
    pub(crate) hold: Option<Hold>,
}

impl NotEntered {
    /// One that need not wait.
    pub(crate) fn new(why: Refused, service: Option<Arc<ServiceState>>) -> Self {
        Self {
            why,
            service,
            hold: None,
        }
    }
}

/// Picks a slot and counts the request there, or neither; see [`entering`].
fn enter(core: &Core, wish: Wish<'_>) -> Result<Place, NotEntered> {
    for _ in 0..ENTER_TRIES {
        let live = core.live.load();
        let place = pick(&live, wish)?;
        let state = place.slot().state.clone();
        let was = &live;
        let stays = move |now: &Guard<Arc<Live>>| {
            let mut place = place;
            (Arc::ptr_eq(was, now) || place.stays_in(now, wish.to)).then_some(place)
        };
        let entered = entering::enter(&state.in_flight, || core.live.load(), stays);
        if let Some(place) = entered {
            return Ok(place);
        }
    }
    Err(NotEntered::new(Refused::NoCapacity, None))
}

fn pick(live: &Live, wish: Wish<'_>) -> Result<Place, NotEntered> {
    let to = wish.to;
    let nobodys = |why| NotEntered::new(why, None);
    let Some(behind) = live.doors.get(&to.listener) else {
        return Err(nobodys(Refused::NoRoute));
    };
    let Some(entry) = behind.find(to) else {
        return Err(nobodys(Refused::NotFound));
    };
    let refused = |why| NotEntered::new(why, Some(entry.service.clone()));
    if let Some(shut) = entry.shut {
        return Err(NotEntered {
            hold: shut.hold,
            ..refused(shut.why)
        });
    }
    let judged = wish.size.map_or(Ok(()), |size| entry.terms.judge(size));
    judged.map_err(refused)?;
    let admitted = entry.terms.admit(&entry.service).map_err(refused)?;
    let chosen = entry.choose(wish.says);
    let chosen = chosen.ok_or_else(|| refused(Refused::NoCapacity))?;
    Ok(Place {
        entry: entry.clone(),
        index: chosen.index,
        visitor: chosen.new,
        admitted,
    })
}

impl Ticket {
    /// Enters one slot of the service that a request wants.
    pub(crate) fn take(
        core: &Core,
        wish: Wish<'_>,
        shard: usize,
        begun: Instant,
    ) -> Result<Self, NotEntered> {
        let place = enter(core, wish)?;
        let (state, split) = (&place.slot().state, place.entry.split);
        let cuts = state.cuts.count();
        state.counts.dealt(shard);
        Ok(Self {
            place,
            shard,
            split,
            cuts,
            begun,
            head: None,
            waited: Duration::ZERO,
            end: End::Open,
            upload: None,
            sent: 0,
            judged: false,
            awaits: None,
        })
    }

    /// Re-enters the table before another attempt: stays while its slot still takes requests, else
    /// gives the request to one that does, so that no attempt revives what was switched off.
    pub(crate) fn again(mut self, core: &Core, wish: Wish<'_>) -> Result<Self, NotEntered> {
        if self.place.stays_in(&core.live.load(), wish.to) {
            return Ok(self);
        }
        self.told();
        let (shard, begun) = (self.shard, self.begun);
        // It must not count as two of those that its service may have at once.
        drop(self);
        Self::take(core, wish, shard, begun)
    }

    /// When it entered, or began its present attempt.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// What counts for it.
    pub(crate) fn terms(&self) -> &Terms {
        &self.place.entry.terms
    }

    /// What it can be sent again from, if that is its service's policy and it can.
    pub(crate) fn spare(&self, outgoing: &Outgoing, switches: bool) -> Option<Spare> {
        let retries = self.terms().retries?;
        if switches || !outgoing.body.is_end_stream() {
            return None;
        }
        Spare::of(&outgoing.head, retries)
    }

    /// Notes for its service's budget that there is one request more.
    pub(crate) fn brings(&self) {
        let (service, share) = (&self.place.entry.service, self.terms().again());
        service.budget.bring(share);
        service.unseen.bring(share);
    }

    /// Whether it may be sent once more without a policy; takes that from what its service may.
    pub(crate) fn affords_again(&self, lost: Lost) -> bool {
        let service = &self.place.entry.service;
        match lost {
            Lost::Unsent => true,
            Lost::Refused => service.unseen.take(),
            Lost::Stale => service.budget.take(),
        }
    }

    /// Whether it may be sent again now; takes that from what its service may.
    pub(crate) fn affords(&self, spare: &mut Spare) -> bool {
        spare.spend(&self.place.entry.service.budget)
    }

    /// Who gets copies of its service's requests.
    pub(crate) fn mirror(&self) -> Option<&Mirror> {
        self.place.entry.mirror.as_deref()
    }

    /// The cookie with which a new visitor is told its number.
    pub(crate) fn cookie(&self, secure: bool) -> Option<HeaderValue> {
        let choice = self.place.entry.choice.as_ref()?;
        choice.cookie(self.place.visitor?, self.place.index, secure)
    }

    /// An instance of the slot that is not in `tried`.
    pub(crate) fn instance(&self, tried: &[u64]) -> Option<Arc<InstanceState>> {
        self.place.slot().pick(tried)
    }

    /// Returns when its slot is cut.
    pub(crate) async fn cut(&self) {
        let state = &self.place.slot().state;
        state.cuts.after(self.cuts, self.shard).await;
    }

    /// The same for whoever can't hold on to the ticket meanwhile.
    pub(crate) fn cut_apart(&self) -> impl Future<Output = ()> + use<> {
        let state = self.place.slot().state.clone();
        let (cuts, shard) = (self.cuts, self.shard);
        async move { state.cuts.after(cuts, shard).await }
    }

    /// Whether its slot was cut since it entered.
    pub(crate) fn is_cut(&self) -> bool {
        self.place.slot().state.cuts.count() != self.cuts
    }

    /// Which slot has the request.
    pub(crate) fn who(&self) -> &Arc<Who> {
        &self.place.slot().state.who
    }

    /// Whose request it is.
    pub(crate) fn service(&self) -> Arc<ServiceState> {
        self.place.entry.service.clone()
    }

    /// Counts an instance that could not be connected to.
    pub(crate) fn connect_failed(&self) {
        let slot = self.place.slot();
        let came = slot.state.dealing.came(self.split);
        slot.state.counts.connect_failure(self.shard, came);
        if let Some(watch) = &slot.watch {
            watch.missed();
        }
    }

    /// Notes that an instance was connected to.
    pub(crate) fn connected(&self) {
        if let Some(watch) = &self.place.slot().watch {
            watch.reached();
        }
    }

    /// Notes that no instance could be connected to: an error of the slot's.
    pub(crate) fn unreachable(&mut self) {
        self.end = End::Unreachable;
    }

    /// Has the body of the request counted as it goes.
    pub(crate) fn follow(&mut self, upload: &Rc<Progress>) {
        self.upload = Some(upload.clone());
    }

    /// Notes bytes of the answer that went on. They are counted by and by: many small pieces cost no more
    /// than one.
    pub(crate) fn passed(&mut self, bytes: usize) {
        self.sent += bytes as u64;
        if self.sent >= COUNTED_BYTES {
            self.count_bytes();
        }
    }

    fn count_bytes(&mut self) {
        let received = self.upload.as_ref().map_or(0, |upload| upload.take_bytes());
        let sent = std::mem::take(&mut self.sent);
        let counts = &self.place.slot().state.counts;
        counts.passed(self.shard, received, sent);
    }

    /// Counts what passes a tunnel, whatever becomes of the ticket.
    pub(crate) fn meter(&self, way: Way) -> Meter {
        Meter {
            state: self.place.slot().state.clone(),
            shard: self.shard,
            way,
        }
    }

    /// Notes that all of the request is on its way: from now on it is its slot that is waited for.
    pub(crate) fn awaits_answer(&mut self) {
        let slot = self.place.slot();
        let candidate = slot.watch.as_ref().map(|watch| (watch, Side::Candidate));
        let beside = || slot.beside.as_ref().map(|watch| (watch, Side::Beside));
        let side = candidate.or_else(beside);
        self.awaits = side.map(|(watch, side)| watch.awaits(self.shard, side));
    }

    /// Has the tripwire judge this request, once.
    fn judge(&mut self, error: bool) {
        if let Some(watch) = &self.place.slot().watch
            && !self.judged
        {
            let after = self.head.map(|_head| self.waited).filter(|_| !error);
            watch.saw(self.shard, error, after);
            self.judged = true;
        }
    }

    /// Notes the head of the answer to what was `sent` then; counted when the request ends. An error is
    /// judged at once, a good answer only when it is whole.
    pub(crate) fn answered(&mut self, status: u16, sent: Instant) {
        self.awaits = None;
        let now = Instant::now();
        self.waited = now.saturating_duration_since(sent);
        let slot = self.place.slot();
        slot.state.longest.saw(self.shard, now, self.waited);
        if let Some(watch) = &slot.watch {
            watch.heard(self.shard);
        }
        if status >= 500 {
            self.judge(true);
        }
        self.head = Some(Head {
            status,
            after: now.saturating_duration_since(self.begun),
        });
    }

    /// Notes that the answer broke off.
    pub(crate) fn broke(&mut self) {
        self.end = End::Broken;
    }

    /// Notes that its client has the whole answer, or is told why there is none.
    pub(crate) fn told(&mut self) {
        self.end = End::Told;
    }

    /// Counts what one attempt came to, and begins another one: what the first instance did counts,
    /// although the client does not see it, and the next one is not slow for it.
    pub(crate) fn next_attempt(&mut self) {
        self.settle();
        self.place.slot().state.counts.retried(self.shard);
        self.begun = Instant::now();
        self.head = None;
        self.end = End::Open;
        self.judged = false;
        self.awaits = None;
    }

    /// Counts a client that left. Where it had all of its request sent and not a word of the answer, it says
    /// how long it waited; one with a body may have waited for itself.
    fn left(&self) {
        let state = &self.place.slot().state;
        state.counts.left(self.shard);
        if self.head.is_none() && self.upload.is_none() {
            let now = Instant::now();
            let waited = now.saturating_duration_since(self.begun);
            state.left.saw(self.shard, now, waited);
            if let Some(awaits) = &self.awaits {
                awaits.left(now);
            }
        }
    }

    fn settle(&mut self) {
        self.count_bytes();
        // One whose client left before it had the whole answer is no evidence, neither good nor bad.
        match self.end {
            End::Broken | End::Unreachable => self.judge(true),
            End::Told if self.head.is_some() => self.judge(false),
            End::Told | End::Open => {}
        }
        let state = &self.place.slot().state;
        let came = state.dealing.came(self.split);
        if let Some(head) = self.head {
            state.counts.answer(self.shard, came, head);
        }
        if self.end == End::Broken {
            state.counts.broken(self.shard, came);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.settle();
        if self.end == End::Open {
            self.left();
        }
        let in_flight = &self.place.slot().state.in_flight;
        in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
