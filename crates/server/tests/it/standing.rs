//! A server that stands on a socket of its own, and the files that are sent to it.

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use windlass_api::FileRequest;
use windlass_client::{Client, Places, StatePaths};
use windlass_server::{About, Limits, Network, Server, Tokens};

use crate::fake::Fake;

/// A server under test; dropping it ends it.
pub(crate) struct Standing {
    pub(crate) fake: Fake,
    pub(crate) paths: StatePaths,
    end: Option<oneshot::Sender<()>>,
    tasks: JoinSet<()>,
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn paths(folder: &Path) -> StatePaths {
    let places = Places {
        state_home: None,
        home: None,
        runtime: None,
        temporary: folder.to_owned(),
        user: rustix::process::geteuid().as_raw(),
    };
    let paths = StatePaths::locate_in(Some(&folder.join("state")), &places).unwrap();
    paths.create().unwrap();
    paths
}

impl Standing {
    pub(crate) fn new(folder: &Path) -> Self {
        Self::with(folder, Fake::default(), Limits::default(), 1)
    }

    pub(crate) fn with(folder: &Path, fake: Fake, limits: Limits, pid: u32) -> Self {
        Self::on(folder, fake, limits, pid, None)
    }

    /// The same on the network too.
    pub(crate) fn on(
        folder: &Path,
        fake: Fake,
        limits: Limits,
        pid: u32,
        network: Option<Network>,
    ) -> Self {
        Self::begin(folder, fake, pid, |server| {
            server.limits(limits).network(network)
        })
    }

    /// The same with what `dress` adds.
    pub(crate) fn begin(
        folder: &Path,
        fake: Fake,
        pid: u32,
        dress: impl FnOnce(Server<Fake>) -> Server<Fake>,
    ) -> Self {
        let paths = paths(folder);
        if paths.controller_socket.exists() {
            std::fs::remove_file(&paths.controller_socket).unwrap();
        }
        let listener = UnixListener::bind(&paths.controller_socket).unwrap();
        let about = About {
            version: "0.1.0".to_owned(),
            epoch: 7,
            pid,
            lost_history: None,
        };
        let (end, ended) = oneshot::channel();
        let mut tasks = JoinSet::new();
        let shutdown = async {
            ended.await.ok();
        };
        let tokens = Tokens::open(&paths.state.join("tokens.json")).unwrap();
        let server = dress(Server::new(fake.clone(), about, tokens));
        tasks.spawn(server.serve(listener, shutdown));
        Self {
            fake,
            paths,
            end: Some(end),
            tasks,
        }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.paths).await.unwrap()
    }

    /// Asks the server to end and waits until it has.
    pub(crate) async fn end(mut self) {
        self.end.take().unwrap().send(()).unwrap();
        self.tasks.join_next().await.unwrap().unwrap();
    }
}

/// A file that needs TOKEN from its deployer.
pub(crate) fn file(text: &str) -> FileRequest {
    FileRequest {
        text: text.to_owned(),
        name: "windlass.yaml".to_owned(),
        folder: "/srv/hello".to_owned(),
        environment: None,
        set: Vec::new(),
        values: BTreeMap::new(),
        surroundings: BTreeMap::new(),
    }
}

pub(crate) const HELLO: &str = "\
app: hello
services:
  web:
    run: ./server --port ${PORT} --token ${TOKEN}
    listen: 127.0.0.1:8080
";

pub(crate) fn hello() -> FileRequest {
    let mut file = file(HELLO);
    file.values.insert("TOKEN".to_owned(), "secret".to_owned());
    file.values.insert("OTHER".to_owned(), "unused".to_owned());
    file
}
