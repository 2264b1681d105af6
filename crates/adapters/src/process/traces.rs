//! Every instance that left a trace here.

use std::fs;
use std::path::Path;

use windlass_edge::{EdgeError, InstanceState, InstanceTrace};

use super::fail::machine;
use super::gone::{Remains, remains};
use super::layout::read_json;
use super::record::{InstanceRecord, Told};
use super::target::Inner;

/// Reads all folders of instances. One that can't be read alone is left out, with a line in the log.
pub(super) async fn traces(inner: &Inner) -> Result<Vec<InstanceTrace>, EdgeError> {
    let folder = inner.layout.instances();
    let entries = fs::read_dir(&folder)
        .map_err(|e| machine(format!("can't read {}", folder.display()), e))?;
    let mut found = Vec::new();
    for entry in entries.flatten() {
        match trace(inner, &entry.path()).await {
            Ok(trace) => found.extend(trace),
            Err(why) => tracing::warn!(
                why = why.chain(),
                "the trace {} is left out",
                entry.path().display()
            ),
        }
    }
    found.sort_by(|one, other| one.instance.id.cmp(&other.instance.id));
    Ok(found)
}

/// One instance; none where nothing was started so far, or an older Windlass wrote too little.
async fn trace(inner: &Inner, folder: &Path) -> Result<Option<InstanceTrace>, EdgeError> {
    // To look closer would keep a shim from starting that may be on its way.
    if !folder.join("status.json").exists() {
        return Ok(None);
    }
    let record: Option<InstanceRecord> = read_json(&folder.join("instance.json"))?;
    let Some(record) = record else {
        return Ok(None);
    };
    let Some(Told { slot, spec }) = record.told else {
        tracing::warn!(instance.id = %record.instance.id, "its slot was not written down");
        return Ok(None);
    };
    let runs = match inner.observe(&record.instance).await {
        Ok(InstanceState::Absent) => return Ok(None),
        Ok(InstanceState::Running { .. }) => true,
        Ok(InstanceState::Ended(_)) => false,
        // A shim that does not answer may keep a group that serves all the same.
        Err(_silent) => match remains(folder)? {
            Remains::Nothing => return Ok(None),
            Remains::Starting => true,
            Remains::Known(known) => known.leader().is_some(),
        },
    };
    Ok(Some(InstanceTrace {
        service: record.service,
        slot,
        instance: record.instance,
        release: record.release,
        spec,
        runs,
    }))
}
