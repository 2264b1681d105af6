//! The last deployment of an environment, where it failed and nothing else has happened since.

use jiff::tz::TimeZone;
use windlass_api::DeploymentView;
use windlass_model::{DeploymentState, Outcome};

use super::time::of_calendar;
use super::words::{harmless, reason};
use crate::follow::Progress;

/// What failed, when, what runs on instead, and the command that says more. None of one that somebody stopped, or
/// that did what it was to do.
pub(super) fn failed(view: &DeploymentView, zone: &TimeZone) -> Option<String> {
    let went_back = matches!(
        view.state,
        DeploymentState::Ended(Outcome::RolledBack | Outcome::PartlyPromoted | Outcome::Failed)
    );
    let picture = Progress::of(view);
    let (service, part, why) = picture.failed().next().filter(|_| went_back)?;
    let at = of_calendar(view.ended_us?, zone);
    let to = harmless(&part.to.0);
    let stays = match &part.from {
        Some(from) => format!("{} runs on", harmless(&from.0)),
        None => "nothing of it ran before".to_owned(),
    };
    Some(format!(
        "the last deployment failed at {at}: {service} {to}: {}; {stays}: windlass show {}",
        reason(why),
        view.id
    ))
}

#[cfg(test)]
mod tests {
    use windlass_model::{InstanceEnd, ReturnReason};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn what_failed_at_its_start_is_told_with_what_runs_on() {
        let mut view = sample::ended(Outcome::RolledBack);
        let told = |view: &DeploymentView| failed(view, &TimeZone::UTC);
        assert_eq!(told(&view), None, "nothing of it failed by itself");
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        auth.expect("a service").returned_because = Some(ReturnReason::InstanceLost {
            instance: sample::instance("2a"),
            end: InstanceEnd::NeverReady("503 Service Unavailable".to_owned()),
        });
        insta::assert_snapshot!(told(&view).expect("it failed"), @"the last deployment failed at 2026-11-21 14:02:52: auth 1.4.2: instance ins_2a was not ready in time; last answer: 503 Service Unavailable; 1.4.1 runs on: windlass show dep_01k0a");
        view.state = DeploymentState::Ended(Outcome::Promoted);
        assert_eq!(told(&view), None);
    }
}
