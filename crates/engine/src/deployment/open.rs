//! From a plan to a deployment that can begin.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use windlass_model::{
    Change, DeploymentId, Instance, Label, Percent, Plan, PlanKind, RolloutPlan, ServiceName, Slot,
    SlotId,
};

use super::scoring::Scores;
use super::state::{Course, Deployment, Names};
use crate::rollout::{Asked, Awaiting, Counters, Health, Phase, Rollout, Said, StepScore};

/// What the shell allots before a deployment begins, journalled with its first row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Per rollout.
    pub slots: BTreeMap<ServiceName, OpenSlot>,
    /// Whether candidates that fail run on without traffic.
    #[serde(default)]
    pub keep_failed: bool,
}

/// What one rollout gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSlot {
    /// The candidate's slot; unused by an adjustment.
    pub slot: SlotId,
    /// Ids and addresses of new instances.
    pub fresh: Vec<Instance>,
    /// Ids and addresses under which an old slot stopped in place is started again: a way back is
    /// planned with the step, not when it fails.
    pub back: Vec<Instance>,
}

/// How many instances one rollout must be allotted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotWish {
    /// For the candidate.
    pub fresh: u16,
    /// For the way back.
    pub back: u16,
}

fn count(instances: &[Instance]) -> u16 {
    u16::try_from(instances.len()).unwrap_or(u16::MAX)
}

/// What each rollout of `plan` must be allotted.
pub fn wishes(plan: &Plan) -> BTreeMap<ServiceName, SlotWish> {
    let wish = |rollout: &RolloutPlan| {
        let wanted = rollout.spec.process.instances;
        let have = rollout
            .stable
            .as_ref()
            .map_or(0, |slot| count(&slot.instances));
        match rollout.change {
            Change::First { .. } | Change::Beside { .. } => SlotWish {
                fresh: wanted,
                back: 0,
            },
            Change::Restore { warm: true } | Change::Remove => SlotWish { fresh: 0, back: 0 },
            Change::Restore { warm: false } => SlotWish {
                fresh: wanted,
                back: 0,
            },
            Change::InPlace { .. } => SlotWish {
                fresh: wanted,
                back: have,
            },
            Change::Adjust { .. } => SlotWish {
                fresh: wanted.saturating_sub(have),
                back: 0,
            },
        }
    };
    plan.rollouts
        .iter()
        .map(|(service, rollout)| (service.clone(), wish(rollout)))
        .collect()
}

fn candidate(plan: &RolloutPlan, open: &OpenSlot) -> Slot {
    if let (Change::Restore { warm: true }, Some(standby)) = (&plan.change, &plan.standby) {
        return Slot {
            spec: plan.spec.clone(),
            ..standby.clone()
        };
    }
    match (&plan.change, &plan.stable) {
        (Change::Adjust { .. }, Some(old)) => {
            let mut instances = old.instances.clone();
            instances.truncate(usize::from(plan.spec.process.instances));
            instances.extend(open.fresh.iter().cloned());
            Slot {
                spec: plan.spec.clone(),
                instances,
                ..old.clone()
            }
        }
        (Change::Remove, Some(old)) => Slot {
            instances: Vec::new(),
            ..old.clone()
        },
        (
            Change::Restore { .. }
            | Change::Remove
            | Change::First { .. }
            | Change::Beside { .. }
            | Change::InPlace { .. }
            | Change::Adjust { .. },
            stable,
        ) => Slot {
            id: open.slot,
            label: stable.as_ref().map_or(Label::Blue, |old| old.label.other()),
            release: plan.release.clone(),
            spec: plan.spec.clone(),
            instances: open.fresh.clone(),
        },
    }
}

impl Deployment {
    /// A deployment of `plan` that has not begun. A service without an entry in `opening` gets no
    /// instances, which the shell never lets happen.
    pub fn open(id: DeploymentId, plan: Plan, opening: &Opening) -> Self {
        let nothing = OpenSlot {
            slot: SlotId::default(),
            fresh: Vec::new(),
            back: Vec::new(),
        };
        let rollouts = plan
            .rollouts
            .iter()
            .map(|(service, part)| {
                let open = opening.slots.get(service).unwrap_or(&nothing);
                let mut rollout = rollout(service, (plan.kind, part), open);
                rollout
                    .asked
                    .extend(opening.keep_failed.then_some(Asked::KeepFailed));
                (service.clone(), rollout)
            })
            .collect();
        Self {
            id,
            names: if plan.renames.is_empty() {
                Names::Known
            } else {
                Names::Changing
            },
            plan,
            rollouts,
            course: Course::Forward,
            held: false,
            tripped: BTreeSet::new(),
            withheld: BTreeSet::new(),
            proving: false,
            scores: Scores::default(),
        }
    }
}

fn rollout(
    service: &ServiceName,
    (kind, plan): (PlanKind, &RolloutPlan),
    open: &OpenSlot,
) -> Rollout {
    let warm = plan
        .standby
        .iter()
        .filter(|_| plan.change == Change::Restore { warm: true });
    let serving = plan.stable.iter().chain(warm);
    let candidate = candidate(plan, open);
    // What an adjustment keeps must be seen to be ready first.
    let adjusts = matches!(plan.change, Change::Adjust { .. });
    let stays = |i: &&Instance| adjusts && candidate.instances.contains(i);
    let ready = serving.flat_map(|slot| &slot.instances);
    let ready = ready.filter(|i| !stays(i)).map(|i| i.id.clone()).collect();
    Rollout {
        service: service.clone(),
        kind,
        back: open.back.clone(),
        phase: Phase::Waiting,
        held: false,
        expedited: false,
        step: 0,
        weight: Percent::ZERO,
        moved: false,
        begun: BTreeSet::new(),
        health: Health {
            ready,
            ..Health::default()
        },
        candidate,
        counters: Counters::default(),
        asked: BTreeSet::new(),
        word: None,
        said: Said::default(),
        awaiting: Awaiting::Time,
        overtimes: 0,
        score: StepScore::default(),
        judgement: None,
        past: Vec::new(),
        fired: BTreeSet::new(),
        returned_because: None,
        plan: plan.clone(),
    }
}
