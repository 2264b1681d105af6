//! Bodies whose clients wait to be told to send them.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use windlass_model::Millis;

use crate::client::Client;
use crate::frames::{Frames, Heard};
use crate::origin::{After, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};

const UPLOAD: &str =
    "POST / HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

fn routed(origin: &Origin) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

/// Refuses each request by its head, and counts what still comes.
fn refuses() -> (Origin, Arc<AtomicUsize>) {
    let came = Arc::<AtomicUsize>::default();
    let count = came.clone();
    let origin = Origin::start(move |exchange| {
        assert_eq!(exchange.header("expect"), Some("100-continue"));
        exchange.write("HTTP/1.1 401 Who are you\r\nContent-Length: 2\r\n\r\nno");
        let mut rest = Vec::new();
        // However the router ends it.
        exchange.reader.read_to_end(&mut rest).ok();
        count.fetch_add(rest.len(), SeqCst);
        After::Close
    });
    (origin, came)
}

#[test]
fn an_instance_that_refuses_by_the_head_gets_nothing_of_the_body_and_its_answer_is_the_first_word()
{
    let (origin, came) = refuses();
    let (_rig, listener) = routed(&origin);
    let mut patient = Client::connect(listener);
    patient.send(UPLOAD);
    // Such clients may send the body at once all the same.
    let mut hasty = Client::connect(listener);
    hasty.send(&format!("{UPLOAD}body"));
    for client in [&mut patient, &mut hasty] {
        let answer = client.answer();
        assert_eq!((answer.status, answer.text()), (401, "no".to_owned()));
        // What comes next could be the body, or another request.
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(client.rest().is_empty());
    }
    let mut frames = Frames::connect(listener);
    let head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "shop"),
        ("expect", "100-continue"),
    ];
    frames.head(1, &head, false);
    frames.body(1, b"body", true);
    // Written out, as one that is in no table.
    assert_eq!(frames.heard(1), Heard::Status(0));
    eventually("the instance is rid of them", || origin.closed() == 3);
    assert_eq!(came.load(SeqCst), 0);
}

#[test]
fn a_client_is_told_to_go_on_when_its_instance_says_so() {
    let said = Arc::<AtomicBool>::default();
    let says = said.clone();
    let origin = Origin::start(move |exchange| {
        says.store(true, SeqCst);
        exchange.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        exchange.write("HTTP/1.1 100 Continue\r\n\r\n");
        let body = exchange.body();
        exchange.ok(&String::from_utf8_lossy(&body))
    });
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    for _ in 0..2 {
        said.store(false, SeqCst);
        client.send(UPLOAD);
        assert_eq!(client.head().expect("a word").status, 100);
        assert!(said.load(SeqCst), "nobody had said so");
        client.send("body");
        let answer = client.answer();
        assert_eq!((answer.status, answer.text()), (200, "body".to_owned()));
    }
    assert_eq!(origin.connections(), 1, "it was kept");
}

#[test]
fn a_client_of_an_instance_that_says_nothing_goes_on_after_a_second() {
    let origin = Origin::plain("taken");
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    let begun = Instant::now();
    client.send(UPLOAD);
    assert_eq!(client.head().expect("a word").status, 100);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    client.send("body");
    assert_eq!(client.answer().text(), "taken");
}

#[test]
fn the_time_of_an_answer_does_not_run_out_while_nothing_of_the_body_was_sent() {
    let origin = Origin::plain("taken");
    let rig = Rig::start();
    let listener = rig.listener();
    let mut entry = serving(listener, vec![slot(1, 100, &[origin.address])]);
    entry.traffic.timeouts.answer = Some(Millis::from_millis(500));
    rig.route(&key("web"), entry);
    let mut client = Client::connect(listener);
    client.send(UPLOAD);
    assert_eq!(client.head().expect("a word").status, 100);
    client.send("body");
    assert_eq!(client.answer().text(), "taken");
}
