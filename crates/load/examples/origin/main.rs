//! A small origin for benches: `origin ADDRESS NAME`.
//!
//! `/1k` and `/64k` answer with so much, `/long` takes its time, `/taken` takes a body first, a WebSocket at `/echo`
//! says what was said to it, anything else answers with the name.

mod echo;
mod long;

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::echo::Switched;
use crate::long::Long;

/// What it answers with.
#[derive(Clone)]
struct Bodies {
    name: Bytes,
    small: Bytes,
    large: Bytes,
}

type Body = Either<Full<Bytes>, Long>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: origin ADDRESS NAME".into());
    };
    let address: SocketAddr = address.parse()?;
    let bodies = Bodies {
        name: Bytes::from(name),
        small: Bytes::from(vec![b'x'; 1_024]),
        large: Bytes::from(vec![b'x'; 64 * 1_024]),
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(serve(address, bodies))
}

async fn serve(address: SocketAddr, bodies: Bodies) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    let mut connections = JoinSet::new();
    loop {
        let (stream, _peer) = listener.accept().await?;
        while connections.try_join_next().is_some() {}
        stream.set_nodelay(true)?;
        connections.spawn(converse(stream, bodies.clone()));
    }
}

/// One connection; a client that leaves is no matter.
async fn converse(stream: TcpStream, bodies: Bodies) {
    let switched = Switched::default();
    let (with, tunnel) = (&bodies, &switched);
    let service = service_fn(move |request: Request<Incoming>| async move {
        let request = if request.uri().path() == "/taken" {
            taken(request).await
        } else {
            request
        };
        Ok::<_, Infallible>(answer(with, request, tunnel))
    });
    let connection = Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if connection.await.is_ok() {
        switched.echo().await;
    }
}

/// A request whose body has come, or was broken off.
async fn taken(mut request: Request<Incoming>) -> Request<Incoming> {
    while let Some(Ok(_frame)) = request.body_mut().frame().await {}
    request
}

fn answer(bodies: &Bodies, request: Request<Incoming>, switched: &Switched) -> Response<Body> {
    let full = |bytes: &Bytes| Response::new(Either::Left(Full::new(bytes.clone())));
    let mut response = match request.uri().path() {
        "/1k" => full(&bodies.small),
        "/64k" => full(&bodies.large),
        "/long" => Response::new(Either::Right(Long::new())),
        "/echo" => switched.answer(request).map(Either::Left),
        _name => full(&bodies.name),
    };
    if let Ok(name) = HeaderValue::from_bytes(&bodies.name) {
        response.headers_mut().insert("version-chain", name);
    }
    response
}
