//! One controller's border to a world.

use std::rc::Rc;

use windlass_edge::Store as _;
use windlass_runtime::Border;

use crate::life::{FakeSpawner, Life};
use crate::prober::FakeProber;
use crate::reception::FakeReception;
use crate::router::FakeRouter;
use crate::store::FakeStore;
use crate::target::FakeTarget;
use crate::time::FakeClock;
use crate::world::World;

impl World {
    /// The border of a controller that is born now, under the next epoch.
    pub fn border(&self, life: &Rc<Life>) -> Border {
        let store = FakeStore::open(&self.disk);
        let epoch = store.epoch();
        Border {
            clock: Rc::new(FakeClock::new(&self.time)),
            ids: self.ids.clone(),
            addresses: self.addresses.clone(),
            spawner: Rc::new(FakeSpawner(Rc::clone(life))),
            target: Rc::new(FakeTarget::new(&self.host, epoch)),
            router: Rc::new(FakeRouter::new(&self.front, epoch)),
            reception: Rc::new(FakeReception::new(&self.taken)),
            brake: Rc::new(self.brake.clone()),
            metrics: Rc::new(self.metrics.clone()),
            prober: Rc::new(FakeProber::new(&self.host)),
            gauge: Rc::new(self.gauge.clone()),
            store: Rc::new(store),
            restored_us: None,
        }
    }
}
