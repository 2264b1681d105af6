//! Peers that do not speak as they should.

use super::judge::judge;
use super::row::{
    Given::{Asked, HalfAsked, HalfRouted, Routed, Sent},
    Row, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "the controller hears half a request",
        HalfAsked("GET /v1/status HTTP/1.1\r\nHo"),
        0,
        &[],
    ),
    row("the controller hears nothing", HalfAsked(""), 0, &[]),
    row(
        "the controller hears no HTTP",
        Asked("hello\r\n\r\n"),
        400,
        &[],
    ),
    row(
        "the router hears half a request",
        HalfRouted("GET / HTTP/1.1\r\nHo"),
        0,
        &[],
    ),
    row(
        "the router hears no HTTP",
        Routed("hello\r\n\r\n"),
        400,
        &[],
    ),
    row(
        "the router hears two lengths",
        Routed("POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
        400,
        &[],
    ),
    row(
        "a stranger without a token",
        Sent("GET /v1/status HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n"),
        401,
        &["WL0366", "windlass token create"],
    ),
    row(
        "a stranger with a wrong token",
        Sent(
            "POST /v1/down HTTP/1.1\r\nHost: l\r\nConnection: close\r\nAuthorization: Bearer wlt_wrong\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{\"app\":\"shop\",\"by\":\"mira\"}",
        ),
        401,
        &["WL0366", "windlass token create"],
    ),
    row(
        "a token that may only read",
        Sent(
            "POST /v1/down HTTP/1.1\r\nHost: l\r\nConnection: close\r\nAuthorization: Bearer $READ\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{\"app\":\"shop\",\"by\":\"mira\"}",
        ),
        403,
        &["WL0367", "deploy"],
    ),
    row(
        "TLS where there is none",
        Sent("\x16\x03\x01\0\x05hello\r\n\r\n"),
        400,
        &[],
    ),
];

#[test]
fn no_bad_peer_moves_anything() {
    judge(ROWS);
}
