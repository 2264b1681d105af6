//! Tunnels over the ends of routers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use crate::alone::{file, free};
use crate::client::Client;
use crate::handing::upgraded;
use crate::origin::{After, Origin};
use crate::rig::{Rig, eventually, is_gone, key};
use crate::upgrade::{ASK, SWITCH, echo};

/// More than enough for what is open.
const LONG: Duration = Duration::from_mins(1);
/// What a router that is told to end leaves for what is open.
const DRAIN: Duration = Duration::from_secs(30);

/// A router by itself, and a tunnel through it.
fn tunnel() -> (Rig, SocketAddr, Client) {
    let (old, new) = (Origin::start(echo), Origin::plain("new"));
    let listener = free();
    let rig = Rig::alone(&file(listener, old.address, new.address, 0));
    let mut client = Client::connect(listener);
    client.send(ASK);
    assert_eq!(client.head().expect("a head").status, 101);
    says(&mut client);
    (rig, listener, client)
}

/// A frame goes there and back.
fn says(client: &mut Client) {
    let frame = b"\x81\x05hello";
    client.try_send(frame).expect("sent");
    assert_eq!(client.bytes(frame.len()), frame);
}

#[test]
fn a_tunnel_outlives_two_routers_that_take_each_others_place() {
    let (rig, listener, mut client) = tunnel();
    let first = rig.pid();
    for _ in 0..2 {
        upgraded(&rig, LONG);
        says(&mut client);
        assert_eq!(Client::connect(listener).get("/").text(), "plain");
    }
    assert!(!is_gone(first), "it has the tunnel");
    // Once it is known to go by the table in effect, it is one and not up to two more.
    eventually("the last one knows of it", || {
        rig.in_flight(&key("web"), 1) == 1 && rig.in_flight(&key("web"), 2) == 0
    });
    let known = Instant::now() + Duration::from_secs(1);
    eventually("it goes on to know", || {
        assert_eq!(rig.in_flight(&key("web"), 1), 1);
        Instant::now() > known
    });
    eventually("the last one knows of it", || {
        rig.in_flight(&key("web"), 1) == 1
    });
    client.end_sending();
    assert!(client.rest().is_empty());
    rig.elders_end();
    eventually("nothing is open", || rig.in_flight(&key("web"), 1) == 0);
}

#[test]
fn a_tunnel_whose_instance_is_gone_ends_whoever_goes_on_to_send() {
    let origin = Origin::start(|exchange| {
        exchange.write(SWITCH);
        After::Close
    });
    let listener = free();
    let rig = Rig::alone(&file(listener, origin.address, origin.address, 0));
    let mut client = Client::connect(listener);
    client.send(ASK);
    assert_eq!(client.head().expect("a head").status, 101);
    let open = || rig.in_flight(&key("web"), 1) + rig.in_flight(&key("web"), 2);
    eventually("nothing is open", || {
        // Refused once it is.
        client.try_send(b"\x81\x05hello").ok();
        open() == 0
    });
}

#[test]
fn a_router_that_is_told_to_end_closes_its_tunnels_with_a_frame_when_their_time_is_over() {
    let (rig, _listener, mut client) = tunnel();
    let patience = Some(DRAIN + Duration::from_secs(20));
    client.stream().set_read_timeout(patience).expect("a limit");
    let pid = rig.pid();
    let begun = Instant::now();
    kill_process(pid, Signal::TERM).expect("it runs");
    says(&mut client);
    assert_eq!(client.rest(), b"\x88\x02\x03\xe9", "going away");
    let after = begun.elapsed();
    assert!(
        after >= DRAIN && after < DRAIN + Duration::from_secs(5),
        "{after:?}"
    );
    rig.join();
}
