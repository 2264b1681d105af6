//! What clients send and nobody takes, by the thousand: it lies in memory for all of them together.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use windlass_control::RouterReply;
use windlass_model::ServiceKey;

use crate::client::Client;
use crate::floods::allow_descriptors;
use crate::frames::{
    ACK, CONTINUATION, Frames, GET, HEADERS, Heard, SETTINGS, WINDOW as WINDOW_UPDATE,
};
use crate::origin::Origin;
use crate::pause::{LONG, pass, paused};
use crate::places::place;
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::tls::secure;

/// The most that they may come to, in megabytes: the budget, a little for each, and as much again for what is
/// not optimized.
const MOST: u64 = 200;
/// Bytes of a body in one frame.
const PIECE: usize = 16_000;
/// Bytes of one body that an HTTP/2 connection takes, whoever takes them from it.
const WINDOW: usize = 256_000;

/// An instance that takes connections and nothing that is said on them. Little fits in between.
fn deaf() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    set_socket_recv_buffer_size(&listener, 4 * 1024).expect("set");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let taken: Vec<_> = listener.incoming().collect();
        drop(taken);
    });
    address
}

/// The head of a request to the good service beside the deaf one.
fn elsewhere(method: &'static str) -> [(&'static str, &'static str); 4] {
    let mut head = GET;
    (head[0].1, head[2].1) = (method, "/good");
    head
}

/// A router process with a service that nobody reads for and one that answers.
struct Beside {
    rig: Rig,
    deaf: (ServiceKey, SocketAddr),
    good: SocketAddr,
    _origin: Origin,
}

impl Beside {
    fn start() -> Self {
        allow_descriptors();
        let origin = Origin::start(|exchange| {
            exchange.body();
            exchange.ok("hello")
        });
        let rig = Rig::outside();
        rig.begin();
        let route = |name: &str, instance| {
            let listener = rig.listener();
            let slots = vec![slot(1, 100, &[instance])];
            rig.route(&key(name), serving(listener, slots));
            listener
        };
        let (deaf, good) = (route("deaf", deaf()), route("web", origin.address));
        // On the same connections as the deaf one.
        let beside = place(deaf, "", "/good");
        let slots = vec![slot(1, 100, &[origin.address])];
        rig.route(&key("beside"), serving(beside, slots));
        Self {
            deaf: (key("deaf"), deaf),
            good,
            rig,
            _origin: origin,
        }
    }

    /// Good requests, some with more of a body than anybody may have who has no share.
    fn goes_on(&self) {
        let mut kept = Client::connect(self.good);
        let body = "x".repeat(300_000);
        for _ in 0..20 {
            assert_eq!(Client::connect(self.good).get("/").text(), "hello");
            kept.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 300000\r\n\r\n");
            kept.send(&body);
            assert_eq!(kept.answer().text(), "hello");
        }
    }
}

/// Says as much of this as is taken at once.
fn say(address: SocketAddr, said: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_nonblocking(true).expect("set");
    // What is left over was not taken.
    stream.write_all(said).ok();
    stream
}

#[test]
fn bodies_that_an_instance_does_not_take_have_no_more_than_their_share() {
    let beside = Beside::start();
    let before = beside.rig.megabytes();
    let head = b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10000000\r\n\r\n";
    let said = [&head[..], &b"x".repeat(600_000)].concat();
    let (key, listener) = &beside.deaf;
    let clients: Vec<TcpStream> = (0..1_000).map(|_| say(*listener, &said)).collect();
    eventually("all are with the instance", || {
        beside.rig.in_flight(key, 1) == 1_000
    });
    beside.goes_on();
    let more = beside.rig.most_megabytes().saturating_sub(before);
    assert!(more < MOST, "{more} MB");
    drop(clients);
    eventually("nothing is left of them", || {
        beside.rig.in_flight(key, 1) == 0
    });
    beside.goes_on();
}

/// A connection on which the router has promised to take as much as it ever does.
fn promised(address: SocketAddr) -> Frames {
    let mut frames = Frames::connect(address);
    while frames
        .next()
        .is_some_and(|frame| frame.kind != WINDOW_UPDATE)
    {}
    frames.frame(SETTINGS, ACK, 0, &[]);
    frames
}

/// Begins a body and sends as much of it as is taken before anybody takes it.
fn upload(frames: &mut Frames, stream: u32, length: usize) {
    let mut head = GET;
    head[0].1 = "POST";
    frames.head(stream, &head, false);
    for _ in 0..length / PIECE {
        frames.body(stream, &[b'x'; PIECE], false);
    }
}

#[test]
fn uploads_of_http_2_that_wait_end_alone_where_there_is_no_room() {
    let beside = Beside::start();
    let before = beside.rig.megabytes();
    let (key, listener) = &beside.deaf;
    // No instance takes any of them, and neither do the buffers on the way to one.
    let shut = pass(&beside.rig, key, paused(5_000, LONG));
    assert_eq!(shut, RouterReply::Done);
    let waiting = || beside.rig.waiting(key);
    let uploading = |count: u32| -> Vec<Frames> {
        let mut clients: Vec<Frames> = (0..count).map(|_| promised(*listener)).collect();
        for frames in &mut clients {
            for stream in [1, 3, 5] {
                upload(frames, stream, WINDOW);
            }
        }
        clients
    };
    // 150 MB, which is more than twice what there is for all.
    let mut clients = uploading(200);
    eventually("so many are left as there is room for", || {
        (1..=300).contains(&waiting())
    });
    beside.goes_on();
    // Each connection goes on, whatever became of its uploads.
    for frames in &mut clients {
        frames.head(7, &elsewhere("GET"), true);
        assert_eq!(frames.heard(7), Heard::Status(200));
        frames.head(9, &elsewhere("POST"), false);
        (0..4).for_each(|_| frames.body(9, &[b'x'; PIECE], false));
        frames.body(9, &[], true);
        assert_eq!(frames.heard(9), Heard::Status(200));
    }
    let more = beside.rig.most_megabytes().saturating_sub(before);
    assert!(more < MOST + 150, "{more} MB");
    drop(clients);
    eventually("nothing is left of them", || waiting() == 0);
    // Nothing is charged any more: as many find room again as before, however long they wait.
    let mut again = uploading(40);
    eventually("all wait", || waiting() == 120);
    beside.goes_on();
    for frames in &mut again {
        frames.head(7, &elsewhere("GET"), true);
        assert_eq!(frames.heard(7), Heard::Status(200));
    }
    assert_eq!(waiting(), 120, "none of them was refused");
}

#[test]
fn a_head_of_http_2_has_its_time_too() {
    let beside = Beside::start();
    let half = |continued: bool| {
        let mut frames = Frames::connect(beside.good);
        frames.get(1);
        assert_eq!(frames.heard(1), Heard::Status(200));
        frames.frame(HEADERS, 0, 3, b"\x82");
        if continued {
            frames.frame(CONTINUATION, 0, 3, b"\x86");
        }
        frames
    };
    for frames in [half(false), half(true)] {
        let mut left = frames;
        while left.next().is_some() {}
    }
}

#[test]
fn hellos_that_do_not_end_have_no_more_than_their_share() {
    let beside = Beside::start();
    let listener = beside.rig.listener();
    let origin = Origin::plain("hello");
    let slots = vec![slot(1, 100, &[origin.address])];
    beside
        .rig
        .route(&key("tls"), serving(secure(listener, "shop"), slots));
    let before = beside.rig.megabytes();
    // A hello of 60 KB, but for its end.
    let mut said = b"\x01\x00\xea\x60\x03\x03".to_vec();
    said.resize(59_000, b'r');
    let said: Vec<u8> = said
        .chunks(16_000)
        .flat_map(|record| {
            let length = u16::try_from(record.len()).expect("short").to_be_bytes();
            [b"\x16\x03\x01", &length[..], record].concat()
        })
        .collect();
    let clients: Vec<TcpStream> = (0..5_000).map(|_| say(listener, &said)).collect();
    beside.goes_on();
    let more = beside.rig.most_megabytes().saturating_sub(before);
    assert!(more < MOST, "{more} MB");
    let mut last = clients.last().expect("one of them");
    last.set_nonblocking(false).expect("set");
    last.set_read_timeout(Some(Duration::from_secs(20)))
        .expect("set");
    // Ends with a reset: not all was read that it had sent.
    last.read_to_end(&mut Vec::new()).ok();
}
