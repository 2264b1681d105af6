//! Why a deployment did not do what was asked: what failed, where, what was seen against what was
//! expected, where traffic is now, what still runs, the next command.

use std::collections::BTreeMap;

use windlass_api::{DeploymentView, EnvironmentView, EvidenceView, Exit, InstanceView};
use windlass_model::{
    DeploymentState, InstanceEnd, InstanceId, Outcome, PlanKind, Probe, ProbeKind, ReturnReason,
    ServiceName, StuckReason,
};

use super::again::quoted;
use super::lacks::lacks;
use super::look::look;
use super::printed::{last_lines, printed_back, whose};
use super::record::{proofs, traffic};
use super::scored;
use super::status::kept_failed;
use super::ways::ways;
use super::words::{aborted, command_in, harmless, listed, not_renamed, reason, stuck};
use crate::diagnostic::Diagnostic;
use crate::follow::{Part, Progress};

/// The diagnostic of a deployment that ended otherwise than asked.
pub(crate) fn failure(
    view: &DeploymentView,
    picture: &Progress,
    runs: Option<&EnvironmentView>,
    exit: Exit,
) -> Diagnostic {
    let failed: Vec<_> = picture.failed().collect();
    let mut lines = Vec::new();
    let why = view.because.last();
    lines.extend(why.map(|last| harmless(&last.words())));
    for (service, part, why) in &failed {
        lines.extend(what_was_seen(service, part, why));
    }
    for (service, part) in &picture.parts {
        if let Some(why) = &part.stuck {
            lines.push(format!("{service}: {}", stuck(why)));
            lines.extend(printed_back(view, service, part));
        }
        if let Some(saw) = &part.withheld {
            let saw = harmless(saw);
            lines.push(format!(
                "{service}: the router could not take it back: {saw}"
            ));
        }
    }
    lines.extend(scored::holds(view));
    lines.extend(lacking(&view.evidence()));
    lines.extend(view.not_renamed.as_deref().map(not_renamed));
    lines.extend(proofs(picture));
    if let Some(why) = &view.poisoned {
        lines.push(format!("its journal is damaged: {}", harmless(why)));
    }
    if let Some(runs) = runs {
        lines.extend(traffic_now(view, runs));
        lines.extend(live_now(view));
        lines.push(match still_runs(runs) {
            Some(names) => format!("still running: {names}"),
            None if live_now(view).is_some() => "still running: nothing of Windlass".to_owned(),
            None => "still running: nothing".to_owned(),
        });
        let services = runs.services.iter();
        lines.extend(services.filter_map(|(name, now)| kept_failed(name.as_str(), now)));
    }
    lines.extend(no_longer_warm(view, picture));
    let first = failed.first().map(|(service, _, _)| *service);
    let was_down = runs.is_some_and(|runs| was_down(view, runs));
    Diagnostic::new(exit, summary(view, picture, (first, was_down)))
        .code(code(view.state))
        .detail(lines.join("\n"))
        .hint(hint(view, failed.first().copied(), picture.renamed))
}

/// Where requests go; of services that a script deploys Windlass does not see it.
fn traffic_now(view: &DeploymentView, runs: &EnvironmentView) -> Option<String> {
    if let Some(traffic) = traffic(view, runs) {
        return Some(format!("traffic now: {traffic}"));
    }
    let (scripts, ours): (Vec<_>, Vec<_>) = view
        .rollouts
        .iter()
        .partition(|(_, part)| part.brought.is_some());
    let names: Vec<&ServiceName> = ours.into_iter().map(|(service, _)| service).collect();
    match (scripts.is_empty(), names.is_empty()) {
        (true, _) => Some("traffic now: none of its services is served".to_owned()),
        (false, false) => Some(format!("traffic now: none to {}", listed(&names))),
        (false, true) => None,
    }
}

/// What is live of services that a script deploys.
pub(crate) fn live_now(view: &DeploymentView) -> Option<String> {
    let all = view.rollouts.iter();
    let all = all.filter_map(|(service, part)| Some(part.brought.as_ref()?.words(service)));
    let all: Vec<String> = all.map(|words| harmless(&words)).collect();
    (!all.is_empty()).then(|| format!("live now: {}", all.join("; ")))
}

fn code(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Ended(Outcome::Failed) => "WL0401",
        DeploymentState::Ended(Outcome::RolledBack) => "WL0402",
        DeploymentState::Ended(Outcome::PartlyPromoted) => "WL0403",
        DeploymentState::Stuck => "WL0404",
        DeploymentState::Ended(Outcome::Abandoned) => "WL0407",
        DeploymentState::Ended(Outcome::Promoted) => "WL0405",
        DeploymentState::Running
        | DeploymentState::Held
        | DeploymentState::Returning
        | DeploymentState::Settling => "WL0406",
    }
}

/// Whether it was to start what somebody had taken down before.
fn was_down(view: &DeploymentView, runs: &EnvironmentView) -> bool {
    let mut services = view.rollouts.keys().filter_map(|it| runs.services.get(it));
    services.any(|now| {
        let down = now.down.as_ref();
        down.is_some_and(|down| down.at_us < view.started_us)
    })
}

fn summary(
    view: &DeploymentView,
    picture: &Progress,
    (first, was_down): (Option<&ServiceName>, bool),
) -> String {
    let what = format!("{} in {}", view.app, view.environment);
    let how = match view.state {
        DeploymentState::Ended(Outcome::Failed) if was_down => "failed and was down before",
        DeploymentState::Ended(Outcome::Failed) => "failed and nothing ran before",
        DeploymentState::Ended(Outcome::RolledBack) => match view.kind {
            PlanKind::Deploy => "is back at the previous releases",
            PlanKind::Rollback => "is as it was, the rollback was called off",
            PlanKind::Remove => "is as it was, the removal was called off",
        },
        DeploymentState::Ended(Outcome::PartlyPromoted) => "was promoted in part, the rest is back",
        DeploymentState::Ended(Outcome::Promoted) => match view.kind {
            PlanKind::Deploy => "was promoted before the abort",
            PlanKind::Rollback => "was rolled back before the abort",
            PlanKind::Remove => "was without the service before the abort",
        },
        DeploymentState::Ended(Outcome::Abandoned) => {
            "was abandoned: nobody knows in what state it is"
        }
        DeploymentState::Stuck => "can go neither on nor back without a person",
        DeploymentState::Held if view.held.is_none() && !picture.shut.is_empty() => {
            "waits for its score"
        }
        DeploymentState::Held => "waits for a person",
        DeploymentState::Running | DeploymentState::Returning | DeploymentState::Settling => {
            "has not ended"
        }
    };
    let stopped = picture.parts.values().find_map(|part| match &part.why {
        Some(ReturnReason::Aborted { by }) => Some(aborted(by)),
        Some(why @ ReturnReason::Superseded { .. }) => Some(reason(why)),
        Some(_) | None => None,
    });
    let held = view.held.as_ref();
    let held = held.map(|held| format!("{} holds it", harmless(&held.by)));
    let shut = picture.shut.first();
    let held = held.or(shut.map(|(gate, score)| windlass_api::score_shut(gate, score)));
    match (first, stopped.or(held)) {
        (Some(service), _) => format!("{what} {how}: {service} failed"),
        (None, Some(stopped)) => format!("{what} {how}: {stopped}"),
        (None, None) => format!("{what} {how}"),
    }
}

fn what_was_seen(service: &ServiceName, part: &Part, why: &ReturnReason) -> Vec<String> {
    match why {
        ReturnReason::InstanceLost { instance, end } => instance_lost(service, part, instance, end),
        ReturnReason::ShiftFailed(_)
        | ReturnReason::StopFailed(_)
        | ReturnReason::NeedFailed(_)
        | ReturnReason::OtherFailed(_)
        | ReturnReason::Superseded { .. }
        | ReturnReason::NoEvidence { .. }
        | ReturnReason::LowScore { .. }
        | ReturnReason::Triggered { .. }
        | ReturnReason::Aborted { .. } => vec![format!("{service} {}: {}", part.to, reason(why))],
        ReturnReason::Tripped { saw, .. } => vec![format!(
            "{service} {}: the router took it back: {}",
            part.to,
            harmless(saw)
        )],
    }
}

fn instance_lost(
    service: &ServiceName,
    part: &Part,
    instance: &InstanceId,
    end: &InstanceEnd,
) -> Vec<String> {
    let place = part.instances.get(instance);
    let place = place.map(|address| format!(" at {address}"));
    let mut lines = vec![format!(
        "{service} {}: instance {instance}{} {}",
        part.to,
        place.unwrap_or_default(),
        super::words::instance_end(end)
    )];
    let asked = matches!(end, InstanceEnd::NeverReady(_) | InstanceEnd::Unready(_));
    if let Some(probe) = part.probe.as_ref().filter(|_| asked) {
        lines.push(format!("  expected: {}", expected(probe)));
    }
    if *end == InstanceEnd::Exited(0) && !part.is_a_command {
        lines.push("  expected: that it goes on running, and not in the background".to_owned());
    }
    lines.extend(why_never(end).map(str::to_owned));
    let printed = part.last_lines.get(instance).map(Vec::as_slice);
    let printed = printed.unwrap_or_default();
    if !part.is_a_command {
        lines.extend(lacks(printed).map(str::to_owned));
    }
    let whose = whose(service, part.is_a_command, part.jobs.get(instance));
    let printed = last_lines(&whose, printed);
    lines.extend(printed.map(|line| format!("  {line}")));
    lines
}

/// The evidence that services wait for, or are held for, one line each.
pub(crate) fn lacking(evidence: &BTreeMap<ServiceName, EvidenceView>) -> Vec<String> {
    let all = evidence.iter();
    all.map(|(service, evidence)| format!("{service} {}", evidence.words()))
        .collect()
}

/// What its author may not know of a service that was never found to answer: where it must listen, and in
/// what it is asked.
fn why_never(end: &InstanceEnd) -> Option<&'static str> {
    match end {
        InstanceEnd::NeverReady(saw) if saw.contains(REFUSED) => Some(
            "  nobody listened there: the port must come from ${PORT} in `run`, or from the variable PORT",
        ),
        InstanceEnd::NeverReady(saw) if saw.starts_with(NO_HTTP_1) => Some(
            "  it was asked in HTTP/1.1: a service of HTTP/2 alone, as of gRPC, says `speaks: http2`",
        ),
        InstanceEnd::NeverReady(saw) if saw.starts_with(NO_HTTP_2) => Some(
            "  it was asked in HTTP/2, as `speaks: http2` says: without TLS, by prior knowledge",
        ),
        InstanceEnd::NeverReady(_)
        | InstanceEnd::NotStarted(_)
        | InstanceEnd::Unready(_)
        | InstanceEnd::Exited(_)
        | InstanceEnd::Killed(_)
        | InstanceEnd::Unknown => None,
    }
}

/// What a probe says of a port that nobody listens on.
const REFUSED: &str = "connection refused";

/// What it says of an answer that is none, by what it asked in.
const NO_HTTP_1: &str = "no HTTP: ";
const NO_HTTP_2: &str = "no HTTP/2: ";

fn expected(probe: &Probe) -> String {
    let answer = match &probe.kind {
        ProbeKind::Http { .. } => format!("2xx or 3xx from {}", harmless(&probe.kind.asks())),
        ProbeKind::Tcp => "an accepted connection".to_owned(),
        ProbeKind::Alive { at_least } => return format!("alive for {at_least}"),
        ProbeKind::Command { status: true } => {
            return format!(
                "an end with status 0 and a `status` that says live, within {}",
                probe.within
            );
        }
        ProbeKind::Command { status: false } => {
            return format!("an end with status 0 within {}", probe.within);
        }
    };
    format!(
        "{answer}, {} times in a row, within {}",
        probe.rise, probe.within
    )
}

/// The standbys that made room for what has failed since: a rollback goes further back than that by its version only.
fn no_longer_warm(view: &DeploymentView, picture: &Progress) -> Vec<String> {
    if view.state == DeploymentState::Ended(Outcome::Promoted) {
        return Vec::new();
    }
    let gone = picture.parts.iter().filter_map(|(service, part)| {
        let version = part.gone.as_ref()?;
        let back = format!("rollback {service} --to {}", quoted(&version.to_string()));
        let back = command_in(&view.environment, &back);
        Some(format!(
            "no longer warm: {service} {version}, which made room when this began; further back: {back}"
        ))
    });
    gone.collect()
}

fn still_runs(runs: &EnvironmentView) -> Option<String> {
    let names: Vec<String> = runs
        .services
        .iter()
        .flat_map(|(service, now)| {
            now.slots()
                .filter(|slot| !slot.script && slot.instances.iter().any(InstanceView::runs))
                .map(move |slot| {
                    let ready = if slot.may_answer() {
                        ""
                    } else {
                        " (not ready)"
                    };
                    format!("{service} {}{ready}", slot.version)
                })
        })
        .collect();
    (!names.is_empty()).then(|| listed(&names))
}

/// How what is stuck is mended. A rollback that failed is not done on anybody's word, and nor are names that
/// the router does not know. A script that was changed since is not run: its own word is nobody's any more.
pub(crate) fn mended_by(view: &DeploymentView) -> String {
    let id = &view.id;
    let is_any = |is: fn(&StuckReason) -> bool| {
        let mut reasons = view
            .rollouts
            .values()
            .filter_map(|part| part.stuck_because.as_ref());
        reasons.any(is)
    };
    // What a script brings can be live by hand, and its `status` is asked; a process would not run by a word.
    let failed = view.rollouts.values().any(|part| {
        let why = part.stuck_because.as_ref();
        part.brought.is_none() && matches!(why, Some(StuckReason::RollbackFailed(_)))
    });
    if view.not_renamed.is_some() || failed {
        return format!("windlass repair {id} --retry | --abandon");
    }
    let not_started =
        |why: &StuckReason| matches!(why, StuckReason::CommandFailed(InstanceEnd::NotStarted(_)));
    if is_any(not_started) {
        return format!(
            "put back what is named as it was and windlass repair {id} --retry, or go back by hand and windlass \
             repair {id} --done"
        );
    }
    format!("windlass repair {id} --retry | --done | --abandon")
}

/// The next command. `renamed`: a service has another name since, so that the plan is stale.
fn hint(
    view: &DeploymentView,
    first: Option<(&ServiceName, &Part, &ReturnReason)>,
    renamed: bool,
) -> String {
    let id = &view.id;
    match (view.state, first) {
        (DeploymentState::Stuck, _) => {
            format!("windlass show {id}, then {}", mended_by(view))
        }
        (DeploymentState::Held, _) => {
            let ways = ways(id, view.state, view.held.as_ref(), false).into_iter();
            let ways: Vec<String> = ways.map(|(way, what)| format!("{way} {what}")).collect();
            listed(&ways)
        }
        (DeploymentState::Ended(Outcome::Abandoned), _) => {
            format!("what it left is named by {ABANDONED}")
        }
        (DeploymentState::Ended(Outcome::Promoted), _) => "windlass status".to_owned(),
        (state, Some((service, _, why))) => {
            // What was promoted or renamed has moved the revision: its plan is stale.
            let stale = renamed || state == DeploymentState::Ended(Outcome::PartlyPromoted);
            match (look(id, service, why), stale) {
                (Some(look), true) => format!("{look}, mend it, then: windlass deploy"),
                (Some(look), false) => format!(
                    "{look}, mend it, then: windlass deploy \
                     (the same once more: windlass retry {id})"
                ),
                (None, true) => "mend what is named, then: windlass deploy".to_owned(),
                (None, false) => format!("mend what is named, then: windlass retry {id}"),
            }
        }
        (_, None) => format!("windlass events {id}"),
    }
}

/// Where to look after a deployment that somebody let go of.
pub(crate) const ABANDONED: &str = "windlass doctor, then look at: windlass status";

#[cfg(test)]
mod tests {
    use windlass_api::{Brought, BroughtView};
    use windlass_model::{Fact, SlotId, Version};

    use super::*;
    use crate::ui::Style;
    use crate::ui::sample;

    #[test]
    fn a_failure_says_what_was_seen_what_was_expected_and_where_traffic_is() {
        let view = sample::ended(Outcome::RolledBack);
        let picture = sample::told(&sample::bad_story());
        let runs = sample::environment();
        let said = failure(&view, &picture, Some(&runs), Exit::RolledBack);
        assert_eq!(said.exit.code(), 3);
        let text = crate::ui::diagnostic_text(&said, &Style::plain());
        insta::assert_snapshot!(text, @r"
        error[WL0402]: shop in production is back at the previous releases: api failed
          api 1.4.2: instance ins_2a at 127.0.0.1:20003 was not ready in time; last answer: HTTP 503
            expected: 2xx or 3xx from GET /health/ready, 2 times in a row, within 1m
          traffic now: api 100 % 1.4.2, auth 100 % 1.4.2
          still running: api 1.4.2, auth 1.4.2, auth 1.4.1, worker 7
          hint: windlass logs api, mend it, then: windlass deploy (the same once more: windlass retry dep_01k0a)
        ");
    }

    #[test]
    fn a_standby_that_made_room_is_told_with_the_way_further_back() {
        let view = sample::ended(Outcome::RolledBack);
        let mut plan = sample::plan_view().plan;
        let api = plan.rollouts.get_mut(&sample::service("api"));
        let api = api.expect("a service");
        let mut standby = api.stable.clone().expect("it runs");
        (standby.id, standby.release.version.0) = (SlotId(7), "1.4.0".to_owned());
        api.standby = Some(standby);
        let mut picture = Progress::begin(&view, Some(&plan));
        let said = |picture: &Progress| {
            let said = failure(&view, picture, None, Exit::RolledBack);
            said.detail.unwrap_or_default()
        };
        assert!(!said(&picture).contains("no longer warm"), "it is there");
        let mut story = sample::bad_story();
        story[0].facts.push(Fact::SlotRetired {
            service: sample::service("api"),
            slot: SlotId(7),
        });
        for event in story {
            picture.apply(&event);
        }
        let said = said(&picture);
        let line = said.lines().find(|line| line.starts_with("no longer"));
        insta::assert_snapshot!(line.expect("it is told"), @"no longer warm: api 1.4.0, which made room when this began; further back: windlass -e production rollback api --to 1.4.0");
    }

    #[test]
    fn one_that_ended_says_what_it_printed_last_and_obeys_none_of_it() {
        let (instance, end) = (sample::instance("2a"), InstanceEnd::Exited(3));
        let printed = ["connects\u{1b}[2J", "no DATABASE_URL is set"].map(str::to_owned);
        let mut picture = sample::untold();
        let part = picture.parts.get_mut(&sample::service("api"));
        let part = part.expect("a service");
        part.last_lines = BTreeMap::from([(instance.clone(), printed.to_vec())]);
        part.why = Some(ReturnReason::InstanceLost { instance, end });
        let view = sample::ended(Outcome::RolledBack);
        let said = failure(&view, &picture, None, Exit::RolledBack);
        let text = crate::ui::diagnostic_text(&said, &Style::plain());
        insta::assert_snapshot!(text, @r"
        error[WL0402]: shop in production is back at the previous releases: api failed
          api 1.4.2: instance ins_2a exited with status 3
            api printed last:
              connects�[2J
              no DATABASE_URL is set
          hint: windlass logs api, mend it, then: windlass deploy (the same once more: windlass retry dep_01k0a)
        ");
    }

    /// A deployment of one script, with what that has brought.
    fn of_a_script(state: Brought, version: Option<&str>, by_status: bool) -> DeploymentView {
        let mut view = sample::ended(Outcome::Failed);
        view.rollouts.remove(&sample::service("auth"));
        let part = view.rollouts.get_mut(&sample::service("api"));
        part.expect("a service").brought = Some(BroughtView {
            state,
            version: version.map(|version| Version(version.to_owned())),
            by_status,
            said_by: None,
        });
        view
    }

    #[test]
    fn of_a_script_that_failed_no_outage_is_told_and_its_lines_are_called_its() {
        let view = of_a_script(Brought::Unknown, None, false);
        let mut picture = Progress::begin(&view, None);
        let part = picture.parts.get_mut(&sample::service("api"));
        let part = part.expect("a service");
        let (instance, end) = (sample::instance("2a"), InstanceEnd::Exited(3));
        let printed = vec!["rsync: no route to host".to_owned()];
        part.last_lines = BTreeMap::from([(instance.clone(), printed)]);
        part.why = Some(ReturnReason::InstanceLost { instance, end });
        let mut runs = sample::environment();
        runs.services.clear();
        let said = failure(&view, &picture, Some(&runs), Exit::Failed);
        let text = crate::ui::diagnostic_text(&said, &Style::plain());
        insta::assert_snapshot!(text, @r"
        error[WL0401]: shop in production failed and nothing ran before: api failed
          api 1.4.2: instance ins_2a exited with status 3
            the script of api printed last:
              rsync: no route to host
          live now: not known of api (only its script knows: Windlass serves none of it)
          still running: nothing of Windlass
          hint: windlass logs api, mend it, then: windlass deploy (the same once more: windlass retry dep_01k0a)
        ");
    }

    #[test]
    fn what_a_script_has_brought_is_told_by_its_last_word() {
        let said = |state, version, by_status| {
            live_now(&of_a_script(state, version, by_status)).unwrap_or_default()
        };
        let all = [
            said(Brought::Live, Some("7"), true),
            said(Brought::Live, Some("7"), false),
            said(Brought::Absent, None, true),
            said(Brought::Moving, None, false),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        live now: api 7 (its `status` said so)
        live now: api 7 (the script that brought it ended well)
        live now: nothing of api (its `status` said so)
        live now: api moves (its script runs)
        ");
        assert_eq!(live_now(&sample::ended(Outcome::Failed)), None);
    }

    #[test]
    fn who_did_not_find_a_file_is_told_where_it_runs_unless_it_is_a_script() {
        let mut picture = sample::untold();
        let api = sample::service("api");
        let part = picture.parts.get_mut(&api).expect("a service");
        let (instance, end) = (sample::instance("2a"), InstanceEnd::Exited(1));
        let told = |part: &Part| instance_lost(&api, part, &instance, &end).join("\n");
        let print = |line: &str| [(instance.clone(), vec![line.to_owned()])].into();
        part.last_lines = print("no DATABASE_URL is set");
        assert!(!told(part).contains("it runs in its release"));
        for line in [
            "cat: settings.ini: No such file or directory",
            "Error: ENOENT: no such file or directory, open 'views/index.html'",
        ] {
            part.last_lines = print(line);
            assert!(
                told(part).contains("it runs in its release"),
                "{}",
                told(part)
            );
        }
        part.is_a_command = true;
        assert!(!told(part).contains("it runs in its release"));
    }

    #[test]
    fn where_nobody_listened_it_is_said_where_the_port_comes_from() {
        let hint = |end: InstanceEnd| why_never(&end).is_some();
        assert!(hint(InstanceEnd::NeverReady(
            "connection refused".to_owned()
        )));
        assert!(!hint(InstanceEnd::NeverReady("HTTP 503".to_owned())));
        assert!(!hint(InstanceEnd::Unready("connection refused".to_owned())));
    }

    #[test]
    fn names_that_the_router_did_not_take_are_tried_again_or_given_up() {
        let mut view = sample::deployment("dep_01k0a");
        view.state = DeploymentState::Stuck;
        view.not_renamed = Some("the router did not answer in 15s".to_owned());
        view.rollouts.clear();
        let picture = Progress::begin(&view, None);
        let said = failure(&view, &picture, None, Exit::Stuck);
        let text = crate::ui::diagnostic_text(&said, &Style::plain());
        insta::assert_snapshot!(text, @r"
        error[WL0404]: shop in production can go neither on nor back without a person
          the router did not take the new names in time: the router did not answer in 15s
          hint: windlass show dep_01k0a, then windlass repair dep_01k0a --retry | --abandon
        ");
    }

    #[test]
    fn after_a_promotion_in_part_the_stale_plan_is_not_offered() {
        let view = sample::ended(Outcome::PartlyPromoted);
        let picture = sample::told(&sample::bad_story());
        let said = failure(&view, &picture, None, Exit::RolledBack);
        assert_eq!(
            said.hint.as_deref(),
            Some("windlass logs api, mend it, then: windlass deploy")
        );
    }

    #[test]
    fn after_a_rename_the_stale_plan_is_not_offered() {
        let view = sample::ended(Outcome::RolledBack);
        let mut picture = sample::told(&sample::bad_story());
        picture.renamed = true;
        let said = failure(&view, &picture, None, Exit::RolledBack);
        let hint = said.hint.as_deref();
        assert_eq!(
            hint,
            Some("windlass logs api, mend it, then: windlass deploy")
        );
    }

    #[test]
    fn what_does_not_run_is_not_said_to_run() {
        let mut runs = sample::environment();
        for service in runs.services.values_mut() {
            let slots = service.stable.iter_mut().chain(&mut service.standby);
            for instance in slots.flat_map(|slot| &mut slot.instances) {
                "exited 1".clone_into(&mut instance.state);
            }
        }
        assert_eq!(still_runs(&runs), None);
        let api = runs.services.get_mut(&sample::service("api")).unwrap();
        let instance = api
            .stable
            .as_mut()
            .and_then(|slot| slot.instances.first_mut());
        "not ready".clone_into(&mut instance.unwrap().state);
        let api = Some("api 1.4.2 (not ready)");
        assert_eq!(still_runs(&runs).as_deref(), api);
    }

    #[test]
    fn what_the_router_took_back_is_told_with_evidence_and_proof() {
        let view = sample::ended(Outcome::RolledBack);
        let picture = sample::told(&sample::tripped_story());
        let said = failure(&view, &picture, None, Exit::RolledBack);
        let text = crate::ui::diagnostic_text(&said, &Style::plain());
        insta::assert_snapshot!(text, @r"
        error[WL0402]: shop in production is back at the previous releases: api failed
          api 1.4.2: the router took it back: 6 of 9 answers of 1.4.2 were errors
          proof: api 100 % on 1.4.1, 1 of 1 instance answers 1.4.1, 0 requests to 1.4.2 for 5s
          proof: auth 100 % on 1.4.1, 2 of 2 instances answer 1.4.1, 0 requests to 1.4.2 for 5s
          hint: windlass show dep_01k0a --why, mend it, then: windlass deploy (the same once more: windlass retry dep_01k0a)
        ");
    }

    #[test]
    fn a_stuck_deployment_names_the_ways_to_repair_it() {
        let mut view = sample::deployment("dep_01k0a");
        view.state = DeploymentState::Stuck;
        let picture = sample::told(&sample::rare_facts());
        let said = failure(&view, &picture, None, Exit::Stuck);
        let text = crate::ui::diagnostic_text(&said, &Style::plain());
        insta::assert_snapshot!(text, @r"
        error[WL0404]: shop in production can go neither on nor back without a person
          auth: the rollback failed: instance ins_1a exited with status 7
          auth: the router could not take it back: 5 connections in a row failed
          hint: windlass show dep_01k0a, then windlass repair dep_01k0a --retry | --done | --abandon
        ");
    }

    #[test]
    fn a_script_of_the_way_back_that_was_changed_is_put_back_or_done_by_hand() {
        let mut view = sample::deployment("dep_01k0a");
        view.state = DeploymentState::Stuck;
        let part = view.rollouts.values_mut().next().unwrap();
        let end = "/srv/rollback.sh is not what it was when version 1 was deployed".to_owned();
        part.stuck_because = Some(StuckReason::CommandFailed(InstanceEnd::NotStarted(end)));
        assert_eq!(
            mended_by(&view),
            "put back what is named as it was and windlass repair dep_01k0a --retry, or go back by hand and \
             windlass repair dep_01k0a --done"
        );
        let part = view.rollouts.values_mut().next().unwrap();
        part.stuck_because = Some(StuckReason::CommandFailed(InstanceEnd::Exited(1)));
        assert_eq!(
            mended_by(&view),
            "windlass repair dep_01k0a --retry | --done | --abandon"
        );
    }

    #[test]
    fn an_aborted_deployment_names_who_aborted() {
        let view = sample::ended(Outcome::RolledBack);
        let picture = sample::told(&sample::aborted_story());
        let said = failure(&view, &picture, None, Exit::RolledBack);
        assert_eq!(
            said.summary,
            "shop in production is back at the previous releases: mira aborted it"
        );
    }
}
