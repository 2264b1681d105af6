//! Routers that die, and controllers that change.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use windlass_adapters::{EmbeddedRouter, EmbeddedRouterConfig};
use windlass_control::{TableChange, TripwireId};
use windlass_edge::{ErrorKind, TrafficRouter};
use windlass_model::Epoch;

use super::rig::{Place, eventually, free_address, get, origin, raise, to};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_killed_router_comes_back_by_itself_and_no_client_is_refused() {
    let place = Place::new();
    let router = place.connect(1).await;
    let listener = free_address();
    let route = to(listener, origin("hello"));
    raise(&router, "web", Some(route)).await.expect("applied");
    let before = router.observe().await.expect("a table");

    let (over, refused, answered) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(SeqCst) {
                match std::net::TcpStream::connect(listener) {
                    Ok(_) => {}
                    Err(_) => {
                        refused.fetch_add(1, SeqCst);
                    }
                }
                if get(listener).is_ok_and(|body| body == "hello") {
                    answered.fetch_add(1, SeqCst);
                }
            }
        });
        eventually("traffic flows", || answered.load(SeqCst) > 20);
        let old = place.kill();
        // Nobody calls the adapter: its own task must see to it.
        eventually("another router runs", || {
            place.pid().is_some_and(|pid| pid != old)
        });
        let so_far = answered.load(SeqCst);
        eventually("traffic flows again", || {
            answered.load(SeqCst) > so_far + 20
        });
        over.store(true, SeqCst);
    });
    assert_eq!(refused.load(SeqCst), 0);
    let after = router.observe().await.expect("a table");
    assert_eq!(after.services, before.services);
    assert_ne!(after.boot, before.boot);
    router.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_new_controller_takes_over_the_router_and_its_listeners() {
    let place = Place::new();
    let first = place.connect(1).await;
    let listener = free_address();
    let route = to(listener, origin("hello"));
    raise(&first, "web", Some(route.clone()))
        .await
        .expect("applied");
    let pid = place.pid();

    let second = place.connect(2).await;
    assert_eq!(place.pid(), pid, "the same router");
    second.apply(TableChange::default()).await.expect("heard");
    let refused = raise(&first, "web", Some(route.clone())).await;
    assert_eq!(refused.expect_err("old").kind, ErrorKind::Refused);
    let late = place.connect(1).await;
    let refused = late.apply(TableChange::default()).await;
    assert_eq!(refused.expect_err("old").kind, ErrorKind::Refused);
    drop(first);

    let old = place.kill();
    eventually("another router runs", || {
        place.pid().is_some_and(|pid| pid != old)
    });
    assert_eq!(get(listener).expect("on the same socket"), "hello");
    raise(&second, "web", None).await.expect("applied");
    eventually("it is free", || TcpListener::bind(listener).is_ok());
    second.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_router_outlives_its_controller() {
    let place = Place::new();
    let router = place.connect(1).await;
    let listener = free_address();
    let route = to(listener, origin("hello"));
    raise(&router, "web", Some(route)).await.expect("applied");
    drop(router);
    assert_eq!(get(listener).expect("an answer"), "hello");
    let pid = place.pid().expect("a router");
    let session = rustix::process::Pid::from_raw(pid);
    assert_eq!(rustix::process::getsid(session).ok(), session);
    place.connect(2).await.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_both_have_died_the_last_table_is_served_from_new_sockets() {
    let place = Place::new();
    let router = place.connect(1).await;
    let listener = free_address();
    let route = to(listener, origin("hello"));
    raise(&router, "web", Some(route)).await.expect("applied");
    drop(router);
    place.kill();
    eventually("nobody listens", || TcpListener::bind(listener).is_ok());
    let router = place.connect(2).await;
    router.apply(TableChange::default()).await.expect("heard");
    assert_eq!(get(listener).expect("an answer"), "hello");
    router.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn until_the_first_change_a_controller_only_asks() {
    let place = Place::new();
    let router = place.connect(4).await;
    assert_eq!(router.heard().await.expect("an answer"), None);
    router.ticks(0).await.expect("an answer");
    let seen = router.observe().await.expect("a table");
    assert_eq!(seen.epoch, Epoch::default());
    router.apply(TableChange::default()).await.expect("heard");
    assert_eq!(router.observe().await.expect("a table").epoch, Epoch(4));
    assert_eq!(router.heard().await.expect("an answer"), Some(Epoch(4)));
    let again = router.apply(TableChange::default()).await;
    again.expect("what it said itself is no reason to be silent");
    router.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_controller_whose_epoch_was_heard_before_it_spoke_changes_nothing() {
    let place = Place::new();
    let first = place.connect(5).await;
    let listener = free_address();
    let route = to(listener, origin("hello"));
    raise(&first, "web", Some(route)).await.expect("applied");
    drop(first);

    for epoch in [5, 3] {
        let lost = place.connect(epoch).await;
        assert_eq!(lost.heard().await.expect("an answer"), Some(Epoch(5)));
        let trip = TripwireId("one".to_owned());
        let refused = [
            lost.apply(TableChange::default()).await.err(),
            lost.acknowledge(&trip).await.err(),
            lost.shutdown().await.err(),
            raise(&lost, "web", None).await.err(),
        ];
        for refused in refused {
            let refused = refused.expect("it has lost its history");
            assert_eq!(refused.kind, ErrorKind::Refused);
            assert!(refused.what.contains("of epoch 5"), "{}", refused.what);
        }
        let seen = lost.observe().await.expect("it may ask");
        assert_eq!((seen.epoch, seen.services.len()), (Epoch(5), 1));
        assert_eq!(get(listener).expect("an answer"), "hello");
    }

    place.kill();
    eventually("the router is gone", || place.pid().is_none());
    let lost = place.connect(5).await;
    assert_eq!(lost.observe().await.expect("a table").epoch, Epoch(5));
    assert!(get(listener).is_err(), "a listener would be a word");
    drop(lost);
    let next = place.connect(6).await;
    next.apply(TableChange::default()).await.expect("heard");
    assert_eq!(get(listener).expect("an answer"), "hello");
    next.shutdown().await.expect("ended");
}

/// The file of its socket was away: the second waits for the first one's folder, and gets it once that ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_that_was_started_beside_another_ends_with_it() {
    let place = Place::new();
    let first = place.connect(1).await;
    let listener = free_address();
    let route = to(listener, origin("hello"));
    raise(&first, "web", Some(route)).await.expect("applied");
    drop(first);
    let old = place.pid();
    std::fs::remove_file(place.path("router.sock")).expect("it was there");
    let second = place.connect(2).await;
    second.apply(TableChange::default()).await.expect("heard");
    assert_eq!(get(listener).expect("an answer"), "hello");
    let reached = second.process().await.and_then(|pid| pid.try_into().ok());
    assert_eq!(reached, old, "the one that serves");
    second.shutdown().await.expect("ended");
    assert_eq!(place.pid(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_router_that_is_gone_has_heard_what_its_table_says() {
    let place = Place::new();
    let first = place.connect(5).await;
    let listener = free_address();
    let route = to(listener, origin("hello"));
    raise(&first, "web", Some(route)).await.expect("applied");
    let late = place.connect(5).await;
    drop(first);
    place.kill();
    eventually("the router is gone", || place.pid().is_none());
    assert_eq!(late.heard().await.expect("an answer"), Some(Epoch(5)));
    assert_eq!(place.pid(), None, "none is started for that");
    let refused = late.shutdown().await.expect_err("it has lost its history");
    assert_eq!(refused.kind, ErrorKind::Refused);
    let next = place.connect(6).await;
    next.shutdown().await.expect("ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn none_is_started_where_it_would_have_nothing_to_serve() {
    let place = Place::new();
    let first = place.connect(1).await;
    let seen = first.observe().await.expect("a table");
    assert!(seen.services.is_empty() && seen.trips.is_empty());
    first.apply(TableChange::default()).await.expect("nothing");
    assert_eq!(place.pid(), None, "nothing was ever routed");
    let listener = free_address();
    let route = to(listener, origin("hello"));
    raise(&first, "web", Some(route)).await.expect("applied");
    assert_eq!(get(listener).expect("an answer"), "hello");
    raise(&first, "web", None).await.expect("taken away");
    first.shutdown().await.expect("ended");

    let next = place.connect(2).await;
    let seen = next.observe().await.expect("a table");
    assert_eq!((seen.epoch, seen.services.len()), (Epoch(1), 0));
    next.apply(TableChange::default()).await.expect("nothing");
    assert_eq!(place.pid(), None, "nothing is left to serve");
    next.shutdown().await.expect("nothing to end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_program_that_is_no_router_is_told_with_its_log() {
    let place = Place::new();
    let missing = EmbeddedRouterConfig {
        program: place.path("missing"),
        ..place.config(1)
    };
    let asked = async |config| EmbeddedRouter::connect(config).await?.ticks(0).await;
    let failed = asked(missing).await.err();
    let failed = failed.expect("no such program");
    assert_eq!(failed.kind, ErrorKind::Unreachable);
    assert!(
        failed.what.starts_with("could not start"),
        "{}",
        failed.what
    );

    let ends = EmbeddedRouterConfig {
        arguments: vec!["--list".into()],
        ..place.config(1)
    };
    let failed = asked(ends).await.err();
    let failed = failed.expect("no router");
    assert!(failed.what.contains("ended at once"), "{}", failed.what);
    assert!(failed.what.ends_with("router.log"), "{}", failed.what);
}
