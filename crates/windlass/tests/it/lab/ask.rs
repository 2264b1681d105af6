//! Asking a service over HTTP, and waiting for what must come.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Longest time for one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Time between two looks at a condition.
const LOOK: Duration = Duration::from_millis(10);

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    /// Which versions answered: `web=2,api=1`.
    pub(crate) fn chain(&self) -> &str {
        self.headers.get("version-chain").map_or("", String::as_str)
    }

    /// What the router says when it answers by itself.
    pub(crate) fn windlass_error(&self) -> Option<&str> {
        self.headers.get("windlass-error").map(String::as_str)
    }
}

/// `GET path` on a connection of its own; none when nobody answers.
pub(crate) fn ask(address: SocketAddr, path: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN).ok()?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Some(Answer {
        status,
        headers: headers.collect(),
        body: body.to_owned(),
    })
}

/// What `look` finds as soon as it finds something; `what` names it when it never comes.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, within: Duration, look: impl FnMut() -> Option<T>) -> T {
    found(within, look).unwrap_or_else(|| panic!("{what}: not within {within:?}"))
}

/// What `look` finds as soon as it finds something; none when it does not within this time.
pub(crate) fn found<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + within;
    loop {
        let seen = look();
        if seen.is_some() || Instant::now() >= until {
            return seen;
        }
        std::thread::sleep(LOOK);
    }
}
