//! One deployment, for people.

use jiff::tz::TimeZone;
use windlass_api::{DeploymentView, EnvironmentView, HeldView, NotReadyView, Novelty, RolloutView};
use windlass_model::{DeploymentState, Outcome, PlanKind, RolloutPhase, ServiceName, StuckReason};

use super::compared;
use super::failure::{ABANDONED, live_now, mended_by};
use super::grid::{Ease, Grid};
use super::grounds::grounds;
use super::look::is_of_the_program;
use super::printed::{last_lines, whose};
use super::scored;
use super::taken_down;
use super::time::{ago, of_calendar, of_day, took};
use super::ways::{next_lines, ways};
use super::words::{
    FOR_A_HALT, change, command_in, doing, done_by, harmless, held_at, listed, not_renamed, phase,
    reason, result, stuck, whose_halt,
};
use super::wrap::hang;
use super::{Style, by_hand, record};
use crate::follow::Progress;

/// What a line begins with that says more about the one above it.
const INDENT: &str = "  ";

/// Where what is shown is shown.
pub(crate) struct Shown<'s> {
    pub(crate) now_us: i64,
    /// Columns that sentences must fit into, where a person reads them.
    pub(crate) fits: Option<usize>,
    pub(crate) style: &'s Style,
    /// The application of the folder that it is asked in.
    pub(crate) own: Option<&'s str>,
    /// Since when nothing that it left runs, by whom and why, where somebody has said that.
    pub(crate) finalized: Option<String>,
}

/// Where it stands, service by service; of one that has ended, where it stood then, and what became of
/// it where `runs` is known.
pub(crate) fn show_text(
    view: &DeploymentView,
    runs: Option<&EnvironmentView>,
    shown: &Shown<'_>,
) -> String {
    let style = shown.style;
    let labelled = |label: &str, text: &str| hang(&format!("{label:9}"), text, shown.fits);
    let mut lines = vec![
        format!("{}  {} in {}", view.id, view.app, view.environment),
        labelled("state", &result(view)),
        format!("plan     {}", super::plan::short(&view.plan)),
        labelled("started", &begun(view, style)),
    ];
    lines.extend(held_since(view).map(|since_us| {
        let ago = took(shown.now_us - since_us);
        let since = of_calendar(since_us, &style.zone);
        labelled("held", &format!("since {since}, for {ago}"))
    }));
    lines.extend(people_lines(view, shown));
    lines.extend(halted(view, runs, &style.zone).map(|told| labelled("halted", &told)));
    if let Some(ended) = view.ended_us {
        let (at, after) = (
            of_calendar(ended, &style.zone),
            took(ended - view.started_us),
        );
        lines.push(format!("ended    {at} after {after}"));
    }
    let finalized = shown.finalized.as_ref();
    lines.extend(finalized.map(|told| labelled("final", told)));
    if let Some(score) = view.score.as_ref().and_then(scored::around) {
        lines.push(labelled("score", &score));
    }
    let holds = scored::holds(view).into_iter();
    lines.extend(holds.map(|line| match line.strip_prefix(INDENT) {
        Some(more) => hang(INDENT, more, shown.fits),
        None => hang("", &line, shown.fits),
    }));
    let past = by_hand::told(view, &style.zone).into_iter();
    lines.extend(past.map(|past| labelled("by hand", &past)));
    let rests_on = compared::lines(view).into_iter().chain(grounds(view));
    lines.extend(rests_on.map(|line| hang("", &line, shown.fits)));
    if let Some(why) = &view.poisoned {
        lines.push(labelled("damaged", &harmless(why)));
    }
    if let Some(saw) = &view.not_renamed {
        lines.push(labelled("stuck", &not_renamed(saw)));
    }
    lines.push(String::new());
    if let Some(ended) = view.ended_us {
        let ago = ago(shown.now_us - ended);
        lines.push(format!("as it ended, {ago}:"));
    }
    let services = services(view, shown.fits);
    lines.push(services.text(shown.fits));
    let notes = notes(view, services.has(NOTE), shown);
    if !notes.is_empty() {
        lines.extend(notes);
        lines.push(String::new());
    }
    let down = runs.and_then(|runs| Some((runs, taken_down::of(runs, view)?)));
    lines.extend(match down {
        Some((_, down)) => {
            let told = taken_down::told(down, &style.zone);
            vec![hang("", &format!("nothing of it runs: {told}"), shown.fits)]
        }
        None => now(view, runs, shown.fits),
    });
    let again = down.map(|(runs, _)| taken_down::next(runs, shown.own));
    lines.extend(next(view, again, shown.own));
    lines.push(String::new());
    lines.join("\n")
}

/// The halt that keeps it, where nothing else does.
fn halted(
    view: &DeploymentView,
    runs: Option<&EnvironmentView>,
    zone: &TimeZone,
) -> Option<String> {
    let halt = runs?.halted.as_ref()?;
    let waits = view.ended_us.is_none() && view.held.is_none();
    waits.then(|| {
        let whose = whose_halt(halt, zone);
        format!("{whose}: nothing is raised until windlass halt --lift")
    })
}

/// Since when it is held: by somebody, or by a score that a gate finds too low.
fn held_since(view: &DeploymentView) -> Option<i64> {
    let held = view.held.as_ref().map(|held| held.since_us);
    let shut = view.score.as_ref().and_then(|score| score.shut_since_us);
    // What keeps others from going on may hold this one not yet.
    let shut = shut.filter(|_| view.state == DeploymentState::Held);
    held.or(shut)
}

/// Who said when what, and why.
fn people_lines(view: &DeploymentView, shown: &Shown<'_>) -> Vec<String> {
    let said = view.said.iter().map(|said| {
        let at = of_calendar(said.at_us, &shown.style.zone);
        let told = format!("{} at {at}", done_by(&said.by, said.word));
        hang("said     ", &told, shown.fits)
    });
    let told = view.because.iter().map(|because| {
        let at = of_calendar(because.at_us, &shown.style.zone);
        let (by, why) = (harmless(&because.by), harmless(&because.why));
        hang("because  ", &format!("{by} at {at}: {why}"), shown.fits)
    });
    said.chain(told).collect()
}

/// What there is to say of its services below their table, which may hold the short notes itself.
fn notes(view: &DeploymentView, has_short: bool, shown: &Shown<'_>) -> Vec<String> {
    let of = |(service, part): (&ServiceName, &RolloutView)| {
        let short = Some(note(part, view)).filter(|note| !has_short && !note.is_empty());
        let said = short.into_iter().chain(said(part, view.kind, shown));
        let said = said.map(|text| hang(&format!("{service} "), &text, shown.fits));
        let printed = part.last_lines.iter();
        let printed = printed.flat_map(|(instance, lines)| {
            let whose = whose(service, part.brought.is_some(), part.jobs.get(instance));
            last_lines(&whose, lines).collect::<Vec<_>>()
        });
        said.chain(printed).collect::<Vec<String>>()
    };
    view.rollouts.iter().flat_map(of).collect()
}

fn begun(view: &DeploymentView, style: &Style) -> String {
    let at = of_calendar(view.started_us, &style.zone);
    format!("{at} by {}", harmless(&view.by))
}

/// The column of what a service waits for.
const NOTE: &str = "NOTE";

/// What gives way where the table is too wide.
const EASES: [Ease; 6] = [
    Ease::Wrap(NOTE),
    Ease::Drop(NOTE),
    Ease::Shorten("VERSION", 8),
    Ease::Shorten("SERVICE", 16),
    Ease::Drop("READY"),
    Ease::Drop("TRAFFIC"),
];

fn services(view: &DeploymentView, fits: Option<usize>) -> Grid {
    let rows = view.rollouts.iter().map(|(service, part)| {
        // What goes back to what is still there starts nothing.
        let ready = if part.wanted == 0 {
            "-".to_owned()
        } else {
            format!("{}/{}", part.ready, part.wanted)
        };
        vec![
            service.to_string(),
            phase(part.phase).to_owned(),
            change(part.from.as_ref(), &part.to),
            // Windlass serves nothing of what a script brings.
            if part.brought.is_some() {
                "-".to_owned()
            } else {
                part.weight.to_string()
            },
            ready,
            note(part, view),
        ]
    });
    let header = ["SERVICE", "PHASE", "VERSION", "TRAFFIC", "READY", NOTE];
    Grid::new(&header, rows.collect()).fit(fits, &EASES)
}

/// What it waits for, in a few words.
fn note(part: &RolloutView, view: &DeploymentView) -> String {
    let mut notes = Vec::new();
    if !part.waits_for.is_empty() {
        notes.push(format!("waits for {}", listed(&part.waits_for)));
    }
    // Of readiness it is told below until when.
    let told = part.not_ready.as_ref().and_then(NotReadyView::words);
    let left = part.remaining_ms.filter(|left| *left > 0 && told.is_none());
    // Nobody's way back is held.
    let is_held = view.state == DeploymentState::Held && part.phase != RolloutPhase::Returning;
    notes.extend(match left.map(|left| took(left_us(left))) {
        _ if keeps_back(view, part.phase) => Some(format!("waits {FOR_A_HALT}")),
        // The router has what it is asked: that has no clock which anybody waits for.
        Some(_) if is_held && part.phase == RolloutPhase::Shifting => None,
        Some(left) if is_held => Some(held_at(&left)),
        left => left.map(|left| format!("{left} left")),
    });
    // What the run of the way back said is over with it.
    let is_over = part.phase == RolloutPhase::Returned;
    if let Some(said) = part.reported.as_ref().filter(|_| !is_over) {
        notes.extend(doing(said.phase.as_deref(), said.progress));
        let all = said.metrics.iter();
        notes.extend(all.map(|(name, value)| format!("{} {value}", harmless(name))));
    }
    notes.join("; ")
}

/// Whether a halt keeps back the raise that a service in this phase is due for.
fn keeps_back(view: &DeploymentView, phase: RolloutPhase) -> bool {
    let is_halted = view.held.as_ref().is_some_and(HeldView::is_halt);
    is_halted && matches!(phase, RolloutPhase::Shifting | RolloutPhase::Holding)
}

fn left_us(ms: u64) -> i64 {
    i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

/// What those that are not ready answer, and how long that may last.
fn not_ready(
    late: &NotReadyView,
    (phase, kind): (RolloutPhase, PlanKind),
    shown: &Shown<'_>,
) -> Option<String> {
    let age = late.age(shown.now_us);
    let until = match late.until_us {
        Some(until_us) => {
            let at = of_day(until_us, &shown.style.zone);
            // Behind a way back there is no other.
            let is_back = phase == RolloutPhase::Returning || kind == PlanKind::Rollback;
            let then = if is_back { "is stuck" } else { "goes back" };
            format!("until {at}, then it {then}")
        }
        None => "its time stands still while it is held".to_owned(),
    };
    Some(format!("is not ready {age}: {}; {until}", late.words()?))
}

/// Why it is where it is, in sentences.
fn said(part: &RolloutView, kind: PlanKind, shown: &Shown<'_>) -> Vec<String> {
    let mut said = Vec::new();
    let new: Vec<String> = part.new.iter().map(Novelty::words).collect();
    if !new.is_empty() {
        said.push(format!("is new: {}", new.join("; ")));
    }
    said.extend(
        part.not_ready
            .as_ref()
            .and_then(|late| not_ready(late, (part.phase, kind), shown)),
    );
    if let Some(evidence) = &part.evidence {
        said.push(evidence.words());
        let judged = part.judgement.as_ref();
        said.extend(judged.map(|judged| format!("errors {}", harmless(&judged.words))));
    }
    if let (Some(why), Some(moves)) = (&part.returned_because, going_back(part)) {
        let to = part.from.as_ref().map(|from| format!(" to {from}"));
        let to = to.unwrap_or_default();
        said.push(format!("{moves}{to}: {}", reason(why)));
    }
    if let Some(why) = &part.stuck_because {
        said.push(format!("is stuck: {}", stuck(why)));
    }
    said.extend(part.killed.iter().map(|(instance, after)| {
        format!("{instance} did not end when it was asked to: killed after {after}")
    }));
    said
}

/// How far it is on its way back; nothing of a rollback that failed, which is told as what it is stuck by.
pub(crate) fn going_back(part: &RolloutView) -> Option<&'static str> {
    match (part.phase, &part.stuck_because) {
        (RolloutPhase::Returning, _) => Some("goes back"),
        (_, Some(StuckReason::RollbackFailed(_))) => None,
        (RolloutPhase::Stuck, _) => Some("is not back"),
        (_, _) => Some("went back"),
    }
}

/// Where traffic is now, and what is kept to go back to.
fn now(view: &DeploymentView, runs: Option<&EnvironmentView>, fits: Option<usize>) -> Vec<String> {
    let Some(runs) = runs else {
        return Vec::new();
    };
    let traffic = record::traffic(view, runs);
    let traffic = traffic.map(|traffic| hang("traffic now: ", &traffic, fits));
    let live = live_now(view).map(|live| hang("", &live, fits));
    let kept = record::kept_warm(view, runs).map(|kept| hang("", &kept, fits));
    traffic.into_iter().chain(live).chain(kept).collect()
}

/// `again`: what brings up again what it deployed, where that was taken down since. `own`: the application
/// of the folder that it is asked in.
fn next(view: &DeploymentView, again: Option<String>, own: Option<&str>) -> Vec<String> {
    let one = |text: String| vec![["next: ", &text].concat()];
    match (view.state, again) {
        (
            DeploymentState::Held
            | DeploymentState::Running
            | DeploymentState::Returning
            | DeploymentState::Settling,
            _,
        ) => {
            let asks = !view.evidence().is_empty();
            next_lines(&ways(&view.id, view.state, view.held.as_ref(), asks))
        }
        (DeploymentState::Stuck, _) => one(mended_by(view)),
        (DeploymentState::Ended(_), Some(again)) => vec![again],
        (DeploymentState::Ended(Outcome::Abandoned), None) => {
            let mut lines = vec!["what it left is in no slot, and may run".to_owned()];
            lines.extend(one(ABANDONED.to_owned()));
            lines
        }
        (
            DeploymentState::Ended(
                Outcome::Promoted | Outcome::PartlyPromoted | Outcome::RolledBack | Outcome::Failed,
            ),
            None,
        ) => {
            let why = format!("windlass show {} --why", view.id);
            let all = [why, format!("windlass events {}", view.id)];
            let all = logs(view, own).into_iter().chain(all).enumerate();
            let head = |at: usize| if at == 0 { "next: " } else { "      " };
            all.map(|(at, command)| [head(at), &command].concat())
                .collect()
        }
    }
}

/// What the program printed, where it is the program that failed. In the folder of another application the
/// command might mean a service of that one.
fn logs(view: &DeploymentView, own: Option<&str>) -> Option<String> {
    if own.is_some_and(|own| own != view.app.as_str()) {
        return None;
    }
    let picture = Progress::of(view);
    let mut failed = picture.failed();
    let (service, ..) = failed.find(|(_, _, why)| is_of_the_program(why))?;
    Some(command_in(&view.environment, &format!("logs {service}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use windlass_model::{Digest, InstanceEnd, ReturnReason, Template};

    use super::*;
    use crate::ui::sample;

    fn text(view: &DeploymentView, now_us: i64) -> String {
        let shown = Shown {
            now_us,
            fits: Some(80),
            style: &Style::plain(),
            own: Some("shop"),
            finalized: None,
        };
        show_text(view, None, &shown)
    }

    #[test]
    fn a_deployment_is_shown_service_by_service() {
        let view = sample::deployment("dep_01k0a");
        insta::assert_snapshot!(text(&view, 0), @r"
        dep_01k0a  shop in production
        state    running
        plan     9f3cab1234
        started  2026-11-21 14:02:11 by mira

        SERVICE  PHASE    VERSION        TRAFFIC  READY  NOTE
        api      waiting  1.4.1 → 1.4.2  0 %      0/1    waits for auth
        auth     waiting  1.4.1 → 1.4.2  0 %      0/2

        next: windlass events dep_01k0a --follow
        ");
    }

    #[test]
    fn no_share_is_cut_however_narrow_it_is() {
        let mut view = sample::ended(Outcome::Promoted);
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        auth.expect("a service").weight = windlass_model::Percent::FULL;
        let shown = |width: usize| services(&view, Some(width)).text(Some(width));
        for width in 30..80 {
            let text = shown(width);
            let shares = text.matches("100 %").count();
            assert!(shares == 2 || !text.contains("TRAFFIC"), "{width}: {text}");
            assert!(!text.contains("10…"), "{width}: {text}");
        }
        assert!(!shown(36).contains("TRAFFIC"), "{}", shown(36));
    }

    #[test]
    fn one_that_has_ended_is_shown_as_it_ended_and_how_long_ago() {
        let view = sample::ended(Outcome::Promoted);
        let now = view.ended_us.expect("it has ended") + 12 * 60_000_000;
        insta::assert_snapshot!(text(&view, now), @r"
        dep_01k0a  shop in production
        state    promoted
        plan     9f3cab1234
        started  2026-11-21 14:02:11 by mira
        ended    2026-11-21 14:02:52 after 41.2s
        judged on 0 requests: nothing but start and readiness was checked

        as it ended, 12m ago:
        SERVICE  PHASE  VERSION        TRAFFIC  READY  NOTE
        api      done   1.4.1 → 1.4.2  100 %    1/1
        auth     done   1.4.1 → 1.4.2  100 %    2/2

        next: windlass show dep_01k0a --why
              windlass events dep_01k0a
        ");
    }

    #[test]
    fn what_an_abandoned_one_left_is_looked_for_by_doctor() {
        let view = sample::ended(Outcome::Abandoned);
        let text = text(&view, 0);
        let end = "\n\nwhat it left is in no slot, and may run\n\
                   next: windlass doctor, then look at: windlass status\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn one_that_is_held_for_evidence_says_what_is_missing_and_every_way_out() {
        let mut view = sample::deployment("dep_01k0b7fq2m8x5n3v9c4t6w0e1a");
        view.state = DeploymentState::Held;
        view.held = Some(sample::hold());
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        let auth = auth.expect("a service");
        auth.evidence = Some(sample::lacking(false));
        auth.judgement = Some(sample::judgement());
        auth.remaining_ms = Some(0);
        let text = text(&view, sample::at(43_100));
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        insta::assert_snapshot!(text, @r"
        dep_01k0b7fq2m8x5n3v9c4t6w0e1a  shop in production
        state    held by the analysis of auth (inconclusive)
        plan     9f3cab1234
        started  2026-11-21 14:02:11 by mira
        held     since 2026-11-21 14:02:51, for 3.1s

        SERVICE  PHASE    VERSION        TRAFFIC  READY  NOTE
        api      waiting  1.4.1 → 1.4.2  0 %      0/1    waits for auth
        auth     waiting  1.4.1 → 1.4.2  0 %      0/2

        auth has no evidence at 25 %: about 2,000 more requests to the new version were
             needed
        auth errors 0.42 % against 0.40 % beside it: no difference shown; 12,400
             requests; a doubling would have been seen

        next: windlass resume dep_01k0b7fq2m8x5n3v9c4t6w0e1a   goes on to the next step
              windlass promote dep_01k0b7fq2m8x5n3v9c4t6w0e1a  skips all that is left
              windlass abort dep_01k0b7fq2m8x5n3v9c4t6w0e1a    goes back
        ");
    }

    #[test]
    fn what_makes_a_release_new_is_what_the_file_shows_or_else_a_value() {
        let plan = sample::plan_view().plan;
        let auth = sample::service("auth");
        let mut part = plan.rollouts.get(&auth).expect("a service").clone();
        let new = |part: &windlass_model::RolloutPlan, seen: bool| {
            let seen = seen.then(BTreeMap::new);
            let all = Novelty::of(&auth, part, seen.as_ref());
            let words: Vec<String> = all.iter().map(Novelty::words).collect();
            words.join("; ")
        };
        assert_eq!(new(&part, true), "", "the same release");
        part.release.identity = Digest::parse(&"ef".repeat(32)).expect("a digest");
        assert_eq!(new(&part, false), "", "a program may be another one");
        assert_eq!(
            new(&part, true),
            "a value of the deployer's environment is another, or the address of what it needs"
        );
        part.release.artefact = part.release.identity.clone();
        let env = &mut part.spec.process.env;
        env.insert("LEVEL".to_owned(), Template::parse("info").expect("a text"));
        part.spec.process.argv.pop();
        assert_eq!(
            new(&part, true),
            "its files are others; `run` is another; `env` is another (LEVEL)"
        );
        part.change = windlass_model::Change::Restore { warm: true };
        assert_eq!(new(&part, true), "");
    }

    #[test]
    fn what_ended_says_what_it_printed_and_where_traffic_is_now() {
        let mut view = sample::ended(Outcome::RolledBack);
        let api = view.rollouts.get_mut(&sample::service("api"));
        let api = api.expect("a service");
        let instance = sample::instance("06h1rd0o21rif5fe6n8enfbr64");
        api.returned_because = Some(ReturnReason::InstanceLost {
            instance: instance.clone(),
            end: InstanceEnd::Exited(3),
        });
        let printed = ["connects to db", "no DATABASE_URL is set"].map(str::to_owned);
        api.last_lines = BTreeMap::from([(instance, printed.to_vec())]);
        let shown = Shown {
            now_us: sample::at(43_100),
            fits: Some(80),
            style: &Style::plain(),
            own: Some("shop"),
            finalized: None,
        };
        let text = show_text(&view, Some(&sample::environment()), &shown);
        insta::assert_snapshot!(text, @r"
        dep_01k0a  shop in production
        state    rolled back
        plan     9f3cab1234
        started  2026-11-21 14:02:11 by mira
        ended    2026-11-21 14:02:52 after 41.2s

        as it ended, 1s ago:
        SERVICE  PHASE     VERSION        TRAFFIC  READY  NOTE
        api      returned  1.4.1 → 1.4.2  0 %      0/1
        auth     returned  1.4.1 → 1.4.2  0 %      0/2

        api went back to 1.4.1: instance ins_06h1rd0o21rif5fe6n8enfbr64 exited with
            status 3
        api printed last:
          connects to db
          no DATABASE_URL is set

        traffic now: api 100 % 1.4.2, auth 100 % 1.4.2
        next: windlass -e production logs api
              windlass show dep_01k0a --why
              windlass events dep_01k0a
        ");
        let own = |own: Option<&str>| next(&view, None, own).join("\n");
        assert_eq!(
            own(None),
            own(Some("shop")),
            "any folder without a file will do"
        );
        assert!(
            !own(Some("blog")).contains("logs"),
            "blog may have an api too"
        );
        let api = view.rollouts.get_mut(&sample::service("api"));
        api.expect("a service").returned_because =
            Some(ReturnReason::ShiftFailed("refused".to_owned()));
        assert!(!next(&view, None, None).join("\n").contains("logs"));
        view.environment = windlass_model::EnvironmentName::default_environment();
        let api = view.rollouts.get_mut(&sample::service("api"));
        api.expect("a service").returned_because = Some(ReturnReason::InstanceLost {
            instance: sample::instance("2a"),
            end: InstanceEnd::NeverReady("HTTP 503".to_owned()),
        });
        let first = next(&view, None, None).into_iter().next();
        assert_eq!(first.as_deref(), Some("next: windlass logs api"));
    }

    #[test]
    fn what_was_taken_down_before_it_began_is_not_its_end_and_only_its_folder_deploys_it() {
        let view = sample::ended(Outcome::Promoted);
        let mut runs = sample::environment();
        let mut told = |at_us: i64, own: &str| {
            for service in runs.services.values_mut() {
                (service.stable, service.standby) = (None, None);
                service.down = Some(windlass_model::TakenDown {
                    by: "mira".to_owned(),
                    at_us,
                });
            }
            let shown = Shown {
                now_us: sample::at(43_100),
                fits: Some(80),
                style: &Style::plain(),
                own: Some(own),
                finalized: None,
            };
            show_text(&view, Some(&runs), &shown)
        };
        let since = told(sample::at(43_000), "shop");
        let end = "\nnothing of it runs: taken down at 2026-11-21 14:02:54 by mira\n\
                   next: windlass -e production deploy\n";
        assert!(since.ends_with(end), "{since}");
        let elsewhere = told(sample::at(43_000), "blog");
        let end = "by mira\nnext: deploy it from /srv/shop\n";
        assert!(elsewhere.ends_with(end), "{elsewhere}");
        let before = told(sample::STARTED_US - 1, "shop");
        assert!(!before.contains("taken down"), "{before}");
        let end = "next: windlass show dep_01k0a --why\n      windlass events dep_01k0a\n";
        assert!(before.ends_with(end), "{before}");
    }

    #[test]
    fn one_that_a_person_promoted_says_who_and_what_was_lacking() {
        let mut view = sample::ended(Outcome::Promoted);
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        auth.expect("a service").past = vec![sample::past()];
        view.by_hand = true;
        let text = text(&view, sample::at(43_100));
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        let head: Vec<&str> = text.lines().skip(1).take(7).collect();
        insta::assert_snapshot!(head.join("\n"), @r"
        state    promoted by hand
        plan     9f3cab1234
        started  2026-11-21 14:02:11 by mira
        ended    2026-11-21 14:02:52 after 41.2s
        by hand  mira let auth go on at 25 % without up to 18s of watching, the step 50
                 % and evidence (inconclusive: about 2,000 more requests to the new
                 version were needed)
        ");
    }
}
