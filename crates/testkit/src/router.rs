//! The router as one controller reaches it.

use std::collections::BTreeMap;
use std::rc::Rc;

use async_trait::async_trait;
use futures_channel::oneshot;
use windlass_control::{Generation, ObservedTable, RouteChange, RouterBoot, Tick};
use windlass_edge::{EdgeError, TrafficRouter};
use windlass_model::{Epoch, ServiceKey};

use crate::errors;
use crate::front::Front;
use crate::time::pass;
use crate::trouble::Fate;

/// A [`Front`] spoken to under one epoch. What was sent arrives even if its sender has died.
#[derive(Clone, Debug)]
pub struct FakeRouter {
    front: Rc<Front>,
    epoch: Epoch,
}

impl FakeRouter {
    /// Speaks to `front` under `epoch`.
    pub fn new(front: &Rc<Front>, epoch: Epoch) -> Self {
        Self {
            front: Rc::clone(front),
            epoch,
        }
    }

    async fn reach(&self) -> Result<(), EdgeError> {
        pass(self.front.trouble.takes()).await;
        self.front.answers()?;
        self.front.hear(self.epoch)
    }
}

fn key(changes: &BTreeMap<ServiceKey, RouteChange>) -> String {
    changes
        .keys()
        .next()
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[async_trait(?Send)]
impl TrafficRouter for FakeRouter {
    async fn apply(
        &self,
        changes: BTreeMap<ServiceKey, RouteChange>,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError> {
        let key = key(&changes);
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
            let answer = front.apply(epoch, changes);
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

    async fn observe(&self) -> Result<ObservedTable, EdgeError> {
        self.reach().await?;
        if self.front.trouble.fate("observe") != Fate::Fine {
            return Err(errors::unreachable("the router was not reached"));
        }
        Ok(self.front.observe())
    }

    async fn ticks(&self, after: u64) -> Result<(RouterBoot, Vec<Tick>), EdgeError> {
        self.reach().await?;
        Ok((self.front.boot(), self.front.ticks(after)))
    }

    async fn shutdown(&self) -> Result<(), EdgeError> {
        self.reach().await?;
        self.front.shutdown(self.epoch)
    }
}
