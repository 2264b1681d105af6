//! How long a plan takes if all goes well.

use std::collections::BTreeMap;

use windlass_model::{Millis, Plan, ServiceName, Task, TaskId, TaskKind};

/// The time to the promotion along the longest way through the tasks: watches as planned, starts (and the runs
/// of commands) as long as `starts` says, and what is not there as no time at all. What waits for a person, for
/// evidence or for a place among the starts (`parallel`) is not in it, and all else takes moments.
pub fn lasts(plan: &Plan, starts: &BTreeMap<ServiceName, Millis>) -> Millis {
    let start = |task: &Task| {
        let known = task.service.as_ref().and_then(|it| starts.get(it));
        known.copied().unwrap_or_default()
    };
    let mut ends: BTreeMap<TaskId, Millis> = BTreeMap::new();
    // The order respects `after`.
    for task in &plan.tasks {
        let before = task.after.iter().filter_map(|id| ends.get(id)).max();
        let own = match &task.kind {
            TaskKind::Bake { within } => *within,
            TaskKind::Start { .. } | TaskKind::Run { .. } => start(task),
            TaskKind::Scale { from, to } if to > from => start(task),
            TaskKind::RetireFailed { .. }
            | TaskKind::RetireStandby { .. }
            | TaskKind::StopOld { .. }
            | TaskKind::Route { .. }
            | TaskKind::Treat
            | TaskKind::Scale { .. }
            | TaskKind::Shift { .. }
            | TaskKind::Promote
            | TaskKind::Drain { .. }
            | TaskKind::Standby { .. }
            | TaskKind::Retire { .. }
            | TaskKind::Unroute { .. }
            | TaskKind::Rename { .. } => Millis::ZERO,
        };
        let end = before.copied().unwrap_or_default().plus(own);
        ends.insert(task.id, end);
    }
    ends.into_values().max().unwrap_or_default()
}
