//! One thing at a time per instance and per service's route.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use windlass_edge::Spawner;
use windlass_model::{InstanceId, ServiceName};

/// What actions must not overtake each other on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// Starting and stopping one instance.
    Instance(InstanceId),
    /// One service's route.
    Route(ServiceName),
    /// Disarming for the promotion, and arming again.
    Promotion,
}

type Job = Pin<Box<dyn Future<Output = ()>>>;

/// Queues per lane. The number of queued actions is bounded by the engine: a stage asks for each
/// thing once.
#[derive(Default)]
pub(crate) struct Lanes {
    waiting: RefCell<BTreeMap<Lane, VecDeque<Job>>>,
}

impl Lanes {
    /// Runs `job` after everything that was put into the same lane before.
    pub(crate) fn put(self: &Rc<Self>, spawner: &dyn Spawner, lane: Lane, job: Job) {
        let mut waiting = self.waiting.borrow_mut();
        if let Some(queue) = waiting.get_mut(&lane) {
            queue.push_back(job);
            return;
        }
        waiting.insert(lane.clone(), VecDeque::from([job]));
        drop(waiting);
        let lanes = Rc::clone(self);
        spawner.spawn(Box::pin(async move {
            while let Some(job) = lanes.next(&lane) {
                job.await;
            }
        }));
    }

    fn next(&self, lane: &Lane) -> Option<Job> {
        let mut waiting = self.waiting.borrow_mut();
        let job = waiting.get_mut(lane).and_then(VecDeque::pop_front);
        if job.is_none() {
            waiting.remove(lane);
        }
        job
    }
}
