//! Disarming before the commit point.
//!
//! All tripwires of the deployment go in one swap that names the generations they were armed on. A
//! trip that came first has moved them: then the swap is refused, and the trip wins. A crash between
//! the swap and the promotion's row is nothing to mend: whoever resumes confirms again.

use std::collections::BTreeMap;

use windlass_control::{ObservedTable, TableChange, Tripwire};
use windlass_engine::deployment::{Course, Event, Wire};
use windlass_model::{Percent, ServiceKey, ServiceName};

use crate::drive::Input;
use crate::perform::{Hands, TRIES};
use crate::routes::{armed_by, generation, table_change};

impl Hands {
    /// Asks until nothing can go back by itself any more, or the promotion is off.
    pub(crate) async fn confirm(&self) {
        while self.course() == Some(Course::Promoting) {
            if self.is_disarmed().await {
                let confirmed = Input::Event(Event::PromotionConfirmed);
                return self.inbox.send(confirmed).await;
            }
            self.pause().await;
        }
    }

    /// Where the deployment is heading, as committed.
    pub(crate) fn course(&self) -> Option<Course> {
        let running = self.shared.running.borrow();
        let driven = running.get(&self.id)?;
        let course = driven.now.borrow().course;
        Some(course)
    }

    /// One try. While a trip is on its way into the journal the answer is no: it may end the
    /// promotion, or be of a service that has gone back already and hold up nobody.
    async fn is_disarmed(&self) -> bool {
        let router = &self.shared.border.router;
        let Ok(observed) = router.observe().await else {
            return false;
        };
        let mut trips = observed.trips.iter();
        let tripped = trips
            .any(|trip| trip.withheld.is_none() && armed_by(&trip.id).as_ref() == Some(&self.id));
        if tripped {
            return false;
        }
        let armed = self.armed(&observed);
        if armed.is_empty() {
            return true;
        }
        let change = disarming(&observed, &armed);
        // Where a generation moved, or the answer was lost, the next try looks again.
        router.apply(change).await.is_ok()
    }

    /// The tripwires of this deployment.
    fn armed(&self, observed: &ObservedTable) -> BTreeMap<ServiceKey, Tripwire> {
        let all = observed.services.iter();
        all.filter_map(|(key, entry)| {
            let wire = entry.tripwire.clone()?;
            (armed_by(&wire.id).as_ref() == Some(&self.id)).then(|| (key.clone(), wire))
        })
        .collect()
    }

    /// Arms again what may have been disarmed for a promotion that is off: where the candidate still
    /// has its share, and only as long as the deployment goes forward.
    pub(crate) async fn arm(&self, wires: BTreeMap<ServiceName, Option<Wire>>) {
        let router = &self.shared.border.router;
        let wanted = self.tripwires(&wires);
        let mut tries = 0;
        while self.course() == Some(Course::Forward) {
            if let Ok(observed) = router.observe().await {
                let mut missing = wanted.clone();
                missing.retain(|key, wire| {
                    let entry = observed.services.get(key);
                    entry.zip(wire.as_ref()).is_some_and(|(entry, wire)| {
                        entry.tripwire.as_ref() != Some(wire)
                            && entry.route.weight(wire.slot) > Percent::ZERO
                    })
                });
                if missing.is_empty() {
                    return;
                }
                let change = table_change(&observed, BTreeMap::new(), missing);
                if router.apply(change).await.is_ok() {
                    return;
                }
            }
            tries += 1;
            if tries == TRIES {
                tracing::error!("the tripwires of {} are not armed again yet", self.id);
            }
            self.pause().await;
        }
    }
}

/// Takes tripwires away, unless one of the services that they are about has moved.
pub(crate) fn disarming(
    observed: &ObservedTable,
    armed: &BTreeMap<ServiceKey, Tripwire>,
) -> TableChange {
    let named = armed.values().flat_map(|wire| wire.way_back.keys());
    let relies_on = armed
        .keys()
        .chain(named)
        .map(|key| (key.clone(), generation(observed, key)))
        .collect();
    TableChange {
        routes: BTreeMap::new(),
        tripwires: armed.keys().map(|key| (key.clone(), None)).collect(),
        relies_on,
    }
}
