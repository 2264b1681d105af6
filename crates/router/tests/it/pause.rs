//! Requests that wait until their service takes them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use windlass_control::{Direction, Passage, Pause, Refusal, RouterReply, RouterRequest};
use windlass_model::{Epoch, Millis, Route, RouteMode};

use crate::client::Client;
use crate::origin::Origin;
use crate::rig::{Rig, eventually, key, serving, slot};

fn routed(rig: &Rig, origin: &Origin) -> SocketAddr {
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    listener
}

fn shut(rig: &Rig, passage: Passage) -> RouterReply {
    rig.call(&RouterRequest::Passage {
        epoch: rig.epoch,
        service: key("web"),
        passage,
    })
}

fn paused(waiting: u32, within: u64) -> Passage {
    Passage::Paused(Pause {
        waiting,
        within: Millis::from_millis(within),
    })
}

/// Sends a request and awaits no answer.
fn ask(listener: SocketAddr) -> Client {
    let client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    client
}

const LONG: u64 = 600_000;

/// How many requests wait: one more than that is refused at once.
fn fills_up(listener: SocketAddr) -> Client {
    let mut last = ask(listener);
    let answer = last.answer();
    assert_eq!((answer.status, answer.error()), (503, Some("paused")));
    assert_eq!(answer.header("retry-after"), Some("1"));
    last
}

#[test]
fn paused_requests_wait_and_none_fails_when_it_is_opened() {
    const WAITING: u32 = 50;
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = routed(&rig, &origin);
    let mut kept = Client::connect(listener);
    assert_eq!(kept.get("/").text(), "answered");
    assert_eq!(shut(&rig, paused(WAITING, LONG)), RouterReply::Done);

    let mut waiting: Vec<Client> = (0..WAITING).map(|_| ask(listener)).collect();
    eventually("all wait", || {
        rig.waiting(&key("web")) == u64::from(WAITING)
    });
    let mut refused = fills_up(listener);
    assert_eq!(origin.requests(), 1, "nothing got through");

    // The split changes meanwhile, and the pause stays.
    let next = Origin::plain("by the next");
    let slots = vec![slot(2, 100, &[next.address])];
    rig.route(&key("web"), serving(listener, slots));
    assert_eq!(rig.waiting(&key("web")), u64::from(WAITING));

    let opened = Instant::now();
    assert_eq!(shut(&rig, Passage::Open), RouterReply::Done);
    for client in &mut waiting {
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.text()),
            (200, "by the next".to_owned())
        );
    }
    assert!(opened.elapsed() < Duration::from_secs(10));
    assert_eq!(
        refused.get("/").text(),
        "by the next",
        "its connection goes on"
    );
    assert_eq!(rig.waiting(&key("web")), 0);
}

#[test]
fn who_has_waited_long_enough_is_told_and_who_leaves_waits_no_longer() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = routed(&rig, &origin);
    assert_eq!(shut(&rig, paused(10, 50)), RouterReply::Done);
    let answer = ask(listener).answer();
    assert_eq!((answer.status, answer.error()), (503, Some("paused")));

    assert_eq!(shut(&rig, paused(10, LONG)), RouterReply::Done);
    let leaves = ask(listener);
    eventually("it waits", || rig.waiting(&key("web")) == 1);
    drop(leaves);
    eventually("it is gone", || rig.waiting(&key("web")) == 0);
}

#[test]
fn maintenance_is_told_at_once_and_survives_a_restart() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = routed(&rig, &origin);
    assert_eq!(shut(&rig, Passage::Maintenance), RouterReply::Done);
    let answer = ask(listener).answer();
    assert_eq!((answer.status, answer.error()), (503, Some("maintenance")));
    assert_eq!(
        rig.observe().services[&key("web")].passage,
        Passage::Maintenance
    );

    let (addresses, sockets) = rig.listeners();
    rig.end();
    rig.begin();
    for (address, socket) in addresses.iter().zip(&sockets) {
        use std::os::fd::AsFd;
        assert_eq!(rig.hand_over(*address, socket.as_fd()), RouterReply::Done);
    }
    assert_eq!(ask(listener).answer().error(), Some("maintenance"));
    assert_eq!(shut(&rig, Passage::Open), RouterReply::Done);
    assert_eq!(ask(listener).answer().text(), "answered");
}

#[test]
fn only_the_newest_controller_opens_and_shuts_and_only_what_is_routed() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    routed(&rig, &origin);
    let passage = |epoch, service| {
        rig.call(&RouterRequest::Passage {
            epoch,
            service: key(service),
            passage: Passage::Maintenance,
        })
    };
    assert_eq!(
        passage(Epoch(0), "web"),
        RouterReply::Refused(Refusal::OldEpoch(Epoch(1)))
    );
    let nobodys = passage(Epoch(1), "other");
    assert!(matches!(nobodys, RouterReply::Refused(Refusal::Invalid(_))));
}

#[test]
fn requests_wait_while_a_service_is_recreated() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::start();
    let listener = routed(&rig, &old);
    let closed = Route {
        mode: RouteMode::Recreating,
        ..serving(listener, vec![slot(1, 0, &[old.address])])
    };
    rig.route(&key("web"), closed);
    let mut waits = ask(listener);
    eventually("it waits", || rig.waiting(&key("web")) == 1);
    let open = serving(listener, vec![slot(2, 100, &[new.address])]);
    let done = rig.change(Direction::Raise, &key("web"), Some(open));
    assert!(done.is_ok(), "{done:?}");
    assert_eq!(waits.answer().text(), "new");
}

#[test]
fn a_router_that_ends_keeps_nobody_waiting() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = routed(&rig, &origin);
    assert_eq!(shut(&rig, paused(10, LONG)), RouterReply::Done);
    let mut waits = ask(listener);
    eventually("it waits", || rig.waiting(&key("web")) == 1);
    rig.end();
    assert_eq!(waits.answer().error(), Some("draining"));
}
