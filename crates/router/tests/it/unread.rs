//! Requests with bodies that nobody reads, since the router answers by itself.

use std::net::SocketAddr;

use windlass_control::{Passage, RouterReply, RouterRequest};
use windlass_model::{Host, Listen};

use crate::client::{Answer, Client};
use crate::origin::{Origin, Refuses};
use crate::rig::{Rig, key, serving, slot};

const ROUNDS: usize = 200;
const LARGE: usize = 20 * 1024;

/// A listener behind which one service is worked on, and one is dead; what else is asked for is nobody's.
fn answering_itself(origin: &Origin, dead: &Refuses) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let at = |host: &str| Listen {
        host: Some(Host::new(host).expect("a host")),
        ..Listen::from(listener)
    };
    let web = serving(at("shut"), vec![slot(1, 100, &[origin.address])]);
    rig.route(&key("web"), web);
    let gone = serving(at("dead"), vec![slot(1, 100, &[dead.address])]);
    rig.route(&key("gone"), gone);
    let shut = rig.call(&RouterRequest::Passage {
        epoch: rig.epoch,
        service: Some(key("web")),
        passage: Passage::Maintenance,
        until_us: None,
    });
    assert_eq!(shut, RouterReply::Done);
    (rig, listener)
}

/// A client that keeps its connection until it is told that it ends, as they all do.
struct Keeps {
    listener: SocketAddr,
    client: Client,
    connections: usize,
}

impl Keeps {
    fn new(listener: SocketAddr) -> Self {
        Self {
            listener,
            client: Client::connect(listener),
            connections: 1,
        }
    }

    fn ask(&mut self, request: &str) -> Answer {
        // An answer may come, and the end with it, before all was sent.
        self.client.try_send(request.as_bytes()).ok();
        let answer = self.client.try_answer("POST").expect("an answer");
        if answer.header("connection") == Some("close") {
            self.client = Client::connect(self.listener);
            self.connections += 1;
        }
        answer
    }
}

fn post(host: &str, length: usize) -> String {
    let body = "x".repeat(length);
    format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[test]
fn no_request_is_lost_behind_one_whose_body_nobody_read() {
    let (origin, dead) = (Origin::plain("never"), Refuses::new());
    let (_rig, listener) = answering_itself(&origin, &dead);
    for (host, status) in [("shut", 503), ("nobody", 404), ("dead", 502)] {
        let mut client = Keeps::new(listener);
        for round in 0..ROUNDS {
            let answer = client.ask(&post(host, LARGE));
            assert_eq!(answer.status, status, "{host}, {round}");
        }
        let chunked = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n\
             5\r\nhello\r\n0\r\n\r\n"
        );
        for round in 0..ROUNDS {
            let answer = client.ask(&chunked);
            assert_eq!(answer.status, status, "{host}, {round}");
        }
    }
    assert_eq!(origin.requests(), 0);
}

#[test]
fn a_small_body_that_is_there_does_not_end_the_connection() {
    let (origin, dead) = (Origin::plain("never"), Refuses::new());
    let (_rig, listener) = answering_itself(&origin, &dead);
    for host in ["shut", "nobody", "dead"] {
        let mut client = Keeps::new(listener);
        for _ in 0..ROUNDS {
            client.ask(&post(host, 1_000));
        }
        assert_eq!(client.connections, 1, "{host}");
    }
}

#[test]
fn a_client_that_waits_to_be_told_to_go_on_is_told_that_the_connection_ends() {
    let (origin, dead) = (Origin::plain("never"), Refuses::new());
    let (_rig, listener) = answering_itself(&origin, &dead);
    let mut client = Keeps::new(listener);
    let answer = client.ask(
        "POST / HTTP/1.1\r\nHost: shut\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n",
    );
    assert_eq!((answer.status, client.connections), (503, 2), "{answer:?}");
}
