//! Requests that are none.

use super::judge::judge;
use super::row::{Given::Asked, Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "a path that is none",
        Asked(
            "GET /v1/nothing HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n",
        ),
        404,
        &["WL0361", "GET /v1/openapi.json"],
    ),
    row(
        "a deployment that is none",
        Asked(
            "GET /v1/deployments/dep_nothing HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n",
        ),
        404,
        &["WL0307", "windlass list"],
    ),
    row(
        "another method",
        Asked(
            "DELETE /v1/status HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n",
        ),
        405,
        &["WL0362", "this path takes GET"],
    ),
    row(
        "half an object",
        Asked(
            "POST /v1/deployments HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{",
        ),
        400,
        &["WL0360", "EOF while parsing"],
    ),
    row(
        "nothing to plan",
        Asked(
            "POST /v1/plans HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        ),
        400,
        &["WL0360", "missing field `text`"],
    ),
    row(
        "text for JSON",
        Asked(
            "POST /v1/plans HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx",
        ),
        415,
        &["WL0365", "application/json"],
    ),
    row(
        "a command that is none",
        Asked(
            "POST /v1/deployments/dep_nothing/commands HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n{\"command\":\"dance\",\"by\":\"mira\"}",
        ),
        400,
        &["unknown variant `dance`", "`abort`"],
    ),
    row(
        "a list for an object",
        Asked(
            "POST /v1/rollbacks HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
        ),
        400,
        &["WL0360", "one JSON object"],
    ),
    row(
        "a repair by magic",
        Asked(
            "POST /v1/deployments/dep_nothing/repair HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n{\"how\":\"magic\",\"by\":\"m\"}",
        ),
        400,
        &["unknown variant `magic`", "`retry`"],
    ),
    row(
        "a client of an API to come",
        Asked(
            "GET /v1/status HTTP/1.1\r\nHost: l\r\nConnection: close\r\nWindlass-Api: 99\r\n\r\n",
        ),
        409,
        &["WL0369", "API 99", "windlass serve --replace"],
    ),
    row(
        "a body of a gigabyte",
        Asked(
            "POST /v1/plans HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n{",
        ),
        413,
        &["WL0363"],
    ),
    row(
        "a page of no list",
        Asked(
            "GET /v1/deployments?cursor=nowhere HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n",
        ),
        400,
        &["WL0360", "cursor"],
    ),
    row(
        "a page of nothing",
        Asked("GET /v1/deployments?limit=0 HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n"),
        400,
        &["WL0360", "limit", "1"],
    ),
    row(
        "a token that has expired at once",
        Asked(
            "POST /v1/tokens HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 45\r\n\r\n{\"name\":\"x\",\"scope\":\"read\",\"expires_in_ms\":0}",
        ),
        400,
        &["WL0360", "expired at once"],
    ),
    row(
        "events after what the journal does not have",
        Asked("GET /v1/events?after=99999 HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n"),
        409,
        &["WL0471", "the journal ends at", "after=0"],
    ),
    row(
        "events after one that was seen elsewhere",
        Asked(
            "GET /v1/events HTTP/1.1\r\nHost: l\r\nLast-Event-ID: 99999\r\nConnection: close\r\n\r\n",
        ),
        409,
        &["WL0471", "the journal ends at"],
    ),
    row(
        "a list without an end",
        Asked(
            "GET /v1/deployments?limit=99999999999 HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n",
        ),
        400,
        &["WL0360", "the query: limit"],
    ),
];

#[test]
fn no_bad_request_moves_anything() {
    judge(ROWS);
}
