//! Clients that mean harm, or are only slow, by the thousand.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, prlimit, setrlimit};
use windlass_model::{Millis, Probe, ProbeKind, SlotId};

use crate::client::Client;
use crate::frames::{Frames, GO_AWAY, PRIORITY, WINDOW};
use crate::origin::{After, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};

/// Hostile connections at once.
const HOSTILE: usize = 5_000;
/// A 64th of a large answer.
const LARGE: &str = match std::str::from_utf8(&[b'x'; 16 * 1024]) {
    Ok(text) => text,
    Err(_) => unreachable!(),
};
/// Frames of a flood.
const MANY: usize = 1_000_000;
/// What the router may take meanwhile, in megabytes.
const MEMORY: u64 = 300;

/// A router process in front of an origin that answers `/large` with a megabyte.
fn routed() -> (Rig, Origin, SocketAddr) {
    let origin = Origin::start(|exchange| {
        if exchange.line().contains("/large") {
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
            // In pieces: here are thousands of these at once.
            (0..64).for_each(|_| exchange.write(LARGE));
            return After::Keep;
        }
        exchange.body();
        exchange.ok("hello")
    });
    let rig = Rig::outside();
    rig.begin();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, origin, listener)
}

/// This process holds the other ends.
pub(crate) fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, most).expect("its own");
}

/// The so-manieth hostile client: most of them never get as far as a request.
fn hostile(number: usize, listener: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(listener).expect("connected");
    let said: &[u8] = match number % 20 {
        0 => b"GET /large HTTP/1.1\r\nHost: shop\r\n\r\n",
        1 => b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100000\r\n\r\nslow",
        2..7 => b"GET / HTTP/1.1\r\nHost: sh",
        7..12 => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        12..15 => b"\x16\x03\x01",
        _ => b"",
    };
    stream.write_all(said).expect("sent");
    stream
}

#[test]
fn thousands_of_slow_clients_cost_little_memory_and_no_good_request() {
    allow_descriptors();
    let (rig, _origin, listener) = routed();
    let mut good = Client::connect(listener);
    let all: Vec<TcpStream> = (0..HOSTILE).map(|n| hostile(n, listener)).collect();
    for number in 0..200 {
        assert_eq!(good.get("/").text(), "hello");
        if number % 10 == 0 {
            assert_eq!(Client::connect(listener).get("/").text(), "hello");
        }
    }
    let megabytes = rig.megabytes();
    assert!(megabytes < MEMORY, "{megabytes} MB");
    drop(all);
    eventually("nothing is left in flight", || {
        rig.in_flight(&key("web"), 1) == 0
    });
}

/// The most that thousands of large heads may come to, in megabytes: the budget, and a little for each.
const HEADS: u64 = 220;

/// So many clients that each send this and take nothing; how much memory the router has more for them.
fn taken_by(count: usize, said: &[u8]) -> (u64, Vec<TcpStream>) {
    allow_descriptors();
    let (rig, _origin, listener) = routed();
    let before = rig.megabytes();
    let clients: Vec<TcpStream> = (0..count)
        .map(|_| {
            let mut stream = TcpStream::connect(listener).expect("connected");
            // One that is refused has heard so.
            stream.write_all(said).ok();
            stream
        })
        .collect();
    let mut good = Client::connect(listener);
    // More than a head may have, and no part of one.
    let body = "x".repeat(40_000);
    for _ in 0..50 {
        assert_eq!(good.get("/").text(), "hello");
        good.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 40000\r\n");
        assert_eq!(Client::connect(listener).get("/").text(), "hello");
        good.send(&format!("\r\n{body}"));
        assert_eq!(good.answer().text(), "hello");
    }
    (rig.most_megabytes().saturating_sub(before), clients)
}

#[test]
fn thousands_of_large_heads_that_do_not_end_take_no_more_than_their_share() {
    let head = format!("GET / HTTP/1.1\r\nHost: shop\r\nX: {}", "y".repeat(60_000));
    let (megabytes, mut clients) = taken_by(HOSTILE, head.as_bytes());
    assert!(megabytes < HEADS, "{megabytes} MB");
    let last = clients.pop().expect("one of them");
    last.set_read_timeout(Some(Duration::from_secs(20)))
        .expect("set");
    let mut said = Vec::new();
    // It ends with a reset, since not all was read that it had sent.
    (&last).read_to_end(&mut said).ok();
    let said = String::from_utf8_lossy(&said);
    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
    assert!(said.contains("windlass-error: no_room"), "{said}");
}

#[test]
fn thousands_of_answers_that_nobody_reads_take_no_more_than_their_share() {
    let ask = b"GET /large HTTP/1.1\r\nHost: shop\r\n\r\n";
    let (megabytes, _clients) = taken_by(1_000, ask);
    // What is not optimized takes a third of that for the requests alone.
    assert!(megabytes < MEMORY, "{megabytes} MB");
}

/// A request whose body has begun, and nothing in it, over and over.
fn nothings(frames: &mut Frames) {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "shop"),
    ];
    frames.head(1, &fields, false);
    frames.nothings(1, MANY);
}

#[test]
fn floods_of_frames_cost_no_memory_and_no_good_request() {
    let (rig, _origin, listener) = routed();
    let before = rig.megabytes();
    let floods: [fn(&mut Frames); 7] = [
        |it| it.settings(MANY),
        |it| it.pings(MANY),
        nothings,
        |it| it.flood(GO_AWAY, 0, &[0; 8], MANY),
        |it| it.flood(PRIORITY, 1, &[0, 0, 0, 0, 16], MANY),
        |it| it.flood(WINDOW, 0, &[0, 0, 0, 1], MANY),
        |it| it.flood(0xfa, 0, b"nobody knows", MANY),
    ];
    let mut kept = Vec::new();
    for flood in floods {
        let mut frames = Frames::connect(listener);
        flood(&mut frames);
        // Nothing of what it is sent is read, and it stays.
        kept.push(frames);
        assert_eq!(Client::connect(listener).get("/").text(), "hello");
    }
    let grown = rig.megabytes().saturating_sub(before);
    assert!(grown < 30, "{grown} MB more");
}

/// Leaves a router no descriptor beside those that it has; what it was allowed before.
fn starve(rig: &Rig) -> Rlimit {
    // Its own sockets and pipes have all numbers up to there.
    let none = Rlimit {
        current: Some(8),
        ..getrlimit(Resource::Nofile)
    };
    allow(rig, none)
}

fn allow(rig: &Rig, limit: Rlimit) -> Rlimit {
    prlimit(Some(rig.pid()), Resource::Nofile, limit).expect("its own child")
}

#[test]
fn a_router_without_descriptors_holds_its_instances_for_what_they_were() {
    let (rig, origin, listener) = routed();
    let mut probed = slot(1, 100, &[origin.address]);
    probed.probe = Probe {
        kind: ProbeKind::Tcp,
        every: Millis::from_millis(20),
        rise: 1,
        fall: 1,
        ..Probe::default()
    };
    rig.route(&key("web"), serving(listener, vec![probed]));
    let ready = || {
        rig.observe().services[&key("web")].slots[&SlotId(1)]
            .ready
            .len()
    };
    eventually("it is ready", || ready() == 1);
    let mut kept = Client::connect(listener);
    assert_eq!(kept.get("/").text(), "hello");
    let was = starve(&rig);
    // Fifty probes find nothing to look with, and one that failed would be enough.
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        assert_eq!(kept.get("/").text(), "hello");
        assert_eq!(ready(), 1);
    }
    allow(&rig, was);
}

#[test]
fn a_router_without_descriptors_keeps_who_it_has_and_takes_the_others_when_it_can() {
    let (rig, _origin, listener) = routed();
    let mut kept = Client::connect(listener);
    assert_eq!(kept.get("/").text(), "hello");
    let was = starve(&rig);
    let mut waiting: Vec<Client> = (0..50).map(|_| Client::connect(listener)).collect();
    for client in &waiting {
        client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    }
    for _ in 0..20 {
        assert_eq!(kept.get("/").text(), "hello", "its connections are there");
    }
    allow(&rig, was);
    for client in &mut waiting {
        assert_eq!(client.answer().text(), "hello");
    }
}
