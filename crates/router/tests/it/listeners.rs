//! Sockets handed over and given back.

use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsFd;

use windlass_control::{Direction, Refusal, RouterReply, RouterRequest};

use crate::client::Client;
use crate::origin::Origin;
use crate::rig::{Rig, eventually, key, serving, slot};

#[test]
fn listeners_come_back_as_duplicates_in_order() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let mut given = Vec::new();
    for name in ["a", "b", "c"] {
        let listener = rig.listener();
        given.push(listener);
        let slots = vec![slot(1, 100, &[origin.address])];
        rig.route(&key(name), serving(listener, slots));
    }
    let (addresses, descriptors) = rig.listeners();
    given.sort();
    assert_eq!(addresses, given);
    assert_eq!(descriptors.len(), 3);
    for (address, descriptor) in addresses.iter().zip(descriptors) {
        let twin = TcpListener::from(descriptor);
        assert_eq!(twin.local_addr().ok(), Some(*address));
    }
}

#[test]
fn a_duplicate_keeps_clients_waiting_not_refused_while_no_router_runs() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    let (_, twins) = rig.listeners();
    rig.end();
    let mut clients: Vec<_> = (0..20).map(|_| Client::connect(listener)).collect();
    for client in &clients {
        client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    }
    rig.begin();
    assert_eq!(rig.hand_over(listener, twins[0].as_fd()), RouterReply::Done);
    for client in &mut clients {
        assert_eq!(client.answer().text(), "hello");
    }
}

#[test]
fn a_changed_listen_opens_the_new_and_closes_the_old() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let (old, new) = (rig.listener(), rig.listener());
    let web = key("web");
    let mut route = serving(old, vec![slot(1, 100, &[origin.address])]);
    route.listeners.push(new.into());
    rig.route(&web, route);
    let mut resting = Client::connect(old);
    assert_eq!(resting.get("/").text(), "hello");
    assert_eq!(Client::connect(new).get("/").text(), "hello");

    rig.route(&web, serving(new, vec![slot(1, 100, &[origin.address])]));
    eventually("the old one refuses", || Client::try_connect(old).is_err());
    assert!(resting.rest().is_empty(), "a resting connection is closed");
    assert_eq!(Client::connect(new).get("/").text(), "hello");
    assert_eq!(rig.listeners().0, [new]);

    let gone = rig.change(Direction::Return, &web, None);
    assert!(gone.is_ok(), "{gone:?}");
    eventually("the new one refuses", || Client::try_connect(new).is_err());
    assert!(rig.observe().services.is_empty());
}

#[test]
fn what_is_no_listening_socket_there_is_refused() {
    let rig = Rig::start();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    let other = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for wrong in [other.as_fd(), datagrams.as_fd()] {
        let reply = rig.hand_over(address, wrong);
        assert!(
            matches!(reply, RouterReply::Refused(Refusal::Invalid(_))),
            "{reply:?}"
        );
    }
    let epoch = rig.epoch;
    let bare = rig.call(&RouterRequest::Listen { epoch, address });
    assert!(matches!(bare, RouterReply::Refused(Refusal::Invalid(_))));
    assert_eq!(rig.hand_over(address, listener.as_fd()), RouterReply::Done);
    assert_eq!(rig.hand_over(address, listener.as_fd()), RouterReply::Done);
    assert_eq!(rig.listeners().0, [address]);
}

#[test]
fn a_listener_and_its_clients_may_be_of_ipv6() {
    let origin = Origin::start(|exchange| {
        let named = ["host", "x-forwarded-for", "x-forwarded-host"];
        let named = named.map(|name| exchange.header(name).unwrap_or("none").to_owned());
        exchange.ok(&named.join("|"))
    });
    let rig = Rig::start();
    let listener = TcpListener::bind("[::1]:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    assert_eq!(rig.hand_over(address, listener.as_fd()), RouterReply::Done);
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(address, slots));
    let mut client = Client::connect(address);
    client.send(&format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    assert_eq!(client.answer().text(), format!("{address}|::1|{address}"));
}
