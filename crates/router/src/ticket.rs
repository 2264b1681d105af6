//! One request's place in one slot, from its pick to its last byte.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use arc_swap::Guard;
use windlass_model::RouteMode;

use crate::answer::Refused;
use crate::core::Core;
use crate::counts::Head;
use crate::doors::Destination;
use crate::entering;
use crate::limits::ENTER_TRIES;
use crate::live::{Entry, EntrySlot, InstanceState, Live, ServiceState};
use crate::ticks::Who;

/// Counts one request as in flight in one slot. Dropping it ends the request for the drain, after
/// it was counted for the ticks.
pub(crate) struct Ticket {
    place: Place,
    shard: usize,
    /// Cuts of the slot that it need not care about: they came before it.
    cuts: u64,
    begun: Instant,
    head: Option<Head>,
    broken: bool,
    unreachable: bool,
    /// A tripwire has judged it.
    judged: bool,
}

/// A slot of one table's entry.
struct Place {
    entry: Arc<Entry>,
    index: usize,
}

impl Place {
    fn slot(&self) -> &EntrySlot {
        // The index was taken from this very entry.
        &self.entry.slots[self.index]
    }
}

/// Why a request enters no slot, and whose it was.
pub(crate) struct NotEntered {
    pub(crate) why: Refused,
    pub(crate) service: Option<Arc<ServiceState>>,
}

/// Picks a slot and counts the request there, or neither; see [`entering`].
fn enter(core: &Core, to: &Destination) -> Result<Place, NotEntered> {
    for _ in 0..ENTER_TRIES {
        let live = core.live.load();
        let place = pick(&live, to)?;
        let state = place.slot().state.clone();
        let stays = |now: &Guard<Arc<Live>>| {
            if Arc::ptr_eq(&live, now) {
                Some(place)
            } else {
                open_place(now, to, &place)
            }
        };
        let entered = entering::enter(&state.in_flight, || core.live.load(), stays);
        if let Some(place) = entered {
            return Ok(place);
        }
    }
    Err(NotEntered {
        why: Refused::NoCapacity,
        service: None,
    })
}

fn pick(live: &Live, to: &Destination) -> Result<Place, NotEntered> {
    let nobodys = |why| NotEntered { why, service: None };
    let Some(behind) = live.doors.get(&to.listener) else {
        return Err(nobodys(Refused::NoRoute));
    };
    let Some(entry) = behind.find(to) else {
        return Err(nobodys(Refused::NotFound));
    };
    let refused = |why| NotEntered {
        why,
        service: Some(entry.service.clone()),
    };
    match entry.route.mode {
        RouteMode::Recreating => Err(refused(Refused::Recreating)),
        RouteMode::Serve => match entry.turn() {
            None => Err(refused(Refused::NoCapacity)),
            Some(index) => Ok(Place {
                entry: entry.clone(),
                index,
            }),
        },
    }
}

/// The same slot in another table, if it still takes such requests there.
fn open_place(live: &Live, to: &Destination, place: &Place) -> Option<Place> {
    let entry = live.doors.get(&to.listener)?.find(to)?;
    let state = &place.slot().state;
    let index = entry.open_place(state.slot)?;
    Arc::ptr_eq(&entry.slots[index].state, state).then(|| Place {
        entry: entry.clone(),
        index,
    })
}

impl Ticket {
    /// Enters one slot of the service that a request wants to go `to`.
    pub(crate) fn take(
        core: &Core,
        to: &Destination,
        shard: usize,
        begun: Instant,
    ) -> Result<Self, NotEntered> {
        let place = enter(core, to)?;
        let cuts = place.slot().state.cuts.count();
        Ok(Self {
            place,
            shard,
            cuts,
            begun,
            head: None,
            broken: false,
            unreachable: false,
            judged: false,
        })
    }

    /// Re-enters the table before another attempt: stays while its slot still takes requests, else
    /// gives the request to one that does, so that no attempt revives what was switched off.
    pub(crate) fn again(self, core: &Core, to: &Destination) -> Result<Self, NotEntered> {
        let live = core.live.load();
        if let Some(place) = open_place(&live, to, &self.place) {
            let mut ticket = self;
            ticket.place = place;
            return Ok(ticket);
        }
        Self::take(core, to, self.shard, self.begun)
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
        slot.state.counts.connect_failure(self.shard);
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
        self.unreachable = true;
    }

    /// Has the tripwire judge this request, once.
    fn judge(&mut self, error: bool) {
        if let Some(watch) = &self.place.slot().watch
            && !self.judged
        {
            watch.saw(self.shard, error);
            self.judged = true;
        }
    }

    /// Notes the head of the answer; counted when the request ends. An error is judged at once, a
    /// good answer only when it is whole.
    pub(crate) fn answered(&mut self, status: u16) {
        if status >= 500 {
            self.judge(true);
        }
        self.head = Some(Head {
            status,
            after: self.begun.elapsed(),
        });
    }

    /// Notes that the answer broke off.
    pub(crate) fn broke(&mut self) {
        self.broken = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // One that got no answer because its client broke off is no evidence.
        let error = self.broken || self.unreachable;
        if error || self.head.is_some() {
            self.judge(error);
        }
        let state = &self.place.slot().state;
        if let Some(head) = self.head {
            state.counts.answer(self.shard, head);
        }
        if self.broken {
            state.counts.broken(self.shard);
        }
        state.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
