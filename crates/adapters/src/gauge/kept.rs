//! What the commands of a plan are given: a small file of its own, for the owner alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use windlass_edge::{EdgeError, Given};
use windlass_model::PlanId;

use crate::process::fail::machine;
use crate::process::layout::{private_folder, read_json, write_json_durably};

/// How the files end.
const ENDING: &str = "json";

/// One file.
#[derive(Serialize, Deserialize)]
struct Written {
    surroundings: BTreeMap<String, String>,
    values: BTreeMap<String, String>,
}

/// The folder of these files.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    folder: PathBuf,
}

impl Kept {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self, plan: &PlanId) -> PathBuf {
        self.folder.join(format!("{plan}.{ENDING}"))
    }

    pub(super) fn put(&self, plan: &PlanId, given: &Given) -> Result<(), EdgeError> {
        private_folder(&self.folder)?;
        let written = Written {
            surroundings: given.surroundings.clone(),
            values: given.values.clone(),
        };
        write_json_durably(&self.file(plan), &written)
    }

    pub(super) fn get(&self, plan: &PlanId) -> Result<Option<Given>, EdgeError> {
        let read = read_json::<Written>(&self.file(plan))?;
        Ok(read.map(|read| Given {
            surroundings: read.surroundings,
            values: read.values,
        }))
    }

    /// What can't be dropped is told, and tried again the next time.
    pub(super) fn drop_all_but(&self, plans: &BTreeSet<PlanId>) -> Result<(), EdgeError> {
        let stays: BTreeSet<PathBuf> = plans.iter().map(|plan| self.file(plan)).collect();
        let dropped = || -> io::Result<()> {
            for entry in fs::read_dir(&self.folder)? {
                let path = entry?.path();
                if !stays.contains(&path) {
                    fs::remove_file(path)?;
                }
            }
            Ok(())
        };
        match dropped() {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                let what = format!("can't drop what is old in {}", self.folder.display());
                Err(machine(what, why))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
