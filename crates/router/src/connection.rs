//! One client connection.

use std::cell::Cell;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::door::{Permit, Thread};
use crate::forward;
use crate::guard::{Guard, Word};
use crate::limits::{HEAD_BYTES, HEADERS, REST_TIME};

/// What every request of a connection needs to know of it.
pub(crate) struct Line {
    pub(crate) thread: Rc<Thread>,
    pub(crate) listener: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) word: Arc<Word>,
    pub(crate) permit: Rc<Permit>,
    served: Cell<u64>,
    rest: Rc<Rest>,
}

/// Since when a connection rests between two requests.
struct Rest {
    busy: Cell<bool>,
    since: Cell<Instant>,
}

/// Marks a connection as busy with one request, to the last byte of its answer.
pub(crate) struct Busy(Rc<Rest>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.set(false);
        self.0.since.set(Instant::now());
    }
}

impl Line {
    /// Begins the next request: its number on this connection.
    pub(crate) fn begin(&self) -> (u64, Busy) {
        self.rest.busy.set(true);
        let number = self.served.get();
        self.served.set(number + 1);
        (number, Busy(self.rest.clone()))
    }
}

/// Where a connection came in.
pub(crate) struct Arrival {
    pub(crate) stream: TcpStream,
    pub(crate) listener: SocketAddr,
    pub(crate) peer: SocketAddr,
}

/// Serves a connection to its end. When `closing` turns true it ends after the request under way.
pub(crate) async fn serve(
    thread: Rc<Thread>,
    arrival: Arrival,
    permit: Rc<Permit>,
    closing: watch::Receiver<bool>,
) {
    let word = Arc::new(Word::default());
    let guard = Guard::new(arrival.stream, word.clone());
    let rest = Rc::new(Rest {
        busy: Cell::new(false),
        since: Cell::new(Instant::now()),
    });
    let line = Rc::new(Line {
        thread,
        listener: arrival.listener,
        peer: arrival.peer,
        word,
        permit,
        served: Cell::new(0),
        rest: rest.clone(),
    });
    let service = service_fn(move |request| forward::serve(line.clone(), request));
    // No header time-out here: the guard passes whole heads only, and times them. The one behind it
    // would also end connections at rest, but only some of them.
    let connection = Builder::new()
        .header_read_timeout(None)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES * 2)
        .serve_connection(guard, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = over(&rest, closing) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(why) = served {
        tracing::debug!(%why, "a client connection ended");
    }
}

/// Returns when the connection should take no further request.
async fn over(rest: &Rest, mut closing: watch::Receiver<bool>) {
    loop {
        let until = rest.since.get() + REST_TIME;
        if !rest.busy.get() && until <= Instant::now() {
            return;
        }
        let until = until.max(Instant::now() + REST_TIME / 10);
        tokio::select! {
            // An error is a listener that is gone.
            _gone = closing.wait_for(|closing| *closing) => return,
            () = sleep_until(until) => {}
        }
    }
}
