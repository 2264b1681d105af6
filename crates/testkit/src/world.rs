//! Everything outside a controller.

use std::rc::Rc;

use windlass_edge::Clock as _;

use crate::brake::FakeBrake;
use crate::disk::Disk;
use crate::front::Front;
use crate::gauge::FakeGauge;
use crate::ids::{FakeAddresses, FakeIds};
use crate::ledger::Ledger;
use crate::metrics::FakeMetrics;
use crate::reception::TakenAddresses;
use crate::target::Host;
use crate::time::{FakeClock, WorldTime};

/// Everything outside a controller; it survives when one dies. Must be made inside [`crate::run`].
#[derive(Clone, Debug)]
pub struct World {
    /// Its time.
    pub time: Rc<WorldTime>,
    /// What took effect.
    pub ledger: Rc<Ledger>,
    /// What runs instances.
    pub host: Rc<Host>,
    /// What splits traffic.
    pub front: Rc<Front>,
    /// What keeps the journal.
    pub disk: Rc<Disk>,
    /// Ids minted so far.
    pub ids: Rc<FakeIds>,
    /// Addresses allotted so far.
    pub addresses: Rc<FakeAddresses>,
    /// Addresses that others have.
    pub taken: TakenAddresses,
    /// A person's halt.
    pub brake: FakeBrake,
    /// What others measure.
    pub metrics: FakeMetrics,
    /// What files and commands say for the health score.
    pub gauge: FakeGauge,
}

impl Default for World {
    fn default() -> Self {
        let time = Rc::new(WorldTime::default());
        let ledger = Rc::new(Ledger::new(&time));
        let host = Rc::new(Host::new(&time, &ledger));
        let brake = FakeBrake::default();
        Self {
            front: Rc::new(Front::new(&time, &ledger, &host, &brake)),
            disk: Rc::default(),
            ids: Rc::default(),
            addresses: Rc::default(),
            taken: TakenAddresses::default(),
            brake,
            metrics: FakeMetrics::default(),
            gauge: FakeGauge::new(&time),
            time,
            ledger,
            host,
        }
    }
}

impl World {
    /// A world in which nothing runs yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The machine starts anew: every instance is gone, and the router comes back with its table.
    pub fn reboot(&self) {
        self.host.reboot();
        self.front.come_back();
    }

    /// Lets time pass.
    pub async fn pass(&self, time: windlass_model::Millis) {
        FakeClock::new(&self.time).sleep(time).await;
    }
}
