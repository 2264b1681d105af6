//! A small origin for benches: `origin ADDRESS NAME`.
//!
//! `/1k` and `/64k` answer with so much, anything else with the name.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What it answers with.
#[derive(Clone)]
struct Bodies {
    name: Bytes,
    small: Bytes,
    large: Bytes,
}

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
        let bodies = bodies.clone();
        let service = service_fn(move |request| {
            let answer = answer(&bodies, &request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let connection = Builder::new().serve_connection(TokioIo::new(stream), service);
        // A client that leaves is no matter.
        connections.spawn(async move { connection.await.ok() });
    }
}

fn answer(bodies: &Bodies, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let body = match request.uri().path() {
        "/1k" => &bodies.small,
        "/64k" => &bodies.large,
        _name => &bodies.name,
    };
    let mut response = Response::new(Full::new(body.clone()));
    let name = hyper::header::HeaderValue::from_bytes(&bodies.name);
    if let Ok(name) = name {
        response.headers_mut().insert("version-chain", name);
    }
    response
}
