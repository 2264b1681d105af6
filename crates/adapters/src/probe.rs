//! HTTP, TCP and alive probes.
//!
//! Each question gets a connection of its own, and no redirect is followed: what is asked is this
//! instance, not where it points. An alive probe is always answered with ready, because how long a
//! process has lived, or that a command has ended, is known to whoever watches it.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use windlass_edge::{Examined, Prober};
use windlass_model::{Instance, Probe, ProbeKind, Probed, Speaks};
use windlass_reports::{Health, Sign, health, limit::MAX_HEALTH_BYTES};

/// Header lines of an answer.
const HEADERS: usize = 100;

/// Bytes of an answer's head.
const HEAD_BYTES: u32 = 64 * 1024;

/// Bytes that are read of a bad answer's body: room for its word, were each character four bytes.
const BEGINNING_BYTES: usize = 4 * WORD_LONGEST;

/// Longest word of a bad answer that is told, in characters.
const WORD_LONGEST: usize = 160;

/// How long it is waited for, once the status is there.
const WORD_WITHIN: Duration = Duration::from_millis(100);

/// Asks instances over the network, from here.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetworkProber;

#[async_trait(?Send)]
impl Prober for NetworkProber {
    async fn probe(&self, probe: &Probe, instance: &Instance) -> Probed {
        let asked = async {
            match &probe.kind {
                ProbeKind::Http { path, speaks } => {
                    let (status, body) = get((path, *speaks), instance, Wanted::WhyNot).await?;
                    judged(status).map_err(|saw| with_its_word(saw, &body))
                }
                ProbeKind::Tcp => connect(instance).await.map(|_connection| ()),
                ProbeKind::Alive { .. } | ProbeKind::Command { .. } => Ok(()),
            }
        };
        match timeout(probe.timeout.duration(), asked).await {
            Ok(Ok(())) => Probed::Ready,
            Ok(Err(saw)) => Probed::Unready { saw },
            Err(_late) => late(probe),
        }
    }

    async fn examine(&self, probe: &Probe, instance: &Instance) -> Examined {
        let ProbeKind::Http { path, speaks } = &probe.kind else {
            return plain(self.probe(probe, instance).await);
        };
        let asked = get((path, *speaks), instance, Wanted::All);
        match timeout(probe.timeout.duration(), asked).await {
            Ok(Ok((status, body))) => examined(status, &body),
            Ok(Err(saw)) => plain(Probed::Unready { saw }),
            Err(_late) => plain(late(probe)),
        }
    }
}

fn late(probe: &Probe) -> Probed {
    Probed::Unready {
        saw: format!("no answer in {}", probe.timeout),
    }
}

const fn plain(whole: Probed) -> Examined {
    Examined {
        whole,
        parts: BTreeMap::new(),
    }
}

/// What the answer says. A body that can't be understood says nothing beside its status.
fn examined(status: StatusCode, body: &[u8]) -> Examined {
    let Health { whole, parts } = health(body).unwrap_or_default();
    let said = |sign: Sign| {
        if sign.good {
            Probed::Ready
        } else {
            let saw = format!("it says `{}`", sign.word);
            Probed::Unready { saw }
        }
    };
    let whole = match (judged(status), whole) {
        (Err(saw), _) => Probed::Unready { saw },
        (Ok(()), Some(sign)) => said(sign),
        (Ok(()), None) => Probed::Ready,
    };
    let parts = parts.into_iter().map(|(name, sign)| (name, said(sign)));
    Examined {
        whole,
        parts: parts.collect(),
    }
}

fn judged(status: StatusCode) -> Result<(), String> {
    if status.is_success() || status.is_redirection() {
        Ok(())
    } else {
        Err(format!("HTTP {}", status.as_u16()))
    }
}

/// With the beginning of the body in one line, if it holds any words. Marks that steer a terminal go.
fn with_its_word(saw: String, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let plain = text.replace(
        |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER,
        " ",
    );
    let words: Vec<&str> = plain.split_whitespace().collect();
    let words = words.join(" ");
    if words.is_empty() {
        return saw;
    }
    if words.chars().nth(WORD_LONGEST).is_none() {
        return format!("{saw}: {words}");
    }
    let cut: String = words.chars().take(WORD_LONGEST).collect();
    format!("{saw}: {cut}…")
}

async fn connect(instance: &Instance) -> Result<TcpStream, String> {
    let connected = TcpStream::connect(instance.address).await;
    connected.map_err(|why| told(&why))
}

/// An I/O failure without its number.
fn told(why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        _other => why.to_string(),
    }
}

/// What of an answer's body is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Nothing of a good answer; the beginning of a bad one, as far as it comes at once.
    WhyNot,
    /// All of it.
    All,
}

/// Status and body of the answer, as much of it as is wanted.
async fn get(
    (path, speaks): (&str, Speaks),
    instance: &Instance,
    wanted: Wanted,
) -> Result<(StatusCode, Bytes), String> {
    let request = match speaks {
        Speaks::Http1 => Request::get(path)
            .header("host", instance.address.to_string())
            .header("connection", "close"),
        Speaks::Http2 => Request::get(format!("http://{}{path}", instance.address)),
    };
    let request = request
        .header("user-agent", "windlass-probe")
        .header("accept", "*/*")
        .body(Empty::<Bytes>::new())
        .map_err(|why| format!("no question: {why}"))?;
    let stream = TokioIo::new(connect(instance).await?);
    let none = |why| no_answer(speaks, &why);
    match speaks {
        Speaks::Http1 => {
            let builder = http1::Builder::new()
                .max_headers(HEADERS)
                .max_buf_size(HEAD_BYTES as usize)
                .handshake(stream);
            let (mut sender, connection) = builder.await.map_err(none)?;
            let answer = async {
                let answer = sender.send_request(request).await.map_err(none)?;
                Ok(read(answer, wanted).await)
            };
            driven(connection, answer).await
        }
        Speaks::Http2 => {
            let builder = http2::Builder::new(Beside::default())
                .max_header_list_size(HEAD_BYTES)
                .handshake(stream);
            let (mut sender, connection) = builder.await.map_err(none)?;
            let answer = async {
                let answer = sender.send_request(request).await.map_err(none)?;
                Ok(read(answer, wanted).await)
            };
            driven(connection, answer).await
        }
    }
}

/// The answer, while its connection moves: it does so only when it is polled. Its end still leaves the
/// answer's word.
async fn driven<T>(
    connection: impl Future,
    answer: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    let (mut connection, mut answer) = (std::pin::pin!(connection), std::pin::pin!(answer));
    tokio::select! {
        biased;
        answer = answer.as_mut() => answer,
        _ended = connection.as_mut() => answer.await,
    }
}

/// As much of an answer as is wanted.
async fn read(answer: Response<Incoming>, wanted: Wanted) -> (StatusCode, Bytes) {
    let (head, body) = answer.into_parts();
    let body = match wanted {
        Wanted::WhyNot if judged(head.status).is_ok() => Bytes::new(),
        Wanted::WhyNot => beginning(body).await,
        Wanted::All => {
            // One that breaks off or is too long says nothing; its status was there before.
            let body = Limited::new(body, MAX_HEALTH_BYTES).collect().await;
            body.map(Collected::to_bytes).unwrap_or_default()
        }
    };
    (head.status, body)
}

/// What a connection of HTTP/2 starts, all of which ends with the question.
#[derive(Clone, Debug, Default)]
struct Beside(Arc<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Beside {
    fn execute(&self, task: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.spawn(task);
    }
}

/// What comes at once of a body: the status is the answer, and waits for no word about it.
async fn beginning(mut body: Incoming) -> Bytes {
    let mut begun = Vec::new();
    let read = async {
        while begun.len() < BEGINNING_BYTES {
            let Some(Ok(frame)) = body.frame().await else {
                return;
            };
            begun.extend(frame.into_data().unwrap_or_default());
        }
    };
    // Late or not, what has come is there.
    let _in_time = timeout(WORD_WITHIN, read).await.is_ok();
    Bytes::from(begun)
}

/// Of HTTP/2 whatever ends the connection is told as no answer in that: an instance that does not speak it
/// just ends the connection, or answers in something else.
fn no_answer(speaks: Speaks, why: &hyper::Error) -> String {
    let io = why.source().and_then(|s| s.downcast_ref::<io::Error>());
    match (speaks, io) {
        (Speaks::Http1, Some(io)) => told(io),
        (Speaks::Http1, None) if why.is_incomplete_message() => {
            "connection closed without an answer".to_owned()
        }
        (Speaks::Http1, None) => format!("no HTTP: {why}"),
        (Speaks::Http2, Some(io)) => format!("no HTTP/2: {}", told(io)),
        (Speaks::Http2, None) => match why.source() {
            Some(cause) => format!("no HTTP/2: {cause}"),
            None => format!("no HTTP/2: {why}"),
        },
    }
}
