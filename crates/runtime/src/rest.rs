//! Seeing that what stands by gets no requests before it is stopped.
//!
//! What a rollout has moved, routers have confirmed. Who has the traffic of a slot that it only finds
//! there is theirs to say.

use std::rc::Rc;

use windlass_api::Problem;
use windlass_control::ObservedTable;
use windlass_edge::{EdgeError, ErrorKind, Retry, Stopped};
use windlass_engine::deployment::Deployment;
use windlass_engine::rollout::Rollout;
use windlass_model::{InstanceId, Percent, ServiceKey, ServiceName, Slot, SlotId};

use crate::controller::Shared;
use crate::perform::Hands;
use crate::problems;

/// What a rollout stops besides the old slot and somebody may send requests to.
fn displaced(rollout: &Rollout) -> impl Iterator<Item = &Slot> {
    let slots = rollout.displaced();
    slots.filter(|slot| slot.spec.listen.is_some())
}

fn share(table: &ObservedTable, service: &ServiceKey, slot: SlotId) -> Percent {
    let entry = table.services.get(service);
    entry.map_or(Percent::ZERO, |entry| entry.route.weight(slot))
}

/// A deployment does not begin where what it would stop has requests. Where no router can be asked,
/// the stop itself asks again.
pub(crate) async fn refuse_serving(
    shared: &Rc<Shared>,
    deployment: &Deployment,
) -> Result<(), Problem> {
    let plan = &deployment.plan;
    let mut rollouts = deployment.rollouts.values();
    if !rollouts.any(|rollout| displaced(rollout).next().is_some()) {
        return Ok(());
    }
    let Ok(table) = shared.border.router.observe().await else {
        return Ok(());
    };
    for (service, rollout) in &deployment.rollouts {
        let name = plan.renames.get(service).unwrap_or(service);
        let key = ServiceKey {
            app: plan.app.clone(),
            environment: plan.environment.clone(),
            service: name.clone(),
        };
        for slot in displaced(rollout) {
            let share = share(&table, &key, slot.id);
            if share > Percent::ZERO {
                return Err(problems::standby_serves(service, slot, share));
            }
        }
    }
    Ok(())
}

impl Hands {
    /// Stops an instance, unless it is one that the rollout only found there and that has requests.
    pub(crate) async fn try_stop(
        &self,
        service: &ServiceName,
        instance: &InstanceId,
    ) -> Result<Stopped, EdgeError> {
        if let Some(slot) = self.found_slot(service, instance) {
            let table = self.shared.border.router.observe().await?;
            let share = share(&table, &self.service_key(service), slot);
            if share > Percent::ZERO {
                let what = format!("slot {slot} still gets {share} of the requests");
                return Err(EdgeError::new(ErrorKind::Conflict, Retry::Never, what));
            }
        }
        self.shared.border.target.stop(instance).await
    }

    fn found_slot(&self, service: &ServiceName, instance: &InstanceId) -> Option<SlotId> {
        let running = self.shared.running.borrow();
        let now = running.get(&self.id)?.now.borrow();
        let mut slots = displaced(now.rollouts.get(service)?);
        let found = slots.find(|slot| slot.instances.iter().any(|i| i.id == *instance));
        found.map(|slot| slot.id)
    }
}
