//! HTTP, TCP and alive probes.
//!
//! Each question gets a connection of its own, and no redirect is followed: what is asked is this
//! instance, not where it points. An alive probe is always answered with ready, because how long a
//! process has lived, or that a command has ended, is known to whoever watches it.

use std::error::Error;
use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use windlass_edge::Prober;
use windlass_model::{Instance, Probe, ProbeKind, Probed};

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
                ProbeKind::Http { path } => http(path, instance).await,
                ProbeKind::Tcp => connect(instance).await.map(|_connection| ()),
                ProbeKind::Alive { .. } | ProbeKind::Command { .. } => Ok(()),
            }
        };
        match timeout(probe.timeout.duration(), asked).await {
            Ok(Ok(())) => Probed::Ready,
            Ok(Err(saw)) => Probed::Unready { saw },
            Err(_late) => Probed::Unready {
                saw: format!("no answer in {}", probe.timeout),
            },
        }
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

async fn http(path: &str, instance: &Instance) -> Result<(), String> {
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
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(sender.send_request(request));
    // The connection moves only while it is polled; its end still leaves the answer's word.
    let answer = tokio::select! {
        biased;
        answer = answer.as_mut() => answer,
        _ended = connection.as_mut() => answer.await,
    };
    let status = answer.map_err(|why| no_answer(&why))?.status();
    if status.is_success() || status.is_redirection() {
        Ok(())
    } else {
        Err(format!("HTTP {}", status.as_u16()))
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
