//! What is stable and does not run is started at once, where a file asks for nothing new.

use std::rc::Rc;

use windlass_control::Restart;
use windlass_edge::InstanceState;
use windlass_model::Plan;

use crate::controller::Shared;

/// Has each instance tried again now that waits for its next start: whoever deploys what is stable already may
/// have mended why it ended. It changes nothing that runs, and nothing is recorded: the journal has it as
/// running.
pub(crate) async fn rouse(shared: &Rc<Shared>, plan: &Plan) {
    let environment = shared.environment(&plan.app, &plan.environment);
    let target = &shared.border.target;
    for service in &plan.unchanged {
        let state = environment.services.get(service);
        let stable = state.and_then(|state| state.stable.as_ref());
        // A command has ended; only a deployment runs it.
        let stable = stable.filter(|slot| slot.spec.command.is_none());
        for instance in stable.into_iter().flat_map(|slot| &slot.instances) {
            let is_down = !matches!(
                target.observe(instance).await,
                Ok(InstanceState::Running {
                    listening: true,
                    ..
                })
            );
            if is_down && let Err(error) = target.set_restart(&instance.id, Restart::BackOff).await
            {
                // One without a shim is started again by who follows it.
                tracing::info!(instance.id = %instance.id, "not started at once: {}", error.chain());
            }
        }
    }
}
