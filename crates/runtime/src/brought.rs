//! What the script of a command target has brought, by the last that it said.

use windlass_api::{Brought, BroughtView};
use windlass_engine::deployment::Deployment;
use windlass_engine::rollout::{Begun, Phase, Rollout};
use windlass_model::{
    InstanceEnd, PlanKind, ReturnReason, STATUS_SAYS, STATUS_SAYS_LIVE, STATUS_SAYS_NOTHING, Slot,
    Version,
};

/// What is live of the service; none of one that is no command.
pub(crate) fn brought(now: &Deployment, rollout: &Rollout) -> Option<BroughtView> {
    rollout.candidate.spec.command.as_ref()?;
    if now.plan.kind == PlanKind::Remove {
        return None;
    }
    let has_begun = rollout.begun.contains(&Begun::Starting);
    let asks = rollout.run(false).is_some_and(|(_, by)| asks_of(by));
    Some(match &rollout.phase {
        Phase::Shifting { .. }
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Settling(_)
        | Phase::Done => told(&rollout.candidate, asks, rollout),
        Phase::Stuck(_) => unknown(),
        Phase::Returned => match rollout.old() {
            Some(old) => told(old, gone_back_asks(old, rollout), rollout),
            None => by_its_end(rollout.returned_because.as_ref()),
        },
        // What holds behind its run waits only to go on: the run has ended well.
        Phase::Holding if has_begun => told(&rollout.candidate, asks, rollout),
        Phase::Starting { .. } | Phase::Returning(_) if has_begun => BroughtView {
            state: Brought::Moving,
            version: None,
            by_status: false,
            said_by: None,
        },
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Starting { .. }
        | Phase::Holding
        | Phase::Returning(_) => match rollout.old() {
            Some(old) => live(&old.release.version, asks_of(old)),
            None => unknown(),
        },
    })
}

/// Whether the run that went back, if there was one, was asked for its `status`.
fn gone_back_asks(old: &Slot, rollout: &Rollout) -> bool {
    let ran = rollout.begun.contains(&Begun::Starting);
    let run = rollout.run(true).filter(|_| ran);
    run.map_or_else(|| asks_of(old), |(_, by)| asks_of(by))
}

fn asks_of(slot: &Slot) -> bool {
    let command = slot.spec.command.as_ref();
    command.is_some_and(|command| command.status.is_some())
}

/// A slot of which its `status`, the end of its run, or a person has said that it is live.
fn told(slot: &Slot, asks: bool, rollout: &Rollout) -> BroughtView {
    let said_by = rollout.word.clone();
    BroughtView {
        by_status: asks && said_by.is_none(),
        said_by,
        ..live(&slot.release.version, asks)
    }
}

fn live(version: &Version, by_status: bool) -> BroughtView {
    BroughtView {
        state: Brought::Live,
        version: Some(version.clone()),
        by_status,
        said_by: None,
    }
}

fn unknown() -> BroughtView {
    BroughtView {
        state: Brought::Unknown,
        version: None,
        by_status: false,
        said_by: None,
    }
}

/// Of a first one that failed nothing ran back: what its `status` said then is the last word.
fn by_its_end(why: Option<&ReturnReason>) -> BroughtView {
    let Some(ReturnReason::InstanceLost {
        end: InstanceEnd::NeverReady(saw),
        ..
    }) = why
    else {
        return unknown();
    };
    let Some(says) = saw.strip_prefix(STATUS_SAYS) else {
        return unknown();
    };
    if says == STATUS_SAYS_NOTHING {
        return BroughtView {
            state: Brought::Absent,
            version: None,
            by_status: true,
            said_by: None,
        };
    }
    match says.strip_suffix(STATUS_SAYS_LIVE) {
        Some(version) => live(&Version(version.to_owned()), true),
        // It was on its way when its time ran out, and was ended then.
        None => unknown(),
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::{InstanceId, STATUS_SAYS_MOVING};

    use super::*;

    #[test]
    fn what_a_first_deployment_left_is_known_only_where_its_status_said_it_clearly() {
        let said = |end: InstanceEnd| {
            let instance = InstanceId::parse("ins_1a").expect("an id");
            by_its_end(Some(&ReturnReason::InstanceLost { instance, end }))
        };
        let clear = |says: &str| said(InstanceEnd::NeverReady([STATUS_SAYS, says].concat()));
        assert_eq!(clear("6 is live"), live(&Version("6".to_owned()), true));
        assert_eq!(clear(STATUS_SAYS_NOTHING).state, Brought::Absent);
        let moving = InstanceEnd::NeverReady(STATUS_SAYS_MOVING.to_owned());
        for end in [
            moving,
            InstanceEnd::NeverReady("`status` printed \"?\"".to_owned()),
            InstanceEnd::Exited(1),
        ] {
            assert_eq!(said(end.clone()), unknown(), "{end:?}");
        }
        assert_eq!(by_its_end(None), unknown());
    }
}
