//! The runtime that sends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::connection::{Answer, Connections};
use crate::counts::Counts;
use crate::pace::Due;
use crate::plan::LoadPlan;

/// Most requests that wait for a connection or an answer; a further one has failed.
const UNDER_WAY_MOST: usize = 20_000;

/// What the requests of a load share.
pub(crate) struct Shared {
    pub(crate) plan: LoadPlan,
    pub(crate) started: Instant,
    counts: Mutex<Counts>,
    connections: Connections,
}

impl Shared {
    /// Nothing was sent yet.
    pub(crate) fn new(plan: LoadPlan) -> Self {
        let connections = Connections::new(plan.target, plan.connections);
        Self {
            plan,
            started: Instant::now(),
            counts: Mutex::default(),
            connections,
        }
    }

    /// The counts, locked; never held across an await.
    pub(crate) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, due: Due, result: &Result<Answer, String>) {
        let now = Instant::now();
        let (at, latency) = (now - self.started, now.saturating_duration_since(due.at));
        self.counts().record(at, latency, result);
    }
}

/// Sends what is due until nothing more can come, then waits for the answers under way. Each request
/// has its time-out, so that this ends at most one time-out later.
pub(crate) async fn drive(shared: &Arc<Shared>, mut due: mpsc::Receiver<Due>) {
    let mut requests = JoinSet::new();
    loop {
        tokio::select! {
            next = due.recv() => match next {
                Some(next) => {
                    shared.counts().sent += 1;
                    if requests.len() < UNDER_WAY_MOST {
                        requests.spawn(send(Arc::clone(shared), next));
                    } else {
                        let many = format!("{UNDER_WAY_MOST} requests wait already");
                        shared.ended(next, &Err(many));
                    }
                }
                None => break,
            },
            // A request's task has no result: it counts for itself.
            Some(_ended) = requests.join_next() => {}
        }
    }
    while requests.join_next().await.is_some() {}
}

async fn send(shared: Arc<Shared>, due: Due) {
    let Shared {
        plan, connections, ..
    } = &*shared;
    let deadline = tokio::time::Instant::from_std(due.at + plan.timeout);
    let asked = connections.ask(&plan.path, plan.reuse(due.number));
    let result = match tokio::time::timeout_at(deadline, asked).await {
        Ok(result) => result,
        Err(_elapsed) => Err(format!("no answer within {:?}", plan.timeout)),
    };
    shared.ended(due, &result);
}
