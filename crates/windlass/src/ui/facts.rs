//! Facts as plain lines: a time, a service or the application, and what became true.

use windlass_api::Event;
use windlass_model::{
    CommandRun, DeploymentState, Fact, InstanceId, Judgement, Lacking, Millis, Outcome, Past,
    ProbeKind, Proof, Report, RolloutPhase, Rule, ServiceName, SlotId, Verdict,
};

use super::time::{of_day, took};
use super::words::{harmless, instance_end, listed, phase, proof, reason, repair, state_of, stuck};
use super::{Role, Style, scored};
use crate::follow::Progress;

/// One line per fact of an event. `picture` is the deployment after it.
pub(crate) fn fact_lines(event: &Event, picture: &Progress, style: &Style) -> Vec<String> {
    let at = style.paint(Role::Faint, &of_day(event.at_us, &style.zone));
    let lines = event
        .facts
        .iter()
        .filter(|fact| !says_nothing_more(fact))
        .map(|fact| {
            let (subject, what) = fact_words(fact, event, picture);
            format!("{at} {subject} {what}")
        });
    lines.collect()
}

/// Phases whose beginning another fact of the same row tells with more in it, and a record that has
/// nothing to compare yet.
fn says_nothing_more(fact: &Fact) -> bool {
    let is_told = matches!(
        fact,
        Fact::PhaseEntered {
            phase: RolloutPhase::Shifting | RolloutPhase::Baking | RolloutPhase::Passed,
            ..
        }
    );
    let is_empty = matches!(
        fact,
        Fact::Judged { judgement, .. }
            if judgement.verdict == Verdict::NoData && judgement.never_read().next().is_none()
    );
    is_told || is_empty
}

fn because(by: &str, why: &str) -> String {
    format!("because={:?} by={}", harmless(why), harmless(by))
}

fn fact_words(fact: &Fact, event: &Event, picture: &Progress) -> (String, String) {
    let whole = picture.app.to_string();
    match fact {
        Fact::DeploymentStarted { plan, services, .. } => (
            whole,
            format!(
                "deployment={} plan={} environment={} services={}",
                event.deployment,
                super::plan::short(plan),
                picture.environment,
                listed(services).replace(' ', ""),
            ),
        ),
        Fact::Held { by } => (whole, format!("held by={}", harmless(by))),
        Fact::Because { by, why } => (whole, because(by, why)),
        Fact::Resumed { by } => (whole, format!("resumed by={}", harmless(by))),
        Fact::Expedited { by } => (whole, format!("expedited by={}", harmless(by))),
        Fact::AbortRequested { by } => (whole, format!("aborted by={}", harmless(by))),
        Fact::Superseded { by } => (whole, format!("superseded by={}", harmless(by))),
        Fact::Repaired { by, how } => (
            whole,
            format!("repaired={} by={}", repair(*how), harmless(by)),
        ),
        Fact::Promoted { services } => {
            let how = outcome_line(picture, Outcome::Promoted);
            let services = listed(services).replace(' ', "");
            (whole, format!("{how} services={services}"))
        }
        Fact::Ended { outcome } => (
            whole,
            format!(
                "result={} took={}",
                outcome_line(picture, *outcome),
                took(event.at_us - picture.started_us)
            ),
        ),
        Fact::PhaseEntered { .. }
        | Fact::InstanceStarted { .. }
        | Fact::CommandStarted { .. }
        | Fact::Reported { .. }
        | Fact::Heard { .. }
        | Fact::InstanceReady { .. }
        | Fact::NotReady { .. }
        | Fact::InstanceLost { .. }
        | Fact::TrafficShifted { .. }
        | Fact::BakeStarted { .. }
        | Fact::WentPast { .. }
        | Fact::RolloutPassed { .. }
        | Fact::RolloutFailed { .. }
        | Fact::RolloutReturned { .. }
        | Fact::SlotDrained { .. }
        | Fact::SlotRetired { .. }
        | Fact::InstanceKilled { .. }
        | Fact::FailedKept { .. }
        | Fact::TriggerFired { .. }
        | Fact::Judged { .. }
        | Fact::EvidenceAwaited { .. }
        | Fact::EvidenceMissing { .. }
        | Fact::Scored { .. }
        | Fact::GateShut { .. }
        | Fact::GatePassed { .. }
        | Fact::Sight { .. }
        | Fact::TripwireFired { .. }
        | Fact::TripwireWithheld { .. }
        | Fact::Proved { .. }
        | Fact::Removed { .. }
        | Fact::Renamed { .. }
        | Fact::RenameFailed { .. }
        | Fact::Stuck { .. } => of_a_service(fact, picture)
            .unwrap_or_else(|| (whole, scored::fact_words(fact).unwrap_or_default())),
    }
}

/// An outcome in one word, as a deployment of this kind has it everywhere.
fn outcome_line(picture: &Progress, outcome: Outcome) -> String {
    state_of(picture.kind, DeploymentState::Ended(outcome)).replace(' ', "_")
}

fn of_a_service(fact: &Fact, picture: &Progress) -> Option<(String, String)> {
    let (service, what) = match fact {
        Fact::PhaseEntered {
            service,
            phase: entered,
        } => (service, entered_words(*entered)),
        Fact::InstanceStarted {
            service,
            instance,
            address,
        } => (
            service,
            format!("started instance={instance} address={address}"),
        ),
        Fact::InstanceReady { service, instance } => {
            (service, ready_words((service, instance), picture))
        }
        Fact::NotReady { service, .. } => (service, not_ready_words(fact)),
        Fact::InstanceLost { service, .. } => (service, lost_words(fact)),
        Fact::TrafficShifted {
            service,
            version,
            to,
            ..
        } => (service, format!("traffic={}% version={version}", to.get())),
        Fact::BakeStarted { service, within } => (service, format!("bake={within}")),
        Fact::WentPast { service, past } => (service, past_words(past)),
        Fact::RolloutPassed { service } => (service, "passed".to_owned()),
        Fact::RolloutReturned { service } => (service, "returned".to_owned()),
        Fact::SlotDrained { service, slot, cut } => (service, drained_words(*slot, *cut)),
        Fact::SlotRetired { service, slot } => (service, format!("retired slot={slot}")),
        Fact::InstanceKilled {
            service,
            instance,
            after,
        } => (service, format!("killed instance={instance} after={after}")),
        Fact::FailedKept { service, slot } => (service, format!("kept_failed slot={slot}")),
        Fact::Stuck { service, why } => (service, format!("stuck reason={:?}", stuck(why))),
        Fact::CommandStarted { .. }
        | Fact::Reported { .. }
        | Fact::Heard { .. }
        | Fact::RolloutFailed { .. }
        | Fact::TriggerFired { .. }
        | Fact::Judged { .. }
        | Fact::EvidenceAwaited { .. }
        | Fact::EvidenceMissing { .. }
        | Fact::Sight { .. }
        | Fact::TripwireFired { .. }
        | Fact::TripwireWithheld { .. }
        | Fact::Proved { .. }
        | Fact::Removed { .. }
        | Fact::Renamed { .. }
        | Fact::RenameFailed { .. } => return of_a_danger(fact),
        Fact::GateShut { gate, .. } | Fact::GatePassed { gate, .. } => {
            let step = gate.step.as_ref()?;
            (&step.service, scored::fact_words(fact)?)
        }
        Fact::DeploymentStarted { .. }
        | Fact::Scored { .. }
        | Fact::Because { .. }
        | Fact::Held { .. }
        | Fact::Resumed { .. }
        | Fact::Expedited { .. }
        | Fact::AbortRequested { .. }
        | Fact::Superseded { .. }
        | Fact::Repaired { .. }
        | Fact::Promoted { .. }
        | Fact::Ended { .. } => return None,
    };
    Some((service.to_string(), what))
}

fn ready_words((service, instance): (&ServiceName, &InstanceId), picture: &Progress) -> String {
    let part = picture.parts.get(service);
    let ready = part.map(|part| format!("={}/{}", part.ready, part.wanted));
    format!("ready{} instance={instance}", ready.unwrap_or_default())
}

/// What it is asked, what it answered, and how long that may last.
fn not_ready_words(fact: &Fact) -> String {
    let Fact::NotReady {
        instance,
        probe,
        saw,
        within,
        ..
    } = fact
    else {
        return String::new();
    };
    let (asks, saw) = (harmless(&probe.asks()), harmless(saw));
    if matches!(probe, ProbeKind::Command { .. }) {
        return format!("not_ended instance={instance} saw={saw:?} within={within}");
    }
    format!("not_ready instance={instance} probe={asks:?} saw={saw:?} within={within}")
}

fn command_words(run: &CommandRun, instance: &InstanceId) -> String {
    let from = run.from.as_deref().map(harmless);
    let from = from.map(|from| format!(" from={from}"));
    format!(
        "run={} version={}{} attempt={} instance={instance}",
        run.job,
        harmless(&run.version),
        from.unwrap_or_default(),
        run.attempt
    )
}

fn reported_words(report: &Report) -> String {
    match report {
        Report::Phase(name) => format!("reports phase={:?}", harmless(name)),
        Report::Progress(percent) => format!("reports progress={}%", percent.get()),
        Report::Log(line) => format!("reports log={:?}", harmless(line)),
        Report::Metric(metric) => {
            let name = harmless(&metric.name);
            format!("reports metric={name} value={}", metric.value)
        }
    }
}

fn heard_words(lost: Option<&str>) -> String {
    match lost {
        Some(why) => format!("reports=lost reason={:?}", harmless(why)),
        None => "reports=heard".to_owned(),
    }
}

/// Of the lines that an instance printed last, so many stand in its line; all of them are told where it has failed.
const PRINTED: usize = 3;

fn lost_words(fact: &Fact) -> String {
    let Fact::InstanceLost {
        instance,
        end,
        last_lines,
        ..
    } = fact
    else {
        return String::new();
    };
    let lost = format!("lost instance={instance} reason={:?}", instance_end(end));
    let skipped = last_lines.len().saturating_sub(PRINTED);
    let printed = last_lines.iter().skip(skipped).map(|line| harmless(line));
    let printed: Vec<String> = printed.collect();
    if printed.is_empty() {
        return lost;
    }
    format!("{lost} printed={:?}", printed.join(" / "))
}

fn past_words(past: &Past) -> String {
    let mut words = vec![
        format!("went_past={}%", past.at.get()),
        format!("by={}", harmless(&past.by)),
    ];
    if past.bake > Millis::ZERO {
        words.push(format!("bake={}", past.bake));
    }
    if !past.steps.is_empty() {
        let steps: Vec<String> = past
            .steps
            .iter()
            .map(|to| format!("{}%", to.get()))
            .collect();
        words.push(format!("steps={}", steps.join(",")));
    }
    for gate in &past.scores {
        words.push(format!("unasked={:?}", gate.to_string()));
    }
    if let Some(Lacking {
        verdict,
        more_requests,
    }) = past.evidence
    {
        words.push(format!("evidence={:?}", verdict.to_string()));
        words.extend(more_requests.map(|more| format!("requests_missing={more}")));
    }
    words.join(" ")
}

fn drained_words(slot: SlotId, cut: u64) -> String {
    format!("drained slot={slot} cut={cut}")
}

fn judged_words(judgement: &Judgement) -> String {
    let verdict = judgement.verdict.to_string();
    let errors = format!("errors={verdict:?} saw={:?}", harmless(&judgement.words));
    let compared = (judgement.verdict != Verdict::NoData).then_some(errors);
    let unread = judgement.never_read().map(|(what, why)| {
        let (what, why) = (harmless(what), harmless(why));
        format!("unread={what:?} because={why:?}")
    });
    compared
        .into_iter()
        .chain(unread)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The evidence that a step waits for, or has not got.
fn evidence_words(fact: &Fact) -> String {
    if let Fact::EvidenceAwaited {
        verdict,
        more_requests,
        within,
        ..
    } = fact
    {
        let more = more_requests.map(|more| format!(" requests_missing={more}"));
        let (verdict, more) = (verdict.to_string(), more.unwrap_or_default());
        return format!("evidence=awaited verdict={verdict:?}{more} within={within}");
    }
    let Fact::EvidenceMissing {
        verdict, then, saw, ..
    } = fact
    else {
        return String::new();
    };
    let (verdict, then) = (verdict.to_string(), then.to_string());
    format!("evidence={verdict:?} then={then:?} saw={:?}", harmless(saw))
}

fn sight_words(sees: bool, why: Option<&str>) -> String {
    let unknown = "the router tells nothing of the answers";
    let because = match (sees, why) {
        (true, _) => String::new(),
        (false, why) => format!(" because={:?}", harmless(why.unwrap_or(unknown))),
    };
    format!("evidence_seen={sees}{because}")
}

fn entered_words(entered: RolloutPhase) -> String {
    format!("phase={}", phase(entered).replace(' ', "_"))
}

fn triggered_words(trigger: &Rule, saw: &str) -> String {
    format!("trigger={:?} saw={:?}", trigger.to_string(), harmless(saw))
}

fn fired_words(took_back: &[ServiceName], saw: &str) -> String {
    format!(
        "tripwire=fired took_back={} saw={:?}",
        listed(took_back).replace(' ', ""),
        harmless(saw)
    )
}

fn proved_words(seen: &Proof) -> String {
    let word = if seen.holds() { "proved" } else { "not_proved" };
    format!("{word}={:?}", proof(seen))
}

/// What took a service back, what shows that it is back, and what else became of it.
fn of_a_danger(fact: &Fact) -> Option<(String, String)> {
    let said = match fact {
        Fact::CommandStarted {
            service,
            instance,
            run,
        } => (service, command_words(run, instance)),
        Fact::Reported { service, report } => (service, reported_words(report)),
        Fact::Heard { service, lost } => (service, heard_words(lost.as_deref())),
        Fact::RolloutFailed { service, why } => {
            (service, format!("failed reason={:?}", reason(why)))
        }
        Fact::Judged { service, judgement } => (service, judged_words(judgement)),
        Fact::EvidenceAwaited { service, .. } | Fact::EvidenceMissing { service, .. } => {
            (service, evidence_words(fact))
        }
        Fact::Sight { service, sees, why } => (service, sight_words(*sees, why.as_deref())),
        Fact::TriggerFired {
            service,
            trigger,
            saw,
        } => (service, triggered_words(trigger, saw)),
        Fact::TripwireFired {
            service,
            took_back,
            saw,
        } => (service, fired_words(took_back, saw)),
        Fact::TripwireWithheld { service, saw } => (
            service,
            format!("tripwire=withheld saw={:?}", harmless(saw)),
        ),
        Fact::Proved { service, proof } => (service, proved_words(proof)),
        Fact::Removed { service } => (service, "removed".to_owned()),
        Fact::Renamed { service, from } => (service, format!("renamed from={from}")),
        Fact::RenameFailed { service, from, saw } => (
            service,
            format!("not_renamed from={from} saw={:?}", harmless(saw)),
        ),
        Fact::DeploymentStarted { .. }
        | Fact::Scored { .. }
        | Fact::GateShut { .. }
        | Fact::GatePassed { .. }
        | Fact::PhaseEntered { .. }
        | Fact::InstanceStarted { .. }
        | Fact::InstanceReady { .. }
        | Fact::NotReady { .. }
        | Fact::InstanceLost { .. }
        | Fact::TrafficShifted { .. }
        | Fact::BakeStarted { .. }
        | Fact::WentPast { .. }
        | Fact::RolloutPassed { .. }
        | Fact::RolloutReturned { .. }
        | Fact::Because { .. }
        | Fact::Held { .. }
        | Fact::Resumed { .. }
        | Fact::Expedited { .. }
        | Fact::AbortRequested { .. }
        | Fact::Superseded { .. }
        | Fact::Repaired { .. }
        | Fact::Promoted { .. }
        | Fact::SlotDrained { .. }
        | Fact::SlotRetired { .. }
        | Fact::InstanceKilled { .. }
        | Fact::FailedKept { .. }
        | Fact::Stuck { .. }
        | Fact::Ended { .. } => return None,
    };
    let (service, what) = said;
    Some((service.to_string(), what))
}

#[cfg(test)]
mod tests {
    use windlass_model::PlanKind;

    use super::*;
    use crate::ui::sample;

    fn lines(story: &[Event]) -> String {
        let mut picture = sample::untold();
        let mut text = Vec::new();
        for event in story {
            picture.apply(event);
            text.extend(fact_lines(event, &picture, &Style::plain()));
        }
        text.join("\n")
    }

    #[test]
    fn every_fact_of_a_good_deployment_is_one_line() {
        insta::assert_snapshot!(lines(&sample::good_story()), @r"
        14:02:11 shop deployment=dep_01k0a plan=9f3cab1234 environment=production services=auth,api
        14:02:11 auth phase=starting
        14:02:11 auth started instance=ins_1a address=127.0.0.1:20001
        14:02:11 auth started instance=ins_1b address=127.0.0.1:20002
        14:02:13 auth ready=1/2 instance=ins_1a
        14:02:13 auth ready=2/2 instance=ins_1b
        14:02:13 auth traffic=25% version=1.4.2
        14:02:13 auth bake=30s
        14:02:43 auth traffic=100% version=1.4.2
        14:02:44 auth passed
        14:02:44 api phase=starting
        14:02:44 api started instance=ins_2a address=127.0.0.1:20003
        14:02:46 api ready=1/1 instance=ins_2a
        14:02:46 api traffic=100% version=1.4.2
        14:02:49 api passed
        14:02:49 shop promoted services=api,auth
        14:02:52 auth drained slot=1 cut=0
        14:02:52 shop result=promoted took=41.2s
        ");
    }

    #[test]
    fn what_a_person_takes_back_is_not_told_as_a_promotion() {
        let mut picture = sample::untold();
        picture.kind = PlanKind::Rollback;
        let story = sample::good_story();
        let told = story.iter().flat_map(|event| {
            picture.apply(event);
            fact_lines(event, &picture, &Style::plain())
        });
        let told: Vec<String> = told.filter(|line| line.contains(" shop ")).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        14:02:11 shop deployment=dep_01k0a plan=9f3cab1234 environment=production services=auth,api
        14:02:49 shop rolled_back_by_hand services=api,auth
        14:02:52 shop result=rolled_back_by_hand took=41.2s
        ");
    }

    #[test]
    fn a_failed_deployment_says_why_in_its_lines() {
        insta::assert_snapshot!(lines(&sample::bad_story()), @r#"
        14:02:11 shop deployment=dep_01k0a plan=9f3cab1234 environment=production services=auth,api
        14:02:11 auth phase=starting
        14:02:11 auth started instance=ins_1a address=127.0.0.1:20001
        14:02:11 auth started instance=ins_1b address=127.0.0.1:20002
        14:02:13 auth ready=1/2 instance=ins_1a
        14:02:13 auth ready=2/2 instance=ins_1b
        14:02:13 auth traffic=25% version=1.4.2
        14:02:13 auth bake=30s
        14:02:43 auth traffic=100% version=1.4.2
        14:02:44 auth passed
        14:02:44 api phase=starting
        14:02:44 api started instance=ins_2a address=127.0.0.1:20003
        14:02:51 api lost instance=ins_2a reason="was not ready in time; last answer: HTTP 503"
        14:02:51 api failed reason="instance ins_2a was not ready in time; last answer: HTTP 503"
        14:02:51 auth failed reason="api failed"
        14:02:51 auth phase=returning
        14:02:51 api phase=returning
        14:02:51 auth traffic=0% version=1.4.2
        14:02:52 auth returned
        14:02:52 api returned
        14:02:52 shop result=rolled_back took=41.2s
        "#);
    }

    #[test]
    fn what_takes_back_and_what_seldom_happens_is_one_line_each() {
        let told = lines(&sample::tripped_story());
        let tail: Vec<&str> = told.lines().skip(14).collect();
        insta::assert_snapshot!(tail.join("\n"), @r#"
        14:02:46 api tripwire=fired took_back=api saw="6 of 9 answers of 1.4.2 were errors"
        14:02:46 api failed reason="the tripwire of api fired: 6 of 9 answers of 1.4.2 were errors"
        14:02:51 api proved="100 % on 1.4.1, 1 of 1 instance answers 1.4.1, 0 requests to 1.4.2 for 5s"
        14:02:51 auth proved="100 % on 1.4.1, 2 of 2 instances answer 1.4.1, 0 requests to 1.4.2 for 5s"
        14:02:52 shop result=rolled_back took=41.2s
        "#);
        insta::assert_snapshot!(lines(&sample::rare_facts()), @r#"
        14:02:12 api trigger="error rate > 5% for 10s" saw="31 of 200 answers were errors"
        14:02:12 api evidence_seen=false because="metric logins: no answer in 15s"
        14:02:12 auth evidence=awaited verdict="inconclusive" requests_missing=1200 within=29m30s
        14:02:12 auth evidence="no data" then="hold" saw="nothing came"
        14:02:12 auth tripwire=withheld saw="5 connections in a row failed"
        14:02:12 shop superseded by=mira
        14:02:12 shop repaired=done by=mira
        14:02:12 auth went_past=25% by=mira bake=18s steps=50% evidence="inconclusive" requests_missing=1200
        14:02:12 api removed
        14:02:12 api renamed from=old
        14:02:12 api not_renamed from=old saw="the router is not there"
        14:02:12 auth stuck reason="the rollback failed: instance ins_1a exited with status 7"
        14:02:12 shop result=abandoned took=1.0s
        "#);
    }

    #[test]
    fn what_an_application_said_can_break_no_line() {
        let story = sample::bad_answer("HTTP 500 \"no\"\n12:00:00 api passed\u{1b}[2J");
        let text = lines(&story);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
