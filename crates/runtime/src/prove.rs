//! Looking whether services are back, and giving services other names.

use std::collections::BTreeMap;

use windlass_control::{Direction, Generation, RouteChange, RouterBoot, Tick};
use windlass_edge::{EdgeError, InstanceState, TrafficRouter};
use windlass_engine::deployment::{Event, Prove};
use windlass_model::{
    Instance, Millis, Percent, Probe, ProbeKind, Probed, Proof, ServiceKey, ServiceName, SlotId,
};

use crate::border::Border;
use crate::drive::Input;
use crate::perform::{Hands, TRIES, TRY_AGAIN, may_pass};

/// How long answers of what was left are looked for.
const PROOF_WATCH: Millis = Millis::from_secs(5);

/// How long the router is asked to take other names.
const RENAME_WITHIN: Millis = Millis::from_secs(30);

/// Most replies with ticks that are read to find the newest one.
const REPLIES_READ: u32 = 1_000;

/// A place in a router's ticks.
pub(crate) struct Place {
    boot: RouterBoot,
    last: u64,
}

/// The newest tick; none when the router can't be asked.
async fn newest(router: &dyn TrafficRouter) -> Option<Place> {
    let (boot, ticks) = after(router, 0).await?;
    let last = ticks.last().map_or(0, |tick| tick.number);
    Some(Place { boot, last })
}

/// All ticks after `from`; none when they can't be read, or are not of one life of the router.
async fn after(router: &dyn TrafficRouter, from: u64) -> Option<(RouterBoot, Vec<Tick>)> {
    let (boot, mut all) = router.ticks(from).await.ok()?;
    for _reply in 0..REPLIES_READ {
        let Some(last) = all.last().map(|tick| tick.number) else {
            break;
        };
        let (same, more) = router.ticks(last).await.ok()?;
        if same != boot {
            return None;
        }
        if more.is_empty() {
            break;
        }
        all.extend(more);
    }
    Some((boot, all))
}

/// Whether an instance answers well now; its last answer if not.
pub(crate) async fn answers(
    border: &Border,
    probe: &Probe,
    instance: &Instance,
) -> Result<(), String> {
    match probe.kind {
        ProbeKind::Alive { .. } => lives(border, instance).await,
        // Its run was its answer.
        ProbeKind::Command { .. } => Ok(()),
        ProbeKind::Http { .. } | ProbeKind::Tcp => {
            match border.prober.probe(probe, instance).await {
                Probed::Ready => Ok(()),
                Probed::Unready { saw } => Err(saw),
            }
        }
    }
}

async fn lives(border: &Border, instance: &Instance) -> Result<(), String> {
    let mut tries = 0;
    loop {
        tries += 1;
        match border.target.observe(instance).await {
            Ok(InstanceState::Running { .. }) => return Ok(()),
            Ok(InstanceState::Absent | InstanceState::Ended(_)) => {
                return Err("it has ended".to_owned());
            }
            Err(error) if tries >= TRIES || !may_pass(&error) => return Err(error.chain()),
            Err(_) => border.clock.sleep(TRY_AGAIN).await,
        }
    }
}

impl Hands {
    /// Watches for a while, then says what it saw.
    pub(crate) async fn prove(&self, services: BTreeMap<ServiceName, Prove>) {
        let border = &self.shared.border;
        let begin = newest(&*border.router).await;
        border.clock.sleep(PROOF_WATCH).await;
        let stray = match begin {
            Some(begin) => strays(&*border.router, begin).await,
            None => None,
        };
        let mut proofs = BTreeMap::new();
        for (service, prove) in services {
            let proof = self.proof(&service, &prove, stray.as_deref()).await;
            proofs.insert(service, proof);
        }
        self.inbox
            .send(Input::Event(Event::Proved { proofs }))
            .await;
    }

    async fn proof(&self, service: &ServiceName, prove: &Prove, ticks: Option<&[Tick]>) -> Proof {
        let Prove { at, left } = prove;
        let key = self.service_key(service);
        let listens = at.spec.listen.is_some();
        let mut ready: u16 = 0;
        for instance in &at.instances {
            let answered = answers(&self.shared.border, &at.spec.ready, instance).await;
            ready += u16::from(answered.is_ok());
        }
        let share = if listens {
            Some(self.share(&key, at.id).await)
        } else {
            None
        };
        Proof {
            version: at.release.version.clone(),
            share,
            ready,
            instances: u16::try_from(at.instances.len()).unwrap_or(u16::MAX),
            left: left.release.version.clone(),
            stray: ticks
                .filter(|_| listens)
                .map(|ticks| answered(ticks, &key, left.id)),
            watched: PROOF_WATCH,
        }
    }

    /// The share in effect. A router that can't be asked proves none.
    async fn share(&self, key: &ServiceKey, slot: SlotId) -> Percent {
        for _try in 0..TRIES {
            if let Ok(table) = self.shared.border.router.observe().await {
                let entry = table.services.get(key);
                return entry.map_or(Percent::ZERO, |entry| entry.route.weight(slot));
            }
            self.pause().await;
        }
        Percent::ZERO
    }

    /// Hands each route over to the service's new name, all in one swap; also for a deployment that
    /// goes back, for it ends only then. One that the router does not serve in time is stuck.
    pub(crate) async fn rename(&self, names: BTreeMap<ServiceName, ServiceName>) {
        let clock = &self.shared.border.clock;
        let until = clock.work().plus(RENAME_WITHIN);
        let event = loop {
            match self.try_rename(&names).await {
                Ok(()) => break Event::Renamed,
                Err(error) if clock.work() >= until => {
                    let saw = error.chain();
                    break Event::RenameFailed { saw };
                }
                Err(_) => self.pause().await,
            }
        };
        self.inbox.send(Input::Event(event)).await;
    }

    async fn try_rename(
        &self,
        names: &BTreeMap<ServiceName, ServiceName>,
    ) -> Result<(), EdgeError> {
        let router = &self.shared.border.router;
        let observed = router.observe().await?;
        let mut routes = BTreeMap::new();
        for (new, old) in names {
            let (new, old) = (self.service_key(new), self.service_key(old));
            let Some(entry) = observed.services.get(&old) else {
                continue;
            };
            // The same split under another name: nobody gets more than before.
            let change = |decided_on, route| RouteChange {
                direction: Direction::Return,
                decided_on,
                route,
            };
            let route = Some(entry.route.clone());
            routes.insert(new, change(Generation::default(), route));
            routes.insert(old, change(entry.generation, None));
        }
        if !routes.is_empty() {
            router.apply(routes.into()).await?;
        }
        Ok(())
    }
}

/// Ticks from `begin` on, without the one that began before; none when some are missing.
async fn strays(router: &dyn TrafficRouter, begin: Place) -> Option<Vec<Tick>> {
    let (boot, mut ticks) = after(router, begin.last).await?;
    let continues = ticks
        .first()
        .is_none_or(|tick| tick.number == begin.last + 1);
    if boot != begin.boot || !continues {
        return None;
    }
    if !ticks.is_empty() {
        ticks.remove(0);
    }
    Some(ticks)
}

fn answered(ticks: &[Tick], key: &ServiceKey, slot: SlotId) -> u64 {
    let counts = ticks.iter().filter_map(|tick| tick.services.get(key));
    counts
        .flatten()
        .filter(|counts| counts.slot == Some(slot))
        .map(|counts| counts.answered().saturating_add(counts.broken))
        .fold(0, u64::saturating_add)
}
