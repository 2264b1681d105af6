//! Servers that misbehave, and connections that are gone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use windlass_load::{FAILURES_KEPT, LoadPlan, start};

use crate::server::{Reply, Server, wait_until};

#[test]
fn bad_answers_are_failures_and_say_whose_they_are() {
    let server = Server::start(Arc::new(|number| match number % 4 {
        0 => Reply::good(),
        1 => Reply {
            status: 500,
            ..Reply::good()
        },
        2 => Reply {
            headers: Vec::new(),
            ..Reply::good()
        },
        _ => Reply {
            status: 503,
            headers: vec![("Windlass-Error", "no_capacity".to_owned())],
            ..Reply::good()
        },
    }));
    let load = start(server.plan()).expect("started");
    wait_until(&load, |counts| counts.answered >= 40);
    let counts = load.stop();
    let each = |kind: u64| (counts.sent + 3 - kind) / 4;
    assert_eq!(counts.answered, counts.sent);
    assert_eq!(counts.good(), each(0));
    assert_eq!(counts.failed, counts.sent - each(0));
    let chain = counts.by_chain.get("web=1").expect("seen");
    assert_eq!((chain.ok, chain.server_errors), (each(0), each(1)));
    assert!(chain.first_bad_ms.is_some() && chain.first_bad_ms <= chain.last_bad_ms);
    assert_eq!(counts.without_chain, each(2) + each(3));
    assert_eq!(counts.windlass_errors.get("no_capacity"), Some(&each(3)));
    assert!(
        counts
            .failures
            .iter()
            .any(|f| f.reason == "HTTP 503 (no_capacity)")
    );
}

#[test]
fn a_server_that_dies_costs_every_request_from_then_on() {
    let server = Server::good();
    let load = start(server.plan()).expect("started");
    wait_until(&load, |counts| counts.answered >= 40);
    server.die();
    let dead = load.mark();
    wait_until(&load, |counts| counts.failed >= 60);
    let counts = load.stop();
    assert_eq!(
        counts.good() + counts.failed,
        counts.sent,
        "every request has an end"
    );
    let after = counts.since(&dead);
    assert!(after.failed >= 60 - dead.failed);
    assert_eq!(counts.failures.len(), FAILURES_KEPT);
    let refused = counts.failures.last().expect("kept");
    assert!(refused.reason.contains("refused"), "{refused:?}");
}

#[test]
fn an_answer_that_does_not_come_is_a_failure_in_time() {
    let server = Server::start(Arc::new(|_| Reply {
        after: Duration::from_mins(1),
        ..Reply::good()
    }));
    let timeout = Duration::from_millis(200);
    let load = start(LoadPlan {
        timeout,
        ..server.plan()
    })
    .expect("started");
    wait_until(&load, |counts| counts.failed >= 20);
    let counts = load.stop();
    assert_eq!((counts.answered, counts.failed), (0, counts.sent));
    let first = counts.failures.first().expect("kept");
    assert_eq!(first.reason, "no answer within 200ms");
    assert!(first.at_ms >= 200, "{first:?}");
}

/// Reads one request; none when the client closed.
fn request(from: &mut impl BufRead) -> Option<()> {
    let mut line = String::new();
    let mut lines = 0;
    while from.read_line(&mut line).ok()? > 0 {
        lines += 1;
        if line.trim().is_empty() {
            return (lines > 1).then_some(());
        }
        line.clear();
    }
    None
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nVersion-Chain: web=1\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_connection_that_the_server_closed_while_idle_is_replaced() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let served = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&served);
    // One answer per connection; then the connection is closed without a word, as servers do to
    // idle ones. At one request at a time and 200 ms apart the close always comes while it is idle.
    let server = std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            let mut from = BufReader::new(&stream);
            if request(&mut from).is_none() {
                return;
            }
            (&stream).write_all(ANSWER).expect("written");
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let plan = LoadPlan {
        target: address,
        path: "/".to_owned(),
        per_second: 5,
        connections: 1,
        fresh_every: None,
        timeout: Duration::from_secs(10),
    };
    let load = start(plan).expect("started");
    wait_until(&load, |counts| counts.answered + counts.failed >= 5);
    let counts = load.stop();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
    assert_eq!(served.load(Ordering::Relaxed), counts.sent);
    drop(TcpStream::connect(address).expect("a last connection ends the server"));
    server.join().expect("it ended");
}

#[test]
fn a_request_whose_connection_breaks_is_not_sent_again() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    // Reads each request and answers none.
    let server = std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            let mut from = BufReader::new(&stream);
            if request(&mut from).is_none() {
                return;
            }
            counter.fetch_add(1, Ordering::Relaxed);
            stream.shutdown(std::net::Shutdown::Write).expect("closed");
            from.read_to_end(&mut Vec::new()).ok();
        }
    });
    let plan = LoadPlan {
        target: address,
        path: "/".to_owned(),
        per_second: 50,
        connections: 4,
        fresh_every: None,
        timeout: Duration::from_secs(10),
    };
    let load = start(plan).expect("started");
    wait_until(&load, |counts| counts.failed >= 10);
    let counts = load.stop();
    assert_eq!((counts.answered, counts.failed), (0, counts.sent));
    assert_eq!(received.load(Ordering::Relaxed), counts.sent);
    drop(TcpStream::connect(address).expect("a last connection ends the server"));
    server.join().expect("it ended");
}
