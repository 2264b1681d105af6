//! The router as one controller reaches it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use async_trait::async_trait;
use futures_channel::oneshot;
use windlass_control::{Generation, ObservedTable, RouterBoot, TableChange, Tick, TripwireId};
use windlass_edge::{EdgeError, RouterNews, TrafficRouter};
use windlass_model::{Epoch, InstanceEnd, Millis, ServiceKey, SlotId};

use crate::errors;
use crate::front::Front;
use crate::time::pass;
use crate::trouble::Fate;

/// Time between two looks at the instances that tripwires watch.
const TRIPWIRE_LOOK: Millis = Millis::from_millis(50);

/// A [`Front`] spoken to under one epoch. What was sent arrives even if its sender has died.
#[derive(Clone, Debug)]
pub struct FakeRouter {
    front: Rc<Front>,
    epoch: Epoch,
    /// The life of the router that this controller knows.
    boot: Cell<u32>,
    /// The life that this controller was last told of.
    told_life: Cell<u32>,
}

impl FakeRouter {
    /// Speaks to `front` under `epoch`.
    pub fn new(front: &Rc<Front>, epoch: Epoch) -> Self {
        Self {
            front: Rc::clone(front),
            epoch,
            boot: Cell::new(front.life()),
            told_life: Cell::new(front.life()),
        }
    }

    /// Answered whatever the epoch; a newer one is noted.
    async fn look(&self) -> Result<(), EdgeError> {
        pass(self.front.trouble.takes()).await;
        self.front.answers()?;
        if self.front.heard().is_none_or(|heard| heard < self.epoch) {
            self.front.hear(self.epoch)?;
        }
        Ok(())
    }

    async fn reach(&self) -> Result<(), EdgeError> {
        pass(self.front.trouble.takes()).await;
        self.front.answers()?;
        self.front.hear(self.epoch)
    }
}

fn key(change: &TableChange) -> String {
    let mut keys = change.routes.keys().chain(change.tripwires.keys());
    keys.next().map(ToString::to_string).unwrap_or_default()
}

/// Looks after the tripwires of `front` for as long as one is armed, whoever lives meanwhile.
fn look_after_tripwires(front: &Rc<Front>) {
    if front.is_looked_after.replace(true) {
        return;
    }
    let front = Rc::clone(front);
    drop(tokio::task::spawn_local(async move {
        while front.look_after_tripwires() {
            pass(TRIPWIRE_LOOK).await;
        }
        front.is_looked_after.set(false);
    }));
}

#[async_trait(?Send)]
impl TrafficRouter for FakeRouter {
    async fn apply(
        &self,
        change: TableChange,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError> {
        let key = key(&change);
        let fate = self.front.trouble.fate(&key);
        self.front.answers()?;
        if fate == Fate::Unreachable {
            return Err(errors::unreachable("the router was not reached"));
        }
        let (tell, told) = oneshot::channel();
        let (front, epoch) = (Rc::clone(&self.front), self.epoch);
        // On its way: from here on it arrives, whatever becomes of the controller.
        drop(tokio::task::spawn_local(async move {
            pass(front.trouble.takes()).await;
            let answer = front.apply(epoch, change);
            look_after_tripwires(&front);
            pass(front.trouble.takes()).await;
            // A controller that has died does not listen any more.
            drop(tell.send(answer));
        }));
        let lost = || errors::timeout("the router did not answer");
        match (told.await, fate) {
            (Ok(Ok(_)), Fate::Lost) | (Err(_), _) => Err(lost()),
            (Ok(answer), Fate::Fine | Fate::Lost | Fate::Unreachable) => answer,
        }
    }

    async fn acknowledge(&self, trip: &TripwireId) -> Result<(), EdgeError> {
        self.reach().await?;
        self.front.acknowledge(self.epoch, trip)
    }

    async fn may_listen(&self, address: SocketAddr) -> Result<(), EdgeError> {
        self.look().await?;
        self.front.may_listen(address)
    }

    async fn cut(&self, service: &ServiceKey, slot: SlotId) -> Result<u64, EdgeError> {
        self.reach().await?;
        self.front.cut(self.epoch, service, slot)
    }

    async fn heard(&self) -> Result<Option<Epoch>, EdgeError> {
        self.front.answers()?;
        Ok(self.front.heard())
    }

    async fn observe(&self) -> Result<ObservedTable, EdgeError> {
        self.look().await?;
        if self.front.trouble.fate("observe") != Fate::Fine {
            return Err(errors::unreachable("the router was not reached"));
        }
        Ok(self.front.observe())
    }

    async fn process(&self) -> Option<u32> {
        (!self.front.gone.get()).then_some(1)
    }

    async fn came_back(&self) {
        let known = self.boot.get();
        self.boot.set(self.front.life_after(known).await);
    }

    async fn news(&self) -> RouterNews {
        let known = self.told_life.get();
        self.told_life.set(self.front.life_after(known).await);
        let end = InstanceEnd::Killed(9);
        RouterNews::Restarted { end, found: false }
    }

    async fn ticks(&self, after: u64) -> Result<(RouterBoot, Vec<Tick>), EdgeError> {
        self.look().await?;
        Ok((self.front.boot(), self.front.ticks(after)))
    }

    async fn shutdown(&self) -> Result<(), EdgeError> {
        self.reach().await?;
        self.front.shutdown(self.epoch)
    }
}
