//! The server from its start to its end.

use std::sync::Arc;

use axum::Router;
use tokio::net::UnixListener;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;

use crate::app::{About, App};
use crate::door::{Door, Listening, Network};
use crate::handlers::routes;
use crate::keys::Keys;
use crate::rate::Buckets;
use crate::reception::{WayIn, receive};
use crate::relisten::relisten;
use crate::watchers::Watchers;
use crate::{Controller, Limits, RunTokens, Tokens};

/// What serves a controller.
pub struct Server<C> {
    controller: C,
    about: About,
    tokens: Tokens,
    limits: Limits,
    network: Option<Network>,
    runs: Option<RunTokens>,
    arriving: Option<mpsc::Receiver<WayIn>>,
    again: Option<mpsc::Receiver<UnixListener>>,
}

impl<C: Controller> Server<C> {
    /// A server with the limits that a controller runs with, on its private socket only.
    pub fn new(controller: C, about: About, tokens: Tokens) -> Self {
        Self {
            controller,
            about,
            tokens,
            limits: Limits::default(),
            network: None,
            runs: None,
            arriving: None,
            again: None,
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same, on the network too.
    #[must_use]
    pub fn network(mut self, network: Option<Network>) -> Self {
        self.network = network;
        self
    }

    /// The same, hearing the runs of commands: with these tokens, by the ways in that arrive.
    #[must_use]
    pub fn runs(mut self, tokens: RunTokens, arriving: mpsc::Receiver<WayIn>) -> Self {
        self.runs = Some(tokens);
        self.arriving = Some(arriving);
        self
    }

    /// The same, on each private listener that comes in place of one whose file was taken away.
    #[must_use]
    pub fn again(mut self, listeners: mpsc::Receiver<UnixListener>) -> Self {
        self.again = Some(listeners);
        self
    }

    /// Serves on the private `listener` and on the network until `shutdown` is ready; then accepts
    /// nothing more, lets open requests end within [`Limits::ending_within`] and closes the event
    /// streams.
    ///
    /// Dropping the future ends all of it at once. Failures of single connections are logged, not
    /// returned: accepting goes on after them.
    pub async fn serve(self, listener: UnixListener, shutdown: impl Future<Output = ()>) {
        let limits = self.limits;
        let (end, ending) = watch::channel(false);
        let app = App {
            controller: self.controller,
            about: self.about,
            limits,
            tokens: Arc::new(self.tokens),
            runs: self.runs,
            buckets: Arc::new(Buckets::new(limits)),
            keys: Arc::new(Keys::new(limits)),
            comparing: Arc::new(Mutex::new(())),
            watchers: Arc::new(Watchers::new(limits)),
            ending: ending.clone(),
        };
        let (watchers, keys) = (Arc::clone(&app.watchers), Arc::clone(&app.keys));
        let routes = routes(app);
        let owner = rustix::process::geteuid().as_raw();
        let mut ways_in = vec![Listening::Private(listener, owner)];
        ways_in.extend(self.network.map(Listening::Network));
        let mut doors = JoinSet::new();
        let hall = Hall {
            routes,
            limits,
            ending: ending.clone(),
        };
        if let Some(arriving) = self.arriving {
            let hall = hall.clone();
            let door = move |listener| hall.door(Listening::Runs(listener));
            doors.spawn(receive(arriving, door, ending.clone()));
        }
        if let Some(again) = self.again {
            let hall = hall.clone();
            let door = move |listener| hall.door(Listening::Private(listener, owner));
            doors.spawn(relisten(again, door, ending));
        }
        for listening in ways_in {
            doors.spawn(hall.door(listening).stand_open());
        }
        drop(hall);
        shutdown.await;
        end.send_replace(true);
        let all = async {
            let mut left = Vec::new();
            while let Some(open) = doors.join_next().await {
                left.extend(open);
            }
            left.push(keys.take_under_way());
            for mut open in left {
                while open.join_next().await.is_some() {}
            }
            watchers.all_gone().await;
        };
        if tokio::time::timeout(limits.ending_within, all)
            .await
            .is_err()
        {
            tracing::warn!("requests were cut at the server's end");
        }
    }
}

/// What every way in leads to.
#[derive(Clone)]
struct Hall {
    routes: Router,
    limits: Limits,
    ending: watch::Receiver<bool>,
}

impl Hall {
    fn door(&self, listening: Listening) -> Door {
        Door {
            listening,
            routes: self.routes.clone(),
            limits: self.limits,
            ending: self.ending.clone(),
        }
    }
}
