//! When instances came into the role that they have, by the journal: what they did before that was their
//! deployment's to tell.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use windlass_edge::JournalEntry;
use windlass_model::{Fact, InstanceId};

use crate::controller::Shared;
use crate::retention::{DEPLOYMENTS_KEPT, traces};

/// When the deployment that started each of them was promoted, else when it ended. One that nobody finds, or of
/// which the journal can't be read, is left out.
pub(crate) async fn of(
    shared: &Rc<Shared>,
    mut wanted: BTreeSet<InstanceId>,
) -> BTreeMap<InstanceId, i64> {
    let store = &shared.border.store;
    let mut times = BTreeMap::new();
    if wanted.is_empty() {
        return times;
    }
    let past = match store.deployments(DEPLOYMENTS_KEPT).await {
        Ok(past) => past,
        Err(error) => {
            tracing::debug!(
                "when what runs was promoted can't be read: {}",
                error.chain()
            );
            return times;
        }
    };
    for it in past {
        let started = traces(&it.opening).unwrap_or_default().into_iter();
        let started: Vec<InstanceId> = started.filter(|id| wanted.remove(id)).collect();
        if started.is_empty() {
            continue;
        }
        let read = store.deployment(&it.id).await.ok().flatten();
        let promoted_us = read.and_then(|read| promoted(&read.entries));
        if let Some(at_us) = promoted_us.or(it.ended_us) {
            times.extend(started.into_iter().map(|id| (id, at_us)));
        }
        if wanted.is_empty() {
            break;
        }
    }
    times
}

fn promoted(rows: &[JournalEntry]) -> Option<i64> {
    let is_it = |fact: &Fact| matches!(fact, Fact::Promoted { .. });
    let row = rows.iter().find(|row| row.facts.iter().any(is_it))?;
    Some(row.at_us)
}
