//! Listens on loopback for the runs of commands, and hands what it opens to the server.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use windlass_edge::{EdgeError, ErrorKind, Reception, Reporting, Retry, RunAt, Secret};
use windlass_model::DeploymentId;
use windlass_server::{RunTokens, WayIn};

/// Ways in that may wait for the server; who opens more waits itself.
const WAYS_WAITING: usize = 64;

/// Ways in that are open at one time.
const WAYS_MAX: usize = 1_024;

/// Opens a listener for each run.
pub(crate) struct Loopback {
    tokens: RunTokens,
    ways: mpsc::Sender<WayIn>,
    open: RefCell<BTreeMap<(DeploymentId, SocketAddr), oneshot::Sender<()>>>,
}

impl Loopback {
    /// With the tokens of this installation; and what it opens.
    pub(crate) fn new(tokens: RunTokens) -> (Self, mpsc::Receiver<WayIn>) {
        let (ways, arriving) = mpsc::channel(WAYS_WAITING);
        let new = Self {
            tokens,
            ways,
            open: RefCell::default(),
        };
        (new, arriving)
    }

    async fn listen(&self, run: &RunAt) -> Result<(), EdgeError> {
        let address = run.address;
        let key = (run.deployment.clone(), address);
        if self.open.borrow().contains_key(&key) {
            return Ok(());
        }
        if !address.ip().is_loopback() || self.open.borrow().len() >= WAYS_MAX {
            let what = format!("nothing listens at {address} for what a script reports");
            return Err(EdgeError::new(ErrorKind::Rejected, Retry::Never, what));
        }
        let listener = TcpListener::bind(address);
        let listener = listener.await.map_err(|why| no_listener(address, why))?;
        let (closes, closed) = oneshot::channel();
        let way = WayIn {
            listener,
            closes: closed,
        };
        self.ways.send(way).await.map_err(|_ending| {
            let what = "the controller is ending";
            EdgeError::new(ErrorKind::Unreachable, Retry::Never, what)
        })?;
        self.open.borrow_mut().insert(key, closes);
        Ok(())
    }
}

fn no_listener(address: SocketAddr, why: io::Error) -> EdgeError {
    let kind = match why.kind() {
        io::ErrorKind::AddrInUse => ErrorKind::Conflict,
        _ => ErrorKind::Unreachable,
    };
    let what = format!("can't listen at {address} for what a script reports");
    EdgeError::new(kind, Retry::Never, what).because(why)
}

#[async_trait(?Send)]
impl Reception for Loopback {
    async fn open(&self, run: &RunAt) -> Result<Reporting, EdgeError> {
        self.listen(run).await?;
        let RunAt {
            deployment,
            service,
            address,
        } = run;
        let whose = format!("http://{address}/v1/deployments/{deployment}/services/{service}");
        Ok(Reporting {
            coordination: format!("{whose}/reports"),
            health: format!("{whose}/health"),
            token: Secret(self.tokens.of(deployment, service)),
        })
    }

    fn close(&self, deployment: &DeploymentId) {
        self.open.borrow_mut().retain(|(of, _), _| of != deployment);
    }
}
