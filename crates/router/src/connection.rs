//! One client connection.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};

use crate::announced::announced;
use crate::answer::AnswerBody;
use crate::budget::{Charge, Unsent};
use crate::core::Core;
use crate::door::{Permit, Thread};
use crate::forward;
use crate::guard::{Guard, Word};
use crate::guests::Whose;
use crate::headers::Client;
use crate::inflow::Inflow;
use crate::limits::{ASKED_FREE, HEAD_BYTES, HEAD_FREE, HEAD_TIME, LEAVE_REST, REST_TIME};
use crate::multiplexed;
use crate::opening::{Closing, Heard, Spoken, begins, hear};
use crate::outlets::Outlets;
use crate::pauses::Pauses;
use crate::secure::greet;
use crate::stream::Stream;

/// What every request of a connection needs to know of it.
pub(crate) struct Line {
    pub(crate) thread: Rc<Thread>,
    pub(crate) listener: SocketAddr,
    pub(crate) client: Client,
    pub(crate) permit: Rc<Permit>,
    pub(crate) rest: Rc<Rest>,
    /// What it has of requests.
    pub(crate) inflow: Arc<Inflow>,
    pub(crate) pauses: Arc<Pauses>,
}

/// Since when a connection rests between two requests.
pub(crate) struct Rest {
    /// Requests under way.
    busy: Cell<usize>,
    since: Cell<Instant>,
    /// What it has of answers.
    pub(crate) unsent: Arc<Unsent>,
    /// What its requests are of all that there may be.
    asked: Charge,
}

/// Marks a connection as busy with one request, to the last byte of its answer.
pub(crate) struct Busy(Rc<Rest>);

impl Busy {
    /// What its connection has of answers.
    pub(crate) fn unsent(&self) -> &Unsent {
        &self.0.unsent
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.count(self.0.busy.get() - 1);
        self.0.since.set(Instant::now());
    }
}

impl Rest {
    fn begin(outlets: &Outlets) -> Rc<Self> {
        Rc::new(Self {
            busy: Cell::new(0),
            since: Cell::new(Instant::now()),
            unsent: Unsent::on(&outlets.memory),
            asked: Charge::on(&outlets.asked, ASKED_FREE),
        })
    }

    fn count(&self, busy: usize) {
        self.busy.set(busy);
        self.asked.hold(busy);
    }

    /// Whether others have asked all that may be asked at once, and this one has more than a few under way.
    pub(crate) fn asks_too_much(&self) -> bool {
        self.asked.is_too_much(self.busy.get() + 1)
    }
}

impl Line {
    /// Begins the next request.
    pub(crate) fn begin(&self) -> Busy {
        self.rest.count(self.rest.busy.get() + 1);
        Busy(self.rest.clone())
    }
}

/// A client that has said its first words.
struct Opened {
    stream: Stream,
    heard: Heard,
    client: Client,
}

/// Gives a new client the time for a first head to be announced, if a proxy does that here, to say hello,
/// in TLS if its listener speaks that, and to say its first words. None if it left, or did not.
async fn opened(
    core: &Core,
    arrival: Arrival,
    permit: &Permit,
    mut closing: Closing<'_>,
) -> Option<Opened> {
    let Arrival {
        mut stream,
        listener,
        peer,
    } = arrival;
    let (manner, proxies, limits) = {
        let live = core.live.load();
        let behind = live.doors.get(&listener);
        let said = behind.map(|behind| {
            let (manner, proxies) = (behind.manner.clone(), behind.proxies.clone());
            (manner, proxies, behind.connections)
        });
        said.unwrap_or_default()
    };
    let opening = async {
        let mut address = peer.ip().to_canonical();
        let mut whose = Whose::Clients;
        if proxies.trust(address) {
            whose = Whose::Proxys;
            if proxies.proxy_protocol {
                begins(&stream, &mut closing).await?;
                if let Some(client) = announced(&mut stream).await? {
                    (address, whose) = (client, Whose::Clients);
                }
            }
        }
        // Before anything is spent on it, and as soon as it is known whose it is.
        let guest = core.guests.admit(listener, (address, whose), limits);
        permit.admit(guest.ok_or(io::ErrorKind::QuotaExceeded)?);
        if manner.is_some() {
            begins(&stream, &mut closing).await?;
        }
        let mut stream = greet(stream, manner, &core.outlets.memory).await?;
        let heard = hear(&mut stream, &mut closing).await?;
        // What it chose is what it must begin with (RFC 9113, 3.4), and an answer in HTTP/1.1 is none to it.
        if stream.chose_http2() && heard.spoken == Spoken::Http1 {
            stream.shutdown().await?;
            return Err(io::ErrorKind::InvalidData.into());
        }
        let scheme = if stream.is_tls() { "https" } else { "http" };
        let client = Client::new(address, scheme, proxies.trust(address));
        Ok::<_, io::Error>(Opened {
            stream,
            heard,
            client,
        })
    };
    match timeout(HEAD_TIME, opening).await {
        Ok(Ok(opened)) => Some(opened),
        Ok(Err(why)) => {
            tracing::debug!(%listener, %why, "a client did not get as far as a request");
            None
        }
        Err(_elapsed) => None,
    }
}

/// Where a connection came in.
pub(crate) struct Arrival {
    pub(crate) stream: TcpStream,
    pub(crate) listener: SocketAddr,
    pub(crate) peer: SocketAddr,
}

/// Serves a connection to its end. When `closing` turns true it ends after what is under way.
pub(crate) async fn serve(
    thread: Rc<Thread>,
    arrival: Arrival,
    permit: Rc<Permit>,
    closing: watch::Receiver<bool>,
) {
    let listener = arrival.listener;
    let told = Closing {
        core: &thread.core,
        told: closing.clone(),
    };
    let Some(opened) = opened(&thread.core, arrival, &permit, told).await else {
        return;
    };
    let Opened {
        stream,
        heard,
        client,
    } = opened;
    let rest = Rest::begin(&thread.core.outlets);
    let inflow = match heard.spoken {
        Spoken::Http1 => Inflow::in_turn(&thread.core.outlets.memory),
        Spoken::Http2 => Inflow::multiplexed(&thread.core.outlets.memory),
    };
    let line = Rc::new(Line {
        thread,
        listener,
        client,
        permit,
        rest,
        inflow,
        pauses: Arc::default(),
    });
    match heard.spoken {
        Spoken::Http1 => in_turn(line, stream, heard.bytes, closing).await,
        Spoken::Http2 => multiplexed::serve(line, stream, heard.bytes, closing).await,
    }
}

/// Serves one request after the other.
async fn in_turn(line: Rc<Line>, stream: Stream, heard: Vec<u8>, closing: watch::Receiver<bool>) {
    let word = Arc::new(Word::default());
    let heads = Arc::new(Charge::on(&line.thread.core.outlets.memory, HEAD_FREE));
    let guard = Guard::new(stream, heard, (word.clone(), heads.clone()), &line);
    let turns = Rc::new(Turns {
        line: line.clone(),
        word: word.clone(),
        heads,
        served: Cell::new(0),
    });
    let service = service_fn(move |request| turns.clone().answer(request));
    // No header time-out here: the guard passes whole heads only, and times them. The one behind it
    // would also end connections at rest, but only some of them. Nor a limit of lines: the guard has it,
    // and one that is set costs a copy of the room for all of them with every head. That a client has closed
    // its side is no end either: the guard knows whether it has left.
    let connection = Builder::new()
        .half_close(true)
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES * 2)
        .serve_connection(guard, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = apart(at_rest(&line, closing)) => {
            word.close();
            connection.await
        }
    };
    if let Err(why) = served {
        tracing::debug!(%why, "a client connection ended");
    }
}

/// The requests of a connection that come one after the other.
struct Turns {
    line: Rc<Line>,
    word: Arc<Word>,
    /// What the guard has of heads.
    heads: Arc<Charge>,
    served: Cell<u64>,
}

impl Turns {
    async fn answer(
        self: Rc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let number = self.served.get();
        self.served.set(number + 1);
        let has_body = !request.body().is_end_stream();
        let knows_chunks = request.version() != Version::HTTP_10;
        let mut answer = forward::respond(&self.line, request, self.word.fault(number)).await;
        if has_body && answer.body().is_own() {
            self.leave_body(&mut answer).await;
        }
        // Until now it could have been sent again. What the guard has of a next one is read once, and little.
        self.heads.hold(0);
        let switches = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        let is_open_ended = !knows_chunks && answer.body().size_hint().exact().is_none();
        if is_open_ended {
            self.word.ends_with_connection();
        }
        // The next one may be for the router that has taken this one's place.
        let is_last = self.word.is_closing() || self.line.thread.core.is_leaving();
        if (is_last || is_open_ended) && !switches {
            let last = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, last);
        }
        if !knows_chunks && answer.headers().contains_key(CONNECTION) {
            // Else the library promises beside it that the connection goes on.
            *answer.version_mut() = Version::HTTP_10;
        }
        self.word.answered(number, switches);
        Ok(answer)
    }

    /// Nobody reads on in the body of what the router answers by itself. One turn of the connection, and the
    /// library has read away what was there, or says with the answer that the connection ends; said afterwards,
    /// the next request would be lost with it.
    async fn leave_body(&self, answer: &mut Response<AnswerBody>) {
        yield_now().await;
        // An instance was to have it, and its connection has not let go of it yet.
        if self.line.inflow.has_open() {
            let last = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, last);
        }
    }
}

/// Polls what is waited for beside a connection only when it was woken itself, and not with every turn
/// of the connection.
pub(crate) async fn apart<F: Future>(other: F) -> F::Output {
    let mut alone = FuturesUnordered::from_iter([other]);
    alone.next().await.expect("there is one")
}

/// Returns when the connection should be closed between two requests. A router that leaves does so only
/// once nothing was asked for a while: what is asked until then is answered, as the last.
async fn at_rest(line: &Line, closing: watch::Receiver<bool>) {
    over(&line.rest, closing).await;
    while line.thread.core.is_leaving() {
        let until = line.rest.since.get() + LEAVE_REST;
        if line.rest.busy.get() == 0 && until <= Instant::now() {
            return;
        }
        sleep_until(until.max(Instant::now() + LEAVE_REST / 10)).await;
    }
}

/// Returns when the connection should take no further request.
pub(crate) async fn over(rest: &Rest, mut closing: watch::Receiver<bool>) {
    loop {
        let until = rest.since.get() + REST_TIME;
        if rest.busy.get() == 0 && until <= Instant::now() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ASKED;

    #[test]
    fn as_many_requests_are_under_way_as_is_said_and_a_few_of_each_beside_them() {
        let outlets = Outlets::beside(1);
        let begin = |requests| {
            let rest = Rest::begin(&outlets);
            rest.count(requests);
            rest
        };
        // One more than the few of each, which is where a step would show.
        let all: Vec<_> = (1..ASKED).map(|_| begin(ASKED_FREE + 1)).collect();
        assert_eq!(outlets.asked.taken(), ASKED - 1);
        let last = begin(ASKED_FREE);
        assert!(!last.asks_too_much());
        last.count(ASKED_FREE + 1);
        assert!(last.asks_too_much());
        let modest = begin(ASKED_FREE - 1);
        assert!(!modest.asks_too_much());
        drop(all);
        assert!(!last.asks_too_much());
        drop((last, modest));
        assert_eq!(outlets.asked.taken(), 0);
    }
}
