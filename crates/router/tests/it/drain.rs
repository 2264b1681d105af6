//! In flight means: to the end of the body.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use windlass_control::RouterRequest;

use crate::client::Client;
use crate::origin::{After, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};

/// An origin whose answers end when it is told to.
pub(crate) fn slow() -> (Origin, std::sync::mpsc::Sender<()>) {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
        wait.lock().expect("a lock").recv().expect("the word");
        exchange.write("-last");
        After::Keep
    });
    (origin, go_on)
}

#[test]
fn a_slot_at_weight_0_is_drained_when_its_last_body_has_ended() {
    let (old, go_on) = slow();
    let new = Origin::plain("new");
    let rig = Rig::start();
    let listener = rig.listener();
    let web = key("web");
    let to = |first| {
        let slots = vec![
            slot(1, first, &[old.address]),
            slot(2, 100 - first, &[new.address]),
        ];
        serving(listener, slots)
    };
    rig.route(&web, to(100));
    let mut client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    client.head().expect("a head");
    assert_eq!(client.bytes(5), b"first");

    rig.route(&web, to(0));
    assert_eq!(rig.in_flight(&web, 1), 1);
    assert_eq!(Client::connect(listener).get("/").text(), "new");
    assert_eq!(rig.in_flight(&web, 1), 1, "the body has not ended");

    go_on.send(()).expect("said");
    assert_eq!(client.bytes(5), b"-last");
    eventually("the slot is drained", || rig.in_flight(&web, 1) == 0);
    assert_eq!(client.get("/").text(), "new", "on the same connection");
}

#[test]
fn a_client_that_leaves_is_no_longer_in_flight() {
    let (old, _go_on) = slow();
    let rig = Rig::start();
    let listener = rig.listener();
    let web = key("web");
    rig.route(&web, serving(listener, vec![slot(1, 100, &[old.address])]));
    let mut client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    client.head().expect("a head");
    assert_eq!(rig.in_flight(&web, 1), 1);
    drop(client);
    eventually("nothing is in flight", || rig.in_flight(&web, 1) == 0);
}

#[test]
fn an_open_request_ends_whole_when_the_router_ends() {
    let (origin, go_on) = slow();
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    let mut client = Client::connect(listener);
    let mut resting = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    client.head().expect("a head");

    let epoch = rig.epoch;
    rig.call(&RouterRequest::Shutdown { epoch });
    eventually("nobody listens", || Client::try_connect(listener).is_err());
    assert!(resting.rest().is_empty(), "a resting connection is closed");
    go_on.send(()).expect("said");
    assert_eq!(client.bytes(10), b"first-last");
    assert!(client.rest().is_empty(), "and then it is closed");
    rig.join();
    assert!(!rig.config().socket.exists());
}
