//! The host as one controller reaches it.

use std::net::SocketAddr;
use std::rc::Rc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use windlass_control::Restart;
use windlass_edge::{
    EdgeError, InstanceState, InstanceTrace, InstanceWatch, KeepRelease, Kept, LogChunk,
    LogRequest, PastEnds, StartInstance, Stopped, Target,
};
use windlass_model::{
    CommandState, Digest, Epoch, Instance, InstanceId, Millis, OtherProgram, Release,
};

use super::host::Host;
use super::script::Script;
use crate::errors;
use crate::time::pass;
use crate::trouble::Fate;

/// Longest time between two looks of a watch: a bound on timers, nothing is missed by it.
const LOOK: Millis = Millis::from_secs(3_600);

/// A [`Host`] spoken to under one epoch.
#[derive(Clone, Debug)]
pub struct FakeTarget {
    host: Rc<Host>,
    epoch: Epoch,
}

impl FakeTarget {
    /// Speaks to `host` under `epoch`.
    pub fn new(host: &Rc<Host>, epoch: Epoch) -> Self {
        Self {
            host: Rc::clone(host),
            epoch,
        }
    }

    /// One call: it takes its time, may not arrive, and its answer may be lost.
    async fn call<T>(
        &self,
        instance: &InstanceId,
        act: impl FnOnce() -> Result<T, EdgeError>,
    ) -> Result<T, EdgeError> {
        let fate = self.host.trouble.fate(instance.as_str());
        pass(self.host.trouble.takes()).await;
        if fate == Fate::Unreachable {
            return Err(errors::unreachable(format!("{instance} was not reached")));
        }
        let answer = act();
        pass(self.host.trouble.takes()).await;
        match fate {
            Fate::Fine => answer,
            Fate::Lost | Fate::Unreachable => {
                answer.and_then(|_| Err(errors::timeout(format!("{instance} did not answer"))))
            }
        }
    }
}

#[async_trait(?Send)]
impl Target for FakeTarget {
    async fn keep(&self, request: &KeepRelease) -> Result<Kept, EdgeError> {
        pass(self.host.trouble.takes()).await;
        self.host.keep(request, self.epoch)
    }

    async fn read_ahead(&self, _request: &KeepRelease) {}

    async fn forget_all_but(
        &self,
        needed: &[Release],
        instances: &[InstanceId],
    ) -> Result<(), EdgeError> {
        pass(self.host.trouble.takes()).await;
        self.host.hear(self.epoch)?;
        self.host.forget_all_but(needed, instances);
        Ok(())
    }

    async fn start(&self, request: &StartInstance) -> Result<(), EdgeError> {
        let script: Script = self.host.script_of(request)?;
        pass(script.starts_after).await;
        self.call(&request.instance.id, || {
            self.host.start(request, &script, self.epoch)
        })
        .await
    }

    async fn observe(&self, instance: &Instance) -> Result<InstanceState, EdgeError> {
        let id = &instance.id;
        self.call(id, || Ok(self.host.state(id))).await
    }

    async fn ends(&self, instance: &Instance) -> Result<Option<PastEnds>, EdgeError> {
        Ok(self.host.ends(&instance.id))
    }

    async fn process(&self, instance: &Instance) -> Result<Option<u32>, EdgeError> {
        Ok(self.host.told.process(&instance.id))
    }

    async fn memory(&self, instance: &Instance) -> Result<Option<u64>, EdgeError> {
        let id = &instance.id;
        self.call(id, || Ok(self.host.told.held(id))).await
    }

    fn watch(&self, instance: &Instance) -> InstanceWatch {
        let watch = Watch {
            host: Rc::clone(&self.host),
            id: instance.id.clone(),
            told: None,
        };
        futures_util::stream::unfold(watch, Watch::next).boxed_local()
    }

    async fn set_restart(&self, instance: &InstanceId, restart: Restart) -> Result<(), EdgeError> {
        self.call(instance, || {
            self.host.set_restart(instance, restart, self.epoch)
        })
        .await
    }

    async fn ask_status(&self, instance: &Instance) -> Result<CommandState, EdgeError> {
        let id = &instance.id;
        let takes = self.host.with(id, |copy, _| copy.status_takes());
        let said = self.call(id, || self.host.status(id)).await;
        pass(takes.unwrap_or_default()).await;
        said
    }

    async fn stop(&self, instance: &InstanceId) -> Result<Stopped, EdgeError> {
        self.call(instance, || self.host.stop(instance, self.epoch))
            .await?;
        // The signal is sent: the instance ends by itself, whether or not anybody still waits.
        while !self.host.has_ended(instance) {
            pass(self.host.next_change(instance).unwrap_or(LOOK)).await;
        }
        let killed = self.host.with(instance, |copy, _| copy.killed_after());
        let killed = killed.flatten();
        Ok(killed.map_or(Stopped::Heard, |after| Stopped::Killed { after }))
    }

    async fn log(&self, request: &LogRequest) -> Result<LogChunk, EdgeError> {
        pass(self.host.told.log_takes()).await;
        if !self.host.has_trace(&request.instance) {
            return Err(errors::rejected(format!(
                "{} has no trace",
                request.instance
            )));
        }
        let all = format!("{} began\n", request.instance).into_bytes();
        let end = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let from = request
            .stdout_from
            .unwrap_or_else(|| end.saturating_sub(request.tail));
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let stdout = all.get(from..).map(<[u8]>::to_vec).unwrap_or_default();
        Ok(LogChunk {
            stdout,
            stdout_next: end,
            stderr: Vec::new(),
            stderr_next: 0,
            marks: Vec::new(),
        })
    }

    async fn masked(&self, _instance: &InstanceId, text: String) -> Result<String, EdgeError> {
        Ok(text)
    }

    async fn verify(&self, release: &Release) -> Result<Digest, EdgeError> {
        self.host.verify(release)
    }

    async fn can_start(&self, release: &Release) -> Result<(), EdgeError> {
        self.host.verify(release).map(drop)
    }

    async fn other_program(
        &self,
        _was: &Release,
        _now: &Release,
    ) -> Result<Option<OtherProgram>, EdgeError> {
        pass(self.host.told.comparing_takes()).await;
        Ok(None)
    }

    async fn traces(&self) -> Result<Vec<InstanceTrace>, EdgeError> {
        Ok(self.host.found())
    }

    async fn heard(&self) -> Result<Option<Epoch>, EdgeError> {
        Ok(self.host.heard())
    }

    fn addresses_in_use(&self) -> Vec<SocketAddr> {
        self.host.addresses()
    }
}

/// One instance, followed.
struct Watch {
    host: Rc<Host>,
    id: InstanceId,
    told: Option<InstanceState>,
}

impl Watch {
    async fn next(mut self) -> Option<(InstanceState, Self)> {
        if self.told == Some(InstanceState::Absent) {
            return None;
        }
        let host = Rc::clone(&self.host);
        loop {
            let changed = std::pin::pin!(host.changed.notified());
            let now = host.state(&self.id);
            if self.told.as_ref() != Some(&now) {
                self.told = Some(now.clone());
                return Some((now, self));
            }
            let sleep = std::pin::pin!(pass(host.next_change(&self.id).unwrap_or(LOOK)));
            match select(changed, sleep).await {
                Either::Left(_) | Either::Right(_) => {}
            }
        }
    }
}
