//! HTTP/2 as RFC 9113 and RFC 7541 want it: what a client may say, and what ends its request or connection.
//!
//! The tables stand in `conformance_frames` and `conformance_heads`, what needs more than one turn in
//! `windows`.

use std::net::SocketAddr;

use crate::conformance_frames::FRAMES;
use crate::conformance_heads::HEADS;
use crate::frames::{ACK, Frames, GO_AWAY, Heard, PING, number};
use crate::rig::{Rig, key, serving, slot};
use crate::servers::Server;

/// Reasons, by their numbers (RFC 9113, 7).
pub(crate) const PROTOCOL: u32 = 1;
pub(crate) const FLOW_CONTROL: u32 = 3;
pub(crate) const CLOSED: u32 = 5;
pub(crate) const FRAME_SIZE: u32 = 6;
pub(crate) const COMPRESSION: u32 = 9;
pub(crate) const CALM: u32 = 11;

/// A request of a client that goes on after its first one.
const NEXT: u32 = 101;

/// What a client says, and what it must hear then.
pub(crate) struct Case {
    pub(crate) sentence: &'static str,
    pub(crate) section: &'static str,
    pub(crate) says: fn(&mut Frames),
    pub(crate) hears: Hears,
}

/// What comes of the request on stream 1, or of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hears {
    /// It is answered, and so is the next one.
    Answer,
    /// It is not, for one of these reasons, and the next one is; or the connection ends for one of them.
    Refusal(&'static [u32]),
    /// The connection ends for one of these reasons, or without a word. Most of the protocol's own names for a
    /// frame that can't be read stand beside `PROTOCOL`: the library says that for them.
    End(&'static [u32]),
}

/// A router in front of a server that answers everything.
pub(crate) fn routed() -> (Rig, SocketAddr) {
    let server = Server::hyper();
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[server.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

/// What a client hears that it should not.
fn wrong(case: &Case, listener: SocketAddr) -> Option<String> {
    let mut frames = Frames::connect(listener);
    (case.says)(&mut frames);
    let (heard, right) = match case.hears {
        Hears::Answer => {
            let heard = frames.heard(1);
            (heard, heard == Heard::Status(200) && goes_on(&mut frames))
        }
        Hears::Refusal(reasons) => {
            let heard = frames.heard(1);
            let right = match heard {
                Heard::Status(status) => status != 200 && goes_on(&mut frames),
                Heard::Reset(reason) => reasons.contains(&reason) && goes_on(&mut frames),
                Heard::GoAway(reason) => reasons.contains(&reason),
                Heard::Closed => false,
            };
            (heard, right)
        }
        Hears::End(reasons) => {
            let end = end(&mut frames)?;
            (
                end,
                matches!(end, Heard::GoAway(reason) if reasons.contains(&reason)),
            )
        }
    };
    (!right).then(|| format!("{}: {heard:?} ({})", case.sentence, case.section))
}

fn goes_on(frames: &mut Frames) -> bool {
    frames.get(NEXT);
    frames.heard(NEXT) == Heard::Status(200)
}

/// How the connection ends: none if it does without a word. One that goes on answers a question.
fn end(frames: &mut Frames) -> Option<Heard> {
    frames.frame(PING, 0, 0, b"still on");
    loop {
        let frame = frames.next()?;
        match frame.kind {
            GO_AWAY => return Some(Heard::GoAway(number(&frame.payload[4..]))),
            PING if frame.flags == ACK && frame.payload == b"still on" => {
                return Some(Heard::Status(0));
            }
            _other => {}
        }
    }
}

fn all_right(cases: &[Case]) {
    let (_rig, listener) = routed();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| wrong(case, listener))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn frames_streams_and_settings_are_as_the_protocol_wants_them() {
    all_right(FRAMES);
}

#[test]
fn heads_and_what_follows_them_are_as_the_protocol_wants_them() {
    all_right(HEADS);
}
