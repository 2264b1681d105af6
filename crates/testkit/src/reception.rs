//! A reception that hears nobody by itself, and knows who could be heard.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;

use async_trait::async_trait;
use windlass_edge::{EdgeError, ErrorKind, Reception, Reporting, Retry, RunAt, Secret};
use windlass_model::DeploymentId;

/// Addresses that somebody else has.
#[derive(Clone, Debug, Default)]
pub struct TakenAddresses(Rc<RefCell<BTreeSet<SocketAddr>>>);

impl TakenAddresses {
    /// From now on nobody can listen there.
    pub fn take(&self, address: SocketAddr) {
        self.0.borrow_mut().insert(address);
    }

    /// From now on it can be listened at again.
    pub fn free(&self, address: SocketAddr) {
        self.0.borrow_mut().remove(&address);
    }
}

/// One controller's reception: what it listens at ends with it.
#[derive(Debug, Default)]
pub struct FakeReception {
    taken: TakenAddresses,
    open: RefCell<BTreeSet<(DeploymentId, SocketAddr)>>,
}

impl FakeReception {
    /// One on a machine where others have these addresses.
    pub fn new(taken: &TakenAddresses) -> Self {
        Self {
            taken: taken.clone(),
            open: RefCell::default(),
        }
    }
}

#[async_trait(?Send)]
impl Reception for FakeReception {
    async fn open(&self, run: &RunAt) -> Result<Reporting, EdgeError> {
        let address = run.address;
        if self.taken.0.borrow().contains(&address) {
            let what = format!("{address} is taken");
            return Err(EdgeError::new(ErrorKind::Conflict, Retry::Never, what));
        }
        let key = (run.deployment.clone(), address);
        self.open.borrow_mut().insert(key);
        Ok(Reporting {
            coordination: format!("http://{address}/reports"),
            health: format!("http://{address}/health"),
            token: Secret(format!("{}.{}", run.deployment, run.service)),
        })
    }

    fn close(&self, deployment: &DeploymentId) {
        self.open.borrow_mut().retain(|(of, _)| of != deployment);
    }
}
