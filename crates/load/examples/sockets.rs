//! A small client of WebSockets for benches: `sockets ADDRESS CONNECTIONS SECONDS`.
//!
//! Each connection always has one message under way to `/echo`; what came of all of them is one line of
//! JSON at the end.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use windlass_load::Histogram;

/// What is said.
const SAID: &[u8] = &[b'x'; 64];
/// Longest wait for it to be said back, and for a connection.
const WITHIN: Duration = Duration::from_secs(5);

/// What came of a connection, or of all.
#[derive(Default)]
struct Told {
    /// After how long each message was said back.
    times: Vec<Duration>,
    failed: u64,
    /// Why the first of them failed.
    why: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, connections, seconds] = arguments.as_slice() else {
        return Err("usage: sockets ADDRESS CONNECTIONS SECONDS".into());
    };
    let (address, connections) = (address.parse()?, connections.parse()?);
    let length = Duration::from_secs(seconds.parse()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let told = runtime.block_on(all(address, connections, length));
    Ok(writeln!(std::io::stdout(), "{}", json(&told, length))?)
}

async fn all(address: SocketAddr, connections: usize, length: Duration) -> Told {
    let until = Instant::now() + length;
    let mut speaking = JoinSet::new();
    for _ in 0..connections {
        speaking.spawn(speak(address, until));
    }
    let mut all = Told::default();
    while let Some(told) = speaking.join_next().await {
        let told = told.unwrap_or_else(|panic| Told {
            failed: 1,
            why: Some(panic.to_string()),
            ..Told::default()
        });
        all.times.extend(told.times);
        all.failed += told.failed;
        all.why = all.why.or(told.why);
    }
    all
}

/// Speaks on one connection until then; the first failure ends it.
async fn speak(address: SocketAddr, until: Instant) -> Told {
    let mut told = Told::default();
    if let Err(why) = converse(address, until, &mut told.times).await {
        told.failed += 1;
        told.why = Some(why.to_string());
    }
    told
}

async fn converse(
    address: SocketAddr,
    until: Instant,
    times: &mut Vec<Duration>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let opening = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (socket, _answer) = client_async(format!("ws://{address}/echo"), stream).await?;
        Ok::<_, Box<dyn Error + Send + Sync>>(socket)
    };
    let mut socket = timeout(WITHIN, opening).await??;
    loop {
        let begun = Instant::now();
        if begun >= until {
            break;
        }
        let said = Message::Binary(Bytes::from_static(SAID));
        socket.send(said).await?;
        match timeout(WITHIN, socket.next()).await? {
            Some(Ok(Message::Binary(bytes))) if bytes == SAID => times.push(begun.elapsed()),
            other => return Err(format!("heard {other:?}").into()),
        }
    }
    Ok(socket.close(None).await?)
}

fn json(told: &Told, length: Duration) -> serde_json::Value {
    let mut times = Histogram::default();
    for time in &told.times {
        times.record(*time);
    }
    serde_json::json!({
        "requests": times.count(),
        "micros": length.as_micros(),
        "failed": told.failed,
        "why": told.why,
        "p50_us": times.quantile(0.5).as_micros(),
    })
}
