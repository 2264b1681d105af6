//! How an instance is.

use std::net::SocketAddr;

use windlass_control::{AlikeEnds, ShimReply, ShimRequest, ShimSpec, ShimState, ShimStatus};
use windlass_edge::{EdgeError, InstanceState, PastEnds};
use windlass_model::{Instance, InstanceId};

use super::fail::{refused, unreachable};
use super::gone::{Known, Remains, end_of, remains};
use super::layout::read_json;
use super::link::{ANSWER_WITHIN, Link, Reached};
use super::listening::belongs;
use super::proc;
use super::record::InstanceRecord;
use super::target::Inner;

/// What an instance's folder says that never changes.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    pub(super) address: SocketAddr,
    pub(super) listens: bool,
    pub(super) stop_signal: String,
}

impl Inner {
    /// A connection to the instance's shim, if there is one.
    pub(super) async fn reach(&self, id: &InstanceId) -> Result<Reached, EdgeError> {
        let folder = self.layout.instance(id);
        // Where it was told to listen: an earlier controller may have had another folder for sockets.
        match read_json::<ShimSpec>(&folder.join("spec.json"))? {
            Some(spec) => Link::connect(&spec.socket).await,
            // Somebody may have deleted its files while it runs.
            None => Link::connect(&self.layout.socket(id)?).await,
        }
    }

    pub(super) fn fixed(&self, instance: &Instance) -> Result<Fixed, EdgeError> {
        let folder = self.layout.instance(&instance.id);
        let record: Option<InstanceRecord> = read_json(&folder.join("instance.json"))?;
        let spec: Option<ShimSpec> = read_json(&folder.join("spec.json"))?;
        Ok(Fixed {
            address: instance.address,
            listens: record.is_none_or(|record| record.listens),
            stop_signal: spec.map(|spec| spec.stop.signal).unwrap_or_default(),
        })
    }

    pub(super) async fn observe(&self, instance: &Instance) -> Result<InstanceState, EdgeError> {
        if let Reached::Shim(mut link) = self.reach(&instance.id).await? {
            match link.ask(&ShimRequest::Status, ANSWER_WITHIN).await {
                Ok(Some(ShimReply::Status(status))) => {
                    return Ok(state(&status, &self.fixed(instance)?));
                }
                Ok(Some(ShimReply::Refused(refusal))) => return Err(refused(&refusal)),
                Ok(Some(ShimReply::Done)) => return Err(unreachable("the shim talks nonsense")),
                Ok(None) => {} // It went away; what it wrote is there.
                Err(slow) => return Err(unreachable("the shim does not answer").because(slow)),
            }
        }
        self.observe_remains(instance).map(|(state, _)| state)
    }

    /// What the shim says of itself, or has written last; none where there never was one.
    async fn status(&self, instance: &Instance) -> Result<Option<ShimStatus>, EdgeError> {
        let asked = match self.reach(&instance.id).await? {
            Reached::Shim(mut link) => link.ask(&ShimRequest::Status, ANSWER_WITHIN).await,
            Reached::Nobody => Ok(None),
        };
        let asked = asked.map_err(|slow| unreachable("the shim does not answer").because(slow))?;
        if let Some(ShimReply::Status(status)) = asked {
            return Ok(Some(status));
        }
        Ok(match remains(&self.layout.instance(&instance.id))? {
            Remains::Known(known) => Some(known.status),
            Remains::Nothing | Remains::Starting => None,
        })
    }

    /// How it has ended by itself under its last shim.
    pub(super) async fn ends(&self, instance: &Instance) -> Result<Option<PastEnds>, EdgeError> {
        let past = |status: ShimStatus| {
            let (pid, start_time) = status.shim;
            let alike = |ends: &AlikeEnds| windlass_edge::AlikeEnds {
                // It was not asked to end, so no stop signal matters.
                end: end_of(&ends.end, ""),
                first_us: ends.first_us,
                last_us: ends.last_us,
                count: ends.count,
            };
            PastEnds {
                keeper: format!("{}/{pid}/{start_time}", status.boot_id),
                ends: status.ends.iter().map(alike).collect(),
            }
        };
        Ok(self.status(instance).await?.map(past))
    }

    /// The leader of its group, if that lives.
    pub(super) async fn process(&self, instance: &Instance) -> Result<Option<u32>, EdgeError> {
        let Some(status) = self.status(instance).await? else {
            return Ok(None);
        };
        let ShimState::Running { pid, start_time } = status.state else {
            return Ok(None);
        };
        let lives = status.boot_id == proc::boot_id()
            && proc::stat(pid).is_some_and(|stat| stat.start_time == start_time);
        Ok(u32::try_from(pid).ok().filter(|_| lives))
    }

    /// The state when nobody answers, and the process to watch if it is adopted.
    pub(super) fn observe_remains(
        &self,
        instance: &Instance,
    ) -> Result<(InstanceState, Option<(i32, u64)>), EdgeError> {
        let starting = InstanceState::Running {
            listening: false,
            restarts: 0,
        };
        if self.starting.borrow().contains(&instance.id) {
            return Ok((starting, None));
        }
        match remains(&self.layout.instance(&instance.id))? {
            Remains::Nothing => Ok((InstanceState::Absent, None)),
            Remains::Starting => Ok((starting, None)),
            Remains::Known(known) if known.shim().is_some() => {
                // Its socket's file is gone, its status is kept up to date.
                Ok((state(&known.status, &self.fixed(instance)?), None))
            }
            Remains::Known(known) => Ok(self.adopted(&known, instance)?),
        }
    }

    fn adopted(
        &self,
        known: &Known,
        instance: &Instance,
    ) -> Result<(InstanceState, Option<(i32, u64)>), EdgeError> {
        let Some(leader) = known.leader() else {
            return Ok((InstanceState::Ended(known.end()), None));
        };
        let fixed = self.fixed(instance)?;
        let pids = || known.survivors().into_iter().map(|stat| stat.pid);
        let state = InstanceState::Running {
            listening: !fixed.listens || belongs(fixed.address, pids()),
            restarts: known.status.restarts,
        };
        Ok((state, Some((leader.pid, leader.start_time))))
    }
}

/// A shim's status in the border's words.
pub(super) fn state(status: &ShimStatus, fixed: &Fixed) -> InstanceState {
    match &status.state {
        ShimState::Running { .. } => InstanceState::Running {
            listening: !fixed.listens || belongs(fixed.address, proc::descendants(status.shim.0)),
            restarts: status.restarts,
        },
        // Nothing runs at this moment, so that nothing can be ready.
        ShimState::BackingOff { .. } => InstanceState::Running {
            listening: false,
            restarts: status.restarts,
        },
        ShimState::Ended { end } => InstanceState::Ended(end_of(end, &fixed.stop_signal)),
    }
}
