//! Peers that do not speak as they should.

use super::judge::judge;
use super::row::{
    Given::{Asked, HalfAsked, HalfRouted, Routed, Sent, Shell, Typed},
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
    row(
        "a server where nobody listens",
        Shell(r#""$0" --server http://127.0.0.1:1 status"#),
        69,
        &[
            "http://127.0.0.1:1 can't be reached",
            "Connection refused",
            "windlass serve --replace --listen 1",
        ],
    ),
    row(
        "a server whose name is none",
        Shell(r#""$0" --server https://nobody.invalid list"#),
        69,
        &[
            "no machine named nobody.invalid",
            "getent hosts nobody.invalid",
        ],
    ),
    row(
        "a server that is none of ours",
        Shell(r#""$0" --server http://$(sed -n 's/ *listen: //p' windlass.yaml) deploy"#),
        69,
        &["no controller (HTTP 200", "curl -i http://127."],
    ),
    row(
        "a server without TLS that is asked for it",
        Shell(r#""$0" --server https://$(sed -n 's/ *listen: //p' windlass.yaml) down"#),
        69,
        &[
            "does not speak TLS",
            "windlass serve --replace --listen",
            "--tls-cert FILE",
        ],
    ),
    row(
        "a token in the clear",
        Shell(r#"WINDLASS_TOKEN=wlt_secret "$0" --server http://192.0.2.1:7070 rollback"#),
        64,
        &[
            "is not encrypted",
            "ssh -N -L",
            "--server http://127.0.0.1:7070",
        ],
    ),
    row(
        "a token of two words",
        Shell(r#"WINDLASS_TOKEN='wlt_a b' "$0" --server http://127.0.0.1:1 rollback"#),
        64,
        &["characters that no token has", "windlass token create"],
    ),
    row(
        "a server that is no URL",
        Shell(r#"WINDLASS_SERVER=ops.example:7070 "$0" abort"#),
        64,
        &[
            "ops.example:7070 is not the address of a server",
            "--server https://HOST:PORT",
        ],
    ),
    row(
        "trusted certificates that are none",
        Shell(r#""$0" --server https://127.0.0.1:1 --ca windlass.yaml status"#),
        64,
        &["windlass.yaml can't be used", "openssl x509 -in FILE"],
    ),
    row(
        "trusted certificates without an end",
        Shell(
            r#"head -c 1100000 /dev/zero > big; "$0" --server https://127.0.0.1:1 --ca big list; c=$?; rm big; exit $c"#,
        ),
        64,
        &["it has more than 1 MiB", "name a PEM file with --ca FILE"],
    ),
    row(
        "trusted certificates for a server that shows none",
        Typed(&["--server", "http://127.0.0.1:1", "--ca", "cert.pem", "list"]),
        64,
        &["http:// shows none: write https://"],
    ),
    row(
        "a server and a state directory",
        Shell(r#""$0" --server https://127.0.0.1:1 --state-dir elsewhere down"#),
        64,
        &["give one of them"],
    ),
    row(
        "a controller in the place of another, where the router listens",
        Shell(r#""$0" serve --replace --listen $(sed -n 's/ *listen: //p' windlass.yaml)"#),
        5,
        &[
            "WL0447",
            "can't be listened on",
            "goes on as it was",
            "choose another port",
        ],
    ),
    row(
        "a controller in the place of another, with a certificate that is none",
        Shell(
            "echo x > x.pem; \"$0\" serve --replace --listen 7070 --tls-cert x.pem --tls-key x.pem",
        ),
        64,
        &["WL0447", "x.pem can't be used for TLS", "goes on as it was"],
    ),
    row(
        "a halt from elsewhere",
        Shell(r#""$0" --server http://127.0.0.1:1 halt"#),
        5,
        &["WL0367", "the controller's own machine", "without --server"],
    ),
];

#[test]
fn no_bad_peer_moves_anything() {
    judge(ROWS);
}
