//! What somebody hears who has more connections than one address may have.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use windlass_api::{API_HEADER, API_VERSION, Exit, Problem};

use crate::answer::WAIT_SECONDS;

/// Connections that are told so at one time; further ones are closed without a word.
const TOLD_AT_ONCE: usize = 8;

/// How long that may take, with what they ask and what they send after it.
const WITHIN: Duration = Duration::from_millis(200);

/// Bytes that are read of what they send, and dropped.
const READ_MOST: usize = 16 * 1024;

/// Tells those who are one too many, and closes.
pub(crate) struct TurnedAway {
    answer: Arc<[u8]>,
    places: Arc<Semaphore>,
}

impl TurnedAway {
    /// Where one address may have `each` connections.
    pub(crate) fn new(each: usize) -> Self {
        Self {
            answer: answer(each).into(),
            places: Arc::new(Semaphore::new(TOLD_AT_ONCE)),
        }
    }

    /// Tells it by a task among `open`; waits for nothing.
    pub(crate) fn tell(&self, open: &mut JoinSet<()>, stream: TcpStream) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return;
        };
        let answer = Arc::clone(&self.answer);
        open.spawn(async move {
            let told = tell(stream, &answer);
            if tokio::time::timeout(WITHIN, told).await.is_err() {
                tracing::debug!("a connection too many is not done in time");
            }
            drop(place);
        });
    }
}

async fn tell(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    let mut dropped = [0; 1024];
    // An answer to nothing would be out of turn.
    if stream.read(&mut dropped).await? == 0 {
        return Ok(());
    }
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    // What lies unread when a connection is closed cuts the answer off.
    let mut left = READ_MOST;
    loop {
        match stream.read(&mut dropped).await? {
            0 => return Ok(()),
            read if read > left => return Ok(()),
            read => left -= read,
        }
    }
}

fn answer(each: usize) -> Vec<u8> {
    let problem = Problem::new(429, "WL0302", Exit::Unreachable, "the controller is busy")
        .detail(format!("this address has {each} connections to it already"))
        .hint("close some of them, or try again");
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let length = body.len();
    format!(
        "HTTP/1.1 429 Too Many Requests\r\n\
         content-type: application/problem+json\r\n\
         content-length: {length}\r\n\
         retry-after: {WAIT_SECONDS}\r\n\
         connection: close\r\n\
         {API_HEADER}: {API_VERSION}\r\n\
         \r\n\
         {body}"
    )
    .into_bytes()
}
