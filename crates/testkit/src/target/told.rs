//! What instances say of themselves, and hold, beyond their scripts.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use windlass_edge::Examined;
use windlass_model::{InstanceId, Millis, Probed};

/// What a test says of single instances.
#[derive(Debug, Default)]
pub struct Told {
    memory: RefCell<BTreeMap<InstanceId, u64>>,
    health: RefCell<BTreeMap<InstanceId, Examined>>,
    log_takes: Cell<Millis>,
    programs_take: Cell<Millis>,
    processes: RefCell<BTreeMap<InstanceId, u32>>,
}

impl Told {
    /// It holds so many bytes from now on; none: nobody can tell.
    pub fn holds(&self, instance: &InstanceId, bytes: Option<u64>) {
        let mut memory = self.memory.borrow_mut();
        match bytes {
            Some(bytes) => memory.insert(instance.clone(), bytes),
            None => memory.remove(instance),
        };
    }

    /// It is this process from now on.
    pub fn is_process(&self, instance: &InstanceId, pid: u32) {
        self.processes.borrow_mut().insert(instance.clone(), pid);
    }

    /// Which process it is.
    pub(crate) fn process(&self, instance: &InstanceId) -> Option<u32> {
        self.processes.borrow().get(instance).copied()
    }

    /// Reading a log takes so long from now on, as on a disk that hangs.
    pub fn logs_take(&self, time: Millis) {
        self.log_takes.set(time);
    }

    /// How long it takes.
    pub(crate) fn log_takes(&self) -> Millis {
        self.log_takes.get()
    }

    /// Comparing the programs of two releases takes so long from now on.
    pub fn programs_take(&self, time: Millis) {
        self.programs_take.set(time);
    }

    /// How long that takes.
    pub(crate) fn comparing_takes(&self) -> Millis {
        self.programs_take.get()
    }

    /// What it holds.
    pub(crate) fn held(&self, instance: &InstanceId) -> Option<u64> {
        self.memory.borrow().get(instance).copied()
    }

    /// From now on it says that each of these parts is well or is not.
    pub fn says(&self, instance: &InstanceId, parts: &[(&str, bool)]) {
        let part = |(name, good): &(&str, bool)| {
            let said = if *good {
                Probed::Ready
            } else {
                Probed::Unready {
                    saw: "it says `down`".to_owned(),
                }
            };
            ((*name).to_owned(), said)
        };
        let said = Examined {
            whole: Probed::Ready,
            parts: parts.iter().map(part).collect(),
        };
        self.health.borrow_mut().insert(instance.clone(), said);
    }

    /// What it says of its parts.
    pub(crate) fn said(&self, instance: &InstanceId) -> BTreeMap<String, Probed> {
        let health = self.health.borrow();
        health
            .get(instance)
            .map(|said| said.parts.clone())
            .unwrap_or_default()
    }
}
