//! Answers whose end is told by the end of their connection alone, as to a client of HTTP/1.0.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use windlass_model::{Millis, Route, Timeouts, Traffic};

use crate::client::Client;
use crate::origin::{After, Origin};
use crate::rig::{Rig, key, serving, slot};

const ASK: &str = "GET /ff HTTP/1.0\r\nHost: shop\r\nConnection: keep-alive\r\n\r\n";

/// Begins an answer of unknown length, and ends it with these bytes once it is told to.
pub(crate) fn halting(end: &'static str) -> (Origin, Sender<()>) {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n");
        // The other end is dropped where it is never told.
        wait.lock().expect("a lock").recv().ok();
        exchange.write(end);
        After::Close
    });
    (origin, go_on)
}

fn routed(origin: &Origin, timeouts: Timeouts) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let route = Route {
        traffic: Box::new(Traffic {
            timeouts,
            ..Traffic::default()
        }),
        ..serving(listener, vec![slot(1, 100, &[origin.address])])
    };
    rig.route(&key("web"), route);
    (rig, listener)
}

/// One that has begun to hear its answer, which has no length and does not say that others follow.
fn begun(listener: SocketAddr) -> Client {
    let mut client = Client::connect(listener);
    client.send(ASK);
    let head = client.head().expect("a head");
    assert_eq!((head.status, head.header("content-length")), (200, None));
    assert_eq!(head.header("connection"), Some("close"));
    assert_eq!(client.bytes(3), b"hel");
    client
}

#[test]
fn one_that_breaks_off_ends_with_a_reset_and_a_whole_one_in_order() {
    for (end, is_reset) in [("0\r\n\r\n", false), ("5\r\nlo", true), ("", true)] {
        let (origin, go_on) = halting(end);
        let (_rig, listener) = routed(&origin, Timeouts::default());
        let mut client = begun(listener);
        go_on.send(()).expect("said");
        assert_eq!(client.is_reset(), is_reset, "{end:?}");
    }
}

#[test]
fn one_that_falls_silent_ends_with_a_reset() {
    let (origin, _go_on) = halting("");
    let timeouts = Timeouts {
        silence: Some(Millis::from_millis(100)),
        ..Timeouts::default()
    };
    let (_rig, listener) = routed(&origin, timeouts);
    assert!(begun(listener).is_reset());
}
