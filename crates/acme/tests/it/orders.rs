//! What becomes of orders.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use windlass_acme::{Note, Orders, Store, Wanted};
use windlass_model::Host;

use crate::front::{Scene, is_good, show};
use crate::pebble::{Pebble, free, pem};
use crate::silent::authority;

pub(crate) const HOUR: Duration = Duration::from_hours(1);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);

pub(crate) fn wanted(directory: &str, ca: &str) -> Wanted {
    Wanted {
        host: Host::new("shop.example").expect("a host"),
        directory: directory.to_owned(),
        email: Some("ops@shop.example".to_owned()),
        ca: Some(pem(ca).display().to_string()),
    }
}

/// Orders in a folder, as a router that begins would have them.
pub(crate) fn begun(folder: &Path) -> Orders {
    Orders::new(Store::new(folder))
}

/// The same for another host.
pub(crate) fn as_well(wanted: &Wanted, host: &str) -> Wanted {
    Wanted {
        host: Host::new(host).expect("a host"),
        ..wanted.clone()
    }
}

/// How many certificates there are when all orders that were due have ended.
pub(crate) async fn turns(orders: &Orders, wanted: &BTreeSet<Wanted>, now: SystemTime) -> usize {
    let took = Cell::new(0);
    let mut round = orders.round(|_| took.set(took.get() + 1));
    round.begin(wanted, now);
    while !round.is_idle() {
        round.ended().await;
        round.begin(wanted, now);
    }
    took.get()
}

/// The same of one.
pub(crate) async fn turn(orders: &Orders, wanted: &Wanted, now: SystemTime) -> usize {
    turns(orders, &BTreeSet::from([wanted.clone()]), now).await
}

pub(crate) fn note(orders: &Orders, wanted: &Wanted) -> Note {
    let note = orders.store().note(&wanted.directory, &wanted.host);
    note.expect("readable").expect("a note")
}

pub(crate) fn pair(orders: &Orders, wanted: &Wanted) -> Option<Vec<u8>> {
    let path = orders.store().pair(&wanted.directory, &wanted.host);
    std::fs::read(path).ok()
}

#[tokio::test]
async fn what_is_ordered_is_shown_and_a_restart_orders_nothing() {
    let Scene {
        front,
        pebble,
        folder,
        orders,
        ..
    } = &Scene::set().await;
    let wanted = wanted(&pebble.directory(), "shop.pem");
    let now = SystemTime::now();
    assert_eq!(
        turn(orders, &wanted, now).await,
        1,
        "{:?}",
        note(orders, &wanted)
    );
    assert!(is_good(*front, "shop.example", pebble).await);
    assert!(!is_good(*front, "www.shop.example", pebble).await);
    let first = pair(orders, &wanted);
    let after = note(orders, &wanted);
    assert_eq!((after.failures, after.why.as_deref()), (0, None));
    for orders in [orders, &begun(folder.path())] {
        assert_eq!(turn(orders, &wanted, now + 10 * HOUR).await, 0);
        assert_eq!(pair(orders, &wanted), first);
        assert_eq!(note(orders, &wanted), after);
    }
}

#[tokio::test]
async fn it_is_renewed_in_time_and_an_authority_that_is_gone_takes_nothing_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let front = listener.local_addr().expect("an address");
    let mut pebble = Pebble::start(front, HOUR);
    let folder = tempfile::tempdir().expect("a folder");
    let orders = begun(folder.path());
    let _serving = show(listener, &orders, &pebble);
    let wanted = wanted(&pebble.directory(), "shop.pem");
    let now = SystemTime::now();
    assert_eq!(turn(&orders, &wanted, now).await, 1);
    let first = pair(&orders, &wanted);
    assert_eq!(turn(&orders, &wanted, now + 30 * MINUTE).await, 0);
    pebble.stop();
    let due = now + 41 * MINUTE;
    for failures in 1..=2 {
        // Two minutes after the first, for which a restart is no reason to try sooner.
        let again = due + 3 * (failures - 1) * MINUTE;
        for orders in [&orders, &begun(folder.path())] {
            assert_eq!(turn(orders, &wanted, again).await, 0);
        }
        let told = note(&orders, &wanted);
        let why = told.why.expect("a reason");
        assert!(why.starts_with("localhost can't be reached: "), "{why}");
        assert_eq!(told.failures, failures);
    }
    assert_eq!(pair(&orders, &wanted), first, "it stays");
    // It comes back and knows nobody any more.
    pebble.again(24 * HOUR);
    assert_eq!(
        turn(&orders, &wanted, due + 4 * MINUTE).await,
        0,
        "too soon"
    );
    assert_eq!(
        turn(&orders, &wanted, due + 9 * MINUTE).await,
        1,
        "{:?}",
        note(&orders, &wanted)
    );
    assert_ne!(pair(&orders, &wanted), first);
    assert!(is_good(front, "shop.example", &pebble).await);
    assert_eq!(note(&orders, &wanted).failures, 0);
}

#[tokio::test]
async fn a_proof_that_is_not_seen_is_told_in_the_authoritys_words() {
    let pebble = Pebble::start(free(), HOUR);
    let folder = tempfile::tempdir().expect("a folder");
    let orders = begun(folder.path());
    let wanted = wanted(&pebble.directory(), "shop.pem");
    assert_eq!(turn(&orders, &wanted, SystemTime::now()).await, 0);
    let why = note(&orders, &wanted).why.expect("a reason");
    assert!(why.starts_with("the authority refused: "), "{why}");
    assert!(why.contains("Failed to connect to 127.0.0.1"), "{why}");
    assert!(orders.answers().of("shop.example").is_none());
    assert_eq!(pair(&orders, &wanted), None);
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_is_asked_for_nothing() {
    let (address, _, _serving) = authority(Some("")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let orders = begun(folder.path());
    let directory = format!("https://localhost:{}/dir", address.port());
    let mut now = SystemTime::now();
    for (ca, why) in [
        (
            "help.pem",
            "localhost can't be reached: invalid peer certificate",
        ),
        ("none.pem", "can't be used: No such file"),
        ("shop.pem", "localhost gave no answer"),
    ] {
        let wanted = wanted(&directory, ca);
        assert_eq!(turn(&orders, &wanted, now).await, 0);
        let told = note(&orders, &wanted).why.expect("a reason");
        assert!(told.contains(why), "{told}");
        now += 24 * HOUR;
    }
}

#[tokio::test]
async fn an_authority_that_wants_to_be_left_alone_is() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n";
    let (address, _, _serving) = authority(Some(busy)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let orders = begun(folder.path());
    let wanted = wanted(
        &format!("https://localhost:{}/", address.port()),
        "shop.pem",
    );
    assert_eq!(turn(&orders, &wanted, SystemTime::now()).await, 0);
    let told = note(&orders, &wanted);
    let why = told.why.as_deref();
    assert_eq!(why, Some("localhost answered 503 Service Unavailable"));
    assert_eq!(told.not_before - told.tried, 86_400);
}

#[tokio::test]
async fn who_dies_in_an_order_does_not_begin_another_at_once() {
    let (address, came, _serving) = authority(None).await;
    let folder = tempfile::tempdir().expect("a folder");
    let wanted = wanted(
        &format!("https://localhost:{}/", address.port()),
        "shop.pem",
    );
    let now = SystemTime::now();
    let dying = begun(folder.path());
    tokio::select! {
        _ended = turn(&dying, &wanted, now) => panic!("nobody answers"),
        () = came.notified() => {}
    }
    let orders = begun(folder.path());
    let told = note(&orders, &wanted);
    assert!(told.under_way && told.failures == 1, "{told:?}");
    tokio::select! {
        took = turn(&orders, &wanted, now + MINUTE) => assert_eq!(took, 0),
        () = came.notified() => panic!("it was asked again at once"),
    }
    tokio::select! {
        _ended = turn(&orders, &wanted, now + 3 * MINUTE) => panic!("nobody answers"),
        () = came.notified() => {}
    }
}
