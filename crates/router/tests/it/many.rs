//! Hundreds of services, with splits in all of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use windlass_control::{Direction, Generation, RouteChange, TableChange, Tripwire};
use windlass_model::{Host, Listen, Route, ServiceKey};

use crate::client::Client;
use crate::origin::Origin;
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::tripwire::{failing, wire};

const SERVICES: usize = 300;

/// One of them, with so much for its candidate.
fn route(number: usize, listener: SocketAddr, origins: [SocketAddr; 2], share: u64) -> Route {
    let host = Host::new(&format!("s{number}.example")).expect("a host");
    let listen = Listen {
        host: Some(host),
        ..Listen::from(listener)
    };
    let [old, new] = origins;
    serving(
        listen,
        vec![slot(1, 100 - share, &[old]), slot(2, share, &[new])],
    )
}

fn changed(
    routes: BTreeMap<ServiceKey, Route>,
    decided_on: u64,
) -> BTreeMap<ServiceKey, RouteChange> {
    let change = |route| RouteChange {
        direction: Direction::Raise,
        decided_on: Generation(decided_on),
        route: Some(route),
    };
    routes
        .into_iter()
        .map(|(key, route)| (key, change(route)))
        .collect()
}

#[test]
fn each_of_hundreds_of_splits_is_watched_and_goes_back_by_itself() {
    let (old, new, bad) = (Origin::plain("old"), Origin::plain("new"), failing());
    let rig = Rig::start();
    let listener = rig.listener();
    let named = |number: usize| key(&format!("s{number}"));
    // The last of them has a bad candidate.
    let origins = |number| {
        let candidate = if number == SERVICES - 1 { &bad } else { &new };
        [old.address, candidate.address]
    };
    let all = |share| -> BTreeMap<ServiceKey, Route> {
        let routes = (0..SERVICES).map(|n| (named(n), route(n, listener, origins(n), share)));
        routes.collect()
    };
    let first = TableChange::from(changed(all(0), 0));
    rig.swap(rig.epoch, first).expect("routed");
    let tripwire = |(key, back): (ServiceKey, Route)| -> (ServiceKey, Option<Tripwire>) {
        let id = format!("dep_1/{}/1", key.service);
        let wire = wire(&id, &[(&key, &back)]);
        (key, Some(wire))
    };
    let raised = TableChange {
        routes: changed(all(50), 1),
        tripwires: all(0).into_iter().map(tripwire).collect(),
        relies_on: BTreeMap::new(),
    };
    rig.swap(rig.epoch, raised).expect("armed");
    let trips = std::fs::metadata(rig.path("state/trips")).expect("a file");
    assert_eq!(trips.len(), 4 * 1024 * 1024, "a place for each");

    let last = named(SERVICES - 1);
    let mut client = Client::connect(listener);
    let ask = format!("GET / HTTP/1.1\r\nHost: s{}.example\r\n\r\n", SERVICES - 1);
    eventually("it goes back", || {
        client.send(&ask);
        client.answer();
        rig.share(&last, 2) == 0
    });
    let table = rig.observe();
    assert_eq!(table.trips.len(), 1);
    let armed = table
        .services
        .values()
        .filter(|entry| entry.tripwire.is_some());
    assert_eq!(armed.count(), SERVICES - 1, "the others go on");
}
