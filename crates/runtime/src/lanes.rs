//! One thing at a time per instance and per service's route, also from one deployment to the next: what
//! the one that has ended is just doing is over before the next one does anything there.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use futures_channel::oneshot;
use windlass_edge::Spawner;
use windlass_model::{DeploymentId, InstanceId, ServiceKey};

/// What actions must not overtake each other on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// Starting and stopping one instance.
    Instance(InstanceId),
    /// One service's route.
    Route(ServiceKey),
    /// Disarming for the promotion of one deployment, and arming again.
    Promotion(DeploymentId),
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

    /// Returns once what was put into the lane of a service's route before is over.
    pub(crate) async fn over(self: &Rc<Self>, spawner: &dyn Spawner, service: ServiceKey) {
        let (over, is_over) = oneshot::channel();
        let job = async move {
            // Whoever waits for it may have gone.
            let _gone = over.send(()).is_err();
        };
        self.put(spawner, Lane::Route(service), Box::pin(job));
        let _dropped_with_the_controller = is_over.await.is_err();
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
