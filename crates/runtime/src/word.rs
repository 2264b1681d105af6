//! A person says that a script has done its work: its `status` is asked first, since that may know better.

use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use windlass_api::{Exit, Problem};
use windlass_engine::deployment::Deployment;
use windlass_engine::rollout::{Phase, Rollout};
use windlass_model::{
    CommandState, DeploymentId, Instance, Millis, STATUS_SAYS, STATUS_SAYS_LIVE,
    STATUS_SAYS_MOVING, ServiceName, StuckReason, harmless,
};

use crate::controller::Shared;

/// How long a person waits for what a `status` says.
const ASKED_WITHIN: Millis = Millis::from_secs(10);

/// Refuses the word that what is stuck is done, where the `status` of a script says clearly that it is not.
///
/// # Errors
/// What was said against what would be written down.
pub(crate) async fn refuse_untrue(shared: &Rc<Shared>, now: &Deployment) -> Result<(), Problem> {
    for (service, rollout) in &now.rollouts {
        let Some(claim) = claim(rollout) else {
            continue;
        };
        if let Some(saw) = denied(shared, &claim).await {
            return Err(untrue(&now.id, service, &claim, &saw));
        }
    }
    Ok(())
}

/// What a person's word would make live.
struct Claim {
    version: String,
    /// The runs that may be asked, and the version that each was to bring.
    asked: Vec<(Instance, String)>,
}

fn claim(rollout: &Rollout) -> Option<Claim> {
    let back = match &rollout.phase {
        Phase::Stuck(
            StuckReason::CommandFailed(_)
            | StuckReason::ReturnTimedOut(_)
            | StuckReason::NoCapacity,
        ) => true,
        Phase::Stuck(StuckReason::OutcomeUnknown(_) | StuckReason::RollbackFailed(_)) => false,
        Phase::Stuck(StuckReason::SettleFailed(_))
        | Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Starting { .. }
        | Phase::Holding
        | Phase::Shifting { .. }
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Settling(_)
        | Phase::Done
        | Phase::Returning(_)
        | Phase::Returned => return None,
    };
    let (wanted, _) = rollout.run(back)?;
    let (forward, _) = rollout.run(false)?;
    let ours = rollout.candidate.instances.iter();
    let ours = ours.map(|one| (one.clone(), forward.version.clone()));
    let gone_back = rollout.back.iter().filter(|_| back);
    let gone_back = gone_back.map(|one| (one.clone(), wanted.version.clone()));
    Some(Claim {
        version: wanted.version.clone(),
        // A run that never began can't be asked: then that of the way forward knows as much.
        asked: gone_back.chain(ours).collect(),
    })
}

/// What its `status` says instead, where it says something clear; nothing of one that agrees or can't tell.
async fn denied(shared: &Rc<Shared>, claim: &Claim) -> Option<String> {
    for (instance, version) in &claim.asked {
        let late = shared.border.clock.sleep(ASKED_WITHIN);
        let asked = pin!(shared.border.target.ask_status(instance));
        let said = match select(asked, late).await {
            Either::Left((Ok(said), _)) => said,
            Either::Left((Err(_never_began), _)) => continue,
            // One that hangs can't tell.
            Either::Right(_) => return None,
        };
        let saw = match said {
            CommandState::Live => [STATUS_SAYS, version, STATUS_SAYS_LIVE].concat(),
            CommandState::NotLive(saw) => saw,
            CommandState::Moving => STATUS_SAYS_MOVING.to_owned(),
            CommandState::Unclear(_) => return None,
        };
        let agrees = saw == [STATUS_SAYS, &claim.version, STATUS_SAYS_LIVE].concat();
        return (!agrees).then_some(saw);
    }
    None
}

fn untrue(id: &DeploymentId, service: &ServiceName, claim: &Claim, saw: &str) -> Problem {
    let version = harmless(&claim.version);
    let title =
        format!("{service} {version} is not live by its own `status`: nothing was taken as done");
    Problem::new(409, "WL0313", Exit::Refused, title)
        .detail(format!(
            "seen: {}\nexpected: a `status` that says that {version} is live",
            harmless(saw)
        ))
        .hint(format!(
            "make {version} live and say it again, or: windlass repair {id} --retry | --abandon"
        ))
}
