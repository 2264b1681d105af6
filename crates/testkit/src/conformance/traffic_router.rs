//! What a router promises.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use windlass_control::{
    Direction, Generation, ObservedRoute, RouteChange, TableChange, Tripwire, TripwireId,
};
use windlass_edge::{EdgeError, ErrorKind, TrafficRouter};
use windlass_model::{
    Instance, Label, Percent, Probe, Rate, Route, RouteMode, RouteSlot, ServiceKey, SlotId, Speaks,
    Version,
};

use super::patience::until;

/// What the suite needs: two services with a listener each, and who may answer.
pub struct RouterCase<'c> {
    /// The router, with an empty table.
    pub router: &'c dyn TrafficRouter,
    /// Two services, each with an address that is free.
    pub services: [(ServiceKey, SocketAddr); 2],
    /// Two instances that answer well.
    pub ready: [Instance; 2],
    /// One that answers nothing.
    pub dead: Instance,
    /// How they are asked.
    pub probe: Probe,
}

impl RouterCase<'_> {
    fn slot(&self, number: u32, instance: &Instance, weight: u64) -> RouteSlot {
        RouteSlot {
            slot: SlotId(number),
            label: if number.is_multiple_of(2) {
                Label::Blue
            } else {
                Label::Green
            },
            version: Version(number.to_string()),
            weight: Percent::new(weight).expect("a share"),
            instances: vec![instance.clone()],
            probe: self.probe.clone(),
            speaks: Speaks::default(),
        }
    }

    fn route(&self, service: usize, slots: Vec<RouteSlot>) -> Route {
        let listeners = vec![self.services[service].1.into()];
        Route {
            listeners,
            mode: RouteMode::Serve,
            slots,
            traffic: Box::default(),
            thresholds: Vec::new(),
        }
    }

    fn split(&self, service: usize, first: u64, second: u64) -> Route {
        let [one, other] = &self.ready;
        self.route(
            service,
            vec![self.slot(0, one, first), self.slot(1, other, second)],
        )
    }

    async fn entry(&self, service: usize) -> Option<ObservedRoute> {
        let table = self
            .router
            .observe()
            .await
            .expect("the router can be asked");
        table.services.get(&self.services[service].0).cloned()
    }

    async fn apply(&self, changes: Vec<(usize, RouteChange)>) -> Result<(), EdgeError> {
        let named = |(service, change): (usize, RouteChange)| {
            let (key, _) = self.services[service].clone();
            (key, change)
        };
        let changes: BTreeMap<_, _> = changes.into_iter().map(named).collect();
        self.router.apply(changes.into()).await.map(|_| ())
    }

    async fn raise(&self, service: usize, route: Route) -> Result<(), EdgeError> {
        let now = self
            .entry(service)
            .await
            .map(|entry| entry.generation)
            .unwrap_or_default();
        self.apply(vec![(service, change(Direction::Raise, now, Some(route)))])
            .await
    }
}

fn change(direction: Direction, decided_on: Generation, route: Option<Route>) -> RouteChange {
    RouteChange {
        direction,
        decided_on,
        route,
    }
}

/// Every promise of [`TrafficRouter`].
pub async fn traffic_router(case: &RouterCase<'_>) {
    what_is_applied_is_in_effect(case).await;
    a_raise_names_the_generation_it_was_decided_on(case).await;
    a_return_is_never_refused_for_its_generation(case).await;
    only_a_slot_that_gets_no_traffic_is_cut(case).await;
    a_share_needs_capacity(case).await;
    a_table_that_is_not_valid_is_refused_whole(case).await;
    several_services_change_together_or_not_at_all(case).await;
    a_tripwire_is_armed_with_its_split_and_stays(case).await;
    a_change_relies_on_what_it_was_decided_on(case).await;
    a_disarmed_tripwire_is_gone(case).await;
    a_trip_that_is_not_there_may_be_acknowledged(case).await;
    ticks_are_numbered_without_a_gap(case).await;
    it_ends(case).await;
}

async fn what_is_applied_is_in_effect(case: &RouterCase<'_>) {
    assert_eq!(case.entry(0).await, None, "the table begins empty");
    let alone = case.route(0, vec![case.slot(0, &case.ready[0], 100)]);
    case.raise(0, alone.clone()).await.expect("it is valid");
    let entry = case.entry(0).await.expect("it is in effect");
    assert_eq!((&entry.route, entry.slots.len()), (&alone, 1));
    case.raise(0, case.split(0, 75, 25))
        .await
        .expect("it is valid");
    let next = case.entry(0).await.expect("it is in effect");
    assert!(next.generation > entry.generation, "each change counts");
    assert_eq!(next.route, case.split(0, 75, 25));
    until("nothing is open on a slot that nobody uses", || async {
        let entry = case.entry(0).await?;
        entry.slots.get(&SlotId(1)).map(|_| ())
    })
    .await;
}

async fn a_raise_names_the_generation_it_was_decided_on(case: &RouterCase<'_>) {
    let before = case.entry(0).await.expect("it is in effect");
    let older = Generation(before.generation.0.saturating_sub(1));
    let raise = change(Direction::Raise, older, Some(case.split(0, 50, 50)));
    let late = case
        .apply(vec![(0, raise)])
        .await
        .expect_err("the entry has moved on");
    assert_eq!(late.kind, ErrorKind::Conflict, "{late}");
    assert_eq!(
        case.entry(0).await.as_ref(),
        Some(&before),
        "nothing has changed"
    );
}

async fn a_return_is_never_refused_for_its_generation(case: &RouterCase<'_>) {
    let back = change(
        Direction::Return,
        Generation::default(),
        Some(case.split(0, 100, 0)),
    );
    case.apply(vec![(0, back)])
        .await
        .expect("a return goes ahead");
    let entry = case.entry(0).await.expect("it is in effect");
    assert_eq!(entry.route, case.split(0, 100, 0));
}

async fn only_a_slot_that_gets_no_traffic_is_cut(case: &RouterCase<'_>) {
    let (key, _) = &case.services[0];
    let refused = case.router.cut(key, SlotId(0)).await;
    let refused = refused.expect_err("all traffic goes there");
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    case.router
        .cut(key, SlotId(1))
        .await
        .expect("nobody goes there");
    for nothing in [SlotId(1), SlotId(9)] {
        let cut = case.router.cut(key, nothing).await;
        assert_eq!(cut.expect("it is so already"), 0);
    }
    let entry = case.entry(0).await.expect("it is in effect");
    assert_eq!(entry.route, case.split(0, 100, 0), "nothing has changed");
}

async fn a_share_needs_capacity(case: &RouterCase<'_>) {
    let good = case.entry(0).await.expect("it is in effect").route;
    let split = |first, second| {
        let dead = case.slot(1, &case.dead, second);
        case.route(0, vec![case.slot(0, &case.ready[0], first), dead])
    };
    case.raise(0, split(100, 0))
        .await
        .expect("no share needs no capacity");
    // The router has to ask first.
    until("nobody is ready in the slot", || async {
        let entry = case.entry(0).await?;
        let slot = entry.slots.get(&SlotId(1))?;
        slot.ready.is_empty().then_some(())
    })
    .await;
    let before = case.entry(0).await.expect("it is in effect");
    let refused = case
        .raise(0, split(50, 50))
        .await
        .expect_err("nobody would answer");
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    let entry = case.entry(0).await.expect("it is in effect");
    assert_eq!(entry.route, before.route, "nothing has changed");
    let back = change(Direction::Return, Generation::default(), Some(good));
    case.apply(vec![(0, back)])
        .await
        .expect("a return goes ahead");
}

async fn a_table_that_is_not_valid_is_refused_whole(case: &RouterCase<'_>) {
    let before = case.entry(0).await;
    let refused = case
        .raise(0, case.split(0, 60, 60))
        .await
        .expect_err("the shares add up to 120");
    assert_eq!(refused.kind, ErrorKind::Rejected, "{refused}");
    assert_eq!(case.entry(0).await, before, "the last good one stays");
}

async fn several_services_change_together_or_not_at_all(case: &RouterCase<'_>) {
    let before = case.entry(0).await.expect("it is in effect");
    let moved = change(
        Direction::Raise,
        before.generation,
        Some(case.split(0, 90, 10)),
    );
    let bad = change(
        Direction::Raise,
        Generation::default(),
        Some(case.split(1, 0, 99)),
    );
    let both = case.apply(vec![(0, moved.clone()), (1, bad)]).await;
    assert!(both.is_err(), "one of them is not valid");
    assert_eq!(
        case.entry(0).await.as_ref(),
        Some(&before),
        "so neither has changed"
    );
    let good = change(
        Direction::Raise,
        Generation::default(),
        Some(case.split(1, 0, 100)),
    );
    case.apply(vec![(0, moved), (1, good)])
        .await
        .expect("both are valid");
    assert_eq!(
        case.entry(1).await.map(|entry| entry.route),
        Some(case.split(1, 0, 100))
    );
    let gone = change(Direction::Return, Generation::default(), None);
    case.apply(vec![(1, gone.clone())])
        .await
        .expect("a service can be taken away");
    assert_eq!(case.entry(1).await, None);
    case.apply(vec![(1, gone)]).await.expect("it is so already");
}

/// Watches slot 1 of service 0, and would go back to slot 0.
fn tripwire(case: &RouterCase<'_>, attempt: u32) -> Tripwire {
    let (key, _) = case.services[0].clone();
    Tripwire {
        id: TripwireId(format!("dep_1/{}/{attempt}", key.service)),
        slot: SlotId(1),
        errors_above: Rate::from_parts(500),
        slower: None,
        way_back: BTreeMap::from([(key, case.split(0, 100, 0))]),
    }
}

async fn a_tripwire_is_armed_with_its_split_and_stays(case: &RouterCase<'_>) {
    let (key, _) = case.services[0].clone();
    let before = case.entry(0).await.expect("it is in effect");
    let raise = change(
        Direction::Raise,
        before.generation,
        Some(case.split(0, 80, 20)),
    );
    let wire = tripwire(case, 1);
    let armed = TableChange {
        routes: BTreeMap::from([(key.clone(), raise)]),
        tripwires: BTreeMap::from([(key, Some(wire.clone()))]),
        relies_on: BTreeMap::new(),
    };
    case.router.apply(armed).await.expect("it is valid");
    let entry = case.entry(0).await.expect("it is in effect");
    assert_eq!(
        (entry.route, entry.tripwire.as_ref()),
        (case.split(0, 80, 20), Some(&wire))
    );
    case.raise(0, case.split(0, 70, 30))
        .await
        .expect("it is valid");
    let entry = case.entry(0).await.expect("it is in effect");
    assert_eq!(entry.tripwire, Some(wire), "nobody has disarmed it");
}

async fn a_change_relies_on_what_it_was_decided_on(case: &RouterCase<'_>) {
    let (key, _) = case.services[0].clone();
    let before = case.entry(0).await.expect("it is in effect");
    let older = Generation(before.generation.0.saturating_sub(1));
    let disarm = TableChange {
        routes: BTreeMap::new(),
        tripwires: BTreeMap::from([(key.clone(), None)]),
        relies_on: BTreeMap::from([(key, older)]),
    };
    let late = case.router.apply(disarm).await;
    let late = late.expect_err("the entry has moved on");
    assert_eq!(late.kind, ErrorKind::Conflict, "{late}");
    assert_eq!(case.entry(0).await, Some(before), "nothing has changed");
}

async fn a_disarmed_tripwire_is_gone(case: &RouterCase<'_>) {
    let (key, _) = case.services[0].clone();
    let before = case.entry(0).await.expect("it is in effect");
    let disarm = TableChange {
        routes: BTreeMap::new(),
        tripwires: BTreeMap::from([(key.clone(), None)]),
        relies_on: BTreeMap::from([(key, before.generation)]),
    };
    case.router.apply(disarm).await.expect("nothing has moved");
    let entry = case.entry(0).await.expect("it is in effect");
    assert_eq!((entry.route, entry.tripwire), (before.route, None));
}

async fn a_trip_that_is_not_there_may_be_acknowledged(case: &RouterCase<'_>) {
    let trip = tripwire(case, 9).id;
    for _again in 0..2 {
        case.router
            .acknowledge(&trip)
            .await
            .expect("it is so already");
    }
}

async fn ticks_are_numbered_without_a_gap(case: &RouterCase<'_>) {
    let ticks = until("three intervals have passed", || async {
        let (_, ticks) = case.router.ticks(0).await.expect("the router can be asked");
        (ticks.len() >= 3).then_some(ticks)
    })
    .await;
    let numbers: Vec<u64> = ticks.iter().map(|tick| tick.number).collect();
    let first = numbers.first().copied().unwrap_or_default();
    let expected: Vec<u64> = (first..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
    let (_, later) = case
        .router
        .ticks(first)
        .await
        .expect("the router can be asked");
    assert_eq!(
        later.first().map(|tick| tick.number),
        Some(first + 1),
        "re-read from anywhere"
    );
}

async fn it_ends(case: &RouterCase<'_>) {
    case.router.shutdown().await.expect("it ends");
}
