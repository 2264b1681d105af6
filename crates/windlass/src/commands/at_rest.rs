//! An installation in which nothing runs: it is looked at where it lies, so that looking starts nothing.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use windlass_api::{EnvironmentView, InstanceView, ServiceView, SlotView};
use windlass_client::{Client, ControllerLock, Holder, Reach, StatePaths};
use windlass_model::{Environment, ServiceState, Slot};
use windlass_router::holder;
use windlass_store::environments;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::wire;

/// Longest wait for a controller that is about to end.
const SETTLED_WITHIN: Duration = Duration::from_secs(2);

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What is known where neither a controller nor a router runs, and the journal says of each environment
/// that nothing of it runs. None: something does, or nobody can tell without a controller.
pub(super) async fn at_rest(context: &Context) -> Result<Option<Vec<EnvironmentView>>, Diagnostic> {
    let Reach::Here(paths) = context.reach()? else {
        return Ok(None);
    };
    let journal = paths.state.join(wire::JOURNAL);
    settled(&paths).await;
    if somebody_lives(&paths) || !journal.is_file() {
        return Ok(None);
    }
    // What can't be read here, the controller reports with what helps.
    let Ok(Some(all)) = environments(&journal).await else {
        return Ok(None);
    };
    // A journal that knows nothing, where something has run, is none that one could go by.
    if all.iter().any(runs) || all.is_empty() && has_traces(&paths) {
        return Ok(None);
    }
    Ok(Some(all.into_iter().map(|one| view(one, &paths)).collect()))
}

/// Returns once no controller is about to end, or to begin: one that holds the lock and takes nobody in.
async fn settled(paths: &StatePaths) {
    let begun = Instant::now();
    let is_between = || {
        let held = ControllerLock::holder(paths) != Holder::Nobody;
        held && UnixStream::connect(&paths.controller_socket).is_err()
    };
    while is_between() && begun.elapsed() < SETTLED_WITHIN {
        tokio::time::sleep(PAUSE).await;
    }
}

/// The same once the controller is gone that died or ended while it was asked. Whoever asked it must not start
/// another one to hear that nothing runs.
pub(super) async fn at_rest_after(
    context: &Context,
    gone: &Client,
) -> Result<Option<Vec<EnvironmentView>>, Diagnostic> {
    if let Some(paths) = gone.reach().paths() {
        let begun = Instant::now();
        let its = Holder::Somebody(Some(gone.controller().pid));
        while ControllerLock::holder(paths) == its && begun.elapsed() < SETTLED_WITHIN {
            tokio::time::sleep(PAUSE).await;
        }
    }
    at_rest(context).await
}

fn somebody_lives(paths: &StatePaths) -> bool {
    ControllerLock::holder(paths) != Holder::Nobody
        || holder(&wire::router_state(paths)).is_some()
        || UnixStream::connect(&paths.router_socket).is_ok()
}

fn has_traces(paths: &StatePaths) -> bool {
    let instances = std::fs::read_dir(paths.state.join("instances"));
    instances.is_ok_and(|mut entries| entries.next().is_some())
}

fn runs(environment: &Environment) -> bool {
    let mut states = environment.services.values();
    environment.lock.is_some() || states.any(ServiceState::runs)
}

fn view(environment: Environment, paths: &StatePaths) -> EnvironmentView {
    let services = environment.services.into_iter();
    EnvironmentView {
        app: environment.app,
        environment: environment.environment,
        revision: environment.revision,
        folder: environment.folder,
        deployment: None,
        lock: None,
        halted: wire::halted(paths),
        router_silent: None,
        router: None,
        services: services
            .map(|(name, state)| (name, service(state)))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn service(state: ServiceState) -> ServiceView {
    // What a script has brought needs nothing that runs.
    let stable = state.stable.filter(|slot| slot.spec.command.is_some());
    ServiceView {
        down: state.down,
        stable: stable.map(brought),
        ..ServiceView::default()
    }
}

fn brought(slot: Slot) -> SlotView {
    let instances = slot.instances.into_iter().map(|instance| InstanceView {
        id: instance.id,
        address: instance.address,
        state: "live".to_owned(),
        pid: None,
        restarts: 0,
        trouble: None,
    });
    SlotView {
        slot: slot.id,
        label: slot.label,
        version: slot.release.version,
        artefact: Some(slot.release.artefact),
        weight: None,
        in_flight: None,
        script: true,
        instances: instances.collect(),
    }
}
