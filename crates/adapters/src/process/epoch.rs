//! Which controller may change anything here.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use windlass_control::{ShimRefusal, ShimStatus};
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::Epoch;

use super::fail::{machine, refused};
use super::layout::{Layout, read_json, write_json_durably};

/// One controller's fence around the state folder.
pub(super) struct Fence {
    file: PathBuf,
    own: Epoch,
    /// What was heard before this controller's first word; none once it has spoken.
    before: Cell<Option<Before>>,
}

#[derive(Clone, Copy)]
struct Before(Option<Epoch>);

impl Fence {
    /// Learns what was heard so far. Writes nothing.
    pub(super) fn new(layout: &Layout, own: Epoch) -> Result<Self, EdgeError> {
        Ok(Self {
            file: file(layout),
            own,
            before: Cell::new(Some(Before(heard(layout)?))),
        })
    }

    /// Called before anything is changed. The first time the own epoch is noted, so that an older
    /// controller that still runs is fenced off.
    ///
    /// # Errors
    /// `Refused` when a newer controller was here, or when the own epoch had been heard before this
    /// controller's first word: then its history is lost or older.
    pub(super) fn speak(&self) -> Result<(), EdgeError> {
        match read_json(&self.file)? {
            Some(newer) if newer > self.own => return Err(refused(&ShimRefusal::OldEpoch(newer))),
            Some(_) | None => {}
        }
        match self.before.get() {
            Some(Before(Some(heard))) if heard >= self.own => return Err(lost(heard, self.own)),
            Some(_) => write_json_durably(&self.file, &self.own)?,
            None => {}
        }
        self.before.set(None);
        Ok(())
    }
}

fn file(layout: &Layout) -> PathBuf {
    layout.state.join("epoch.json")
}

/// The highest epoch that a controller noted here, or that a shim has heard.
pub(super) fn heard(layout: &Layout) -> Result<Option<Epoch>, EdgeError> {
    let mut highest: Option<Epoch> = read_json(&file(layout))?;
    let folder = layout.instances();
    let entries = fs::read_dir(&folder)
        .map_err(|e| machine(format!("can't read {}", folder.display()), e))?;
    for entry in entries.flatten() {
        match read_json::<ShimStatus>(&entry.path().join("status.json")) {
            Ok(status) => highest = highest.max(status.map(|status| status.epoch)),
            // One that was torn or changed by somebody says nothing, and the others do.
            Err(why) => tracing::warn!(why = why.chain(), "an instance's status says nothing"),
        }
    }
    Ok(highest)
}

fn lost(heard: Epoch, own: Epoch) -> EdgeError {
    let what = format!(
        "instances here have heard a controller of epoch {heard}, and this one's is {own}: its \
         journal is lost or older"
    );
    EdgeError::new(ErrorKind::Refused, Retry::Never, what)
}
