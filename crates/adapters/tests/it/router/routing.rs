//! Applying, observing, and what a router's refusals become.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};

use windlass_control::{Direction, Generation, RouteChange};
use windlass_edge::{ErrorKind, TrafficRouter};

use super::rig::{Place, eventually, free_address, get, key, origin, raise, to};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_applied_route_serves_and_is_observed_and_counted() {
    let place = Place::new();
    let router = place.connect(1).await;
    let listener = free_address();
    let route = to(listener, origin("hello"));
    let done = raise(&router, "web", Some(route.clone())).await;
    assert_eq!(done.expect("applied"), Generation(1));
    for _ in 0..10 {
        assert_eq!(get(listener).expect("an answer"), "hello");
    }
    let table = router.observe().await.expect("a table");
    assert_eq!(table.services[&key("web")].route, route);

    let mut counted = 0;
    let mut last = 0;
    while counted < 10 {
        let (boot, ticks) = router.ticks(last).await.expect("ticks");
        assert_eq!(boot, table.boot);
        for tick in ticks {
            assert_eq!(tick.number, last + 1);
            last = tick.number;
            let slots = tick.services.values().flatten();
            counted += slots.map(|c| c.answers[1]).sum::<u64>();
        }
    }
    assert_eq!(counted, 10);
    router.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_taken_address_is_a_conflict_that_names_its_owner() {
    let place = Place::new();
    let router = place.connect(1).await;
    let taken = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = taken.local_addr().expect("an address");
    let refused = raise(&router, "web", Some(to(address, origin("hello")))).await;
    let refused = refused.expect_err("a conflict");
    assert_eq!(refused.kind, ErrorKind::Conflict);
    let name = std::fs::read_to_string("/proc/self/comm").expect("a name");
    let expected = format!(
        "{address} is taken by pid {} ({})",
        std::process::id(),
        name.trim_end()
    );
    assert_eq!(refused.what, expected);
    assert!(router.observe().await.expect("a table").services.is_empty());
    router.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refusal_says_what_kind_it_is_and_binds_nothing() {
    let place = Place::new();
    let router = place.connect(1).await;
    let listener = free_address();
    let mut half = to(listener, origin("hello"));
    half.slots[0].weight = windlass_model::Percent::new(50).expect("a share");
    let refused = raise(&router, "web", Some(half))
        .await
        .expect_err("invalid");
    assert_eq!(refused.kind, ErrorKind::Rejected);
    assert!(refused.what.contains("add up to 50"), "{}", refused.what);
    eventually("nobody listens", || TcpStream::connect(listener).is_err());

    let route = to(listener, origin("hello"));
    raise(&router, "web", Some(route.clone()))
        .await
        .expect("applied");
    let stale = RouteChange {
        direction: Direction::Raise,
        decided_on: Generation(0),
        route: Some(route.clone()),
    };
    let refused = router
        .apply(BTreeMap::from([(key("web"), stale)]).into())
        .await;
    assert_eq!(refused.expect_err("stale").kind, ErrorKind::Conflict);

    let mut empty = route;
    empty.slots[0].instances.clear();
    let refused = raise(&router, "web", Some(empty)).await;
    let refused = refused.expect_err("no capacity");
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert_eq!(
        refused.what,
        "slot 1 of shop/default/web has no ready instance"
    );
    assert_eq!(get(listener).expect("an answer"), "hello");
    router.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_changed_listen_opens_the_new_address_and_frees_the_old() {
    let place = Place::new();
    let router = place.connect(1).await;
    let (old, new) = (free_address(), free_address());
    let hello = origin("hello");
    let mut both = to(old, hello);
    both.listeners.push(new.into());
    raise(&router, "web", Some(both)).await.expect("applied");
    assert_eq!(get(old).expect("an answer"), "hello");
    assert_eq!(get(new).expect("an answer"), "hello");
    raise(&router, "web", Some(to(new, hello)))
        .await
        .expect("applied");
    eventually("the old one is free", || TcpListener::bind(old).is_ok());
    assert_eq!(get(new).expect("an answer"), "hello");
    raise(&router, "web", None).await.expect("applied");
    eventually("the new one is free", || TcpListener::bind(new).is_ok());
    router.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_router_that_was_told_to_end_is_gone_and_frees_everything() {
    let place = Place::new();
    let router = place.connect(1).await;
    let listener = free_address();
    let route = to(listener, origin("hello"));
    raise(&router, "web", Some(route)).await.expect("applied");
    assert!(place.pid().is_some());
    router.shutdown().await.expect("ended");
    assert_eq!(place.pid(), None);
    assert!(!place.path("router.sock").exists());
    assert!(TcpListener::bind(listener).is_ok());
    router.shutdown().await.expect("nothing left to end");
    assert_eq!(place.pid(), None, "and none is started for it");
}
