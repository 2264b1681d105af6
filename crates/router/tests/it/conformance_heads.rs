//! What a client may say in heads, and after them (RFC 7541; RFC 9113, 8).

use crate::conformance::Hears::{Answer, End, Refusal};
use crate::conformance::{CALM, COMPRESSION, Case, PROTOCOL};
use crate::frames::{CONTINUATION, END_HEADERS, END_STREAM, Frames, GET, HEADERS, block};

/// Numbers of the fields that every table begins with (RFC 7541, appendix A).
const METHOD_GET: u8 = 0x82;
const PATH_ROOT: u8 = 0x84;
const SCHEME_HTTP: u8 = 0x86;
/// The first field that a table has besides.
const ADDED: u8 = 0x80 + 62;

const POST: [(&str, &str); 4] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "shop"),
];

impl Frames {
    /// A good head and these bytes after its fields.
    fn head_with(&mut self, stream: u32, bytes: &[u8]) {
        let whole = [&block(&GET)[..], bytes].concat();
        self.frame(HEADERS, END_HEADERS | END_STREAM, stream, &whole);
    }

    /// A good head with one field more.
    fn field(&mut self, name: &str, value: &str) {
        self.head(1, &[&GET[..], &[(name, value)]].concat(), true);
    }

    /// The end of a request that has begun with a good head and a body.
    fn trailers(&mut self, fields: &[(&str, &str)], ends: bool) {
        self.head(1, &POST, false);
        self.body(1, b"body", false);
        self.head(1, fields, ends);
    }
}

pub(crate) const HEADS: &[Case] = &[
    Case {
        sentence: "fields are found by their numbers, and so are those that were added",
        section: "RFC 7541, 2.3.3 and 6.1",
        says: |it| {
            let begin = [METHOD_GET, SCHEME_HTTP, PATH_ROOT];
            let added = [&begin[..], b"\x41\x04shop\x40\x01x\x01a"].concat();
            it.frame(HEADERS, END_HEADERS | END_STREAM, 1, &added);
            let known = [&begin[..], &[ADDED + 1, ADDED]].concat();
            it.frame(HEADERS, END_HEADERS | END_STREAM, 3, &known);
        },
        hears: Answer,
    },
    Case {
        sentence: "a field without a number ends the connection",
        section: "RFC 7541, 6.1",
        says: |it| it.head_with(1, &[0x80]),
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a field with the number of none ends the connection",
        section: "RFC 7541, 2.3.3",
        says: |it| it.head_with(1, &[ADDED]),
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a name with the number of none ends the connection",
        section: "RFC 7541, 2.3.3",
        says: |it| it.head_with(1, b"\x7f\x20\x01a"),
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a number beyond all numbers ends the connection",
        section: "RFC 7541, 5.1",
        says: |it| it.head_with(1, &[0xff; 12]),
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a text that is longer than its head ends the connection",
        section: "RFC 7541, 5.2",
        says: |it| it.head_with(1, b"\x00\x01x\x7e"),
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a text that is filled up with more than seven bits ends the connection",
        section: "RFC 7541, 5.2",
        says: |it| it.head_with(1, b"\x00\x01x\x82\x1f\xff"),
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a text that is filled up with zeros ends the connection",
        section: "RFC 7541, 5.2",
        says: |it| it.head_with(1, b"\x00\x01x\x81\x18"),
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a text with its end in it ends the connection",
        section: "RFC 7541, 5.2",
        says: |it| it.head_with(1, b"\x00\x01x\x84\xff\xff\xff\xff"),
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a table may be made smaller at the start of a head",
        section: "RFC 7541, 4.2",
        says: |it| {
            let whole = [&[0x20][..], &block(&GET)].concat();
            it.frame(HEADERS, END_HEADERS | END_STREAM, 1, &whole);
        },
        hears: Answer,
    },
    Case {
        sentence: "a table made smaller at the end of a head ends the connection",
        section: "RFC 7541, 4.2",
        says: |it| it.head_with(1, &[0x20]),
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a table made larger than it may be ends the connection",
        section: "RFC 7541, 6.3",
        says: |it| {
            let whole = [&[0x3f, 0xe2, 0x1f][..], &block(&GET)].concat();
            it.frame(HEADERS, END_HEADERS | END_STREAM, 1, &whole);
        },
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "a field of the table that was thrown out ends the connection",
        section: "RFC 7541, 4.3",
        says: |it| {
            it.head_with(1, b"\x40\x01x\x01a");
            let whole = [&[0x20][..], &block(&GET), &[ADDED]].concat();
            it.frame(HEADERS, END_HEADERS | END_STREAM, 3, &whole);
        },
        hears: End(&[COMPRESSION, PROTOCOL]),
    },
    Case {
        sentence: "one long field named again and again is refused and not written out",
        section: "RFC 9113, 10.5.1",
        says: |it| {
            let long = [&b"\x40\x01x\x7f\x81\x1e"[..], &[b'a'; 3_968]].concat();
            let whole = [&long[..], &[ADDED; 9_000]].concat();
            it.head_with(1, &whole);
        },
        hears: Refusal(&[PROTOCOL, CALM]),
    },
    Case {
        sentence: "more than a hundred fields are refused",
        section: "RFC 9113, 10.5.1",
        says: |it| it.head(1, &[&GET[..], &[("x", "a"); 101]].concat(), true),
        hears: Refusal(&[]),
    },
    Case {
        sentence: "a head longer than 64 KB is refused",
        section: "RFC 9113, 10.5.1",
        says: |it| {
            it.frame(HEADERS, END_STREAM, 1, &block(&GET));
            let some = block(&[("x", LONG)]).repeat(100);
            for _ in 0..6 {
                it.frame(CONTINUATION, 0, 1, &some);
            }
            it.frame(CONTINUATION, END_HEADERS, 1, &[]);
        },
        hears: Refusal(&[PROTOCOL, CALM]),
    },
    Case {
        sentence: "a name with a large letter is refused",
        section: "RFC 9113, 8.2.1",
        says: |it| it.field("X-Large", "a"),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a name with a blank is refused",
        section: "RFC 9113, 8.2.1",
        says: |it| it.field("x y", "a"),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a value with an end of a line is refused",
        section: "RFC 9113, 8.2.1",
        says: |it| it.field("x", "a\r\ny: b"),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a value that begins or ends with a blank is refused",
        section: "RFC 9113, 8.2.1",
        says: |it| it.field("x", "a "),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a header of the connection is refused",
        section: "RFC 9113, 8.2.2",
        says: |it| it.field("connection", "keep-alive"),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "another coding of the body is refused",
        section: "RFC 9113, 8.2.2",
        says: |it| it.field("transfer-encoding", "chunked"),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "another protocol is refused",
        section: "RFC 9113, 8.2.2",
        says: |it| it.field("upgrade", "websocket"),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "whoever takes trailers may say so",
        section: "RFC 9113, 8.2.2",
        says: |it| it.field("te", "trailers"),
        hears: Answer,
    },
    Case {
        sentence: "whoever takes something else besides trailers is refused",
        section: "RFC 9113, 8.2.2",
        says: |it| it.field("te", "trailers, deflate"),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a part of the first line that nobody knows is refused",
        section: "RFC 9113, 8.3",
        says: |it| {
            it.head(1, &[&[(":unknown", "a")], &GET[..]].concat(), true);
        },
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a request with a status is refused",
        section: "RFC 9113, 8.3",
        says: |it| it.head(1, &[&[(":status", "200")], &GET[..]].concat(), true),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a part of the first line behind the others is refused",
        section: "RFC 9113, 8.3",
        says: |it| it.head(1, &[&GET[..3], &[("x", "a")], &GET[3..]].concat(), true),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a part of the first line that comes twice is refused",
        section: "RFC 9113, 8.3",
        says: |it| it.head(1, &[&GET[..], &[(":path", "/a")]].concat(), true),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a request without a method is refused",
        section: "RFC 9113, 8.3.1",
        says: |it| it.head(1, &GET[1..], true),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a request without a scheme is refused",
        section: "RFC 9113, 8.3.1",
        says: |it| it.head(1, &[GET[0], GET[2], GET[3]], true),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a request without a path is refused",
        section: "RFC 9113, 8.3.1",
        says: |it| it.head(1, &[GET[0], GET[1], GET[3]], true),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a request with an empty path is refused",
        section: "RFC 9113, 8.3.1",
        says: |it| it.head(1, &[GET[0], GET[1], (":path", ""), GET[3]], true),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a request for another host than its first line says is refused",
        section: "RFC 9113, 8.3.1",
        says: |it| it.field("host", "other"),
        hears: Refusal(&[]),
    },
    Case {
        sentence: "a request for nobody is refused",
        section: "RFC 9110, 7.2",
        says: |it| it.head(1, &GET[..3], true),
        hears: Refusal(&[]),
    },
    Case {
        sentence: "a tunnel to anywhere is refused",
        section: "RFC 9113, 8.5",
        says: |it| it.head(1, &[(":method", "CONNECT"), GET[3]], true),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a body shorter than its head says is refused",
        section: "RFC 9113, 8.1.1",
        says: |it| {
            it.head(1, &[&POST[..], &[("content-length", "5")]].concat(), false);
            it.body(1, b"body", true);
        },
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a body longer than its head says is refused",
        section: "RFC 9113, 8.1.1",
        says: |it| {
            it.head(1, &[&POST[..], &[("content-length", "3")]].concat(), false);
            it.body(1, b"bo", false);
            it.body(1, b"dy", true);
        },
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a body that is as long as its head says arrives",
        section: "RFC 9113, 8.1.1",
        says: |it| {
            it.head(1, &[&POST[..], &[("content-length", "4")]].concat(), false);
            it.body(1, b"bo", false);
            it.body(1, b"", false);
            it.body(1, b"dy", true);
        },
        hears: Answer,
    },
    Case {
        sentence: "a request may end with fields",
        section: "RFC 9113, 8.1",
        says: |it| it.trailers(&[("x", "a")], true),
        hears: Answer,
    },
    Case {
        sentence: "fields behind a body that are not its end are refused",
        section: "RFC 9113, 8.1",
        says: |it| it.trailers(&[("x", "a")], false),
        hears: Refusal(&[PROTOCOL]),
    },
    Case {
        sentence: "a first line behind a body is dropped by the library, where it should be refused",
        section: "RFC 9113, 8.1",
        says: |it| it.trailers(&[(":method", "GET")], true),
        hears: Answer,
    },
];

/// A value as long as the short form of a length can say.
const LONG: &str = match std::str::from_utf8(&[b'a'; 120]) {
    Ok(text) => text,
    Err(_) => "",
};
