//! The oracle that counts: a server sees each good request once and its client gets that one's answer, an
//! attack is one request or none, and what was hidden in it is none.

use std::net::SocketAddr;

use windlass_model::{RouteSlot, Speaks};

use crate::client::Client;
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::servers::Server;

/// Good requests that follow an attack on the very connections that it used.
const AFTER: usize = 3;

/// A router in front of one server.
pub(crate) struct Counted {
    server: Server,
    /// One data thread: it keeps the connection that an attack used for the next request.
    _rig: Rig,
    pub(crate) listener: SocketAddr,
    good: Vec<String>,
    seen: usize,
}

impl Counted {
    pub(crate) fn new(server: Server) -> Self {
        let rig = Rig::with_threads(1);
        let listener = rig.listener();
        let slot = RouteSlot {
            speaks: Speaks::Http1,
            ..slot(1, 100, &[server.address])
        };
        rig.route(&key("web"), serving(listener, vec![slot]));
        Self {
            server,
            _rig: rig,
            listener,
            good: Vec::new(),
            seen: 0,
        }
    }

    /// Has good requests follow `attack`, which got so many answers of the server; what else that was
    /// asked for meanwhile.
    pub(crate) fn after(&mut self, attack: &str, answered: usize) -> Vec<String> {
        let mut client = Client::connect(self.listener);
        for turn in 0..AFTER {
            let path = format!("/good-{}-{turn}", self.good.len());
            assert_eq!(client.get(&path).text(), path, "after {attack:?}");
            self.good.push(path);
        }
        let is_good = |path: &&String| path.starts_with("/good-");
        let mut seen = Vec::new();
        eventually("the server has written what it was asked", || {
            seen = self.server.asked();
            seen.iter().filter(is_good).count() >= self.good.len()
        });
        let mut all: Vec<&String> = seen.iter().filter(is_good).collect();
        let mut good: Vec<&String> = self.good.iter().collect();
        all.sort();
        good.sort();
        assert_eq!(all, good, "each once: {attack:?}");
        let rest = seen.iter().skip(self.seen).filter(|path| !is_good(path));
        let rest: Vec<String> = rest.cloned().collect();
        self.seen = seen.len();
        assert!(
            !rest.iter().any(|path| path.contains("hidden")),
            "{attack:?}: {rest:?}"
        );
        assert!(
            answered <= rest.len(),
            "more answers than requests: {attack:?}: {rest:?}"
        );
        rest
    }
}
