//! `multiplexed_service VERSION PORT`: a service of HTTP/2 alone, by prior knowledge, as one of gRPC is, for
//! tests. A call is answered with what it brought, as it comes, and with its status in the trailers.

use std::convert::Infallible;
use std::env::args;
use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, BodyStream, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = args().skip(1);
    let version = words.next().ok_or("which version?")?;
    let port = words.next().ok_or("which port?")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(version, port))
}

async fn serve(version: String, port: u16) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let version = version.clone();
        let answer =
            service_fn(move |request| ready(Ok::<_, Infallible>(answer(&version, request))));
        let connection =
            Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer);
        connections.spawn(async move {
            // A client that leaves, or speaks something else, is its own matter.
            connection.await.ok();
        });
    }
}

type Answer = BoxBody<Bytes, hyper::Error>;

fn answer(version: &str, request: Request<Incoming>) -> Response<Answer> {
    let response = Response::builder().header("x-version", version);
    let status = HeaderMap::from_iter([(
        "grpc-status".parse().expect("a name"),
        "0".parse().expect("a value"),
    )]);
    let after = stream::iter([Ok(Frame::trailers(status))]);
    let whole = StreamExt::chain(BodyStream::new(request.into_body()), after);
    let response = response.body(BodyExt::boxed(StreamBody::new(whole)));
    response.expect("an answer")
}
