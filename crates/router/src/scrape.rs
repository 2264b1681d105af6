//! Where Prometheus asks: a thread of its own, so that whatever happens here no request waits for it.
//!
//! Every wait and every number has a limit. One question per connection; whoever asks slowly, or takes the
//! answer slowly, makes room for those that come after it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use crate::apply::Keeper;
use crate::core::Doors;
use crate::exposition::Form;
use crate::limits::{
    SCRAPE_END, SCRAPE_FRESH, SCRAPE_HEAD, SCRAPE_PAUSE, SCRAPE_REST, SCRAPE_TIME, SCRAPES,
};
use crate::telling;

/// Where metrics are told.
const PATH: &str = "/metrics";

/// What all questions share.
struct Desk {
    keeper: Arc<Keeper>,
    /// Questions under way, the oldest first.
    asking: RefCell<VecDeque<JoinHandle<()>>>,
    /// What was told last, and when.
    told: RefCell<BTreeMap<(SocketAddr, Form), (Instant, Bytes)>>,
}

/// An open listener; its task ends when this is dropped.
struct Open {
    listener: Arc<std::net::TcpListener>,
    accepting: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Answers questions for metrics until the router ends.
pub(crate) fn run(keeper: Arc<Keeper>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let desk = Rc::new(Desk {
        keeper,
        asking: RefCell::default(),
        told: RefCell::default(),
    });
    LocalSet::new().block_on(&runtime, tend(desk));
    Ok(())
}

async fn tend(desk: Rc<Desk>) {
    let mut wanted = desk.keeper.core.told.subscribe();
    let mut ending = desk.keeper.core.ending();
    let mut open = BTreeMap::new();
    loop {
        let now = wanted.borrow_and_update().clone();
        refresh(&desk, &mut open, &now);
        // Errors would mean that the core is gone, which the desk holds.
        tokio::select! {
            _changed = wanted.changed() => {}
            _ending = ending.wait_for(|ending| *ending) => break,
        }
    }
    drop(open);
    if desk.keeper.core.is_leaving() {
        // Whoever asks goes on at the router that took this one's place, and need not notice it.
        drop(timeout(SCRAPE_END, desk.quiet()).await);
    }
}

/// Closes what is not wanted any more, opens what is new.
fn refresh(desk: &Rc<Desk>, open: &mut BTreeMap<SocketAddr, Open>, wanted: &Doors) {
    let same = |address: &SocketAddr, open: &Open| {
        let now = wanted.get(address);
        now.is_some_and(|now| Arc::ptr_eq(now, &open.listener))
    };
    open.retain(|address, open| same(address, open));
    let mut told = desk.told.borrow_mut();
    told.retain(|(address, _), _| wanted.contains_key(address));
    for (address, listener) in wanted.iter() {
        if open.contains_key(address) {
            continue;
        }
        match listener.try_clone().and_then(TcpListener::from_std) {
            Ok(twin) => {
                let accepting = spawn_local(accept(desk.clone(), twin, *address));
                let listener = listener.clone();
                open.insert(
                    *address,
                    Open {
                        listener,
                        accepting,
                    },
                );
            }
            Err(why) => tracing::error!(%address, %why, "could not open a listener for metrics"),
        }
    }
}

async fn accept(desk: Rc<Desk>, listener: TcpListener, address: SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let asked = spawn_local(answer(desk.clone(), stream, address));
                desk.begin(asked);
            }
            Err(why) => {
                tracing::warn!(%address, %why, "could not accept a question for metrics");
                sleep(SCRAPE_REST).await;
            }
        }
        sleep(SCRAPE_PAUSE).await;
    }
}

async fn answer(desk: Rc<Desk>, stream: TcpStream, address: SocketAddr) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = desk.answer(address, &request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = Builder::new()
        .keep_alive(false)
        .header_read_timeout(None)
        .max_buf_size(SCRAPE_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(SCRAPE_TIME, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => tracing::debug!(%address, %why, "a question for metrics broke off"),
        Err(_elapsed) => tracing::debug!(%address, "a question for metrics took too long"),
    }
}

impl Desk {
    /// Notes a question. Where there are too many the oldest ends: an honest one takes milliseconds.
    fn begin(&self, asked: JoinHandle<()>) {
        let mut asking = self.asking.borrow_mut();
        asking.retain(|one| !one.is_finished());
        asking.push_back(asked);
        if asking.len() > SCRAPES
            && let Some(oldest) = asking.pop_front()
        {
            oldest.abort();
        }
    }

    /// Returns when no question is under way.
    async fn quiet(&self) {
        let asking = self.asking.take();
        for one in asking {
            // Cut, or at its end: both are an end.
            drop(one.await);
        }
    }

    fn answer(&self, address: SocketAddr, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != PATH {
            let text = format!("metrics are told under {PATH}\n");
            return plain(StatusCode::NOT_FOUND, text.into());
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, Bytes::new());
            let allowed = HeaderValue::from_static("GET, HEAD");
            answer.headers_mut().insert(ALLOW, allowed);
            return answer;
        }
        let form = Form::wanted(request.headers().get(ACCEPT));
        let mut answer = plain(StatusCode::OK, self.page(address, form));
        let kind = HeaderValue::from_static(form.content_type());
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        answer
    }

    /// What is told, at most so old: however often somebody asks, it is not made more often.
    fn page(&self, address: SocketAddr, form: Form) -> Bytes {
        let mut told = self.told.borrow_mut();
        let known = told.get(&(address, form));
        if let Some((_, page)) = known.filter(|(when, _)| when.elapsed() < SCRAPE_FRESH) {
            return page.clone();
        }
        let live = self.keeper.core.live.load_full();
        let services = live.metrics.get(&address).cloned().unwrap_or_default();
        let page = Bytes::from(telling::page(&self.keeper, &services, form));
        told.insert((address, form), (Instant::now(), page.clone()));
        page
    }
}

fn plain(status: StatusCode, text: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(text));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
