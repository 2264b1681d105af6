//! The target itself.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use windlass_control::{Restart, ShimReply, ShimRequest};
use windlass_edge::{
    EdgeError, InstanceState, InstanceTrace, InstanceWatch, KeepRelease, Kept, LogChunk,
    LogRequest, PastEnds, StartInstance, Stopped, Target,
};
use windlass_kept::Digests;
use windlass_model::{
    CommandState, Digest, Epoch, InstallationId, Instance, InstanceId, OtherProgram, Release,
};

use super::epoch::{self, Fence};
use super::fail::{machine, refused, unkept, unreachable};
use super::layout::{Layout, private_folder};
use super::link::{ANSWER_WITHIN, Reached};
use super::{address, forget, keep, log, memory, start, status, stop, traces, watch};

/// What a process target needs to know.
#[derive(Clone)]
pub struct ProcessTargetConfig {
    /// How a shim is started; `--folder FOLDER` is appended. `/proc/self/exe shim` in the product.
    pub shim: Vec<String>,
    /// Where releases and traces of instances lie. Nothing else may write there.
    pub state: PathBuf,
    /// Where sockets lie: a short path, since a socket's is at most 107 bytes.
    pub run: PathBuf,
    /// This controller's.
    pub epoch: Epoch,
    /// Whose instances these are.
    pub installation: InstallationId,
    /// The installation's secret, for keyed hashes of values.
    pub key: Vec<u8>,
}

/// Runs releases as local processes, each under a shim that outlives the controller.
///
/// For one controller at a time, on a tokio runtime of one thread with time, net and process
/// enabled; copying and hashing go to its blocking threads.
pub struct ProcessTarget {
    inner: Rc<Inner>,
}

/// What a watch shares with the target.
pub(super) struct Inner {
    pub(super) config: ProcessTargetConfig,
    pub(super) layout: Layout,
    /// Instances whose start is under way: their folders are not finished.
    pub(super) starting: RefCell<BTreeSet<InstanceId>>,
    pub(super) addresses: RefCell<BTreeMap<InstanceId, SocketAddr>>,
    pub(super) fence: Fence,
    pub(super) digests: Arc<Digests>,
    /// Held while releases come or go, so that none goes while it comes.
    releases: Arc<Mutex<()>>,
}

impl ProcessTarget {
    /// Makes the folders and learns which addresses are in use.
    ///
    /// # Errors
    /// `Unreachable` when the folders can't be used.
    pub fn new(config: ProcessTargetConfig) -> Result<Self, EdgeError> {
        private_folder(&config.state)?;
        private_folder(&config.run)?;
        let real = |path: &PathBuf| {
            fs::canonicalize(path).map_err(|e| machine(format!("can't use {}", path.display()), e))
        };
        let layout = Layout {
            state: real(&config.state)?,
            run: real(&config.run)?,
        };
        private_folder(&layout.releases())?;
        private_folder(&layout.instances())?;
        let addresses = RefCell::new(address::known(&layout));
        let fence = Fence::new(&layout, config.epoch)?;
        let inner = Inner {
            config,
            layout,
            starting: RefCell::default(),
            addresses,
            fence,
            digests: Arc::default(),
            releases: Arc::default(),
        };
        Ok(Self {
            inner: Rc::new(inner),
        })
    }

    fn ways(&self) -> keep::Ways {
        keep::Ways {
            layout: self.inner.layout.clone(),
            key: self.inner.config.key.clone(),
            digests: Arc::clone(&self.inner.digests),
        }
    }

    /// Runs `work` on a blocking thread, alone among those that change releases.
    async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EdgeError> {
        let releases = Arc::clone(&self.inner.releases);
        blocking(move || {
            let _alone = releases.lock().unwrap_or_else(PoisonError::into_inner);
            work()
        })
        .await
    }
}

/// Runs `work` on a blocking thread. Dropping the future does not end the work.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EdgeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| unreachable("the work was ended").because(e))
}

#[async_trait(?Send)]
impl Target for ProcessTarget {
    async fn keep(&self, request: &KeepRelease) -> Result<Kept, EdgeError> {
        let (ways, request) = (self.ways(), request.clone());
        self.alone(move || keep::keep(&ways, &request)).await?
    }

    async fn read_ahead(&self, request: &KeepRelease) {
        let (ways, request) = (self.ways(), request.clone());
        let read = blocking(move || keep::read(&ways, &request)).await;
        if let Err(why) = read.flatten() {
            tracing::debug!("what is to be kept can't be read: {}", why.chain());
        }
    }

    async fn forget_all_but(
        &self,
        needed: &[Release],
        instances: &[InstanceId],
    ) -> Result<(), EdgeError> {
        self.inner.fence.speak()?;
        let layout = self.inner.layout.clone();
        let needed = needed.to_vec();
        let mut instances = instances.to_vec();
        instances.extend(self.inner.starting.borrow().iter().cloned());
        let work = move || forget::forget(&layout, &needed, &instances);
        let (dropped, outcome) = self.alone(work).await?;
        let mut addresses = self.inner.addresses.borrow_mut();
        addresses.retain(|instance, _| !dropped.contains(instance));
        outcome
    }

    async fn start(&self, request: &StartInstance) -> Result<(), EdgeError> {
        start::start(&self.inner, request).await
    }

    async fn observe(&self, instance: &Instance) -> Result<InstanceState, EdgeError> {
        self.inner.observe(instance).await
    }

    async fn ends(&self, instance: &Instance) -> Result<Option<PastEnds>, EdgeError> {
        self.inner.ends(instance).await
    }

    async fn process(&self, instance: &Instance) -> Result<Option<u32>, EdgeError> {
        self.inner.process(instance).await
    }

    async fn memory(&self, instance: &Instance) -> Result<Option<u64>, EdgeError> {
        let folder = self.inner.layout.instance(&instance.id);
        blocking(move || memory::held(&folder)).await?
    }

    fn watch(&self, instance: &Instance) -> InstanceWatch {
        watch::watch(Rc::clone(&self.inner), instance.clone())
    }

    async fn set_restart(&self, instance: &InstanceId, restart: Restart) -> Result<(), EdgeError> {
        self.inner.fence.speak()?;
        let Reached::Shim(mut link) = self.inner.reach(instance).await? else {
            return Err(unkept(instance));
        };
        let epoch = self.inner.config.epoch;
        let keep = ShimRequest::Keep { epoch, restart };
        match link.ask(&keep, ANSWER_WITHIN).await? {
            Some(ShimReply::Done) => Ok(()),
            Some(ShimReply::Refused(refusal)) => Err(refused(&refusal)),
            Some(ShimReply::Status(_)) => Err(unreachable("the shim talks nonsense")),
            None => Err(unkept(instance)),
        }
    }

    async fn ask_status(&self, instance: &Instance) -> Result<CommandState, EdgeError> {
        status::ask(&self.inner, instance).await
    }

    async fn stop(&self, instance: &InstanceId) -> Result<Stopped, EdgeError> {
        stop::stop(&self.inner, instance).await
    }

    async fn log(&self, request: &LogRequest) -> Result<LogChunk, EdgeError> {
        let layout = self.inner.layout.clone();
        let request = request.clone();
        blocking(move || log::read(&layout, &request)).await?
    }

    async fn masked(&self, instance: &InstanceId, text: String) -> Result<String, EdgeError> {
        let layout = self.inner.layout.clone();
        let instance = instance.clone();
        blocking(move || log::masked(&layout, &instance, &text)).await?
    }

    async fn verify(&self, release: &Release) -> Result<Digest, EdgeError> {
        let layout = self.inner.layout.clone();
        let digests = Arc::clone(&self.inner.digests);
        let release = release.clone();
        blocking(move || keep::verify(&layout, &digests, &release)).await?
    }

    async fn can_start(&self, release: &Release) -> Result<(), EdgeError> {
        let layout = self.inner.layout.clone();
        let digests = Arc::clone(&self.inner.digests);
        let release = release.clone();
        blocking(move || keep::can_start(&layout, &digests, &release)).await?
    }

    async fn other_program(
        &self,
        was: &Release,
        now: &Release,
    ) -> Result<Option<OtherProgram>, EdgeError> {
        let layout = self.inner.layout.clone();
        let (was, now) = (was.clone(), now.clone());
        blocking(move || keep::other_program(&layout, &was, &now)).await?
    }

    async fn traces(&self) -> Result<Vec<InstanceTrace>, EdgeError> {
        traces::traces(&self.inner).await
    }

    async fn heard(&self) -> Result<Option<Epoch>, EdgeError> {
        let layout = self.inner.layout.clone();
        blocking(move || epoch::heard(&layout)).await?
    }

    fn addresses_in_use(&self) -> Vec<SocketAddr> {
        self.inner.addresses.borrow().values().copied().collect()
    }
}
