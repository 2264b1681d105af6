//! Questions whose controller dies before it answers.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

use serde_json::{Value, json};
use windlass_api::{API_VERSION, DeployRequest, Exit, Problem, Source};
use windlass_client::{Client, ClientError, Key};
use windlass_model::DeploymentId;

use crate::start::{paths, shell};

/// The next request, whole.
fn request(listener: &UnixListener) -> (UnixStream, String) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut read = Vec::new();
    loop {
        let mut more = [0; 4096];
        let count = stream.read(&mut more).unwrap();
        read.extend_from_slice(&more[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_it = name.eq_ignore_ascii_case("content-length");
            is_it.then(|| value.parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            return (stream, text);
        }
    }
}

fn respond(mut stream: UnixStream, status: u16, body: &Value) {
    let body = body.to_string();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .unwrap();
}

/// Says who it is to as many as ask that; then the first other request.
fn greets(listener: &UnixListener, epoch: u64) -> (UnixStream, String) {
    loop {
        let (stream, text) = request(listener);
        if !text.starts_with("GET /v1/version") {
            return (stream, text);
        }
        let version = json!({ "version": "1", "api": API_VERSION, "pid": 1, "epoch": epoch });
        respond(stream, 200, &version);
    }
}

fn key_of(text: &str) -> String {
    let mut lines = text.lines();
    let line = lines.find(|line| line.to_ascii_lowercase().starts_with("idempotency-key: "));
    line.unwrap().to_owned()
}

fn problem(code: &str, exit: Exit) -> Value {
    serde_json::to_value(Problem::new(409, code, exit, "no")).unwrap()
}

/// The first controller meets the request so; what the client made of it, and the keys that it sent.
async fn asked(
    first: impl FnOnce(UnixStream) + Send + 'static,
) -> (Option<ClientError>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    paths.create().unwrap();
    let listener = UnixListener::bind(&paths.controller_socket).unwrap();
    let controllers = std::thread::spawn(move || {
        let (stream, text) = greets(&listener, 1);
        first(stream);
        let mut keys = vec![key_of(&text)];
        let (stream, text) = greets(&listener, 2);
        if text.starts_with("POST") {
            keys.push(key_of(&text));
            // Whatever comes of it: it was asked.
            respond(stream, 409, &problem("WL0304", Exit::Refused));
        }
        keys
    });
    let client = Client::connect(&paths).await.unwrap();
    let request = DeployRequest {
        source: Source::Retry(DeploymentId::parse("dep_1").unwrap()),
        by: "mira".to_owned(),
        may_move: false,
        keep_failed: false,
        wait_ms: None,
        supersede: false,
        why: None,
    };
    let key = Key::fresh().unwrap();
    let ask = async |client: &Client| client.deploy_as(&request, key.clone()).await;
    let met = client.outliving(&shell("exit 3"), ask).await.err();
    // One that was not asked again is asked something else, so that it ends.
    if !matches!(&met, Some(ClientError::Refused(problem)) if problem.code.0 == "WL0304") {
        client.status().await.ok();
    }
    (met, controllers.join().unwrap())
}

fn refused_as(met: Option<&ClientError>) -> &str {
    match met {
        Some(ClientError::Refused(problem)) => &problem.code.0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_controller_left_unanswered_is_asked_of_the_next_one_under_the_same_key() {
    let (met, keys) = asked(drop).await;
    assert_eq!(refused_as(met.as_ref()), "WL0304");
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    let ending = problem("WL0301", Exit::Unreachable);
    let (met, keys) = asked(move |stream| respond(stream, 503, &ending)).await;
    assert_eq!(refused_as(met.as_ref()), "WL0304");
    assert_eq!(keys.len(), 2);
}

#[tokio::test]
async fn what_was_taken_down_is_not_asked_for_again() {
    let down = problem("WL0380", Exit::Refused);
    let (met, keys) = asked(move |stream| respond(stream, 409, &down)).await;
    assert_eq!(refused_as(met.as_ref()), "WL0380");
    assert_eq!(keys.len(), 1);
}
