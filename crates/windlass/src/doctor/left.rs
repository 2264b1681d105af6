//! What the journal says where no controller can be asked: what should run, and what stands still.

use windlass_client::StatePaths;
use windlass_model::Environment;

use crate::ui::words::{counted, listed};
use crate::wire;

/// What the last controller left behind.
pub(super) struct Left {
    /// Deployments that are open, with the application and environment of each.
    pub(super) open: Vec<String>,
    /// Services of which something should run.
    pub(super) services: usize,
}

impl Left {
    /// Reads the journal, and changes nothing. None: it can't be read, or says nothing of what runs.
    pub(super) async fn look(paths: &StatePaths) -> Option<Self> {
        let journal = paths.state.join(wire::JOURNAL);
        if !journal.is_file() {
            return None;
        }
        // What is wrong with it, the check of the journal says.
        let all = windlass_store::environments(&journal).await.ok()??;
        Some(Self::of(&all))
    }

    fn of(all: &[Environment]) -> Self {
        let open = all.iter().filter_map(|one| {
            let open = one.lock.as_ref()?;
            Some(format!("{open} of {}/{}", one.app, one.environment))
        });
        let services = all.iter().flat_map(|one| one.services.values());
        Self {
            open: open.collect(),
            services: services.filter(|one| one.slots().next().is_some()).count(),
        }
    }

    /// What waits for a controller; none where nothing does.
    pub(super) fn waits(&self) -> Option<String> {
        match (self.open.as_slice(), self.services) {
            ([], 0) => None,
            ([], services) => Some(format!(
                "shims start again what dies of {}; nobody judges or drains, and a router that dies stays dead",
                counted(services, "service")
            )),
            (open, _) => Some(format!("{} stands still until one does", listed(open))),
        }
    }
}
