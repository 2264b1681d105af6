//! Accepting connections, and ending them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::app::{About, App, ended};
use crate::handlers::routes;
use crate::{Controller, Limits};

/// How long accepting rests after it failed, for example for want of file descriptors.
const REST: Duration = Duration::from_millis(100);

/// Serves `controller` on `listener` until `shutdown` is ready; then accepts nothing more, lets open
/// requests end within [`Limits::ending_within`] and closes the event streams.
///
/// Dropping the future ends all of it at once. Failures of single connections are logged, not
/// returned.
///
/// # Errors
/// None today: the listener is the caller's, and accepting goes on after a failure.
pub async fn serve<C: Controller>(
    listener: UnixListener,
    controller: C,
    about: About,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_within(listener, controller, about, Limits::default(), shutdown).await
}

/// The same with other limits than the default ones.
///
/// # Errors
/// The same.
pub async fn serve_within<C: Controller>(
    listener: UnixListener,
    controller: C,
    about: About,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let owner = rustix::process::geteuid().as_raw();
    let (end, ending) = watch::channel(false);
    let app = App {
        controller,
        about,
        limits,
        watchers: Arc::new(Semaphore::new(limits.watchers)),
        ending: ending.clone(),
    };
    let watchers = Arc::clone(&app.watchers);
    let door = Door {
        listener,
        owner,
        routes: routes(app),
        limits,
        ending,
    };
    let mut open = JoinSet::new();
    door.stand_open(&mut open, shutdown).await;
    drop(door);
    end.send_replace(true);
    let all = async {
        while open.join_next().await.is_some() {}
        // Every place is free once every stream has said its goodbye.
        let places = u32::try_from(limits.watchers).unwrap_or(u32::MAX);
        drop(watchers.acquire_many(places).await);
    };
    let ended = tokio::time::timeout(limits.ending_within, all).await;
    if ended.is_err() {
        tracing::warn!(left = open.len(), "requests were cut at the server's end");
    }
    open.shutdown().await;
    Ok(())
}

/// Where connections come in.
struct Door {
    listener: UnixListener,
    /// The user who may ask.
    owner: u32,
    routes: Router,
    limits: Limits,
    ending: watch::Receiver<bool>,
}

impl Door {
    /// Lets connections in until `shutdown` is ready.
    async fn stand_open(&self, open: &mut JoinSet<()>, shutdown: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                Some(_ended) = open.join_next(), if !open.is_empty() => {}
                accepted = accept(&self.listener, &places) => {
                    if let Some((stream, place)) = accepted
                        && may_ask(&stream, self.owner)
                    {
                        open.spawn(self.connection(stream, place));
                    }
                }
            }
        }
    }

    fn connection(
        &self,
        stream: UnixStream,
        place: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (routes, ending) = (self.routes.clone(), self.ending.clone());
        let head_within = self.limits.head_within;
        async move {
            connection(stream, routes, head_within, ending).await;
            drop(place);
        }
    }
}

/// The next connection and its place; none when accepting failed, after a rest.
async fn accept(
    listener: &UnixListener,
    places: &Arc<Semaphore>,
) -> Option<(UnixStream, OwnedSemaphorePermit)> {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _address)) => Some((stream, place)),
        Err(why) => {
            tracing::warn!(%why, "no connection can be accepted");
            tokio::time::sleep(REST).await;
            None
        }
    }
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

async fn connection(
    stream: UnixStream,
    routes: Router,
    head_within: Duration,
    mut ending: watch::Receiver<bool>,
) {
    let mut settings = http1::Builder::new();
    settings
        .timer(TokioTimer::new())
        .header_read_timeout(head_within);
    let connection = settings
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
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
