//! One connection, and the idle ones.
//!
//! The demo's services call each other through the same code.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONNECTION, HOST, HeaderMap};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Longest body that is read.
const BODY_MOST: usize = 16 * 1024 * 1024;

/// What a service adds its version to.
const VERSION_CHAIN: &str = "version-chain";

/// What Windlass marks its own answers with.
const WINDLASS_ERROR: &str = "windlass-error";

/// One answer, read to its end; the body is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// Its `Version-Chain`, such as `web=2,api=1,auth=1`.
    pub chain: Option<String>,
    /// Its `Windlass-Error`, for answers that Windlass itself generated.
    pub windlass_error: Option<String>,
}

/// Whether a request may share a connection with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// It takes an idle one, and leaves it for the next.
    KeepAlive,
    /// It has one of its own, closed after it.
    Fresh,
}

/// Connections to one server, idle and busy: never more than allowed.
pub struct Connections {
    target: SocketAddr,
    idle: Mutex<Vec<Connection>>,
    free: Semaphore,
    most: usize,
}

/// One connection. Nobody polls it while it is idle.
struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    driver: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>,
    driver_ended: bool,
    /// A second descriptor of the same socket, to see whether the server closed it.
    socket: std::net::TcpStream,
}

/// Why there is no answer.
enum NoAnswer {
    /// The connection was closed before a byte of the request was written.
    Unsent,
    /// Holds what was seen, for a person.
    Failed(String),
}

impl Connections {
    /// At most `most` connections to `target`; none is open yet.
    pub fn new(target: SocketAddr, most: usize) -> Self {
        Self {
            target,
            idle: Mutex::new(Vec::new()),
            free: Semaphore::new(most),
            most,
        }
    }

    /// Sends `GET path` and reads its answer; waits for a free connection first, without a limit of
    /// its own. Dropping the future closes the connection. A request is never sent twice.
    ///
    /// # Errors
    /// Says, for a person, why there was no whole answer.
    pub async fn ask(&self, path: &str, reuse: Reuse) -> Result<Answer, String> {
        let _permit = self
            .free
            .acquire()
            .await
            .map_err(|closed| closed.to_string())?;
        if reuse == Reuse::KeepAlive
            && let Some(mut connection) = self.take_idle()
        {
            match connection.exchange(self.request(path, reuse)?).await {
                Ok(answer) => {
                    self.keep(connection).await;
                    return Ok(answer);
                }
                Err(NoAnswer::Failed(why)) => return Err(why),
                // Nothing was sent, so a new connection is no second try.
                Err(NoAnswer::Unsent) => {}
            }
        }
        self.make_room();
        let opened = Connection::open(self.target).await;
        let mut connection = opened.map_err(|why| format!("no connection: {why}"))?;
        match connection.exchange(self.request(path, reuse)?).await {
            Ok(answer) => {
                if reuse == Reuse::KeepAlive {
                    self.keep(connection).await;
                }
                Ok(answer)
            }
            Err(NoAnswer::Failed(why)) => Err(why),
            Err(NoAnswer::Unsent) => Err("a new connection was closed at once".to_owned()),
        }
    }

    fn request(&self, path: &str, reuse: Reuse) -> Result<Request<Empty<Bytes>>, String> {
        let mut request = Request::get(path).header(HOST, self.target.to_string());
        if reuse == Reuse::Fresh {
            request = request.header(CONNECTION, "close");
        }
        request
            .body(Empty::new())
            .map_err(|why| format!("{path:?} can't be asked for: {why}"))
    }

    /// An idle connection that the server has not closed.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if connection.is_open() {
                return Some(connection);
            }
        }
        None
    }

    /// Puts a connection among the idle ones if it can carry another request.
    async fn keep(&self, mut connection: Connection) {
        if connection.settle().await {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(connection);
        }
    }

    /// Closes the longest idle connection if there are too many for one more.
    fn make_room(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = self.most.saturating_sub(self.free.available_permits());
        if !idle.is_empty() && idle.len() + busy > self.most {
            drop(idle.remove(0));
        }
    }
}

impl Connection {
    async fn open(target: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(target).await?;
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        let socket = stream.try_clone()?;
        let stream = TcpStream::from_std(stream)?;
        let (sender, driver) = handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        Ok(Self {
            sender,
            driver: Box::pin(driver),
            driver_ended: false,
            socket,
        })
    }

    /// Whether the server has neither closed an idle connection nor said something unasked. Asks
    /// the kernel, as the runtime may not have heard of it yet; the socket does not block.
    fn is_open(&self) -> bool {
        let nothing_to_read = |seen: io::Result<usize>| {
            seen.is_err_and(|why| why.kind() == io::ErrorKind::WouldBlock)
        };
        !self.driver_ended && nothing_to_read(self.socket.peek(&mut [0]))
    }

    /// Sends one request and reads its answer to the end.
    async fn exchange(&mut self, request: Request<Empty<Bytes>>) -> Result<Answer, NoAnswer> {
        let sending = self.sender.try_send_request(request);
        let mut answering = pin!(async {
            let response = sending
                .await
                .map_err(|mut unsent| match unsent.take_message() {
                    Some(_) => NoAnswer::Unsent,
                    None => NoAnswer::Failed(format!("no answer: {}", unsent.error())),
                })?;
            read(response).await.map_err(NoAnswer::Failed)
        });
        tokio::select! {
            biased;
            answer = &mut answering => return answer,
            _ended = self.driver.as_mut() => self.driver_ended = true,
        }
        answering.await
    }

    /// Lets the connection finish the exchange; says whether it can carry another.
    async fn settle(&mut self) -> bool {
        if self.driver_ended {
            return false;
        }
        tokio::select! {
            biased;
            _ended = self.driver.as_mut() => {
                self.driver_ended = true;
                false
            }
            ready = self.sender.ready() => ready.is_ok(),
        }
    }
}

async fn read(response: Response<Incoming>) -> Result<Answer, String> {
    let text = |headers: &HeaderMap, name| {
        headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let answer = Answer {
        status: response.status().as_u16(),
        chain: text(response.headers(), VERSION_CHAIN),
        windlass_error: text(response.headers(), WINDLASS_ERROR),
    };
    let mut body = response.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|why| format!("the answer broke off: {why}"))?;
        length += frame.data_ref().map_or(0, Bytes::len);
        if length > BODY_MOST {
            return Err(format!("the answer is longer than {BODY_MOST} bytes"));
        }
    }
    Ok(answer)
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
