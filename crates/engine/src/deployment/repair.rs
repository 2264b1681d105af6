//! What a person does about what is stuck.

use std::collections::BTreeMap;

use windlass_model::{DeploymentState, Fact, Outcome, Repair, ServiceName, StuckReason};

use super::rename;
use super::state::{Course, Deployment};
use super::step::Turn;
use crate::rollout::{self, Phase};

/// What a deployment is stuck on. A person's word is about this, and not about what it is stuck on later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckOn(BTreeMap<ServiceName, Stuck>);

/// Why one service is stuck, and in which try.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stuck {
    why: StuckReason,
    tries: u32,
}

impl Deployment {
    /// What it is stuck on now.
    pub fn stuck_on(&self) -> StuckOn {
        let stuck = self.rollouts.iter().filter_map(|(service, rollout)| {
            let Phase::Stuck(why) = &rollout.phase else {
                return None;
            };
            let (why, tries) = (why.clone(), rollout.counters.words);
            Some((service.clone(), Stuck { why, tries }))
        });
        StuckOn(stuck.collect())
    }
}

/// Mends what is stuck; everything else goes its own way.
pub(super) fn repair(turn: &mut Turn, how: Repair, by: &str) {
    let event = match how {
        Repair::Retry => rollout::Event::Retried,
        Repair::Done => rollout::Event::DoneByHand { by: by.to_owned() },
        // What the journal last knew as stable stays what it is.
        Repair::Abandon => return ended(turn, Outcome::Abandoned),
    };
    rename::again(turn);
    let stuck: Vec<ServiceName> = turn
        .deployment
        .rollouts
        .iter()
        .filter(|(_, rollout)| matches!(rollout.phase, Phase::Stuck(_)))
        .map(|(service, _)| service.clone())
        .collect();
    for service in stuck {
        turn.rollout(&service, &event);
    }
}

/// Ends what is stuck; anything else goes its own way. Nobody saw it come back, so that is not said of it.
pub(super) fn taken_down(turn: &mut Turn) {
    if turn.deployment.state() != DeploymentState::Stuck {
        return;
    }
    let outcome = match turn.deployment.course {
        Course::Promoted => Outcome::Promoted,
        Course::Forward | Course::Promoting | Course::Returning | Course::Ended(_) => {
            Outcome::Abandoned
        }
    };
    ended(turn, outcome);
}

fn ended(turn: &mut Turn, outcome: Outcome) {
    turn.deployment.course = Course::Ended(outcome);
    turn.facts.push(Fact::Ended { outcome });
}
