//! Where connections come in, and how they are served.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::Limits;
use crate::access::Peer;
use crate::app::ended;
use crate::places::{Places, neighbour};
use crate::turned_away::TurnedAway;

/// How long accepting rests after it failed, for example for want of file descriptors.
const REST: Duration = Duration::from_millis(100);

/// Headers that are read, many more than [`Limits::headers`]: beyond them hyper refuses by itself,
/// without a problem document.
const HEADERS_READ: usize = 1_000;

/// Bytes of a head that are read, the same for [`Limits::head`].
const HEAD_READ: usize = 128 * 1024;

/// Silence on the network after which a peer is asked whether it is still there, and how long it may
/// then take nothing that is sent.
const GONE_AFTER: Duration = Duration::from_mins(1);

/// A listener on the network.
pub struct Network {
    /// It.
    pub listener: TcpListener,
    /// TLS; none on a loopback address.
    pub tls: Option<TlsAcceptor>,
}

/// Somebody who has come in.
pub(crate) enum Arrived {
    Private(UnixStream),
    Network(TcpStream, IpAddr),
}

/// What listens.
pub(crate) enum Listening {
    /// The private socket, for this user only.
    Private(UnixListener, u32),
    /// The network.
    Network(Network),
    /// A loopback address for the runs of commands.
    Runs(TcpListener),
}

/// What one address may have.
struct Each {
    places: Places<IpAddr>,
    turned_away: TurnedAway,
}

/// One way in.
pub(crate) struct Door {
    pub(crate) listening: Listening,
    pub(crate) routes: Router,
    pub(crate) limits: Limits,
    pub(crate) ending: watch::Receiver<bool>,
}

impl Door {
    /// Lets connections in until the server is to end; returns those that are still open.
    pub(crate) async fn stand_open(self) -> JoinSet<()> {
        let places = match &self.listening {
            Listening::Private(..) | Listening::Network(_) => self.limits.connections,
            Listening::Runs(_) => self.limits.run_connections,
        };
        let places = Arc::new(Semaphore::new(places));
        let each = Each {
            places: Places::new(self.limits.connections_each),
            turned_away: TurnedAway::new(self.limits.connections_each),
        };
        let mut open = JoinSet::new();
        let mut ending = self.ending.clone();
        let ended = ended(&mut ending);
        tokio::pin!(ended);
        loop {
            tokio::select! {
                biased;
                () = &mut ended => break,
                Some(_ended) = open.join_next(), if !open.is_empty() => {}
                Some((arrived, place)) = self.accept(&places) => self.welcome(&mut open, arrived, (place, &each)),
            }
        }
        open
    }

    /// The next connection and its place; none when accepting failed, after a rest.
    async fn accept(&self, places: &Arc<Semaphore>) -> Option<(Arrived, OwnedSemaphorePermit)> {
        // The semaphore is never closed.
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        let accepted = match &self.listening {
            Listening::Private(listener, _) => {
                let accepted = listener.accept().await;
                accepted.map(|(stream, _)| Arrived::Private(stream))
            }
            Listening::Network(network) => {
                let accepted = network.listener.accept().await;
                accepted.map(|(stream, from)| Arrived::Network(stream, neighbour(from.ip())))
            }
            Listening::Runs(listener) => {
                let accepted = listener.accept().await;
                accepted.map(|(stream, from)| Arrived::Network(stream, from.ip()))
            }
        };
        match accepted {
            Ok(arrived) => Some((arrived, place)),
            Err(why) => {
                tracing::warn!(%why, "no connection can be accepted");
                tokio::time::sleep(REST).await;
                None
            }
        }
    }

    fn welcome(
        &self,
        open: &mut JoinSet<()>,
        arrived: Arrived,
        (place, each): (OwnedSemaphorePermit, &Each),
    ) {
        let (routes, ending) = (self.routes.clone(), self.ending.clone());
        let limits = self.limits;
        match (&self.listening, arrived) {
            (Listening::Private(_, owner), Arrived::Private(stream)) => {
                if may_ask(&stream, *owner) {
                    open.spawn(async move {
                        serve(stream, Peer::Owner, (routes, limits), ending).await;
                        drop(place);
                    });
                }
            }
            (Listening::Network(network), Arrived::Network(stream, address)) => {
                let Some(own) = each.places.take(address) else {
                    tracing::debug!(%address, "too many connections of one address");
                    // In TLS nothing can be said before the handshake, which is the work to be spared.
                    if network.tls.is_none() {
                        each.turned_away.tell(open, stream);
                    }
                    return;
                };
                let peer = Peer::Network(address);
                let tls = network.tls.clone();
                open.spawn(async move {
                    let _held = (place, own);
                    notice_when_gone(&stream);
                    match tls {
                        None => serve(stream, peer, (routes, limits), ending).await,
                        Some(tls) => {
                            let mut over = ending.clone();
                            let greeted = tokio::select! {
                                greeted = greeted(tls, stream, limits.head_within) => greeted,
                                // Whoever has not said a word yet is not waited for.
                                () = ended(&mut over) => return,
                            };
                            match greeted {
                                Ok(stream) => serve(stream, peer, (routes, limits), ending).await,
                                Err(why) => tracing::debug!(%why, "a TLS handshake failed"),
                            }
                        }
                    }
                });
            }
            (Listening::Runs(_), Arrived::Network(stream, address)) => {
                let peer = Peer::Runs(address);
                let limits = Limits {
                    head_within: limits.run_head_within,
                    ..limits
                };
                open.spawn(async move {
                    serve(stream, peer, (routes, limits), ending).await;
                    drop(place);
                });
            }
            // Each listener has arrivals of its own kind.
            (Listening::Private(..), Arrived::Network(..))
            | (Listening::Network(_) | Listening::Runs(_), Arrived::Private(_)) => {}
        }
    }
}

/// Peers that vanish without a word, or take nothing, don't keep their place.
fn notice_when_gone(stream: &TcpStream) {
    let millis = u32::try_from(GONE_AFTER.as_millis()).unwrap_or(u32::MAX);
    let set = sockopt::set_socket_keepalive(stream, true)
        .and_then(|()| sockopt::set_tcp_keepidle(stream, GONE_AFTER))
        .and_then(|()| sockopt::set_tcp_user_timeout(stream, millis));
    if let Err(why) = set {
        tracing::debug!(%why, "a connection has no keep-alive");
    }
}

async fn greeted(
    tls: TlsAcceptor,
    stream: TcpStream,
    within: Duration,
) -> io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
    tokio::time::timeout(within, tls.accept(stream))
        .await
        .unwrap_or_else(|_late| Err(io::ErrorKind::TimedOut.into()))
}

/// Only the user who owns the controller may ask it, whatever the socket's mode says.
fn may_ask(stream: &UnixStream, owner: u32) -> bool {
    match stream.peer_cred() {
        Ok(peer) if peer.uid() == owner => true,
        Ok(peer) => {
            tracing::warn!(
                peer.uid = peer.uid(),
                "another user's connection is refused"
            );
            false
        }
        Err(why) => {
            tracing::warn!(%why, "a connection without credentials is refused");
            false
        }
    }
}

/// Answers one connection's requests until it ends.
async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: Peer,
    (routes, limits): (Router, Limits),
    mut ending: watch::Receiver<bool>,
) {
    let routes = TowerToHyperService::new(routes);
    let known = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        routes.call(request)
    });
    let mut settings = http1::Builder::new();
    settings
        .timer(TokioTimer::new())
        .max_headers(HEADERS_READ)
        .max_buf_size(HEAD_READ)
        .header_read_timeout(limits.head_within);
    let connection = settings
        .serve_connection(TokioIo::new(stream), known)
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = &mut connection => Some(served),
        () = ended(&mut ending) => None,
    };
    note(if let Some(served) = served {
        served
    } else {
        connection.as_mut().graceful_shutdown();
        connection.await
    });
}

fn note(served: hyper::Result<()>) {
    if let Err(why) = served {
        tracing::debug!(%why, "a connection broke");
    }
}
