//! What somebody on the network without a token can do: little, and not for long.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use windlass_api::Scope;
use windlass_server::{Limits, Rate};

use crate::contract::{on_the_network, token};
use crate::standing::folder;

/// Sends bytes and reads all that comes until the server closes.
async fn raw(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is an end too.
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8_lossy(&answer).to_ascii_lowercase()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn a_stranger_gets_one_answer_a_connection() {
    let folder = folder();
    let (_server, address) = on_the_network(folder.path(), Limits::default()).await;
    // The second request is never answered, however it is hidden behind the first.
    let twice = b"GET /healthz HTTP/1.1\r\nHost: w\r\n\r\nGET /healthz HTTP/1.1\r\nHost: w\r\n\r\n";
    let hidden = b"GET /healthz HTTP/1.1\r\nHost: w\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: w\r\n\r\n";
    for bytes in [&twice[..], &hidden[..]] {
        let answer = raw(address, bytes).await;
        assert_eq!(answer.matches("http/1.1 ").count(), 1, "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
    for path in ["/v1/status", "/nothing"] {
        let answer = raw(address, format!("GET {path} HTTP/1.1\r\nHost: w\r\n\r\n"));
        assert!(answer.await.contains("connection: close"), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_served_is_counted_too() {
    let folder = folder();
    let limits = Limits {
        stranger_rate: Rate {
            per_second: 1,
            burst: 2,
        },
        ..Limits::default()
    };
    let (_server, address) = on_the_network(folder.path(), limits).await;
    let mut seen = Vec::new();
    for line in ["GET /nothing", "DELETE /healthz", "GET /nothing"] {
        let answer = raw(address, format!("{line} HTTP/1.1\r\nHost: w\r\n\r\n"));
        seen.push(status(&answer.await).to_owned());
    }
    assert_eq!(seen, ["404", "405", "429"]);
}

#[tokio::test]
async fn one_address_takes_its_own_places_only() {
    let folder = folder();
    let limits = Limits {
        connections_each: 1,
        ..Limits::default()
    };
    let (_server, address) = on_the_network(folder.path(), limits).await;
    let held = TcpStream::connect(address).await.unwrap();
    let ask = b"GET /healthz HTTP/1.1\r\nHost: w\r\n\r\n";
    let answer = raw(address, ask).await;
    assert_eq!(status(&answer), "429", "{answer}");
    for told in [
        "content-type: application/problem+json",
        "retry-after: ",
        "connection: close",
        "windlass-api: ",
        "wl0302",
        "has 1 connections to it already",
    ] {
        assert!(answer.contains(told), "{told}: {answer}");
    }
    // One that says nothing is told nothing, and keeps nobody waiting.
    assert_eq!(raw(address, b"").await, "");
    drop(held);
    // The place is free again once the server has seen the end of the first.
    while status(&raw(address, ask).await) != "200" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_is_refused_before_the_body_is_read_hears_that_the_connection_ends() {
    let folder = folder();
    let (server, address) = on_the_network(folder.path(), Limits::default()).await;
    let header = token(&server, Scope::Read).await;
    let ask = format!(
        "POST /v1/down HTTP/1.1\r\nHost: w\r\n{header}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    let answer = raw(address, ask).await;
    assert_eq!(status(&answer), "403");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn whoever_is_refused_for_the_body_hears_that_the_connection_ends_and_others_keep_it() {
    let folder = folder();
    let limits = Limits {
        body: 1024,
        body_within: Duration::from_millis(100),
        ..Limits::default()
    };
    let (server, address) = on_the_network(folder.path(), limits).await;
    let header = token(&server, Scope::Deploy).await;
    let json = "Content-Type: application/json\r\n";
    let chunked = format!(
        "{json}Transfer-Encoding: chunked\r\n\r\n1000\r\n{}",
        " ".repeat(4096)
    );
    let length = |length, body| format!("{json}Content-Length: {length}\r\n\r\n{body}");
    let no_json = "Content-Length: 2\r\n\r\n{}".to_owned();
    let table = [
        ("plans", no_json, "415", [true, false]),
        ("plans", length(2000, "{"), "413", [true, true]),
        ("plans", chunked, "413", [true, true]),
        ("plans", length(9, "{"), "408", [true, true]),
        ("nothing", length(9, "{"), "404", [true, true]),
        ("plans", length(2, "[]"), "400", [false, false]),
    ];
    for (path, rest, expected, ends) in table {
        // With a key the body is read before anything is said of it.
        let named = format!("Idempotency-Key: k{}\r\n", rest.len());
        for (key, ends) in ["", &named].into_iter().zip(ends) {
            let ask = format!("POST /v1/{path} HTTP/1.1\r\nHost: w\r\n{header}{key}{rest}");
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(ask.as_bytes()).await.unwrap();
            let answer = one_answer(&mut stream).await;
            assert_eq!(status(&answer), expected, "{answer}");
            assert!(answer.contains("application/problem+json"), "{answer}");
            assert_eq!(answer.contains("connection: close"), ends, "{answer}");
        }
    }
}

/// One answer with a length, of a connection that may go on.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.expect("a length").parse().unwrap();
            if body.len() >= length {
                return text;
            }
        }
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{text}");
    }
}

#[tokio::test]
async fn nobody_elsewhere_ends_a_controller_of_which_nothing_runs() {
    let folder = folder();
    let (server, address) = on_the_network(folder.path(), Limits::default()).await;
    let header = token(&server, Scope::Deploy).await;
    let body = r#"{"app":"hello","by":"mira"}"#;
    let ask = format!(
        "POST /v1/down HTTP/1.1\r\nHost: w\r\n{header}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = raw(address, ask).await;
    assert_eq!(status(&answer), "403", "{answer}");
    assert!(
        answer.contains("nothing runs, so only the controller would end"),
        "{answer}"
    );
}

/// How far somebody with a token gets who wants to follow events.
async fn follow(address: SocketAddr, header: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let ask = format!("GET /v1/events HTTP/1.1\r\nHost: w\r\n{header}\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head).into_owned();
    (status(&head).to_owned(), stream)
}

#[tokio::test]
async fn a_token_that_takes_every_event_stream_takes_none_of_others() {
    let folder = folder();
    let limits = Limits {
        watchers: 3,
        watchers_each: 2,
        ..Limits::default()
    };
    let (server, address) = on_the_network(folder.path(), limits).await;
    server.fake.state().streams_stay = true;
    let (one, other) = (
        token(&server, Scope::Read).await,
        token(&server, Scope::Read).await,
    );
    let mut seen = Vec::new();
    let mut open = Vec::new();
    for header in [&one, &one, &one, &other, &other] {
        let (status, stream) = follow(address, header).await;
        seen.push(status);
        open.push(stream);
    }
    assert_eq!(seen, ["200", "200", "429", "200", "429"]);
    let client = server.client().await;
    client
        .events(0, None)
        .await
        .expect("the owner has their own");
}

/// No browser has a token, and nothing that it sends by itself stands for one.
#[tokio::test]
async fn a_page_in_a_browser_learns_nothing() {
    let folder = folder();
    let (_server, address) = on_the_network(folder.path(), Limits::default()).await;
    let page = "Host: evil.test\r\nOrigin: http://evil.test\r\n";
    let switch = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let asks =
        "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n";
    let table = [
        (format!("GET /v1/status HTTP/1.1\r\n{page}\r\n"), "401"),
        (
            format!("GET /v1/events HTTP/1.1\r\n{page}{switch}\r\n"),
            "401",
        ),
        (
            format!("OPTIONS /v1/status HTTP/1.1\r\n{page}{asks}\r\n"),
            "405",
        ),
    ];
    for (request, expected) in table {
        let answer = raw(address, request.as_bytes()).await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(!answer.contains("access-control-"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_over_the_limits_is_refused_with_a_problem_and_far_over_them_by_http_itself() {
    let folder = folder();
    let (server, address) = on_the_network(folder.path(), Limits::default()).await;
    let header = token(&server, Scope::Read).await;
    let ask = |more: String| format!("GET /v1/status HTTP/1.1\r\nHost: w\r\n{header}{more}\r\n");
    let many = "X-A: b\r\n".repeat(101);
    let long = format!("X-A: {}\r\n", "b".repeat(17 * 1024));
    for more in [many, long] {
        let answer = raw(address, ask(more).as_bytes()).await;
        assert_eq!(status(&answer), "431", "{answer}");
        assert!(answer.contains("wl0376") && answer.contains("connection: close"));
    }
    for more in [
        "X-A: b\r\n".repeat(1_001),
        format!("X-A: {}\r\n", "b".repeat(200 * 1024)),
    ] {
        let answer = raw(address, ask(more).as_bytes()).await;
        assert!(matches!(status(&answer), "431" | "none"), "{answer}");
    }
    assert_eq!(status(&raw(address, b"\x16\x03\x01\r\n\r\n").await), "400");
}

#[tokio::test]
async fn a_client_of_another_version_hears_which_one_to_get() {
    let folder = folder();
    let (server, address) = on_the_network(folder.path(), Limits::default()).await;
    let header = token(&server, Scope::Read).await;
    let ask = |path: &str, api: u32| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\nWindlass-Api: {api}\r\n{header}\r\n"
        )
    };
    // 1 had another list of deployments.
    let answer = raw(address, ask("/v1/deployments", 1).as_bytes()).await;
    assert_eq!(status(&answer), "409");
    for text in ["wl0369", "upgrade the client", "windlass-api: 2"] {
        assert!(answer.contains(text), "{text}: {answer}");
    }
    let answer = raw(address, ask("/v1/deployments", 3).as_bytes()).await;
    assert!(answer.contains("windlass serve --replace"), "{answer}");
    let answer = raw(address, ask("/v1/version", 1).as_bytes()).await;
    assert_eq!(status(&answer), "200", "{answer}");
}
