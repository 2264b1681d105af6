//! What is allotted before a deployment begins, and the slots that come of it.

use windlass_engine::deployment::{SlotWish, wishes};
use windlass_model::{InstanceId, Label, Slot, SlotId};

use crate::builders::{App, Kind, instance_id, name};

const API: &str = "api";

fn wish(kind: Kind) -> (u16, u16) {
    let plan = App::of(API, kind).instances(3).plan();
    let SlotWish { fresh, back } = wishes(&plan)[&name(API)];
    (fresh, back)
}

fn candidate(kind: Kind) -> Slot {
    let deployment = App::of(API, kind).instances(2).deployment();
    deployment.rollouts[&name(API)].candidate.clone()
}

fn ids(slot: &Slot) -> Vec<InstanceId> {
    slot.instances.iter().map(|i| i.id.clone()).collect()
}

#[test]
fn each_change_wishes_for_what_it_starts_and_for_its_way_back() {
    for (kind, expected) in [
        (Kind::First, (3, 0)),
        (Kind::Canary, (3, 0)),
        (Kind::Worker, (3, 0)),
        (Kind::Recreate, (3, 3)),
        (Kind::WorkerInPlace, (3, 3)),
        (Kind::ScaleUp, (1, 0)),
        (Kind::ScaleDown, (0, 0)),
        (Kind::Move, (0, 0)),
    ] {
        assert_eq!(wish(kind), expected, "{kind:?}");
    }
}

#[test]
fn a_way_back_starts_as_many_as_ran_before() {
    let mut plan = App::of(API, Kind::Recreate).instances(3).plan();
    let part = plan.rollouts.get_mut(&name(API)).expect("api");
    part.spec.process.instances = 1;
    let SlotWish { fresh, back } = wishes(&plan)[&name(API)];
    assert_eq!((fresh, back), (1, 3));
}

#[test]
fn a_candidate_bears_the_other_label_and_an_adjusted_slot_keeps_its_own() {
    let labels = [Kind::First, Kind::Canary, Kind::Recreate, Kind::ScaleUp].map(|kind| {
        let slot = candidate(kind);
        (slot.id, slot.label)
    });
    assert_eq!(
        labels,
        [
            (SlotId(2), Label::Blue),
            (SlotId(2), Label::Green),
            (SlotId(2), Label::Green),
            (SlotId(1), Label::Blue),
        ]
    );
}

#[test]
fn an_adjusted_slot_keeps_its_instances_in_order() {
    let of =
        |all: &[&str]| -> Vec<InstanceId> { all.iter().map(|i| instance_id(API, i)).collect() };
    assert_eq!(
        ids(&candidate(Kind::ScaleUp)),
        of(&["old0", "old1", "new0"])
    );
    assert_eq!(ids(&candidate(Kind::ScaleDown)), of(&["old0"]));
    assert_eq!(ids(&candidate(Kind::Move)), of(&["old0", "old1"]));
}
