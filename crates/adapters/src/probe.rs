//! HTTP, TCP and alive probes.
//!
//! Each question gets a connection of its own, and no redirect is followed: what is asked is this
//! instance, not where it points. An alive probe is always answered with ready, because how long a
//! process has lived, or that a command has ended, is known to whoever watches it.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Empty, Limited};
use hyper::client::conn::http1::Builder;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use windlass_edge::{Examined, Prober};
use windlass_model::{Instance, Probe, ProbeKind, Probed};
use windlass_reports::{Health, Sign, health, limit::MAX_HEALTH_BYTES};

/// Header lines of an answer.
const HEADERS: usize = 100;

/// Bytes of an answer's head.
const HEAD_BYTES: usize = 64 * 1024;

/// Asks instances over the network, from here.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetworkProber;

#[async_trait(?Send)]
impl Prober for NetworkProber {
    async fn probe(&self, probe: &Probe, instance: &Instance) -> Probed {
        let asked = async {
            match &probe.kind {
                ProbeKind::Http { path } => {
                    let (status, _unread) = get(path, instance, 0).await?;
                    judged(status)
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
        let ProbeKind::Http { path } = &probe.kind else {
            return plain(self.probe(probe, instance).await);
        };
        match timeout(
            probe.timeout.duration(),
            get(path, instance, MAX_HEALTH_BYTES),
        )
        .await
        {
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

/// Status and body of the answer; the body is not read where `most` bytes of it are none.
async fn get(path: &str, instance: &Instance, most: usize) -> Result<(StatusCode, Bytes), String> {
    let request = Request::get(path)
        .header("host", instance.address.to_string())
        .header("user-agent", "windlass-probe")
        .header("accept", "*/*")
        .header("connection", "close")
        .body(Empty::<Bytes>::new())
        .map_err(|why| format!("no question: {why}"))?;
    let stream = connect(instance).await?;
    let (mut sender, connection) = Builder::new()
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|why| no_answer(&why))?;
    let answer = async {
        let answer = sender.send_request(request).await;
        let (head, body) = answer.map_err(|why| no_answer(&why))?.into_parts();
        if most == 0 {
            return Ok((head.status, Bytes::new()));
        }
        // One that breaks off or is too long says nothing; its status was there before.
        let body = Limited::new(body, most).collect().await;
        let body = body.map(Collected::to_bytes).unwrap_or_default();
        Ok((head.status, body))
    };
    // The connection moves only while it is polled; its end still leaves the answer's word.
    let (mut connection, mut answer) = (std::pin::pin!(connection), std::pin::pin!(answer));
    tokio::select! {
        biased;
        answer = answer.as_mut() => answer,
        _ended = connection.as_mut() => answer.await,
    }
}

fn no_answer(why: &hyper::Error) -> String {
    let io = why.source().and_then(|s| s.downcast_ref::<io::Error>());
    match io {
        Some(io) => told(io),
        None if why.is_incomplete_message() => "connection closed without an answer".to_owned(),
        None => format!("no HTTP: {why}"),
    }
}
