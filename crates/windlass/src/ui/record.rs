//! The permanent record of a deployment: result, durations, where traffic is, the next command.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use windlass_api::{DeploymentView, EnvironmentView};
use windlass_model::{DeploymentState, Percent, RolloutPhase, ServiceName, Version};

use super::by_hand;
use super::compared;
use super::failure::live_now;
use super::grounds::grounds;
use super::scored;
use super::time::took;
use super::wide::{padded, wide};
use super::words::{change, outcome_of, phase, proof, until, whose};
use crate::follow::{Part, Progress};

/// The block that stays when following ends. `fails`: a failure is printed after it, which says where traffic is,
/// what proves that, and what is next: nothing is told twice.
/// `zone`: in which times are told.
pub(crate) fn record_text(
    view: &DeploymentView,
    picture: &Progress,
    runs: Option<&EnvironmentView>,
    (fails, zone): (bool, &TimeZone),
) -> String {
    let end = view.ended_us.or(picture.ended_us);
    let time = end.map(|end| format!(" in {}", took(end - view.started_us)));
    let mut lines = vec![format!(
        "{} in {}: {}{}{}  ({})",
        view.app,
        view.environment,
        outcome_of(view),
        time.unwrap_or_default(),
        whose(view),
        view.id
    )];
    let name = view.rollouts.keys().map(|name| name.as_str().len()).max();
    let name = name.unwrap_or(0);
    let version = |part: &windlass_api::RolloutView| change(part.from.as_ref(), &part.to);
    let widest = view.rollouts.values().map(|part| wide(&version(part)));
    let widest = widest.max().unwrap_or(0);
    for (service, part) in &view.rollouts {
        let told = picture.parts.get(service).map(durations);
        let line = format!(
            "  {service:name$}  {}  {:9}  {}",
            padded(&version(part), widest),
            phase(part.phase),
            told.unwrap_or_default()
        );
        lines.push(line.trim_end().to_owned());
    }
    let score = view.score.as_ref().and_then(scored::around);
    lines.extend(score.map(|score| format!("score {score}")));
    lines.extend(by_hand::told(view, zone));
    lines.extend(compared::lines(view));
    lines.extend(grounds(view));
    if !fails {
        let traffic = runs.and_then(|runs| traffic(view, runs));
        lines.extend(traffic.map(|traffic| format!("traffic: {traffic}")));
        lines.extend(live_now(view));
        lines.extend(proofs(picture));
    }
    lines.extend(runs.and_then(|runs| kept_warm(view, runs)));
    if !fails {
        lines.push(format!("next: {}", next(view)));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What stays of before, for how long, and what it is good for.
pub(crate) fn kept_warm(view: &DeploymentView, runs: &EnvironmentView) -> Option<String> {
    let mut until_when = None;
    let mut kept = Vec::new();
    for service in view.rollouts.keys() {
        let now = runs.services.get(service);
        let standby = now.and_then(|now| Some((now.standby.as_ref()?, now.standby_kept.as_ref()?)));
        if let Some((slot, by)) = standby.filter(|(_, by)| by.by == view.id) {
            until_when = Some(until(by.finalize));
            kept.push(format!("{service} {}", slot.version));
        }
    }
    let until_when = until_when?;
    let kept = kept.join(", ");
    Some(format!(
        "kept warm {until_when}: {kept}; go back with: windlass rollback"
    ))
}

/// What shows that services are back, one line each.
pub(crate) fn proofs(picture: &Progress) -> Vec<String> {
    let seen = picture.parts.iter().filter_map(|(service, part)| {
        let seen = part.proof.as_ref()?;
        let word = if seen.holds() { "proof" } else { "NO proof" };
        Some(format!("{word}: {service} {}", proof(seen)))
    });
    seen.collect()
}

fn durations(part: &Part) -> String {
    let mut told = Vec::new();
    match (part.phase, part.began_us, part.passed_us) {
        (RolloutPhase::Returned, Some(began), _) => {
            let time = took(part.since_us - began);
            told.push(match &part.from {
                Some(from) => format!("back at {from} after {time}"),
                None => format!("stopped after {time}"),
            });
        }
        (_, Some(began), Some(passed)) => {
            told.push(format!("passed after {}", took(passed - began)));
        }
        (_, _, _) => {}
    }
    if part.cut > 0 {
        told.push(format!(
            "requests cut at the end of the drain: {}",
            part.cut
        ));
    }
    told.join(", ")
}

/// Of each service that is served, the shares of its requests by version.
pub(crate) type Traffic<'v> = BTreeMap<&'v ServiceName, BTreeMap<&'v Version, Percent>>;

/// Where the requests of the deployment's services go now, for scripts: a service of which the router did
/// not say it is left out.
pub(crate) fn shares<'v>(view: &'v DeploymentView, runs: &'v EnvironmentView) -> Traffic<'v> {
    let served = view.rollouts.keys().filter_map(|service| {
        let now = runs.services.get(service)?;
        let slots = [&now.stable, &now.candidate, &now.standby];
        let there = || slots.into_iter().flatten();
        let is_silent = there().next().is_some() && there().all(|slot| slot.weight.is_none());
        let known = there().filter_map(|slot| Some((&slot.version, slot.weight?)));
        let known = known.filter(|(_, share)| share.get() > 0).collect();
        (!now.listen.is_empty() && !is_silent).then_some((service, known))
    });
    served.collect()
}

/// Where the requests of the deployment's services go now.
pub(crate) fn traffic(view: &DeploymentView, runs: &EnvironmentView) -> Option<String> {
    let mut told = Vec::new();
    for service in view.rollouts.keys() {
        let Some(now) = runs.services.get(service) else {
            continue;
        };
        if now.listen.is_empty() {
            continue;
        }
        let slots = [&now.stable, &now.candidate, &now.standby];
        let there = || slots.into_iter().flatten();
        // The router did not say: that is not the same as none.
        let is_known = there().any(|slot| slot.weight.is_some());
        let shares: Vec<String> = there()
            .filter_map(|slot| Some((slot.weight?, slot)))
            .filter(|(weight, _)| weight.get() > 0)
            .map(|(weight, slot)| {
                let answers = if slot.may_answer() {
                    ""
                } else {
                    " (which does not answer)"
                };
                format!("{weight} {}{answers}", slot.version)
            })
            .collect();
        if !is_known && there().next().is_some() {
            told.push(format!("{service} not known"));
        } else if shares.is_empty() {
            told.push(format!("{service} none"));
        } else {
            told.push(format!("{service} {}", shares.join(" + ")));
        }
    }
    (!told.is_empty()).then(|| told.join(", "))
}

fn next(view: &DeploymentView) -> String {
    match view.state {
        DeploymentState::Ended(_) => "windlass status".to_owned(),
        DeploymentState::Running
        | DeploymentState::Held
        | DeploymentState::Returning
        | DeploymentState::Settling
        | DeploymentState::Stuck => format!("windlass show {}", view.id),
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::Outcome;

    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_promotion_says_how_long_and_where_traffic_is() {
        let view = sample::ended(Outcome::Promoted);
        let picture = sample::told(&sample::good_story());
        let runs = sample::environment();
        insta::assert_snapshot!(record_text(&view, &picture, Some(&runs), (false, &TimeZone::UTC)), @r"
        shop in production: promoted in 41.2s  (dep_01k0a)
          api   1.4.1 → 1.4.2  done       passed after 4.9s
          auth  1.4.1 → 1.4.2  done       passed after 32.9s
        judged on 0 requests: nothing but start and readiness was checked
        traffic: api 100 % 1.4.2, auth 100 % 1.4.2
        next: windlass status
        ");
    }

    #[test]
    fn what_a_person_let_go_past_is_told_with_who_and_what_was_lacking() {
        let mut view = sample::ended(Outcome::Promoted);
        let part = view.rollouts.get_mut(&sample::service("auth"));
        part.expect("a service").past = vec![sample::past()];
        view.by_hand = true;
        let picture = sample::told(&sample::good_story());
        insta::assert_snapshot!(record_text(&view, &picture, None, (false, &TimeZone::UTC)), @r"
        shop in production: promoted by hand in 41.2s  (dep_01k0a)
          api   1.4.1 → 1.4.2  done       passed after 4.9s
          auth  1.4.1 → 1.4.2  done       passed after 32.9s
        mira let auth go on at 25 % without up to 18s of watching, the step 50 % and evidence (inconclusive: about 2,000 more requests to the new version were needed)
        judged on 0 requests: nothing but start and readiness was checked
        next: windlass status
        ");
    }

    #[test]
    fn what_the_failure_below_it_says_is_not_said_before() {
        let view = sample::ended(Outcome::RolledBack);
        let picture = sample::told(&sample::tripped_story());
        let runs = sample::environment();
        let said = |fails| record_text(&view, &picture, Some(&runs), (fails, &TimeZone::UTC));
        for text in [
            "traffic: api 100 %",
            "proof: api 100 %",
            "next: windlass status",
        ] {
            assert!(said(false).contains(text), "{}", said(false));
            assert!(!said(true).contains(text), "{}", said(true));
        }
    }

    #[test]
    fn without_status_the_record_leaves_traffic_out() {
        let view = sample::ended(Outcome::RolledBack);
        let picture = sample::told(&sample::bad_story());
        insta::assert_snapshot!(record_text(&view, &picture, None, (true, &TimeZone::UTC)), @r"
        shop in production: rolled back in 41.2s  (dep_01k0a)
          api   1.4.1 → 1.4.2  returned   back at 1.4.1 after 7.9s
          auth  1.4.1 → 1.4.2  returned   back at 1.4.1 after 40.9s
        ");
    }
}
