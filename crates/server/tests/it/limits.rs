//! What no client of ours does.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use windlass_api::{DownRequest, Problem};
use windlass_client::ClientError;
use windlass_server::Limits;

use crate::fake::Fake;
use crate::standing::{Standing, folder};

fn small() -> Limits {
    Limits {
        connections: 8,
        watchers: 1,
        head_within: Duration::from_millis(200),
        body_within: Duration::from_millis(200),
        body: 1024,
        ..Limits::default()
    }
}

/// Sends bytes and reads until the server closes.
async fn raw(server: &Standing, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(&server.paths.controller_socket)
        .await
        .unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is an end too.
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8_lossy(&answer).into_owned()
}

fn status_and_problem(answer: &str) -> (u16, Problem) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.to_ascii_lowercase()
            .contains("content-type: application/problem+json"),
        "{head}"
    );
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_half_a_head_is_closed() {
    let folder = folder();
    let server = Standing::with(folder.path(), Fake::default(), small(), 1);
    assert_eq!(raw(&server, b"").await, "");
    let half = raw(&server, b"GET /v1/version HTTP/1.1\r\nHost").await;
    assert!(!half.contains("200 OK"), "{half}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let folder = folder();
    let server = Standing::with(folder.path(), Fake::default(), small(), 1);
    let request =
        b"POST /v1/down HTTP/1.1\r\nHost: w\r\nContent-Type: application/json\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{";
    let (status, problem) = status_and_problem(&raw(&server, request).await);
    assert_eq!((status, problem.code.0.as_str()), (408, "WL0364"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let folder = folder();
    let server = Standing::with(folder.path(), Fake::default(), small(), 1);
    let head = "POST /v1/down HTTP/1.1\r\nHost: w\r\nContent-Type: application/json\r\nContent-Length: 5000\r\nConnection: close";
    let request = format!("{head}\r\n\r\n{}", "x".repeat(5000));
    let (status, _problem) = status_and_problem(&raw(&server, request.as_bytes()).await);
    assert_eq!(status, 413);
}

#[tokio::test]
async fn whatever_is_refused_is_a_problem_document() {
    let folder = folder();
    let server = Standing::with(folder.path(), Fake::default(), small(), 1);
    let get = |path: &str, method: &str| {
        format!("{method} {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")
    };
    let table = [
        ("/nothing", "GET", 404),
        ("/v1/version", "POST", 405),
        ("/v1/deployments?limit=many", "GET", 400),
        ("/v1/deployments?limit=0", "GET", 400),
        ("/v1/deployments/ins_1", "GET", 400),
        ("/v1/logs?app=hello", "GET", 400),
        ("/v1/down", "POST", 415),
        ("/v1/events?after=all", "GET", 400),
        ("/v1/deployments?cursor=x", "GET", 400),
        ("/v1/happenings?limit=0", "GET", 400),
        ("/v1/happenings?cursor=ZGVwXzE", "GET", 400),
        ("/v1/environments/Shop/default", "GET", 400),
    ];
    for (path, method, expected) in table {
        let answer = raw(&server, get(path, method).as_bytes()).await;
        let (status, problem) = status_and_problem(&answer);
        assert_eq!((status, problem.status), (expected, expected), "{path}");
    }
}

#[tokio::test]
async fn more_watchers_than_there_are_places_are_refused_as_busy() {
    let folder = folder();
    let server = Standing::with(folder.path(), Fake::default(), small(), 1);
    server.fake.state().streams_stay = true;
    let client = server.client().await;
    let first = client.events(0, None).await.unwrap();
    match client.events(0, None).await {
        Err(ClientError::Refused(problem)) => assert_eq!(problem.status, 429),
        other => panic!("not refused: {other:?}"),
    }
    drop(first);
    // The place is free again once the server has seen the end of the first.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while client.events(0, None).await.is_err() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the place stays taken"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_open_request_is_let_finish_when_the_server_ends() {
    let folder = folder();
    let server = Standing::with(folder.path(), Fake::default(), small(), 1);
    let (begun, has_begun) = futures_channel::oneshot::channel();
    let (go_on, may_go_on) = futures_channel::oneshot::channel();
    server.fake.state().waits = Some((begun, may_go_on));
    let client = server.client().await;
    let request = DownRequest {
        app: "hello".to_owned(),
        environment: None,
        by: "mira".to_owned(),
        why: None,
    };
    let ask = client.down(&request);
    let end = async {
        has_begun.await.unwrap();
        tokio::join!(server.end(), async { go_on.send(()).unwrap() })
    };
    let (answer, _ended) = tokio::join!(ask, end);
    assert!(answer.unwrap().last);
}
