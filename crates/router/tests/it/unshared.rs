//! Requests that would end a connection to an instance of HTTP/2 for all who are on it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use crate::client::Client;
use crate::frames::{DATA, END_HEADERS, END_STREAM, Frames, GO_AWAY, HEADERS};
use crate::rig::{eventually, key, serving};
use crate::terms::broken;
use crate::unprocessed::{routed, serving_each};

/// ENHANCE_YOUR_CALM (RFC 9113, 7).
const CALM: u32 = 11;
/// What nginx takes of a field.
const LONGEST: usize = 8 * 1024;

/// An instance that ends a connection for a head that is too large, as nginx does; it answers others, those of
/// downloads to an end that waits for a word.
struct Strict {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
    downloads: Downloads,
}

/// Those under way, each with the number of its connection.
type Downloads = Arc<Mutex<Vec<(usize, Frames, u32)>>>;

impl Strict {
    fn start() -> Self {
        let (connections, closed) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let downloads = Downloads::default();
        let (begun, ended, open) = (connections.clone(), closed.clone(), downloads.clone());
        let address = serving_each(move |stream| {
            let number = begun.fetch_add(1, SeqCst);
            // SETTINGS_MAX_CONCURRENT_STREAMS
            let mut frames = Frames::accepted(stream, &[(3, 100)]);
            while let Some(frame) = frames.next() {
                if frame.kind != HEADERS {
                    continue;
                }
                let is_whole = frame.flags & END_HEADERS > 0;
                if !is_whole || frame.payload.len() > LONGEST {
                    let why = [frame.stream.to_be_bytes(), CALM.to_be_bytes()].concat();
                    frames.frame(GO_AWAY, 0, 0, &why);
                    let open = open.lock().expect("a lock");
                    for (_, frames, _) in open.iter().filter(|(of, ..)| *of == number) {
                        frames.close();
                    }
                    break;
                }
                // The router's heads name what they ask for by a literal, or its Huffman code.
                if frame.payload.len() > 150 {
                    frames.frame(HEADERS, END_HEADERS, frame.stream, &[0x88]);
                    frames.frame(DATA, 0, frame.stream, b"first");
                    let mut open = open.lock().expect("a lock");
                    open.push((number, frames.twin(), frame.stream));
                } else {
                    frames.ok(frame.stream);
                }
            }
            ended.fetch_add(1, SeqCst);
        });
        Self {
            address,
            connections,
            closed,
            downloads,
        }
    }

    fn end_downloads(&self) {
        for (_, mut frames, stream) in self.downloads.lock().expect("a lock").drain(..) {
            frames.frame(DATA, END_STREAM, stream, b"-last");
        }
    }
}

/// Begins a download.
fn download(listener: SocketAddr) -> Client {
    let mut client = Client::connect(listener);
    let name = "~".repeat(100);
    client.send(&format!("GET /{name} HTTP/1.1\r\nHost: shop\r\n\r\n"));
    assert_eq!(client.head().expect("a head").status, 200);
    assert_eq!(client.chunk().expect("a chunk"), Some(b"first".to_vec()));
    client
}

#[test]
fn a_large_head_ends_nobody_elses_answer_and_is_no_evidence() {
    let origin = Strict::start();
    let (rig, listener, _metrics) = routed(origin.address);
    let mut downloads: Vec<Client> = (0..5).map(|_| download(listener)).collect();
    assert_eq!(origin.connections.load(SeqCst), 1);
    let large = "x".repeat(20 * 1024);
    let mut client = Client::connect(listener);
    for _ in 0..10 {
        client.send(&format!(
            "GET / HTTP/1.1\r\nHost: shop\r\nX: {large}\r\n\r\n"
        ));
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.error()),
            (502, Some("answer_broken"))
        );
    }
    origin.end_downloads();
    for client in &mut downloads {
        assert_eq!(client.chunk().expect("a chunk"), Some(b"-last".to_vec()));
        assert_eq!(client.chunk().expect("the end"), None);
    }
    assert_eq!(client.get("/").status, 200);
    assert_eq!(broken(&rig), 0);
    assert_eq!(origin.connections.load(SeqCst), 11);
}

#[test]
fn who_announces_trailers_has_a_connection_that_ends_with_the_answer() {
    let origin = Strict::start();
    let (_rig, listener, _metrics) = routed(origin.address);
    let mut client = Client::connect(listener);
    assert_eq!(client.get("/").status, 200);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\nTrailer: X-Sum\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    eventually("its connection has ended", || {
        origin.closed.load(SeqCst) == 1
    });
    assert_eq!(client.get("/").status, 200);
    assert_eq!(origin.connections.load(SeqCst), 2);
}

/// Asks with a body of so many bytes, all of which it sends.
fn upload(client: &mut Client, bytes: usize) {
    let body = "x".repeat(bytes);
    client.send(&format!(
        "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: {bytes}\r\n\r\n{body}"
    ));
    assert_eq!(client.answer().status, 200);
}

#[test]
fn long_bodies_have_connections_that_nobody_else_uses_one_after_the_other() {
    const KEPT: usize = 64 * 1024;
    let origin = Taking::start();
    let (_rig, listener, _metrics) = routed(origin.address);
    let mut client = Client::connect(listener);
    let mut taken = |bytes| -> Vec<(usize, usize)> {
        upload(&mut client, bytes);
        origin.bodies.lock().expect("a lock").drain(..).collect()
    };
    assert_eq!(taken(KEPT), [(0, KEPT)]);
    for _ in 0..3 {
        assert_eq!(taken(KEPT + 1), [(1, KEPT + 1)]);
        assert_eq!(taken(1), [(0, 1)]);
    }
}

#[test]
fn the_connection_of_a_long_body_ends_with_its_instance() {
    let origin = Taking::start();
    let (rig, listener, _metrics) = routed(origin.address);
    upload(&mut Client::connect(listener), 100_000);
    rig.route(&key("web"), serving(listener, vec![]));
    eventually("its connection has ended", || {
        origin.closed.load(SeqCst) == 1
    });
}

/// An instance that takes bodies whole, and says on which connection each came.
struct Taking {
    address: SocketAddr,
    closed: Arc<AtomicUsize>,
    /// The number of its connection, and how long it was.
    bodies: Arc<Mutex<Vec<(usize, usize)>>>,
}

impl Taking {
    fn start() -> Self {
        let (connections, closed) = (AtomicUsize::default(), Arc::<AtomicUsize>::default());
        let bodies = Arc::<Mutex<Vec<_>>>::default();
        let (ended, taken) = (closed.clone(), bodies.clone());
        let address = serving_each(move |stream| {
            let number = connections.fetch_add(1, SeqCst);
            // SETTINGS_MAX_CONCURRENT_STREAMS, SETTINGS_INITIAL_WINDOW_SIZE
            let mut frames = Frames::accepted(stream, &[(3, 100), (4, 1024 * 1024)]);
            let mut body = 0;
            while let Some(frame) = frames.next() {
                if frame.kind != DATA {
                    continue;
                }
                let count = u32::try_from(frame.payload.len()).expect("short");
                if count > 0 {
                    frames.window(0, count);
                }
                body += frame.payload.len();
                if frame.flags & END_STREAM > 0 {
                    taken.lock().expect("a lock").push((number, body));
                    body = 0;
                    frames.ok(frame.stream);
                }
            }
            ended.fetch_add(1, SeqCst);
        });
        Self {
            address,
            closed,
            bodies,
        }
    }
}
