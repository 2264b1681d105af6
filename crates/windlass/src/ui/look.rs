//! Where to look for what a release that went back did: the one place that decides.

use windlass_model::{
    DeploymentId, InstanceEnd, ReturnReason, Rule, STATUS, STATUS_SAYS, ServiceName, Source,
};

/// The command that has more to say about why it went back; none where that is not about the release.
pub(crate) fn look(id: &DeploymentId, service: &ServiceName, why: &ReturnReason) -> Option<String> {
    let logs = || format!("windlass logs {service}");
    let record = || format!("windlass show {id} --why");
    match why {
        // What was wrong with the answer is told with it, and how to ask oneself.
        ReturnReason::InstanceLost {
            end: InstanceEnd::NeverReady(saw),
            ..
        } if saw.starts_with(STATUS) && !saw.starts_with(STATUS_SAYS) => None,
        ReturnReason::InstanceLost { .. }
        | ReturnReason::NeedFailed(_)
        | ReturnReason::OtherFailed(_)
        | ReturnReason::Aborted { .. }
        | ReturnReason::Superseded { .. } => Some(logs()),
        ReturnReason::NoEvidence { .. } | ReturnReason::Tripped { .. } => Some(record()),
        ReturnReason::LowScore { .. } => Some(SCORE.to_owned()),
        ReturnReason::Triggered { trigger, .. } => Some(match first_source(trigger) {
            Some(Source::Instances) => logs(),
            Some(Source::Score) => SCORE.to_owned(),
            Some(Source::Answers | Source::Metrics | Source::Probes | Source::Memory) | None => {
                record()
            }
        }),
        ReturnReason::ShiftFailed(_) | ReturnReason::StopFailed(_) => None,
    }
}

/// Whether a program failed that had run: what it printed says more than anything else.
pub(crate) fn is_of_the_program(why: &ReturnReason) -> bool {
    match why {
        ReturnReason::InstanceLost { end, .. } => !matches!(end, InstanceEnd::NotStarted(_)),
        ReturnReason::Triggered { trigger, .. } => first_source(trigger) == Some(Source::Instances),
        ReturnReason::NeedFailed(_)
        | ReturnReason::OtherFailed(_)
        | ReturnReason::Aborted { .. }
        | ReturnReason::Superseded { .. }
        | ReturnReason::NoEvidence { .. }
        | ReturnReason::Tripped { .. }
        | ReturnReason::LowScore { .. }
        | ReturnReason::ShiftFailed(_)
        | ReturnReason::StopFailed(_) => false,
    }
}

/// Every check of the score, and what gives points back.
const SCORE: &str = "windlass score --explain";

/// What the first of its conditions rests on: a person wrote first what the rule is about.
fn first_source(rule: &Rule) -> Option<Source> {
    rule.all.first()?.source()
}

#[cfg(test)]
mod tests {
    use windlass_model::{Drop, Measure, Millis, Rate, ScoreGate, ScoreSummary, Trigger, Verdict};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn what_is_looked_at_fits_why_it_went_back() {
        let id = sample::deployment("dep_01k0a").id;
        let share = Rate::from_parts(9_000).expect("a share");
        let lasting = Millis::from_secs(30);
        let triggered = |trigger: Trigger| ReturnReason::Triggered {
            trigger: trigger.into(),
            saw: String::new(),
        };
        let points = Measure::nearest(80.0);
        let score = ScoreSummary {
            at_us: 0,
            low: points,
            high: points,
            band: None,
            permit: None,
            lost: Vec::new(),
        };
        let all = [
            ReturnReason::InstanceLost {
                instance: sample::instance("1a"),
                end: InstanceEnd::Exited(1),
            },
            triggered(Trigger::Crash),
            triggered(Trigger::ReadinessLost),
            triggered(Trigger::ErrorRateWorse),
            triggered(Trigger::Unavailable { lasting }),
            triggered(Trigger::Memory {
                above: share,
                lasting,
            }),
            triggered(Trigger::ScoreDrops {
                by: Drop::Points(500),
            }),
            ReturnReason::LowScore {
                gate: ScoreGate {
                    at_least: 85,
                    step: None,
                },
                score: Box::new(score),
            },
            ReturnReason::NoEvidence {
                verdict: Verdict::Fail,
                saw: String::new(),
            },
            ReturnReason::Tripped {
                service: sample::service("web"),
                saw: String::new(),
            },
        ];
        let web = sample::service("web");
        let looked = all.iter().map(|why| look(&id, &web, why));
        let looked: Vec<String> = looked.map(Option::unwrap_or_default).collect();
        let of_the_program = all.iter().filter(|why| is_of_the_program(why));
        assert_eq!(
            of_the_program.count(),
            3,
            "an end, a crash, and no readiness"
        );
        insta::assert_snapshot!(looked.join("\n"), @r"
        windlass logs web
        windlass logs web
        windlass logs web
        windlass show dep_01k0a --why
        windlass show dep_01k0a --why
        windlass show dep_01k0a --why
        windlass score --explain
        windlass score --explain
        windlass show dep_01k0a --why
        windlass show dep_01k0a --why
        ");
    }
}
