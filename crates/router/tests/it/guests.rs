//! How many clients are connected, and how many connections each of them may have.

use std::io::Read;
use std::net::SocketAddr;

use windlass_model::{Connections, Listen, Proxies};

use crate::client::Client;
use crate::origin::Origin;
use crate::rig::{Rig, eventually, key, serving, slot};

fn limited(address: SocketAddr, total: Option<u16>, per_address: Option<u16>) -> Listen {
    Listen {
        proxies: Proxies {
            trusted: vec!["127.0.0.0/8".parse().expect("a network")],
            proxy_protocol: true,
        },
        connections: Connections { total, per_address },
        ..address.into()
    }
}

fn routed(origin: &Origin, total: Option<u16>, per_address: Option<u16>) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(
        &key("web"),
        serving(limited(listener, total, per_address), slots),
    );
    (rig, listener)
}

/// A connection of this client, and whether it is served.
fn of(listener: SocketAddr, client: &str) -> Option<Client> {
    let mut connection = Client::connect(listener);
    let header = format!("PROXY TCP4 {client} 192.0.2.1 4000 80\r\n");
    connection.try_send(header.as_bytes()).ok()?;
    let answer = connection.try_get("/").ok()?;
    assert_eq!(answer.status, 200);
    Some(connection)
}

#[test]
fn a_client_that_has_all_that_it_may_have_is_closed_and_others_are_served() {
    let origin = Origin::plain("answered");
    let (rig, listener) = routed(&origin, None, Some(2));
    let mut open: Vec<Client> = (0..2).filter_map(|_| of(listener, "203.0.113.7")).collect();
    assert_eq!(open.len(), 2);
    assert!(of(listener, "203.0.113.7").is_none());
    let other = of(listener, "203.0.113.8");
    assert!(other.is_some());
    let counted = rig.observe().connections;
    assert_eq!((counted.beyond_total, counted.beyond_address), (0, 1));
    open.pop();
    eventually("its place is free again", || {
        of(listener, "203.0.113.7").is_some()
    });
}

#[test]
fn a_listener_that_has_its_total_closes_whoever_comes() {
    let origin = Origin::plain("answered");
    let (rig, listener) = routed(&origin, Some(1), None);
    let only = of(listener, "203.0.113.7").expect("served");
    assert!(of(listener, "203.0.113.8").is_none());
    // Before it has said anything, TLS or not.
    let refused = Client::connect(listener);
    refused.send("PROXY TCP4 203.0.113.9 192.0.2.1 4000 80\r\n");
    let ended = refused
        .stream()
        .read(&mut [0])
        .map_or(true, |count| count == 0);
    assert!(ended, "it is closed");
    assert_eq!(rig.observe().connections.beyond_total, 2);
    drop(only);
    eventually("there is room again", || {
        of(listener, "203.0.113.8").is_some()
    });
}

#[test]
fn clients_on_this_machine_are_limited_by_the_total_alone() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    let listen = Listen {
        connections: Connections {
            total: None,
            per_address: Some(1),
        },
        ..listener.into()
    };
    rig.route(&key("web"), serving(listen, slots));
    let mut open: Vec<Client> = (0..20).map(|_| Client::connect(listener)).collect();
    assert!(open.iter_mut().all(|client| client.get("/").status == 200));
    let counted = rig.observe().connections;
    assert_eq!((counted.open, counted.beyond_address), (20, 0));
}
