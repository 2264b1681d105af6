//! Services that tests write by hand: one thread per connection, blocking.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType};

/// What happens to the connection after an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Keep,
    Close,
}

/// One request at an origin.
pub(crate) struct Exchange<'a> {
    /// The whole head, header names in lower case.
    pub(crate) head: String,
    pub(crate) reader: &'a mut BufReader<TcpStream>,
    /// The so-manieth connection, from 0.
    pub(crate) connection: usize,
    /// The so-manieth request of the connection, from 0.
    pub(crate) request: usize,
}

impl Exchange<'_> {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1);
        lines
            .find_map(|line| line.split_once(": ").filter(|(n, _)| *n == name))
            .map(|(_, value)| value)
    }

    pub(crate) fn write(&self, text: &str) {
        // The router may have gone; the client's side of the test says what should be.
        self.reader.get_ref().write_all(text.as_bytes()).ok();
    }

    /// Answers 200 with `body`.
    pub(crate) fn ok(&self, body: &str) -> After {
        let length = body.len();
        self.write(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        After::Keep
    }

    /// Reads the request's body.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        if self.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk() {
                body.extend(chunk);
            }
        } else if let Some(length) = self.header("content-length") {
            body = vec![0; length.parse().expect("a length")];
            self.reader.read_exact(&mut body).expect("a body");
        }
        body
    }

    /// Whatever comes next; none when the router has closed.
    pub(crate) fn chunk_or_end(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }

    /// Reads one chunk of the request's body; none at the last.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("a size");
        let size = usize::from_str_radix(line.trim(), 16).expect("a size");
        let mut chunk = vec![0; size];
        self.reader.read_exact(&mut chunk).expect("a chunk");
        self.reader.read_exact(&mut [0; 2]).expect("its end");
        (size > 0).then_some(chunk)
    }
}

/// A service on a port of its own.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Origin {
    /// Answers each request by `handler`.
    pub(crate) fn start(
        handler: impl Fn(&mut Exchange<'_>) -> After + Send + Sync + 'static,
    ) -> Self {
        Self::at(
            TcpListener::bind("127.0.0.1:0").expect("a listener"),
            handler,
        )
    }

    /// The same where little of a request fits in before it is read.
    pub(crate) fn narrow(
        handler: impl Fn(&mut Exchange<'_>) -> After + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        rustix::net::sockopt::set_socket_recv_buffer_size(&listener, 4 * 1024).expect("set");
        Self::at(listener, handler)
    }

    fn at(
        listener: TcpListener,
        handler: impl Fn(&mut Exchange<'_>) -> After + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let closed = Arc::new(AtomicUsize::new(0));
        let handler = Arc::new(handler);
        let counts = (connections.clone(), requests.clone(), closed.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.expect("a connection");
                stream.set_nodelay(true).expect("no delay");
                let handler = handler.clone();
                let connection = counts.0.fetch_add(1, SeqCst);
                let (requests, closed) = (counts.1.clone(), counts.2.clone());
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream);
                    let mut request = 0;
                    while let Some(head) = head(&mut reader) {
                        requests.fetch_add(1, SeqCst);
                        let mut exchange = Exchange {
                            head,
                            reader: &mut reader,
                            connection,
                            request,
                        };
                        if handler(&mut exchange) == After::Close {
                            break;
                        }
                        request += 1;
                    }
                    closed.fetch_add(1, SeqCst);
                });
            }
        });
        Self {
            address,
            connections,
            requests,
            closed,
        }
    }

    /// Answers every request with `name`, after taking its body.
    pub(crate) fn plain(name: &'static str) -> Self {
        Self::start(move |exchange| {
            exchange.body();
            exchange.ok(name)
        })
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Connections that have ended.
    pub(crate) fn closed(&self) -> usize {
        self.closed.load(SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(SeqCst)
    }
}

/// A head; none when the peer has closed.
fn head(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        if line == "\r\n" {
            return Some(head);
        }
        let lower = match line.split_once(':') {
            Some((name, value)) if !head.is_empty() => {
                format!("{}:{value}", name.to_lowercase())
            }
            Some(_) | None => line,
        };
        head.push_str(&lower);
    }
}

/// An address that refuses every connection as long as this lives.
pub(crate) struct Refuses {
    pub(crate) address: SocketAddr,
    bound: OwnedFd,
}

impl Refuses {
    pub(crate) fn new() -> Self {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None);
        let socket = socket.expect("a socket");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        rustix::net::bind(&socket, &any).expect("bound");
        let name = rustix::net::getsockname(&socket).expect("a name");
        Self {
            address: SocketAddr::try_from(name).expect("an address"),
            bound: socket,
        }
    }
}

/// An address whose connections nobody accepts, with no room for one that waits, as long as this lives.
pub(crate) struct Full {
    pub(crate) address: SocketAddr,
    _listens: OwnedFd,
    _waiting: Vec<TcpStream>,
}

impl Full {
    pub(crate) fn new() -> Self {
        let refuses = Refuses::new();
        let (address, listens) = (refuses.address, refuses.bound);
        rustix::net::listen(&listens, 0).expect("it listens");
        let mut waiting = Vec::new();
        while let Ok(one) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            waiting.push(one);
        }
        Self {
            address,
            _listens: listens,
            _waiting: waiting,
        }
    }
}
