//! Requests that wait, or are sent away, whatever the split says.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use windlass_control::{Passage, Pause, Refusal};
use windlass_model::{Epoch, RouteMode, ServiceKey};

use crate::apply::{Held, Keeper};
use crate::check::invalid;
use crate::core::{locked, now_us};
use crate::limits::{HELD_REQUESTS, HELD_TIME};
use crate::live::{Entry, ServiceState};
use crate::refused::Refused;

/// Why a service takes no request now, and how long one may wait for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shut {
    pub(crate) why: Refused,
    pub(crate) hold: Option<Hold>,
}

/// How requests wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub(crate) most: u64,
    pub(crate) within: Duration,
}

impl Shut {
    /// What follows from a route and whether requests pass to it; none: requests go on.
    pub(crate) fn of(passage: Passage, mode: RouteMode) -> Option<Self> {
        match (passage, mode) {
            (Passage::Maintenance, RouteMode::Serve | RouteMode::Recreating) => Some(Self {
                why: Refused::Maintenance,
                hold: None,
            }),
            (
                Passage::Paused(Pause { waiting, within }),
                RouteMode::Serve | RouteMode::Recreating,
            ) => Some(Self {
                why: Refused::Paused,
                hold: Some(Hold {
                    most: u64::from(waiting),
                    within: within.duration(),
                }),
            }),
            (Passage::Open, RouteMode::Recreating) => Some(Self {
                why: Refused::Recreating,
                hold: Some(Hold {
                    most: HELD_REQUESTS,
                    within: HELD_TIME,
                }),
            }),
            (Passage::Open, RouteMode::Serve) => None,
        }
    }
}

/// One of the requests that wait for a service, until it is dropped.
pub(crate) struct Waiting(Arc<ServiceState>);

impl Waiting {
    /// None where enough wait already.
    pub(crate) fn begin(service: &Arc<ServiceState>, hold: Hold) -> Option<Self> {
        let below = |count: u64| (count < hold.most).then_some(count + 1);
        let counted = service
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, below);
        counted.is_ok().then(|| Self(service.clone()))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Keeper {
    /// Opens or shuts the way to a service, or to all of them, for a time or for good. In effect at once and kept
    /// on disk soon after: a full disk stops neither.
    pub(crate) fn passage(
        &self,
        epoch: Epoch,
        service: Option<&ServiceKey>,
        wanted: (Passage, Option<i64>),
    ) -> Result<(), Refusal> {
        let mut held = locked(&self.held);
        held.fence(epoch)?;
        let live = self.core.live.load_full();
        let keys = match service {
            None => live.services.keys().cloned().collect(),
            Some(key) if live.services.contains_key(key) => vec![key.clone()],
            Some(key) => return Err(invalid(format!("{key} is not routed"))),
        };
        self.pass(&held, &keys, wanted);
        Ok(())
    }

    /// Opens what was shut for a time that is over.
    pub(crate) fn open_overdue(&self) {
        let now = now_us();
        let overdue = || -> Vec<ServiceKey> {
            let live = self.core.live.load();
            let is_over =
                |(_, entry): &(_, &Arc<Entry>)| entry.until_us.is_some_and(|until| until <= now);
            let over = live.services.iter().filter(is_over);
            over.map(|(key, _)| key.clone()).collect()
        };
        if overdue().is_empty() {
            return;
        }
        let held = locked(&self.held);
        if !held.is_given_away {
            // Only now nobody can shut one for longer meanwhile.
            self.pass(&held, &overdue(), (Passage::Open, None));
        }
    }

    /// Opens or shuts the way to these services, in one swap: those who wait for one of several that were shut
    /// together find the others open too.
    fn pass(&self, held: &Held, keys: &[ServiceKey], (passage, until_us): (Passage, Option<i64>)) {
        let live = self.core.live.load_full();
        let mut services = live.services.clone();
        let mut changed = Vec::new();
        for key in keys {
            let Some(before) = live.services.get(key) else {
                continue;
            };
            if before.passage == passage && before.until_us == until_us {
                continue;
            }
            let tripwire = before.armed.as_ref().map(|armed| armed.tripwire.clone());
            let (generation, route) = (before.generation, before.route.clone());
            let mut entry = self.core.entry(key, generation, route, tripwire);
            entry.set_passage(passage, until_us);
            services.insert(key.clone(), Arc::new(entry));
            changed.push(key);
        }
        if changed.is_empty() {
            return;
        }
        self.core.swap(services);
        self.save_late(held);
        for key in changed {
            tracing::info!(service = %key, ?passage, until_us, "opened or shut the way to a service");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_counts_more_than_what_the_route_does() {
        let pause = Passage::Paused(Pause::default());
        for (passage, mode, expected) in [
            (Passage::Open, RouteMode::Serve, None),
            (
                Passage::Open,
                RouteMode::Recreating,
                Some((Refused::Recreating, true)),
            ),
            (pause, RouteMode::Serve, Some((Refused::Paused, true))),
            (pause, RouteMode::Recreating, Some((Refused::Paused, true))),
            (
                Passage::Maintenance,
                RouteMode::Serve,
                Some((Refused::Maintenance, false)),
            ),
        ] {
            let shut = Shut::of(passage, mode);
            let waits = shut.map(|shut| (shut.why, shut.hold.is_some()));
            assert_eq!(waits, expected, "{passage:?} {mode:?}");
        }
    }
}
