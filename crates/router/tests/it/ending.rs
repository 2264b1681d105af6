//! What clients see of a router that is told to end while they ask.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::Sender;

use windlass_control::RouterRequest;

use crate::client::Client;
use crate::drain::slow;
use crate::left::unread;
use crate::origin::Origin;
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::tls::{ASK, Beginning, Secured, ask_half, ask_on, is_ended, secure, shaken, to_end};

const FIRST: &str = "GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n";

/// A router that ends as soon as it is told to go on with what it carries.
struct Ending {
    rig: Rig,
    listener: SocketAddr,
    carried: Client,
    go_on: Sender<()>,
}

impl Ending {
    fn of(rig: Rig, origin: &Origin, go_on: Sender<()>) -> Self {
        let listener = rig.listener();
        let slots = vec![slot(1, 100, &[origin.address])];
        rig.route(&key("web"), serving(listener, slots));
        let mut carried = Client::connect(listener);
        carried.send(FIRST);
        carried.head().expect("a head");
        Self {
            rig,
            listener,
            carried,
            go_on,
        }
    }

    fn begins(&self) {
        let epoch = self.rig.epoch;
        self.rig.call(&RouterRequest::Shutdown { epoch });
        let listener = self.listener;
        eventually("nobody listens", || Client::try_connect(listener).is_err());
    }

    fn ends(mut self) {
        self.go_on.send(()).expect("said");
        assert_eq!(self.carried.bytes(10), b"first-last");
        self.rig.join();
    }
}

#[test]
fn a_head_that_has_begun_is_heard_and_answered_as_the_last() {
    let (origin, go_on) = slow();
    let ending = Ending::of(Rig::start(), &origin, go_on);
    let answered = Origin::plain("answered");
    let other = ending.rig.listener();
    let slots = vec![slot(1, 100, &[answered.address])];
    ending.rig.route(&key("other"), serving(other, slots));
    let mut kept = Client::connect(other);
    assert_eq!(kept.get("/").text(), "answered");
    let mut clients = [kept, Client::connect(other), Client::connect(other)];
    let heads = ["GET / HTTP/1.1\r\nHo", "GET / HTTP/1.1\r\nHo", "G"];
    for (client, head) in clients.iter().zip(heads) {
        client.send(head);
    }
    // What lies in the kernel's queue is for whoever else has the socket.
    eventually("all are accepted", || {
        ending.rig.observe().connections.open == 4
    });
    ending.begins();
    for (client, head) in clients.iter_mut().zip(heads) {
        let whole = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
        client
            .try_send(&whole.as_bytes()[head.len()..])
            .expect("sent");
        let answer = client.answer();
        assert_eq!((answer.status, answer.error()), (200, None));
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(client.rest().is_empty());
    }
    ending.ends();
}

/// Whether a whole answer came, as the last.
fn is_last(said: &str) -> bool {
    said.starts_with("HTTP/1.1 200")
        && said.contains("connection: close")
        && said.ends_with("answered")
}

/// Has the router speak TLS too, for a service that answers.
fn secured(ending: &Ending, answered: &Origin) -> SocketAddr {
    let other = ending.rig.listener();
    let slots = vec![slot(1, 100, &[answered.address])];
    let route = serving(secure(other, "shop"), slots);
    ending.rig.route(&key("other"), route);
    other
}

#[test]
fn a_request_whose_record_of_tls_has_come_in_part_is_heard_and_answered_as_the_last() {
    let (origin, go_on) = slow();
    let ending = Ending::of(Rig::start(), &origin, go_on);
    let answered = Origin::plain("answered");
    let other = secured(&ending, &answered);
    let mut kept = shaken(other);
    ask_on(&mut kept, b"answered");
    let mut clients = [kept, shaken(other)];
    let rests = clients.each_mut().map(|client: &mut Secured| {
        let rest = ask_half(client);
        eventually("the router has read it", || unread(&client.sock) == 0);
        rest
    });
    ending.begins();
    for (client, rest) in clients.iter_mut().zip(&rests) {
        client.sock.write_all(rest).expect("sent");
        let said = to_end(client);
        assert!(is_last(&said), "{said:?}");
    }
    ending.ends();
}

#[test]
fn a_client_that_says_hello_while_a_router_ends_may_say_what_it_wants_a_moment_later() {
    let (origin, go_on) = slow();
    let ending = Ending::of(Rig::start(), &origin, go_on);
    let answered = Origin::plain("answered");
    let other = secured(&ending, &answered);
    let client = Beginning::at(other);
    eventually("it is accepted", || {
        ending.rig.observe().connections.open == 2
    });
    ending.begins();
    let mut client = client.shaken();
    client.write_all(ASK).expect("sent");
    let said = to_end(&mut client);
    assert!(is_last(&said), "{said:?}");
    ending.ends();
}

#[test]
fn connections_that_say_nothing_are_closed_soon_also_in_tls() {
    let (origin, go_on) = slow();
    let ending = Ending::of(Rig::start(), &origin, go_on);
    let other = ending.rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    ending
        .rig
        .route(&key("other"), serving(secure(other, "shop"), slots));
    let mut silent = Client::connect(other);
    let mut shaken = shaken(other);
    ending.begins();
    assert!(silent.rest().is_empty());
    assert!(is_ended(&mut shaken));
    ending.ends();
}

#[test]
fn of_many_who_ask_all_the_time_none_is_refused() {
    let (carried, go_on) = slow();
    let ending = Ending::of(Rig::start(), &carried, go_on);
    let answered = Origin::plain("answered");
    let other = ending.rig.listener();
    let slots = vec![slot(1, 100, &[answered.address])];
    ending.rig.route(&key("other"), serving(other, slots));
    let asking = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let mut client = Client::connect(other);
                assert_eq!(client.get("/").text(), "answered");
                asking.fetch_add(1, SeqCst);
                // Who is closed between two requests has lost none.
                while let Ok(answer) = client.try_get("/") {
                    assert_eq!((answer.status, answer.error()), (200, None));
                }
            });
        }
        eventually("all ask", || asking.load(SeqCst) == 32);
        ending.begins();
    });
    ending.ends();
}
