//! Every limit of the router, by name.

use std::time::Duration;

use rustix::event::Timespec;

/// Client connections open at once, over all listeners. Beyond it they queue in the kernel.
pub(crate) const CONNECTIONS: usize = 10_000;
/// Pause before accepting again when full or out of descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// Connections on their way from one data thread to another.
pub(crate) const HANDED: usize = 1_024;
/// Connections that the kernel keeps waiting per listener.
pub(crate) const BACKLOG: i32 = 4_096;
/// Listeners held at once.
pub(crate) const LISTENERS: usize = 1_024;

/// Bytes of a request's head.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;
/// Header lines of a request, and of an answer.
pub(crate) const HEADERS: usize = 100;
/// Requests that wait to be written to the access log. Beyond it they are only counted.
pub(crate) const ACCESS_QUEUE: usize = 8_192;
/// Bytes of the access log before it is begun anew, but for one line.
pub(crate) const ACCESS_BYTES: u64 = 16 * 1024 * 1024;
/// Older access logs that are kept.
pub(crate) const ACCESS_OLDER: u32 = 4;
/// Pause before an access log that the disk does not take is opened again.
pub(crate) const ACCESS_PAUSE: Duration = Duration::from_secs(1);
/// Bytes of a host or path that are written to the access log.
pub(crate) const ACCESS_TEXT: usize = 2_048;
/// Bytes of a client's own name for a request that are passed on.
pub(crate) const REQUEST_ID_BYTES: usize = 128;
/// Empty lines skipped before a request.
pub(crate) const BLANK_LINES: usize = 4;
/// Bytes of one chunk-size line, extensions included, or of one trailer line.
pub(crate) const CHUNK_LINE: usize = 1_024;
/// Bytes of all trailer lines of one request.
pub(crate) const TRAILER_BYTES: usize = 16 * 1024;
/// Time for a new connection's first bytes, a TLS handshake included, and for any head from its
/// first byte.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a client of TLS may take from its hello to its first words where its listener is closed: a long line, and
/// a segment that is lost once, which is sent again after a second (RFC 6298, 2).
pub(crate) const ASK_TIME: Duration = Duration::from_secs(2);
/// Bytes of a header of the PROXY protocol, version 1: what the protocol allows.
pub(crate) const ANNOUNCED_LINE: usize = 107;
/// Bytes of one of version 2 after its length: addresses, and what proxies add to them.
pub(crate) const ANNOUNCED_BYTES: usize = 4 * 1024;
/// How often the files of certificates are looked at.
pub(crate) const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked whether a certificate is to be ordered.
pub(crate) const ORDER_EVERY: Duration = Duration::from_secs(5);
/// Longest pause inside a request's body.
pub(crate) const BODY_PAUSE: Duration = Duration::from_mins(1);
/// How long an instance may take to say that a body may come whose client waits for that; then it comes.
pub(crate) const GO_ON_TIME: Duration = Duration::from_secs(1);
/// Time in which nothing goes to or fro, after which a client that has closed its side has left; and the time
/// between two looks whether it has, where it sent more than is read.
pub(crate) const LEFT_TIME: Duration = Duration::from_secs(2);
/// Longest time that a client takes nothing of what is written to it.
pub(crate) const WRITE_PAUSE: Duration = Duration::from_mins(1);
/// How long a client connection may rest between two requests.
pub(crate) const REST_TIME: Duration = Duration::from_secs(75);
/// How long a refused client may go on sending before its connection is dropped.
pub(crate) const LINGER_TIME: Duration = Duration::from_secs(1);
/// Bytes of what clients sent or have not taken, beyond what each may have anyway, that lie in memory for all
/// of them together.
pub(crate) const MEMORY_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of one body that was sent to an instance of HTTP/2 and is kept until its answer begins, to be sent again if
/// the instance says that it has not looked at it; and of all of them together, beside that.
pub(crate) const KEPT_BODY: usize = 64 * 1024;
pub(crate) const KEPT_BODIES: usize = 8 * 1024 * 1024;
/// Bytes of heads that each connection may have anyway, whatever the others have.
pub(crate) const HEAD_FREE: usize = 16 * 1024;
/// Bytes of the hello of a client that speaks TLS that each may have anyway.
pub(crate) const HELLO_FREE: usize = 4 * 1024;
/// Bytes of requests that each HTTP/2 connection may have anyway, heads and bodies of all of them together.
pub(crate) const REQUESTS_FREE: usize = 32 * 1024;
/// Requests under way on all HTTP/2 connections together, beside a few of each: each has memory of its own,
/// and more than there may be connections to instances only wait.
pub(crate) const ASKED: usize = 20_000;
/// The few.
pub(crate) const ASKED_FREE: usize = 8;
/// Bytes of answers that each may have anyway, and that may be read ahead of each.
pub(crate) const ANSWER_FREE: usize = 8 * 1024;
/// Bytes in which that budget is charged.
pub(crate) const MEMORY_STEP: usize = 16 * 1024;
/// Bytes read from a client at a time.
pub(crate) const READ_BYTES: usize = 16 * 1024;
/// Bytes of an instance's answer that are read and that its client has not taken; also of its head.
pub(crate) const ANSWER_BYTES: usize = 128 * 1024;
/// Bytes of several pieces that are copied into one to be written.
pub(crate) const FLAT_BYTES: usize = 2 * 1024;
/// Bytes that a data thread reads at a time before it is known where they belong.
pub(crate) const SCRATCH_BYTES: usize = 64 * 1024;
/// How much a refused client may go on sending.
pub(crate) const LINGER_BYTES: usize = 256 * 1024;

/// Requests at once on one HTTP/2 connection to an instance; the instance may allow fewer.
pub(crate) const SENT_STREAMS: usize = 100;
/// Bytes of a request's head, as HTTP/2 counts them, beyond which it shares no connection to an instance: what servers
/// take of one field before they end the connection for it.
pub(crate) const SHARED_HEAD: usize = 8 * 1024;
/// Requests at once that the shared HTTP/2 connections of an instance and data thread carry together; there may be
/// one connection more.
pub(crate) const SHARED_STREAMS: usize = 8 * SENT_STREAMS;
/// Requests at once on one HTTP/2 connection.
pub(crate) const STREAMS: u32 = 128;
/// Requests that a client may take back before they were looked at, and requests that break the
/// protocol, on one HTTP/2 connection: more end it.
pub(crate) const RESETS: usize = 64;
/// Bytes of a request's head on HTTP/2, as that protocol counts them.
pub(crate) const HEADER_LIST_BYTES: u32 = 64 * 1024;
/// Bytes of one request's body, or of one answer's, that wait on an HTTP/2 connection.
pub(crate) const STREAM_WINDOW: u32 = 256 * 1024;
/// Bodies of that length that wait on it at the most: so much the whole connection takes. More would be more
/// that ten thousand of them can have before a look; with less, one body that nobody takes holds up the others.
pub(crate) const WINDOWS: u32 = 4;
/// Bytes of one answer that wait to be written on an HTTP/2 connection.
pub(crate) const STREAM_SEND_BYTES: usize = 64 * 1024;
/// Bytes of one answer that the library has and has not written on HTTP/2, beyond which no more is read of it.
pub(crate) const OWED_BYTES: usize = 32 * 1024;
/// How often it is looked whether a client of HTTP/2 takes what is owed to it.
pub(crate) const TAKEN_LOOK: Duration = Duration::from_secs(1);
/// How often the other end of an HTTP/2 connection is asked whether it is there.
pub(crate) const ALIVE_EVERY: Duration = Duration::from_secs(30);
/// How long its answer may take.
pub(crate) const ALIVE_TIME: Duration = Duration::from_secs(20);

/// Time to connect to one instance.
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(2);
/// Time for all attempts to connect of one request.
pub(crate) const CONNECT_BUDGET: Duration = Duration::from_secs(10);
/// Instances tried for one request.
pub(crate) const CONNECT_TRIES: usize = 16;
/// Times one request may be handed to another connection because the first did not take it.
pub(crate) const SEND_TRIES: usize = 4;
/// Failures in a row after which an instance rests, and how long it does.
pub(crate) const EJECT_AFTER: u32 = 5;
pub(crate) const EJECT_TIME: Duration = Duration::from_secs(10);
/// Requests of a service that may be sent again beside the share of its policy.
pub(crate) const RETRY_BURST: u64 = 10;
/// The same of those of which an instance of HTTP/2 says that it has not looked at them: many connections may come to
/// their end in one moment, each with some requests under way.
pub(crate) const UNSEEN_BURST: u64 = 1_000;
/// Copies of requests under way per data thread; beyond it requests are not copied.
pub(crate) const MIRRORED: usize = 64;
/// How long one may take, its answer included.
pub(crate) const MIRROR_TIME: Duration = Duration::from_secs(30);
/// Bytes of an answer to one that are read; a longer one ends its connection.
pub(crate) const MIRROR_BYTES: usize = 1024 * 1024;
/// Time to the head of an answer, counted from the last byte of the request that was sent.
pub(crate) const FIRST_BYTE_TIME: Duration = Duration::from_mins(1);
/// Longest silence of an instance inside an answer's body.
pub(crate) const ANSWER_SILENCE: Duration = Duration::from_hours(1);
/// Longest silence in both directions of a tunnel.
pub(crate) const TUNNEL_SILENCE: Duration = Duration::from_hours(1);
/// Time for both sides to hand over a connection after the 101.
pub(crate) const UPGRADE_TIME: Duration = Duration::from_secs(10);

/// Connections kept per instance and data thread.
pub(crate) const KEPT_CONNECTIONS: usize = 256;
/// How long a connection to an instance is kept unused.
pub(crate) const KEPT_TIME: Duration = Duration::from_mins(1);
/// The same of one for long bodies: what is sent on it can't be sent again, so no instance should have tired of it.
pub(crate) const KEPT_FOR_LONG: Duration = Duration::from_secs(2);
/// How often unused connections are looked through.
pub(crate) const KEPT_SWEEP: Duration = Duration::from_secs(5);
/// How long the stream of an answer that has come whole is kept for its end, on HTTP/2.
pub(crate) const END_TIME: Duration = Duration::from_secs(1);
/// How long a connection just given back may take to be ready again.
pub(crate) const READY_TIME: Duration = Duration::from_millis(50);

/// Bytes of an answer after which they are counted, though it goes on.
pub(crate) const COUNTED_BYTES: u64 = 1024 * 1024;

/// How long a slot that is in no table and has nothing open is still remembered: whoever asks for metrics
/// now and then is to see its last counts.
pub(crate) const GONE_TIME: Duration = Duration::from_mins(5);
/// Slots that are remembered so; beyond it none is.
pub(crate) const GONE_SLOTS: usize = 1_000;
/// Slots whose metrics are told in one answer.
pub(crate) const TOLD_SLOTS: usize = 2_000;
/// Bytes of the head of a question for metrics.
pub(crate) const SCRAPE_HEAD: usize = 16 * 1024;
/// Questions for metrics at once; the oldest makes room for one more.
pub(crate) const SCRAPES: usize = 16;
/// Least time between two of them on one address.
pub(crate) const SCRAPE_PAUSE: Duration = Duration::from_millis(10);
/// How long one may take, to the last byte of its answer.
pub(crate) const SCRAPE_TIME: Duration = Duration::from_secs(10);
/// How long those under way may still take once the router has ended whose place another one took.
pub(crate) const SCRAPE_END: Duration = Duration::from_secs(1);
/// How long what was told is told again.
pub(crate) const SCRAPE_FRESH: Duration = Duration::from_millis(250);
/// Pause after a question for metrics could not be accepted.
pub(crate) const SCRAPE_REST: Duration = Duration::from_secs(1);

/// Table swaps that one request may meet while it enters.
pub(crate) const ENTER_TRIES: usize = 1_000;

/// Requests that wait while a service is recreated.
pub(crate) const HELD_REQUESTS: u64 = 5_000;
/// How long each of them does.
pub(crate) const HELD_TIME: Duration = Duration::from_secs(30);

/// Requests of one data thread that go on at once after they waited, and the time until as many more do.
pub(crate) const WAVE: usize = 64;
pub(crate) const WAVE_EVERY: Duration = Duration::from_millis(2);

/// Time between two ticks.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// Ticks kept: ten minutes.
pub(crate) const TICKS_KEPT: usize = 6_000;
/// Bytes that the counts in them may take; the oldest ticks go first. Enough for ten minutes of 300 slots
/// that are all busy in every tick: some 35 bytes for each of them.
pub(crate) const TICK_BYTES_KEPT: usize = 64 << 20;
/// Ticks in one reply.
pub(crate) const TICKS_REPLY: usize = 1_000;
/// Counts of one slot in one tick, in one reply.
pub(crate) const CELLS_REPLY: usize = 10_000;

/// Damaged tables that are kept beside the one in use; the oldest go first.
pub(crate) const TABLES_ASIDE: usize = 3;

/// Shortest time between two probes of one instance.
pub(crate) const PROBE_EVERY: Duration = Duration::from_millis(20);

/// Pause before a table that the disk did not take is written again.
pub(crate) const LATE_PAUSE: Duration = Duration::from_secs(1);

/// Trips kept on disk, and tripwires armed, together.
pub(crate) const TRIPS: usize = 4_096;
/// Places for them that are made at a time: 2 MB of disk.
pub(crate) const TRIPS_STEP: usize = 256;
/// Bytes on disk of one trip: room for the names of some eighty services.
pub(crate) const TRIP_BYTES: usize = 8 * 1024;
/// Connect failures in a row that fire a tripwire.
pub(crate) const UNREACHABLE: u32 = 5;
/// Requests that wait for a silent candidate, or left it, and fire a tripwire.
pub(crate) const SILENT_REQUESTS: u64 = 5;
/// Which part of the time that an answer may take a candidate may be silent, and the least of it.
pub(crate) const SILENT_PART: u32 = 6;
pub(crate) const SILENT_LEAST: Duration = Duration::from_secs(1);
/// How many times the threshold for slow answers it may be silent, where there is one.
pub(crate) const SILENT_TIMES: u32 = 10;
/// How many times the longest time to a head of what is stable it may be silent.
pub(crate) const SILENT_STABLE: u32 = 2;
/// Who has waited no longer for a candidate has not waited in vain, however fast what is stable is.
pub(crate) const SILENT_WAIT: Duration = Duration::from_millis(500);
/// Which part of the time that it must be silent one wait speaks for at the most; and which part of it nobody
/// need have waited at a time.
pub(crate) const SILENT_SPEAKS: u32 = 5;
pub(crate) const SILENT_GAP: u32 = 8;
/// Longest time between two looks that are one silence: whoever looks later was stopped itself.
pub(crate) const LATE_LOOK: Duration = Duration::from_secs(1);
/// How long the longest time to a head is remembered, at least, when there are newer ones.
pub(crate) const LATELY: Duration = Duration::from_mins(5);
/// Time from a candidate's first answer in which it may be slow: it is not warm yet.
pub(crate) const WARM_UP: Duration = Duration::from_secs(5);
/// Time in which one answer is judged by how long it took: others are not independent of it.
pub(crate) const SLOW_TURN: Duration = Duration::from_millis(100);
/// Which part of a trigger's time slowness must be beyond doubt, and the least of it.
pub(crate) const SLOW_PART: u32 = 4;
pub(crate) const SLOW_LEAST: Duration = Duration::from_secs(3);
/// Times a raise is decided again because the table moved while it was written.
pub(crate) const RAISE_TRIES: usize = 16;

/// Control connections at once.
pub(crate) const CONTROL_CONNECTIONS: usize = 8;
/// How long one more waits until another has ended, before it is closed.
pub(crate) const CONTROL_PLACE: Duration = Duration::from_secs(2);
/// Time for the rest of a message that has begun, and for a reply to be taken.
pub(crate) const CONTROL_TIME: Duration = Duration::from_secs(10);
/// Time between two looks at the control socket's file.
pub(crate) const SOCKET_LOOK: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};
/// Descriptors in one control message: the kernel's own limit.
pub(crate) const MESSAGE_DESCRIPTORS: usize = 253;

/// Time for a program that is to take the router's place until it is ready, and then until it serves.
pub(crate) const PROVE_TIME: Duration = Duration::from_secs(8);
pub(crate) const TAKE_TIME: Duration = Duration::from_secs(2);
/// Time for it to be gone once it has closed its end.
pub(crate) const HEIR_END: Duration = Duration::from_secs(1);
/// Time for an order of a certificate to stop before that.
pub(crate) const ORDER_STOP: Duration = Duration::from_secs(2);
/// Time between two looks at what that says.
pub(crate) const HANDING_LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};
/// How often the router that was there before is told what to do, until it has ended.
pub(crate) const FOLLOW_EVERY: Duration = Duration::from_millis(20);
/// How long a client connection rests at a router that was replaced, before it is closed.
pub(crate) const LEAVE_REST: Duration = Duration::from_secs(5);
/// Time that open requests get when the router ends.
pub(crate) const DRAIN_TIME: Duration = Duration::from_secs(30);
/// How long a router waits for the state folder of one that is ending.
pub(crate) const LOCK_TIME: Duration = Duration::from_secs(3);
/// Pause between two attempts to take the state folder.
pub(crate) const LOCK_PAUSE: Duration = Duration::from_millis(20);
