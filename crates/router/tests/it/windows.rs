//! HTTP/2 in more than one turn: windows, streams at once, farewells.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use crate::conformance::{FLOW_CONTROL, routed};
use crate::frames::{
    ACK, DATA, END_STREAM, Frames, GET, GO_AWAY, Heard, PING, RESET, SETTINGS, number,
};
use crate::origin::{After, Origin};
use crate::rig::{Rig, key, serving, slot};

/// The setting of how large the window of a new stream is.
const INITIAL_WINDOW: u16 = 4;
/// Requests at once that the router says it takes.
const AT_ONCE: u32 = 128;
/// Why one more is refused, so that it may be sent again.
const REFUSED: u32 = 7;

const POST: [(&str, &str); 4] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "shop"),
];

/// Whatever comes of a body before the answer to a question that is asked now, and whether it is its end.
fn come(frames: &mut Frames) -> (usize, bool) {
    frames.frame(PING, 0, 0, b"how much");
    let (mut count, mut ended) = (0, false);
    loop {
        let frame = frames.next().expect("a frame");
        match frame.kind {
            DATA => {
                count += frame.payload.len();
                ended |= frame.flags & END_STREAM != 0;
            }
            PING if frame.payload == b"how much" => return (count, ended),
            _other => {}
        }
    }
}

#[test]
fn settings_are_acknowledged_and_questions_answered_with_their_own_bytes() {
    let (_rig, listener) = routed();
    let mut frames = Frames::connect(listener);
    let first = frames.next().expect("a frame");
    assert_eq!(
        (first.kind, first.flags),
        (SETTINGS, 0),
        "its own come first"
    );
    let at_once = first.payload.chunks(6).find(|pair| pair[..2] == [0, 3]);
    assert_eq!(at_once.map(|pair| number(&pair[2..])), Some(AT_ONCE));
    frames.frame(PING, 0, 0, b"anybody?");
    let (mut acknowledged, mut answered) = (false, false);
    while !(acknowledged && answered) {
        let frame = frames.next().expect("a frame");
        acknowledged |= (frame.kind, frame.flags) == (SETTINGS, ACK);
        answered |= (frame.kind, frame.flags, &frame.payload[..]) == (PING, ACK, b"anybody?");
    }
}

#[test]
fn an_answer_goes_no_further_than_its_client_lets_it() {
    let (_rig, listener) = routed();
    let mut frames = Frames::connect(listener);
    frames.setting(INITIAL_WINDOW, 4);
    let mut head = GET;
    head[2].1 = "/0123456789";
    frames.head(1, &head, true);
    assert_eq!(frames.heard(1), Heard::Status(200));
    let mut all = 0;
    while all < 4 {
        all += come(&mut frames).0;
    }
    assert_eq!(come(&mut frames), (0, false), "not a byte more");
    assert_eq!(all, 4);
    // What is taken from all windows is owed by this one: four less than nothing.
    frames.setting(INITIAL_WINDOW, 0);
    frames.window(1, 4);
    assert_eq!(come(&mut frames), (0, false));
    frames.window(1, 3);
    let mut more = 0;
    while more < 3 {
        more += come(&mut frames).0;
    }
    assert_eq!((more, come(&mut frames)), (3, (0, false)));
    frames.window(1, 100);
    let (mut rest, mut ended) = (0, false);
    while !ended {
        let (count, end) = come(&mut frames);
        rest += count;
        ended = end;
    }
    assert_eq!(rest, 4);
}

#[test]
fn a_body_that_overruns_its_window_ends() {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |_| {
        // Reads nothing of it.
        wait.lock().expect("a lock").recv().ok();
        After::Close
    });
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    let mut frames = Frames::connect(listener);
    frames.head(1, &POST, false);
    // Far beyond what the windows and the kernel take.
    frames.flood(DATA, 1, &[0; 16_384], 4_000);
    let heard = frames.heard(1);
    let ended = [
        Heard::GoAway(FLOW_CONTROL),
        Heard::Reset(FLOW_CONTROL),
        Heard::Closed,
    ];
    assert!(ended.contains(&heard), "{heard:?}");
    drop(go_on);
}

#[test]
fn a_request_too_many_at_once_is_refused_and_taken_when_another_has_ended() {
    let (_rig, listener) = routed();
    let mut frames = Frames::connect(listener);
    // Who knows the limit keeps it; this one has read it and does not.
    frames.frame(SETTINGS, ACK, 0, &[]);
    for number in 0..AT_ONCE {
        frames.head(1 + 2 * number, &POST, false);
    }
    let one_more = 1 + 2 * AT_ONCE;
    frames.get(one_more);
    assert_eq!(frames.heard(one_more), Heard::Reset(REFUSED));
    frames.body(1, b"", true);
    assert_eq!(frames.heard(1), Heard::Status(200));
    frames.get(one_more + 2);
    assert_eq!(frames.heard(one_more + 2), Heard::Status(200));
}

#[test]
fn who_says_farewell_still_gets_what_was_asked_for() {
    let (_rig, listener) = routed();
    let mut frames = Frames::connect(listener);
    frames.head(1, &POST, false);
    frames.frame(GO_AWAY, 0, 0, &[0; 8]);
    frames.body(1, b"body", true);
    assert_eq!(frames.heard(1), Heard::Status(200));
    let mut broken = false;
    while let Some(frame) = frames.next() {
        broken |= frame.kind == RESET;
    }
    assert!(!broken, "and then the connection ends");
}
