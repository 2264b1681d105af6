//! What the tests share: short ways to say and to look.

use std::collections::BTreeMap;

use windlass_api::{Command, Problem};
use windlass_model::{
    DeploymentId, Fact, Millis, Outcome, Percent, ReturnReason, RolloutPhase, ServiceState, Slot,
};
use windlass_testkit::{
    App, Effect, Ending, Lab, Script, Service, app_name, environment_name, service_name,
};

/// Tasks of a controller in which nothing goes on: one answers requests, one waits for a router that comes
/// back, one hears what befell it, one writes what happened, and one looks whether anything hangs. Beside them
/// each instance has a follower.
pub(crate) const RESIDENT: usize = 5;

/// The application of most tests.
pub(crate) fn shop(services: impl IntoIterator<Item = Service>) -> App {
    App::new("shop", services)
}

/// One service on port 8080 with a short bake.
pub(crate) fn web() -> Service {
    Service::new("web").listen(8080).bake(Millis::from_secs(2))
}

/// Three services in a row, each needing the one before: `auth` ← `api` ← `web`.
pub(crate) fn three() -> [Service; 3] {
    let part = |name, port| Service::new(name).listen(port).bake(Millis::from_secs(2));
    [
        part("auth", 8001),
        part("api", 8002).needs(&["auth"]),
        part("web", 8003).needs(&["api"]),
    ]
}

/// The same as canaries of three steps.
pub(crate) fn three_canaries() -> [Service; 3] {
    three().map(|part| part.canary(&[(5, 2_000), (25, 2_000), (100, 2_000)]))
}

/// Puts the same content into the folders of `services`.
pub(crate) fn put(lab: &Lab, services: &[&str], content: &str) {
    for service in services {
        lab.world.host.put(&service_name(service), content);
    }
}

/// Says what instances of one content do.
pub(crate) fn script(lab: &Lab, service: &str, content: &str, script: Script) {
    lab.world
        .host
        .script(&service_name(service), content, script);
}

/// Deploys `app` and sees that it is promoted.
pub(crate) async fn promoted(lab: &mut Lab, app: &App) -> DeploymentId {
    let (id, ending) = lab.deployed(app).await;
    assert_eq!(
        ending,
        Ending::Ended(Outcome::Promoted),
        "{:?}",
        facts(lab, &id)
    );
    id
}

/// Begins a deployment of `app` and goes on at once.
pub(crate) async fn begun(lab: &Lab, app: &App) -> DeploymentId {
    let id = lab.deploy(app).await.expect("it is accepted");
    id.expect("there is something to do")
}

/// What became true in a deployment.
pub(crate) fn facts(lab: &Lab, id: &DeploymentId) -> Vec<Fact> {
    let rows = lab.world.disk.rows(id);
    rows.into_iter().flat_map(|row| row.facts).collect()
}

/// The services that passed, in order.
pub(crate) fn passed(lab: &Lab, id: &DeploymentId) -> Vec<String> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::RolloutPassed { service } => Some(service.to_string()),
        _ => None,
    })
    .collect()
}

/// The services that failed, in order, with why.
pub(crate) fn failed(lab: &Lab, id: &DeploymentId) -> Vec<(String, ReturnReason)> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::RolloutFailed { service, why } => Some((service.to_string(), why)),
        _ => None,
    })
    .collect()
}

/// The phases that a service entered, in order.
pub(crate) fn phases(lab: &Lab, id: &DeploymentId, name: &str) -> Vec<RolloutPhase> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::PhaseEntered { service, phase } if service.as_str() == name => Some(phase),
        _ => None,
    })
    .collect()
}

/// What the environment runs of one service.
pub(crate) fn state(lab: &Lab, service: &str) -> ServiceState {
    let stored = lab
        .world
        .disk
        .environment(&app_name("shop"), &environment_name());
    let services = stored.expect("it was deployed").services;
    services
        .get(&service_name(service))
        .cloned()
        .unwrap_or_default()
}

/// The stable slot of one service.
pub(crate) fn stable(lab: &Lab, service: &str) -> Slot {
    state(lab, service).stable.expect("it has a stable slot")
}

/// Every split one service ever had: share per slot.
pub(crate) fn splits(lab: &Lab, service: &str) -> Vec<BTreeMap<u32, u8>> {
    let key = shop([]).key(service);
    let all = lab.world.front.splits().into_iter();
    all.filter(|split| split.service == key)
        .map(|split| {
            let weights = split.weights().into_iter();
            weights.map(|(slot, weight)| (slot.0, weight)).collect()
        })
        .collect()
}

/// Shares per slot, written short.
pub(crate) fn shares<const N: usize>(shares: [(u32, u8); N]) -> BTreeMap<u32, u8> {
    shares.into_iter().collect()
}

/// Instances that run now.
pub(crate) fn alive(lab: &Lab) -> usize {
    lab.world.host.alive().len()
}

/// How often an effect took place.
pub(crate) fn count(lab: &Lab, effect: Effect) -> usize {
    lab.world.ledger.count(effect)
}

/// Nothing was done twice, and nobody got requests without capacity.
pub(crate) fn assert_clean(lab: &Lab) {
    assert_eq!(lab.world.ledger.complaints(), Vec::<String>::new());
    let splits = lab.world.front.splits().into_iter();
    let starving: Vec<_> = splits
        .filter(|split| !split.without_capacity.is_empty())
        .collect();
    assert_eq!(starving, []);
    assert!(!lab.panicked(), "a task panicked");
}

/// Says something to a deployment.
pub(crate) async fn say(lab: &Lab, id: &DeploymentId, command: Command) -> Result<(), Problem> {
    let handle = lab.handle();
    handle.command(id.clone(), command, "ana".to_owned()).await
}

/// Waits until a service bakes at `share`.
pub(crate) async fn until_baking(lab: &mut Lab, id: &DeploymentId, name: &str, share: u64) {
    let share = Percent::new(share).expect("a share");
    let reached = lab.until(id, |fact| {
        matches!(fact, Fact::TrafficShifted { service, to, .. }
            if service.as_str() == name && *to == share)
    });
    reached.await.expect("it gets that far");
}
