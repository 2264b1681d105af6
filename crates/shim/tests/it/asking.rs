//! Peers: fences, and bytes that are no requests.

use std::io::Write;

use windlass_control::{Restart, ShimRefusal, ShimReply, ShimRequest, encode};
use windlass_model::Epoch;

use crate::bench::{Bench, Peer};

#[test]
fn an_older_epoch_changes_nothing_and_learns_the_newer() {
    let bench = Bench::start("exec sleep 300");
    let keep = |epoch| ShimRequest::Keep {
        epoch: Epoch(epoch),
        restart: Restart::BackOff,
    };
    let older = ShimReply::Refused(ShimRefusal::OldEpoch(Epoch(5)));
    assert_eq!(bench.ask(&keep(4)), older);
    assert_eq!(bench.ask(&ShimRequest::Stop { epoch: Epoch(4) }), older);
    assert_eq!(bench.status().restart, Restart::Never);

    assert_eq!(bench.ask(&keep(9)), ShimReply::Done);
    assert_eq!(bench.status().restart, Restart::BackOff);
    let older = ShimReply::Refused(ShimRefusal::OldEpoch(Epoch(9)));
    assert_eq!(bench.ask(&ShimRequest::Stop { epoch: Epoch(8) }), older);
    assert_eq!(bench.written().epoch, Epoch(9), "a new epoch is on disk");
    assert_eq!(
        bench.ask(&ShimRequest::Stop { epoch: Epoch(9) }),
        ShimReply::Done
    );
}

#[test]
fn bytes_that_are_no_request_are_refused_and_the_connection_closes() {
    let bench = Bench::start("exec sleep 300");
    let frames: [&[u8]; 4] = [
        b"\x02\0\0\0{}",
        b"\x05\0\0\0hello",
        b"\xff\xff\xff\xff",
        b"\0\0\x10\0",
    ];
    for bytes in frames {
        let mut peer = bench.connect();
        peer.stream.write_all(bytes).expect("sent");
        let reply = peer.receive();
        assert!(
            matches!(&reply, Some(ShimReply::Refused(ShimRefusal::Malformed(_)))),
            "{bytes:?}: {reply:?}"
        );
        assert_eq!(peer.receive(), None, "{bytes:?}");
    }
    bench.leader();
}

#[test]
fn a_half_sent_request_keeps_nobody_waiting() {
    let bench = Bench::start("exec sleep 300");
    let frame = encode(&ShimRequest::Status).expect("a frame");
    let mut stuck = bench.connect();
    stuck.stream.write_all(&frame[..6]).expect("sent");
    bench.leader();
    stuck.stream.write_all(&frame[6..]).expect("sent");
    assert!(matches!(stuck.receive(), Some(ShimReply::Status(_))));
}

#[test]
fn a_crowd_of_silent_peers_shuts_nobody_out() {
    let bench = Bench::start("exec sleep 300");
    let crowd: Vec<Peer> = (0..40).map(|_| bench.connect()).collect();
    bench.leader();
    bench.stop();
    drop(crowd);
}

#[test]
fn a_peer_that_never_reads_is_dropped_and_does_not_hold_the_shim_up() {
    let bench = Bench::start("exec sleep 300");
    let mut deaf = bench.connect();
    let request = encode(&ShimRequest::Watch).expect("a frame");
    // Far more answers than the socket and the shim's own limit hold together.
    let dropped = (0..20_000).any(|_| deaf.stream.write_all(&request).is_err());
    assert!(dropped);
    bench.leader();
}

#[test]
fn several_requests_in_one_write_are_all_answered() {
    let bench = Bench::start("exec sleep 300");
    let mut peer = bench.connect();
    let frame = encode(&ShimRequest::Status).expect("a frame");
    peer.stream.write_all(&frame.repeat(3)).expect("sent");
    for _ in 0..3 {
        assert!(matches!(peer.receive(), Some(ShimReply::Status(_))));
    }
}
