//! What is left of an instance whose shim can't be reached.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use windlass_control::{GroupEnd, ShimSpec, ShimState, ShimStatus};
use windlass_edge::EdgeError;
use windlass_model::InstanceEnd;

use super::fail::machine;
use super::layout::read_json;
use super::proc::{self, Stat};

/// What an instance's folder tells when nobody answers at its socket.
pub(super) enum Remains {
    /// There is no folder, or nothing was ever started in it; and nothing will be.
    Nothing,
    /// A shim was started a moment ago.
    Starting,
    /// The group's last known state, by a shim that lives or not.
    Known(Box<Known>),
}

/// The last that a shim wrote.
pub(super) struct Known {
    pub(super) folder: PathBuf,
    pub(super) status: ShimStatus,
    pub(super) spec: Option<ShimSpec>,
}

/// Reads an instance's folder. Makes sure that what was not started yet never is, so that *nothing*
/// is certain.
pub(super) fn remains(folder: &Path) -> Result<Remains, EdgeError> {
    if !folder.exists() {
        return Ok(Remains::Nothing);
    }
    if let Some(known) = known(folder)? {
        return Ok(Remains::Known(Box::new(known)));
    }
    // A shim holds the lock from its first moment, and needs spec.json after that.
    let path = folder.join("lock");
    let failed = |e| machine(format!("can't use {}", folder.display()), e);
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    let spec = folder.join("spec.json");
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        // One that came too late holds the lock for a moment and finds nothing to start.
        return Ok(match (spec.exists(), known(folder)?) {
            (_, Some(known)) => Remains::Known(Box::new(known)),
            (true, None) => Remains::Starting,
            (false, None) => Remains::Nothing,
        });
    }
    // It may have come and gone between the two looks.
    if let Some(known) = known(folder)? {
        return Ok(Remains::Known(Box::new(known)));
    }
    match fs::remove_file(spec) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(e)),
        Ok(()) | Err(_) => Ok(Remains::Nothing),
    }
}

fn known(folder: &Path) -> Result<Option<Known>, EdgeError> {
    let Some(status) = read_json(&folder.join("status.json"))? else {
        return Ok(None);
    };
    Ok(Some(Known {
        folder: folder.to_owned(),
        status,
        spec: read_json(&folder.join("spec.json"))?,
    }))
}

impl Known {
    /// Whether this is of an earlier boot: then nothing of it lives.
    pub(super) fn of_other_boot(&self) -> bool {
        self.status.boot_id != proc::boot_id()
    }

    /// The shim, if it lives although its socket is gone.
    pub(super) fn shim(&self) -> Option<Stat> {
        let (pid, start_time) = self.status.shim;
        let same = |stat: &Stat| stat.start_time == start_time;
        (!self.of_other_boot())
            .then(|| proc::stat(pid))
            .flatten()
            .filter(same)
    }

    /// The leader, if it lives.
    pub(super) fn leader(&self) -> Option<Stat> {
        let ShimState::Running { pid, start_time } = self.status.state else {
            return None;
        };
        let same = |stat: &Stat| stat.start_time == start_time;
        (!self.of_other_boot())
            .then(|| proc::stat(pid))
            .flatten()
            .filter(same)
    }

    /// How it ended, if it did; nobody saw the end of what was still running.
    pub(super) fn end(&self) -> InstanceEnd {
        match &self.status.state {
            ShimState::Ended { end } => self.end_of(end),
            ShimState::Running { .. } | ShimState::BackingOff { .. } => InstanceEnd::Unknown,
        }
    }

    /// A group's end in the model's words.
    fn end_of(&self, end: &GroupEnd) -> InstanceEnd {
        let signal = self.spec.as_ref().map(|spec| spec.stop.signal.as_str());
        end_of(end, signal.unwrap_or_default())
    }

    /// Every process that is left without its shim: the leader, the session that the shim began,
    /// whatever has exactly the instance's environment and no living shim, and all their descendants.
    pub(super) fn survivors(&self) -> BTreeSet<Stat> {
        if self.of_other_boot() {
            return BTreeSet::new();
        }
        let all = proc::all();
        let leader = self.leader();
        let (shim, since) = self.status.shim;
        let mut roots: BTreeSet<Stat> = leader.into_iter().collect();
        for stat in &all {
            // While the leader lives, its session's number can't have been used again.
            let of_session = leader.is_some_and(|leader| leader.session == shim)
                && stat.session == shim
                && stat.pid != shim;
            let of_ours = || {
                stat.start_time >= since
                    && self.has_environment(stat.pid)
                    && !self.is_kept_elsewhere(&all, *stat)
            };
            if of_session || of_ours() {
                roots.insert(*stat);
            }
        }
        let pids = roots.iter().map(|stat| stat.pid).collect();
        roots.extend(proc::descendants_among(&all, &pids));
        roots
    }

    /// Whether the shim of another instance keeps it. A port that is free is allotted again, by
    /// another controller too, and then two instances may be the same in every variable.
    fn is_kept_elsewhere(&self, all: &[Stat], of: Stat) -> bool {
        let mut next = of.parent;
        let mut seen = BTreeSet::from([of.pid]);
        while seen.insert(next)
            && let Some(ancestor) = all.iter().find(|stat| stat.pid == next)
        {
            if proc::shim_folder(ancestor.pid).is_some_and(|folder| folder != self.folder) {
                return true;
            }
            next = ancestor.parent;
        }
        false
    }

    fn has_environment(&self, pid: i32) -> bool {
        let Some(spec) = self.spec.as_ref().filter(|s| s.env.contains_key("PORT")) else {
            return false;
        };
        let Ok(bytes) = fs::read(format!("/proc/{pid}/environ")) else {
            return false;
        };
        let text = String::from_utf8_lossy(&bytes);
        let seen: BTreeMap<&str, &str> = text
            .split('\0')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let same =
            |(name, value): (&String, &String)| seen.get(name.as_str()) == Some(&value.as_str());
        spec.env.iter().all(same)
    }
}

/// A group's end in the model's words; `stop` is the signal by which it is asked to end.
pub(super) fn end_of(end: &GroupEnd, stop: &str) -> InstanceEnd {
    match end {
        GroupEnd::NotStarted(why) => InstanceEnd::NotStarted(why.clone()),
        GroupEnd::Exited(code) => InstanceEnd::Exited(*code),
        GroupEnd::Killed(signal) => InstanceEnd::Killed(*signal),
        // The status of an end that was asked for is no evidence of anything.
        GroupEnd::Stopped => InstanceEnd::Killed(super::stop::signal_named(stop).as_raw()),
    }
}
