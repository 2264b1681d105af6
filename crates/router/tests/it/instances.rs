//! Instances that fail in the middle of things.

use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use crate::client::Client;
use crate::origin::{After, Origin, Refuses};
use crate::rig::{Rig, eventually, key, serving, slot};

fn routed(addresses: &[SocketAddr]) -> (Rig, SocketAddr) {
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let slots = vec![slot(1, 100, addresses)];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

const POST: &str = "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc";

#[test]
fn another_instance_of_the_slot_is_tried_when_one_refuses() {
    let (dead, alive) = (Refuses::new(), Origin::plain("alive"));
    let (_rig, listener) = routed(&[dead.address, alive.address]);
    let mut client = Client::connect(listener);
    for _ in 0..10 {
        assert_eq!(client.get("/").text(), "alive");
        client.send(POST);
        assert_eq!(client.answer().text(), "alive", "nothing was sent yet");
    }
}

#[test]
fn when_no_instance_can_be_reached_the_answer_says_so() {
    let (one, two) = (Refuses::new(), Refuses::new());
    let (_rig, listener) = routed(&[one.address, two.address]);
    let answer = Client::connect(listener).get("/");
    assert_eq!(
        (answer.status, answer.error()),
        (502, Some("connect_failed"))
    );
}

/// Answers a connection's first request; the second it reads and closes on.
fn closes_on_the_second() -> Origin {
    Origin::start(|exchange| {
        exchange.body();
        if exchange.connection == 0 && exchange.request == 1 {
            return After::Close;
        }
        exchange.ok("answered")
    })
}

#[test]
fn a_get_that_met_a_stale_connection_is_sent_again() {
    let origin = closes_on_the_second();
    let (_rig, listener) = routed(&[origin.address]);
    let mut client = Client::connect(listener);
    assert_eq!(client.get("/").text(), "answered");
    assert_eq!(client.get("/").text(), "answered");
    assert_eq!((origin.connections(), origin.requests()), (2, 3));
}

#[test]
fn a_post_that_may_have_arrived_is_never_sent_again() {
    let origin = closes_on_the_second();
    let (_rig, listener) = routed(&[origin.address]);
    let mut client = Client::connect(listener);
    client.send(POST);
    assert_eq!(client.answer().text(), "answered");
    client.send(POST);
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.error()),
        (502, Some("answer_broken"))
    );
    assert_eq!(origin.requests(), 2);
    client.send(POST);
    assert_eq!(client.answer().text(), "answered", "the connection goes on");
}

#[test]
fn a_get_whose_answer_has_begun_is_never_sent_again() {
    let origin = Origin::start(|exchange| {
        if exchange.request == 1 {
            exchange.write("HTTP/1.1 200 O");
            return After::Close;
        }
        exchange.ok("answered")
    });
    let (_rig, listener) = routed(&[origin.address]);
    let mut client = Client::connect(listener);
    assert_eq!(client.get("/").text(), "answered");
    assert_eq!(client.get("/").error(), Some("answer_broken"));
    assert_eq!(origin.requests(), 2);
}

#[test]
fn posts_survive_an_instance_that_closes_after_each_answer() {
    let closed = Arc::new(AtomicUsize::new(0));
    let count = closed.clone();
    let origin = Origin::start(move |exchange| {
        exchange.body();
        exchange.ok("answered");
        let stream = exchange.reader.get_ref();
        stream.shutdown(Shutdown::Both).expect("shut down");
        count.fetch_add(1, SeqCst);
        After::Close
    });
    let (_rig, listener) = routed(&[origin.address]);
    let mut client = Client::connect(listener);
    for n in 1..=50 {
        client.send(POST);
        assert_eq!(client.answer().text(), "answered");
        eventually("it has closed", || closed.load(SeqCst) == n);
    }
}

#[test]
fn an_answer_that_breaks_off_breaks_off_at_the_client_too() {
    let origin = Origin::start(|exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        After::Close
    });
    let (_rig, listener) = routed(&[origin.address]);
    let mut client = Client::connect(listener);
    assert!(client.try_get("/").is_err());
}

#[test]
fn what_is_no_http_is_a_broken_answer() {
    let origin = Origin::start(|exchange| {
        exchange.write("SSH-2.0-OpenSSH\r\n\r\n");
        After::Close
    });
    let (_rig, listener) = routed(&[origin.address]);
    let answer = Client::connect(listener).get("/");
    assert_eq!(
        (answer.status, answer.error()),
        (502, Some("answer_broken"))
    );
}

/// The limit is the library's own, so that nobody pays for setting it.
#[test]
fn an_answer_has_at_most_a_hundred_header_lines() {
    let origin = Origin::start(|exchange| {
        let lines = if exchange.line().contains("/most") {
            99
        } else {
            100
        };
        let lines = "X: y\r\n".repeat(lines);
        exchange.write(&format!(
            "HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok"
        ));
        After::Keep
    });
    let (_rig, listener) = routed(&[origin.address]);
    let mut client = Client::connect(listener);
    assert_eq!(client.get("/most").text(), "ok");
    assert_eq!(client.get("/more").error(), Some("answer_broken"));
}

#[test]
fn an_answer_before_the_upload_has_ended_arrives() {
    let origin = Origin::start(|exchange| {
        exchange.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
        exchange.body();
        After::Keep
    });
    let (_rig, listener) = routed(&[origin.address]);
    let mut client = Client::connect(listener);
    client.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000\r\n\r\nabc");
    let answer = client.answer();
    assert_eq!((answer.status, answer.text().as_str()), (413, "big"));
}

#[test]
fn a_retry_enters_the_table_anew() {
    // The old instance closes on the second request of a connection, after the switch.
    let switched = Arc::new(AtomicBool::new(false));
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let (asked, was_asked) = std::sync::mpsc::channel::<()>();
    let channels = std::sync::Mutex::new((asked, wait));
    let seen = switched.clone();
    let old = Origin::start(move |exchange| {
        if exchange.request == 1 {
            let channels = channels.lock().expect("a lock");
            channels.0.send(()).expect("told");
            channels.1.recv().expect("the word");
            return After::Close;
        }
        assert!(!seen.load(SeqCst), "asked again after the switch");
        exchange.ok("old")
    });
    let new = Origin::plain("new");
    let (rig, listener) = routed(&[old.address]);
    let mut client = Client::connect(listener);
    assert_eq!(client.get("/").text(), "old");
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    was_asked.recv().expect("asked");
    let slots = vec![slot(1, 0, &[old.address]), slot(2, 100, &[new.address])];
    rig.route(&key("web"), serving(listener, slots));
    switched.store(true, SeqCst);
    go_on.send(()).expect("said");
    assert_eq!(client.answer().text(), "new");
    eventually("the old slot is drained", || {
        rig.in_flight(&key("web"), 1) == 0
    });
}

#[test]
fn kept_connections_die_with_their_slot() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let (rig, listener) = routed(&[old.address]);
    let mut client = Client::connect(listener);
    assert_eq!(client.get("/").text(), "old");
    let slots = vec![slot(1, 0, &[old.address]), slot(2, 100, &[new.address])];
    rig.route(&key("web"), serving(listener, slots));
    assert_eq!(client.get("/").text(), "new");
    assert_eq!(old.closed(), 0, "a slot at weight 0 is kept warm");
    let slots = vec![slot(2, 100, &[new.address])];
    rig.route(&key("web"), serving(listener, slots));
    eventually("its connection is closed", || old.closed() == 1);
    assert_eq!((client.get("/").text().as_str(), new.closed()), ("new", 0));
}
