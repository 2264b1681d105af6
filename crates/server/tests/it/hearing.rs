//! The address at which the run of a command reports, and who is heard there.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use windlass_model::ServiceName;
use windlass_server::{Limits, Network, RunTokens, WayIn};

use crate::fake::{Fake, id};
use crate::standing::{Standing, folder};

/// A server that hears one run.
struct Hearing {
    server: Standing,
    /// Where the run is heard.
    run: SocketAddr,
    network: SocketAddr,
    token: String,
    _closes: oneshot::Sender<()>,
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

impl Hearing {
    async fn begin(folder: &std::path::Path, limits: Limits) -> Self {
        let tokens = RunTokens::new(b"key".to_vec());
        let token = tokens.of(&id("dep_01a"), &ServiceName::new("legacy").unwrap());
        let (ways, arriving) = mpsc::channel(1);
        let ((own, run), (listener, network)) = (listener().await, listener().await);
        let server = Standing::begin(folder, Fake::default(), 1, |server| {
            let network = Network {
                listener,
                tls: None,
            };
            let server = server.limits(limits).network(Some(network));
            server.runs(tokens, arriving)
        });
        let (closes, closed) = oneshot::channel();
        let way = WayIn {
            listener: own,
            closes: closed,
        };
        assert!(ways.send(way).await.is_ok());
        Self {
            server,
            run,
            network,
            token,
            _closes: closes,
        }
    }

    /// Reports with the token of the run; the answer, in small letters.
    async fn report(&self, at: SocketAddr, body: &str) -> String {
        let (token, length) = (&self.token, body.len());
        let ask = format!(
            "POST /v1/deployments/dep_01a/services/legacy/reports HTTP/1.1\r\nHost: w\r\n\
             Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is an end too.
        stream.read_to_end(&mut answer).await.ok();
        String::from_utf8_lossy(&answer).to_ascii_lowercase()
    }
}

const WORD: &str = r#"{"log":"one"}"#;

#[tokio::test]
async fn the_token_of_a_run_is_taken_where_the_run_is_heard_and_nowhere_else() {
    let folder = folder();
    let hearing = Hearing::begin(folder.path(), Limits::default()).await;
    let heard = hearing.report(hearing.run, WORD).await;
    assert!(heard.starts_with("http/1.1 200"), "{heard}");
    let refused = hearing.report(hearing.network, WORD).await;
    assert!(refused.starts_with("http/1.1 401"), "{refused}");
    assert_eq!(hearing.server.fake.state().reported.len(), 1);
}

#[tokio::test]
async fn silent_strangers_keep_no_run_waiting() {
    let folder = folder();
    let limits = Limits {
        run_connections: 2,
        run_head_within: Duration::from_millis(50),
        // Longer than any test.
        head_within: Duration::from_hours(1),
        ..Limits::default()
    };
    let hearing = Hearing::begin(folder.path(), limits).await;
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(TcpStream::connect(hearing.run).await.unwrap());
    }
    let heard = hearing.report(hearing.run, WORD).await;
    assert!(heard.starts_with("http/1.1 200"), "{heard}");
}

#[tokio::test]
async fn a_report_that_is_too_long_or_says_what_nobody_knows_is_refused_with_what_may_be() {
    let folder = folder();
    let hearing = Hearing::begin(folder.path(), Limits::default()).await;
    let long = format!(r#"{{"log":"{}"}}"#, "x".repeat(17 * 1024));
    let answer = hearing.report(hearing.run, &long).await;
    assert!(answer.starts_with("http/1.1 413"), "{answer}");
    assert!(answer.contains("it may have 16 kib"), "{answer}");
    let more = r#"{"metric":{"name":"rows","value":1,"unit":"s"}}"#;
    let answer = hearing.report(hearing.run, more).await;
    assert!(answer.starts_with("http/1.1 400"), "{answer}");
    assert!(
        answer.contains("the body has `unit`; known there: name, value"),
        "{answer}"
    );
    assert_eq!(hearing.server.fake.state().reported.len(), 0);
}
