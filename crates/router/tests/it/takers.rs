//! Clients that take nothing of what they asked for, or pause inside what they send.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use windlass_model::{Millis, Route, Timeouts, Traffic};

use crate::client::Client;
use crate::frames::{
    DATA, END_STREAM, Frames, GET, GO_AWAY, HEADERS, Heard, PING, RESET, SETTINGS, number,
};
use crate::origin::{After, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::slow::pass;

/// The setting of how large the window of a new stream is.
const INITIAL_WINDOW: u16 = 4;
/// How long a client may pause in these tests.
const PAUSE: Duration = Duration::from_secs(1);
/// More than all buffers on the way of an answer take.
const LARGE: usize = 16 * 1024 * 1024;

/// A router whose clients may pause for [`PAUSE`], before an origin that answers with as many bytes as the
/// path says.
fn routed() -> (Rig, Origin, SocketAddr) {
    let origin = Origin::start(|exchange| {
        let path = exchange.line().split(' ').nth(1);
        let size = path.and_then(|path| path.trim_start_matches('/').parse().ok());
        if let Some(size) = size {
            return exchange.ok(&"x".repeat(size));
        }
        exchange.chunk_or_end();
        After::Close
    });
    let pause = Millis::from_millis(1_000);
    let traffic = Traffic {
        timeouts: Timeouts {
            upload: Some(pause),
            download: Some(pause),
            ..Timeouts::default()
        },
        ..Traffic::default()
    };
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    let route = Route {
        traffic: Box::new(traffic),
        ..serving(listener, slots)
    };
    rig.route(&key("web"), route);
    (rig, origin, listener)
}

fn ask(frames: &mut Frames, stream: u32, size: usize) {
    let path = format!("/{size}");
    let mut head = GET;
    head[2].1 = &path;
    frames.head(stream, &head, true);
}

/// Whatever comes before the answer to a question that is asked now: kinds of frames, but for settings.
fn come(frames: &mut Frames) -> Vec<(u8, u8, usize)> {
    frames.frame(PING, 0, 0, b"and then");
    let mut all = Vec::new();
    loop {
        let frame = frames.next().expect("a frame");
        match frame.kind {
            PING if frame.payload == b"and then" => return all,
            PING | SETTINGS => {}
            RESET => assert_eq!(number(&frame.payload), 8, "it is called off"),
            _other => {}
        }
        all.push((frame.kind, frame.flags, frame.payload.len()));
    }
}

#[test]
fn answers_whose_windows_stay_shut_end_alone_whatever_else_the_connection_does() {
    let (rig, origin, listener) = routed();
    let in_flight = || rig.in_flight(&key("web"), 1);
    let mut frames = Frames::connect(listener);
    frames.setting(INITIAL_WINDOW, 0);
    let streams = 100;
    (0..streams).for_each(|number| ask(&mut frames, 1 + 2 * number, LARGE));
    eventually("all are under way", || in_flight() == u64::from(streams));
    let mut all = Vec::new();
    // It does something all the time.
    eventually("all have ended", || {
        all.extend(come(&mut frames));
        in_flight() == 0
    });
    eventually("nothing is left with the instance", || {
        origin.closed() == origin.connections()
    });
    all.extend(come(&mut frames));
    let count = |kind| all.iter().filter(|frame| frame.0 == kind).count();
    let expected = usize::try_from(streams).expect("few");
    assert_eq!((count(HEADERS), count(RESET)), (expected, expected));
    assert_eq!((count(DATA), count(GO_AWAY)), (0, 0));
    frames.setting(INITIAL_WINDOW, 1_000);
    ask(&mut frames, 1 + 2 * streams, 10);
    assert_eq!(frames.heard(1 + 2 * streams), Heard::Status(200));
}

#[test]
fn an_answer_whose_window_stays_shut_ends_also_while_another_one_moves() {
    let (rig, _origin, listener) = routed();
    let in_flight = || rig.in_flight(&key("web"), 1);
    let mut frames = Frames::connect(listener);
    frames.setting(INITIAL_WINDOW, 0);
    for stream in [1, 3] {
        ask(&mut frames, stream, LARGE);
    }
    eventually("both are under way", || in_flight() == 2);
    let mut all = Vec::new();
    eventually("one has ended", || {
        for stream in [0, 3] {
            frames.window(stream, 20_000);
        }
        all.extend(come(&mut frames));
        pass(PAUSE / 100);
        in_flight() == 1
    });
    all.extend(come(&mut frames));
    let resets = all.iter().filter(|frame| frame.0 == RESET);
    assert_eq!(resets.count(), 1, "it was the still one");
}

#[test]
fn answers_that_take_turns_on_a_slow_line_all_go_on() {
    let (rig, _origin, listener) = routed();
    let in_flight = || rig.in_flight(&key("web"), 1);
    let mut frames = Frames::connect(listener);
    frames.setting(INITIAL_WINDOW, 1 << 30);
    let streams = 100;
    (0..streams).for_each(|number| ask(&mut frames, 1 + 2 * number, 300_000));
    eventually("all are under way", || in_flight() == u64::from(streams));
    let until = Instant::now() + PAUSE * 5;
    let mut all = Vec::new();
    // So that a turn comes every two pauses.
    while Instant::now() < until {
        frames.window(0, 16_000);
        all.extend(come(&mut frames));
        pass(PAUSE / 50);
    }
    assert!(all.iter().all(|frame| frame.0 != RESET));
    assert_eq!(in_flight(), u64::from(streams));
}

#[test]
fn an_answer_of_which_a_byte_is_taken_now_and_then_goes_on() {
    let (_rig, _origin, listener) = routed();
    let mut frames = Frames::connect(listener);
    frames.setting(INITIAL_WINDOW, 0);
    let size = 50_000;
    ask(&mut frames, 1, size);
    let until = Instant::now() + PAUSE * 4;
    let mut all = Vec::new();
    let mut more = 0;
    while Instant::now() < until {
        frames.window(1, 1);
        more += 1;
        pass(PAUSE / 4);
    }
    frames.window(1, u32::try_from(size).expect("small") - more);
    let ends = |all: &[(u8, u8, usize)]| {
        let mut data = all.iter().filter(|frame| frame.0 == DATA);
        data.any(|frame| frame.1 & END_STREAM != 0)
    };
    eventually("it ends", || {
        all.extend(come(&mut frames));
        ends(&all)
    });
    let data = all.iter().filter(|frame| frame.0 == DATA);
    assert_eq!(data.map(|frame| frame.2).sum::<usize>(), size);
}

#[test]
fn a_rest_that_can_be_called_off_no_more_ends_its_connection() {
    let (rig, _origin, listener) = routed();
    let mut frames = Frames::connect(listener);
    frames.setting(INITIAL_WINDOW, 4);
    ask(&mut frames, 1, 10);
    assert_eq!(frames.heard(1), Heard::Status(200));
    assert!(frames.is_ended());
    assert_eq!(rig.in_flight(&key("web"), 1), 0);
}

#[test]
fn an_answer_of_which_nothing_is_taken_ends_on_a_connection_that_has_it_alone() {
    let (rig, origin, listener) = routed();
    let mut client = Client::connect(listener);
    client.send(&format!("GET /{LARGE} HTTP/1.1\r\nHost: shop\r\n\r\n"));
    eventually("it is under way", || origin.requests() == 1);
    eventually("it has ended", || rig.in_flight(&key("web"), 1) == 0);
    assert!(client.rest().len() < LARGE);
}

#[test]
fn a_client_that_pauses_inside_its_body_hears_so_and_its_instance_is_rid_of_it() {
    let (_rig, origin, listener) = routed();
    let mut client = Client::connect(listener);
    client.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 9\r\n\r\n");
    let begun = Instant::now();
    let answer = client.answer();
    assert_eq!((answer.status, answer.error()), (408, Some("timeout")));
    assert!(begun.elapsed() >= PAUSE && client.rest().is_empty());

    let mut frames = Frames::connect(listener);
    let mut head = GET;
    head[0].1 = "POST";
    frames.head(1, &head, false);
    // One that is in no table.
    assert_eq!(frames.heard(1), Heard::Status(0));
    eventually("nothing is left with the instance", || {
        (origin.connections(), origin.closed()) == (2, 2)
    });
}
