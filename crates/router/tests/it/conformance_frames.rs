//! What a client may say in frames, streams and settings (RFC 9113, 3 to 6).

use crate::conformance::Hears::{Answer, End, Refusal};
use crate::conformance::{CLOSED, Case, FLOW_CONTROL, FRAME_SIZE, PROTOCOL};
use crate::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, GO_AWAY, HEADERS, PADDED, PING,
    PRIORITY, PROMISE, RESET, SETTINGS, WINDOW, block,
};

/// A kind of frame that nobody has given a meaning.
const UNKNOWN: u8 = 0xfa;
/// Bytes of a payload that is one too long.
const TOO_LONG: usize = 16_385;
const LARGEST_WINDOW: u32 = 0x7fff_ffff;

/// The settings that have a meaning (RFC 9113, 6.5.2).
const TABLE_SIZE: u16 = 1;
const ENABLE_PUSH: u16 = 2;
const INITIAL_WINDOW: u16 = 4;
const MAX_FRAME: u16 = 5;

const POST: [(&str, &str); 4] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "shop"),
];

pub(crate) const FRAMES: &[Case] = &[
    Case {
        sentence: "a request is answered",
        section: "RFC 9113, 8.1",
        says: |it| it.get(1),
        hears: Answer,
    },
    Case {
        sentence: "frames of a kind that nobody knows are passed over",
        section: "RFC 9113, 4.1 and 5.5",
        says: |it| {
            it.frame(UNKNOWN, 0xff, 0, b"what is this");
            it.frame(UNKNOWN, 0, 77, &[]);
            it.get(1);
        },
        hears: Answer,
    },
    Case {
        sentence: "flags that a frame does not have are passed over",
        section: "RFC 9113, 4.1",
        says: |it| {
            it.frame(PING, 0xfe, 0, &[0; 8]);
            it.get(1);
        },
        hears: Answer,
    },
    Case {
        sentence: "the bit that is kept back beside a stream's number is passed over",
        section: "RFC 9113, 4.1",
        says: |it| {
            it.frame(WINDOW, 0, 0x8000_0000, &[0, 0, 0, 1]);
            it.get(1);
        },
        hears: Answer,
    },
    Case {
        sentence: "a piece of a body that is longer than allowed ends the connection",
        section: "RFC 9113, 4.2",
        says: |it| {
            it.head(1, &POST, false);
            it.body(1, &[0; TOO_LONG], true);
        },
        hears: Refusal(&[FRAME_SIZE]),
    },
    Case {
        sentence: "a head in a frame that is longer than allowed ends the connection",
        section: "RFC 9113, 4.2",
        says: |it| it.frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0x82; TOO_LONG]),
        hears: End(&[FRAME_SIZE, PROTOCOL]),
    },
    Case {
        sentence: "settings in a frame that is longer than allowed end the connection",
        section: "RFC 9113, 4.2",
        says: |it| it.frame(SETTINGS, 0, 0, &[0; 16_386]),
        hears: End(&[FRAME_SIZE, PROTOCOL]),
    },
    Case {
        sentence: "a body on a stream that nobody opened ends the connection",
        section: "RFC 9113, 5.1, idle",
        says: |it| it.body(1, b"body", true),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "the reset of a stream that nobody opened ends the connection",
        section: "RFC 9113, 5.1 and 6.4",
        says: |it| it.reset(1),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "more window for a stream that nobody opened ends the connection",
        section: "RFC 9113, 5.1 and 6.9",
        says: |it| it.window(1, 100),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a head that goes on on a stream that nobody opened ends the connection",
        section: "RFC 9113, 5.1 and 6.10",
        says: |it| it.frame(CONTINUATION, END_HEADERS, 1, &block(&GET)),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a body after its request has ended is refused",
        section: "RFC 9113, 5.1, half-closed (remote)",
        says: |it| {
            it.get(1);
            it.body(1, b"more", true);
        },
        hears: End(&[CLOSED, PROTOCOL]),
    },
    Case {
        sentence: "a head after its request has ended is refused",
        section: "RFC 9113, 5.1, half-closed (remote)",
        says: |it| {
            it.get(1);
            it.get(1);
        },
        hears: End(&[CLOSED, PROTOCOL]),
    },
    Case {
        sentence: "a body after its request was taken back is refused",
        section: "RFC 9113, 5.1, closed",
        says: |it| {
            it.head(1, &POST, false);
            it.reset(1);
            it.body(1, b"more", true);
        },
        hears: Refusal(&[CLOSED]),
    },
    Case {
        sentence: "a head after its request was taken back ends the connection",
        section: "RFC 9113, 5.1, closed",
        says: |it| {
            it.head(1, &POST, false);
            it.reset(1);
            it.get(1);
        },
        hears: End(&[CLOSED, PROTOCOL]),
    },
    Case {
        sentence: "a stream with an even number ends the connection",
        section: "RFC 9113, 5.1.1",
        says: |it| it.get(2),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a stream with a number below the last one's ends the connection",
        section: "RFC 9113, 5.1.1",
        says: |it| {
            it.get(5);
            it.get(3);
        },
        hears: End(&[PROTOCOL, CLOSED]),
    },
    Case {
        sentence: "a body without a stream ends the connection",
        section: "RFC 9113, 6.1",
        says: |it| it.body(0, b"body", true),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "what only fills a body up is passed over",
        section: "RFC 9113, 6.1",
        says: |it| {
            it.head(1, &POST, false);
            it.frame(DATA, PADDED | END_STREAM, 1, &[2, b'x', 0, 0]);
        },
        hears: Answer,
    },
    Case {
        sentence: "a body that says it has more to fill it up than it is long ends the connection",
        section: "RFC 9113, 6.1",
        says: |it| {
            it.head(1, &POST, false);
            it.frame(DATA, PADDED | END_STREAM, 1, &[5, b'x', 0, 0]);
        },
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a head without a stream ends the connection",
        section: "RFC 9113, 6.2",
        says: |it| it.get(0),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a head that says it has more to fill it up than it is long ends the connection",
        section: "RFC 9113, 6.2",
        says: |it| {
            let flags = PADDED | END_HEADERS | END_STREAM;
            it.frame(HEADERS, flags, 1, &[&[200][..], &block(&GET)].concat());
        },
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "another stream's head within a head ends the connection",
        section: "RFC 9113, 6.2",
        says: |it| {
            it.frame(HEADERS, END_STREAM, 1, &block(&GET));
            it.get(3);
        },
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a frame of any other kind within a head ends the connection",
        section: "RFC 9113, 4.3 and 6.2",
        says: |it| {
            it.frame(HEADERS, END_STREAM, 1, &block(&GET));
            it.frame(PING, 0, 0, &[0; 8]);
            it.frame(CONTINUATION, END_HEADERS, 1, &[]);
        },
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a frame that nobody knows within a head ends the connection",
        section: "RFC 9113, 5.5",
        says: |it| {
            it.frame(HEADERS, END_STREAM, 1, &block(&GET));
            it.frame(UNKNOWN, 0, 1, &[]);
            it.frame(CONTINUATION, END_HEADERS, 1, &[]);
        },
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "priorities are passed over",
        section: "RFC 9113, 5.3.2 and 6.3",
        says: |it| {
            it.frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 16]);
            it.get(1);
        },
        hears: Answer,
    },
    Case {
        sentence: "a priority without a stream ends the connection",
        section: "RFC 9113, 6.3",
        says: |it| it.frame(PRIORITY, 0, 0, &[0, 0, 0, 0, 16]),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a reset without a stream ends the connection",
        section: "RFC 9113, 6.4",
        says: |it| it.reset(0),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a reset of another length than four ends the connection",
        section: "RFC 9113, 6.4",
        says: |it| {
            it.head(1, &POST, false);
            it.frame(RESET, 0, 1, &[0; 3]);
        },
        hears: End(&[FRAME_SIZE, PROTOCOL]),
    },
    Case {
        sentence: "settings that nobody knows are passed over",
        section: "RFC 9113, 6.5.2",
        says: |it| {
            it.setting(0xff, 7);
            it.get(1);
        },
        hears: Answer,
    },
    Case {
        sentence: "whoever keeps no table of fields is answered",
        section: "RFC 9113, 6.5.2",
        says: |it| {
            it.setting(TABLE_SIZE, 0);
            it.get(1);
        },
        hears: Answer,
    },
    Case {
        sentence: "settings that are acknowledged and have something in them end the connection",
        section: "RFC 9113, 6.5",
        says: |it| it.frame(SETTINGS, ACK, 0, &[0; 6]),
        hears: End(&[FRAME_SIZE, PROTOCOL]),
    },
    Case {
        sentence: "settings of one stream end the connection",
        section: "RFC 9113, 6.5",
        says: |it| it.frame(SETTINGS, 0, 1, &[]),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "half a setting ends the connection",
        section: "RFC 9113, 6.5",
        says: |it| it.frame(SETTINGS, 0, 0, &[0; 3]),
        hears: End(&[FRAME_SIZE, PROTOCOL]),
    },
    Case {
        sentence: "a push that is neither on nor off ends the connection",
        section: "RFC 9113, 6.5.2",
        says: |it| it.setting(ENABLE_PUSH, 2),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a first window that is too large ends the connection",
        section: "RFC 9113, 6.5.2",
        says: |it| it.setting(INITIAL_WINDOW, LARGEST_WINDOW + 1),
        hears: End(&[FLOW_CONTROL, PROTOCOL]),
    },
    Case {
        sentence: "a first window that makes an open one too large ends the connection",
        section: "RFC 9113, 6.9.2",
        says: |it| {
            it.head(1, &POST, false);
            it.window(1, LARGEST_WINDOW - 65_535);
            it.setting(INITIAL_WINDOW, 65_536);
        },
        hears: End(&[FLOW_CONTROL]),
    },
    Case {
        sentence: "frames that may only be shorter than all must take end the connection",
        section: "RFC 9113, 6.5.2",
        says: |it| it.setting(MAX_FRAME, 16_383),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "frames that may be longer than a length can say end the connection",
        section: "RFC 9113, 6.5.2",
        says: |it| it.setting(MAX_FRAME, 16_777_216),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a promise of a client ends the connection",
        section: "RFC 9113, 6.6 and 8.4",
        says: |it| {
            let promise = [&[0, 0, 0, 2][..], &block(&GET)].concat();
            it.frame(PROMISE, END_HEADERS, 1, &promise);
        },
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "an answer to no question is passed over",
        section: "RFC 9113, 6.7",
        says: |it| {
            it.frame(PING, ACK, 0, b"whatever");
            it.get(1);
        },
        hears: Answer,
    },
    Case {
        sentence: "a question on a stream ends the connection",
        section: "RFC 9113, 6.7",
        says: |it| it.frame(PING, 0, 1, &[0; 8]),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a question of another length than eight ends the connection",
        section: "RFC 9113, 6.7",
        says: |it| it.frame(PING, 0, 0, &[0; 6]),
        hears: End(&[FRAME_SIZE, PROTOCOL]),
    },
    Case {
        sentence: "a farewell on a stream ends the connection",
        section: "RFC 9113, 6.8",
        says: |it| it.frame(GO_AWAY, 0, 1, &[0; 8]),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "no more window for the connection ends it",
        section: "RFC 9113, 6.9",
        says: |it| it.window(0, 0),
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "no more window for a stream is refused",
        section: "RFC 9113, 6.9",
        says: |it| {
            it.head(1, &POST, false);
            it.window(1, 0);
        },
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "more window of another length than four ends the connection",
        section: "RFC 9113, 6.9",
        says: |it| it.frame(WINDOW, 0, 0, &[0; 3]),
        hears: End(&[FRAME_SIZE, PROTOCOL]),
    },
    Case {
        sentence: "a window of the connection beyond what there is ends it",
        section: "RFC 9113, 6.9.1",
        says: |it| it.window(0, LARGEST_WINDOW),
        hears: End(&[FLOW_CONTROL]),
    },
    Case {
        sentence: "a window of a stream beyond what there is is refused",
        section: "RFC 9113, 6.9.1",
        says: |it| {
            it.head(1, &POST, false);
            it.window(1, LARGEST_WINDOW);
        },
        hears: Refusal(&[FLOW_CONTROL]),
    },
    Case {
        sentence: "a head in pieces, some of them empty, is one head",
        section: "RFC 9113, 6.10",
        says: |it| {
            it.frame(HEADERS, END_STREAM, 1, &[]);
            it.frame(CONTINUATION, 0, 1, &block(&GET[..1]));
            it.frame(CONTINUATION, 0, 1, &[]);
            it.frame(CONTINUATION, END_HEADERS, 1, &block(&GET[1..]));
        },
        hears: Answer,
    },
    Case {
        sentence: "a head that goes on on another stream ends the connection",
        section: "RFC 9113, 6.10",
        says: |it| {
            it.frame(HEADERS, END_STREAM, 1, &block(&GET));
            it.frame(CONTINUATION, END_HEADERS, 3, &block(&GET));
        },
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a head that goes on after its end ends the connection",
        section: "RFC 9113, 6.10",
        says: |it| {
            it.get(1);
            it.frame(CONTINUATION, END_HEADERS, 1, &block(&[("x", "a")]));
        },
        hears: End(&[PROTOCOL]),
    },
    Case {
        sentence: "a head that goes on without a stream ends the connection",
        section: "RFC 9113, 6.10",
        says: |it| {
            it.frame(HEADERS, END_STREAM, 1, &block(&GET));
            it.frame(CONTINUATION, END_HEADERS, 0, &[]);
        },
        hears: End(&[PROTOCOL]),
    },
];
