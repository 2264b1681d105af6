//! Peers that do not speak as they should.

use super::judge::judge;
use super::row::{
    Given::{Asked, HalfAsked, HalfRouted, Routed},
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
];

#[test]
fn no_bad_peer_moves_anything() {
    judge(ROWS);
}
