//! Playing a story.

use std::collections::{BTreeMap, BTreeSet};

use windlass_api::Command;
use windlass_control::Restart;
use windlass_edge::JournalEntry;
use windlass_model::{DeploymentId, Environment, Fact, InstanceId, Millis, Route, ServiceName};
use windlass_testkit::{
    Crash, Ending, Lab, Line, Split, Stopped, World, app_name, environment_name,
};

use super::story::{Round, Said, Story};

/// Tries of a person whose controller dies under the question.
const TRIES: u32 = 10;

/// A story as it was played.
pub(super) struct Played {
    pub(super) rounds: Vec<PlayedRound>,
    pub(super) commits: u64,
    pub(super) took: Millis,
    pub(super) rows: Vec<JournalEntry>,
    pub(super) lines: Vec<Line>,
    pub(super) splits: Vec<Split>,
    pub(super) complaints: Vec<String>,
    pub(super) panicked: bool,
}

/// One deployment as it was left.
pub(super) struct PlayedRound {
    /// The deployment; none when there was nothing to do.
    pub(super) deployment: Option<(DeploymentId, Ending)>,
    pub(super) before: Environment,
    pub(super) after: Environment,
    pub(super) alive: BTreeMap<InstanceId, Restart>,
    pub(super) kept: BTreeSet<windlass_model::Digest>,
    /// What the router has for every name there is or was.
    pub(super) routes: BTreeMap<ServiceName, Option<Route>>,
    /// Why the controller would not begin.
    pub(super) refused: Option<String>,
    /// The services whose promotion was journalled.
    pub(super) promoted: BTreeSet<ServiceName>,
    /// The services that were given their new name.
    pub(super) renamed: BTreeSet<ServiceName>,
    /// The services whose tripwire fired, as was journalled.
    pub(super) tripped: BTreeSet<ServiceName>,
    /// Trips that nobody has journalled.
    pub(super) trips: usize,
}

/// When a controller dies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Death {
    /// With a commit.
    With(Crash),
    /// At a time, whatever it is doing then.
    At(Millis),
}

/// Orders a death.
fn order(world: &World, death: Death) {
    match death {
        Death::With(crash) => world.disk.crash_at(crash),
        Death::At(time) => {
            let world = world.clone();
            drop(tokio::task::spawn_local(async move {
                world.pass(time).await;
                world.disk.crash_now();
            }));
        }
    }
}

pub(super) async fn play(story: &Story, deaths: &[Death]) -> Played {
    let world = World::new();
    let slowest = Millis::from_millis(if story.trouble > 0 { 20 } else { 1 });
    world.host.trouble.begin(story.seed, story.trouble, slowest);
    world
        .front
        .trouble
        .begin(story.seed ^ 1, story.trouble, slowest);
    world.front.requests_take(story.requests_take);
    if story.trusting {
        world.front.trust();
    }
    for death in deaths {
        order(&world, *death);
    }
    let mut lab = Lab::in_world(world);
    lab.stay_down_for(story.down_for);
    lab.start().await;
    let mut rounds = Vec::new();
    for round in &story.rounds {
        rounds.push(play_round(&mut lab, round).await);
    }
    Played {
        rounds,
        commits: lab.world.disk.commits(),
        took: lab.world.time.now(),
        rows: lab.world.disk.all_rows(),
        lines: lab.world.ledger.lines(),
        splits: lab.world.front.splits(),
        complaints: lab.world.ledger.complaints(),
        panicked: lab.panicked(),
    }
}

fn environment(lab: &Lab) -> Environment {
    let (app, name) = (app_name("shop"), environment_name());
    let stored = lab.world.disk.environment(&app, &name);
    stored.unwrap_or_else(|| Environment::empty(app, name))
}

async fn play_round(lab: &mut Lab, round: &Round) -> PlayedRound {
    let before = environment(lab);
    for (service, content) in &round.contents {
        lab.world.host.put(service, content);
    }
    for (service, script) in &round.scripts {
        if let Some(content) = round.contents.get(service)
            && !was_promoted(lab, round, service, content)
        {
            lab.world.host.script(service, content, script.clone());
        }
    }
    lab.world.front.refuse_nothing();
    if let Some((service, most)) = &round.refused {
        lab.world
            .front
            .refuse_after(&round.app.key(service.as_str()), *most);
    }
    let (deployment, refused) = match begin(lab, round).await {
        Ok(Some(id)) => {
            meddle(lab, round, &id).await;
            let ending = lab.until_ended(&id).await;
            (Some((id, ending)), None)
        }
        Ok(None) => (None, None),
        Err(why) => (None, Some(why)),
    };
    let after = environment(lab);
    let names = before.services.keys().chain(after.services.keys());
    let routes = names.map(|name| {
        let route = lab.world.front.route(&round.app.key(name.as_str()));
        (name.clone(), route)
    });
    let routes = routes.collect();
    let rows = deployment
        .as_ref()
        .map(|(id, _)| lab.world.disk.rows(id))
        .unwrap_or_default();
    let (mut promoted, mut renamed) = (BTreeSet::new(), BTreeSet::new());
    let mut tripped = BTreeSet::new();
    for fact in rows.into_iter().flat_map(|row| row.facts) {
        match fact {
            Fact::Promoted { services } => promoted.extend(services),
            Fact::Renamed { service, .. } => drop(renamed.insert(service)),
            Fact::TripwireFired { service, .. } => drop(tripped.insert(service)),
            _ => {}
        }
    }
    PlayedRound {
        promoted,
        renamed,
        tripped,
        trips: lab.world.front.trips().len(),
        deployment,
        refused,
        before,
        alive: lab.world.host.alive(),
        kept: lab.world.host.kept(),
        routes,
        after,
    }
}

/// What runs well goes on doing so: only a content that was never promoted gets a new script.
fn was_promoted(lab: &Lab, round: &Round, service: &ServiceName, content: &str) -> bool {
    let artefact = windlass_engine::sha256(content.as_bytes());
    let environment = environment(lab);
    let state = round.known_in(&environment, service);
    state.is_some_and(|state| {
        state
            .promoted
            .iter()
            .any(|known| known.release.artefact == artefact)
    })
}

/// Asks for the deployment, again if the controller dies under the question.
async fn begin(lab: &mut Lab, round: &Round) -> Result<Option<DeploymentId>, String> {
    let known = lab.world.disk.deployments().len();
    for _ in 0..TRIES {
        match lab.deploy(&round.app).await {
            Ok(id) => return Ok(id),
            // Nothing was changed: the person asks again in a moment.
            Err(Stopped::Refused(why)) if why.contains("the disk is full") => {
                lab.pass(Millis::from_secs(1)).await;
            }
            Err(Stopped::Refused(why)) => return Err(why),
            Err(Stopped::Died) => lab.obey().await,
        }
        if let Some(begun) = lab.world.disk.deployments().get(known) {
            return Ok(Some(begun.id.clone()));
        }
    }
    Err("the controller died under every question".to_owned())
}

/// What a person says and what happens to the disk.
async fn meddle(lab: &mut Lab, round: &Round, id: &DeploymentId) {
    if let Some((after, tries)) = round.full {
        lab.pass(after).await;
        lab.world.disk.fill_for(tries);
    }
    let Some((after, said)) = round.said else {
        return;
    };
    lab.pass(after).await;
    match said {
        Said::Abort => say(lab, id, Command::Abort).await,
        Said::Promote => say(lab, id, Command::Promote).await,
        Said::HoldFor(long) => {
            say(lab, id, Command::Hold).await;
            lab.pass(long).await;
            say(lab, id, Command::Resume).await;
        }
        Said::Trip => {
            let names = round.app.spec().services.keys();
            let mut keys = names.map(|name| round.app.key(name.as_str()));
            let front = &lab.world.front;
            if let Some(key) = keys.find(|key| front.armed(key).is_some()) {
                front.trip(&key, 9, 6);
            }
        }
        Said::HaltFor(long) => {
            lab.world.brake.halt("tester");
            lab.pass(long).await;
            lab.world.brake.lift();
        }
    }
}

/// Says something; it may no longer apply, or die with the controller and be said again.
async fn say(lab: &mut Lab, id: &DeploymentId, command: Command) {
    for _ in 0..TRIES {
        let handle = lab.handle();
        let ask = handle.command(id.clone(), command, "tester".to_owned());
        match lab.unless_it_dies(ask).await {
            Ok(_) => return,
            Err(_) => lab.obey().await,
        }
    }
}
