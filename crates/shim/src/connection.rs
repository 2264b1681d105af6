//! Who asks: the listening socket and its connections. Nothing here waits.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use windlass_control::{ShimRefusal, ShimReply, ShimRequest, decode_length, encode};

/// Most connections at once; one more displaces the oldest that does not wait for a stop.
const MOST_CONNECTIONS: usize = 16;

/// Longest request, in bytes.
const LONGEST_REQUEST: usize = 4096;

/// Most reads from one peer per turn, so that a flood of requests leaves time for the group.
const MOST_READS: usize = 8;

/// Most bytes of answers that wait for a slow reader; then it is dropped.
const MOST_WAITING: usize = 256 * 1024;

/// A connection that neither watches nor waits for a stop is closed after so long without a request.
const IDLE: Duration = Duration::from_secs(10);

/// One peer.
pub(crate) struct Connection {
    stream: UnixStream,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    last_request: Instant,
    /// Gets every change of the status.
    pub(crate) watches: bool,
    /// Gets `Done` when nothing is left.
    pub(crate) awaits_end: bool,
    line: Line,
}

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Open,
    /// Nothing more is read; what is owed is still sent.
    Closing,
    /// The peer is gone, or too slow.
    Dead,
}

impl Connection {
    fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            inbox: Vec::new(),
            outbox: Vec::new(),
            last_request: Instant::now(),
            watches: false,
            awaits_end: false,
            line: Line::Open,
        })
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Whether there is something to read for us.
    pub(crate) fn wants_read(&self) -> bool {
        self.line == Line::Open
    }

    /// Whether an answer waits for room.
    pub(crate) fn wants_write(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// When to look whether it idles.
    fn idle_at(&self) -> Option<Instant> {
        (!self.watches && !self.awaits_end).then(|| self.last_request + IDLE)
    }

    /// Reads what is there and returns the whole requests in it. Bytes that are no request are
    /// answered with a refusal, and the connection closes.
    pub(crate) fn read(&mut self) -> Vec<ShimRequest> {
        let mut requests = Vec::new();
        let mut chunk = [0; 1024];
        for _ in 0..MOST_READS {
            if self.line != Line::Open {
                break;
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => self.line = Line::Closing,
                Ok(count) => {
                    self.inbox.extend_from_slice(&chunk[..count]);
                    self.decode(&mut requests);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_gone) => self.line = Line::Dead,
            }
        }
        requests
    }

    fn decode(&mut self, requests: &mut Vec<ShimRequest>) {
        while let Some((header, rest)) = self.inbox.split_first_chunk::<4>() {
            let length = match decode_length(*header) {
                Ok(length) if length <= LONGEST_REQUEST => length,
                Ok(length) => return self.refuse(format!("a request of {length} bytes")),
                Err(e) => return self.refuse(e.to_string()),
            };
            let Some(body) = rest.get(..length) else {
                return;
            };
            match serde_json::from_slice(body) {
                Ok(request) => requests.push(request),
                Err(e) => return self.refuse(e.to_string()),
            }
            self.last_request = Instant::now();
            self.inbox.drain(..4 + length);
        }
    }

    fn refuse(&mut self, why: String) {
        self.inbox.clear();
        self.reply(&ShimReply::Refused(ShimRefusal::Malformed(why)));
        if self.line == Line::Open {
            self.line = Line::Closing;
        }
    }

    /// Sends what can be sent now and keeps the rest.
    pub(crate) fn reply(&mut self, reply: &ShimReply) {
        match encode(reply) {
            Ok(frame) if self.outbox.len() + frame.len() <= MOST_WAITING => {
                self.outbox.extend_from_slice(&frame);
                self.flush();
            }
            Ok(_) | Err(_) => self.line = Line::Dead,
        }
    }

    /// Goes on sending.
    pub(crate) fn flush(&mut self) {
        while !self.outbox.is_empty() && self.line != Line::Dead {
            match self.stream.write(&self.outbox) {
                Ok(count) if count > 0 => {
                    self.outbox.drain(..count);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => self.line = Line::Dead,
            }
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let over = match self.line {
            Line::Open => false,
            Line::Closing => self.outbox.is_empty(),
            Line::Dead => true,
        };
        over || self.idle_at().is_some_and(|at| at <= now)
    }
}

/// The listening socket and everyone who came.
pub(crate) struct Peers {
    listener: UnixListener,
    pub(crate) connections: Vec<Connection>,
}

impl Peers {
    /// Listens at `socket`, open to the own user only. A file that lies there is a dead shim's:
    /// the caller holds the instance's lock.
    pub(crate) fn listen(socket: &Path) -> io::Result<Self> {
        match fs::remove_file(socket) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(socket)?;
        fs::set_permissions(socket, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            connections: Vec::new(),
        })
    }

    pub(crate) fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Takes in who waits.
    pub(crate) fn accept(&mut self) {
        // Bounded: whoever is left waits for the next turn.
        for _ in 0..MOST_CONNECTIONS {
            let Ok((stream, _)) = self.listener.accept() else {
                return;
            };
            if self.connections.len() >= MOST_CONNECTIONS {
                let oldest = self.connections.iter().position(|c| !c.awaits_end);
                self.connections.remove(oldest.unwrap_or(0));
            }
            if let Ok(connection) = Connection::new(stream) {
                self.connections.push(connection);
            }
        }
    }

    /// Tells everyone who watches.
    pub(crate) fn tell(&mut self, reply: &ShimReply) {
        for connection in &mut self.connections {
            if connection.watches {
                connection.reply(reply);
            }
        }
    }

    /// Whether an answer is not sent yet.
    pub(crate) fn owes(&self) -> bool {
        self.connections
            .iter()
            .any(|c| c.wants_write() && c.line != Line::Dead)
    }

    /// Drops whoever is gone, refused or idle.
    pub(crate) fn sweep(&mut self, now: Instant) {
        self.connections.retain(|c| !c.is_over(now));
    }

    /// When the next connection would be idle too long.
    pub(crate) fn next_idle(&self) -> Option<Instant> {
        self.connections
            .iter()
            .filter_map(Connection::idle_at)
            .min()
    }
}
