//! A plan for people.

use jiff::tz::TimeZone;
use windlass_api::{NoStartView, Novelty, PlanView};
use windlass_model::{
    Change, Job, Percent, Plan, PlanId, PlanKind, RolloutPlan, ServiceName, Step, Sticky, Strategy,
    Task, TaskKind, Traffic, Version,
};

use super::listening::listening;
use super::words::{change, counted, harmless, listed, until};
use super::wrap::hang;
use super::{risk, scored, takes, went_back};

/// Characters of a plan's id that are shown.
const SHORT: usize = 10;

/// The plan: what changes, what is done wave by wave, what undoes it, and where the way back ends.
/// `whole` adds the command that carries out exactly this plan. `fits`: columns that it must fit into, where
/// a person reads it.
pub(crate) fn plan_text(
    view: &PlanView,
    whole: bool,
    fits: Option<usize>,
    zone: &TimeZone,
) -> String {
    let plan = &view.plan;
    let mut lines = vec![format!(
        "plan {} for {} in {}, on revision {}",
        short(&plan.id),
        plan.app,
        plan.environment,
        plan.revision
    )];
    if view.nothing_to_do {
        lines.push(format!(
            "nothing to do: {} as the file says",
            counted(plan.unchanged.len(), "service")
        ));
    } else {
        changes(view, (fits, zone), &mut lines);
        waves(view, fits, &mut lines);
    }
    rest(plan, &mut lines);
    if !view.nothing_to_do {
        gates(plan, &mut lines);
        evidence(plan, &mut lines);
        not_watched(plan, &mut lines);
        lines.extend(risk::lines(view.risk.as_ref()));
        way_back(view, &mut lines);
        no_start(view, &mut lines);
        if whole {
            lines.push(String::new());
            lines.push(format!(
                "carry out exactly this: windlass deploy --plan {}",
                plan.id
            ));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The first characters of the digest: what people compare.
pub(crate) fn short(id: &PlanId) -> &str {
    let tail = id.as_str().strip_prefix("plan_").unwrap_or(id.as_str());
    tail.get(..SHORT).unwrap_or(tail)
}

fn width(plan: &Plan) -> usize {
    let names = plan.rollouts.keys().map(|name| name.as_str().len());
    names.max().unwrap_or(0)
}

fn changes(view: &PlanView, (fits, zone): (Option<usize>, &TimeZone), lines: &mut Vec<String>) {
    let plan = &view.plan;
    let width = width(plan);
    lines.push(String::new());
    for (service, from) in &plan.renames {
        let head = format!("  {service:width$}  ");
        let was = format!("was {from}: the same service under another name");
        lines.push(hang(&head, &was, fits));
    }
    for (service, part) in &plan.rollouts {
        let from = part.stable.as_ref().map(|slot| &slot.release.version);
        let versions = change(from, &part.release.version);
        let manner = match view.down.get(service) {
            Some(last) => again(part, last),
            None => manner(part),
        };
        let head = format!("  {service:width$}  ");
        lines.push(hang(&head, &format!("{versions}, {manner}"), fits));
        if let Some(new) = novelties(view, service, part) {
            let head = " ".repeat(head.len());
            lines.push(hang(&head, &new, fits));
        }
        if let Some(found) = view.went_back.get(service) {
            let head = " ".repeat(head.len());
            lines.push(hang(&head, &went_back::warning(found, zone), fits));
        }
    }
}

/// What is new in a release, in the words in which the deployment tells it later; nothing of one that is none.
fn novelties(view: &PlanView, service: &ServiceName, part: &RolloutPlan) -> Option<String> {
    let told = view.new.get(service).cloned();
    // Who did not ask what would be done, or an older controller: the plan has all but what lies outside of it.
    let all = told.unwrap_or_else(|| {
        let programs = Some(&view.programs).filter(|seen| !seen.is_empty());
        Novelty::of(service, part, programs)
    });
    let rest = match all.as_slice() {
        [] => return None,
        // Nobody has touched it, and wonders.
        [Novelty::Program { .. }] => ", and nothing else is new",
        _ => "",
    };
    let words: Vec<String> = all.iter().map(Novelty::words).collect();
    Some(format!("new: {}{rest}", words.join("; ")))
}

fn manner(part: &RolloutPlan) -> String {
    match &part.change {
        Change::First { .. } if part.spec.command.is_some() => {
            "first deployment, by its command".to_owned()
        }
        Change::InPlace { .. } if part.spec.command.is_some() => "by its command".to_owned(),
        Change::First { .. } if skips(part) => format!("first deployment: {SKIPPED}"),
        Change::First { .. } => "first deployment".to_owned(),
        Change::Beside { steps } => match (&part.spec.strategy, &part.spec.listen) {
            (_, None) => "both run until promotion".to_owned(),
            (Strategy::Rolling, Some(_)) => {
                let steps = counted(steps.len(), "step");
                format!("rolling in {steps}{}", chosen(&part.spec.traffic))
            }
            (Strategy::Canary(_), Some(_)) => {
                let shares: Vec<String> =
                    steps.iter().map(|step| step.to.get().to_string()).collect();
                let shares = shares.join(" → ");
                format!("canary {shares} %{}", chosen(&part.spec.traffic))
            }
            (Strategy::BlueGreen | Strategy::Recreate, Some(_)) => "blue-green".to_owned(),
        },
        Change::InPlace { .. } => match &part.spec.listen {
            Some(_) => "recreate: requests wait between old and new, at most 30s".to_owned(),
            None => "the old stops before the new starts".to_owned(),
        },
        Change::Adjust { .. } => "same release, adjusted".to_owned(),
        Change::Restore { warm: true } => "back to the standby, at once".to_owned(),
        Change::Restore { warm: false } => {
            "back to the kept release: started again, then at once".to_owned()
        }
        Change::Remove => "goes".to_owned(),
    }
}

/// Who gets the candidate while two releases share the traffic, where it is not whose turn it is.
fn chosen(traffic: &Traffic) -> String {
    let mut text = match &traffic.sticky {
        None => String::new(),
        Some(Sticky::Cookie) => ", sticky by cookie".to_owned(),
        Some(Sticky::Header(name)) => format!(", sticky by {name}"),
    };
    if !traffic.candidate_for.is_empty() {
        text.push_str(", and for whom `candidate_for` names");
    }
    text
}

/// What is said of a service that is down: `last` was the version that was promoted last.
fn again(part: &RolloutPlan, last: &Version) -> String {
    let mut text = if *last == part.release.version {
        "starts again: it is down".to_owned()
    } else {
        format!("starts anew: it is down, {last} ran last")
    };
    if skips(part) {
        text.push_str("; ");
        text.push_str(SKIPPED);
    }
    text
}

/// What becomes of the steps of a strategy where there is nothing to share requests with.
const SKIPPED: &str = "steps below 100 % are skipped";

/// Whether its strategy has such steps.
fn skips(part: &RolloutPlan) -> bool {
    match &part.spec.strategy {
        Strategy::Canary(steps) => steps.len() > 1,
        Strategy::Rolling => part.spec.process.instances > 1,
        Strategy::BlueGreen | Strategy::Recreate => false,
    }
}

fn waves(view: &PlanView, fits: Option<usize>, lines: &mut Vec<String>) {
    let plan = &view.plan;
    let width = width(plan);
    lines.push(String::new());
    let mut tasks: Vec<&Task> = plan.tasks.iter().collect();
    tasks.sort_by_key(|task| (task.wave, task.id));
    let mut last = None;
    for task in tasks {
        let wave = if last == Some(task.wave) {
            String::new()
        } else {
            (task.wave + 1).to_string()
        };
        last = Some(task.wave);
        let service = task.service.as_ref().map_or("", |name| name.as_str());
        if task.no_way_back {
            lines.push("      ---- no way back from here ----".to_owned());
        }
        let what = does(&task.kind, plan, task);
        let undo = match &task.undo {
            Some(_) if starts_the_old(view, task) => "  (no undo: see way back)".to_owned(),
            // What fails of a rollback is not undone.
            Some(undo) if plan.kind != PlanKind::Rollback => {
                format!("  (undo: {})", harmless(undo))
            }
            Some(_) | None => String::new(),
        };
        let head = format!("{wave:>4}  {service:width$}  ");
        lines.push(hang(&head, &[what, undo].concat(), fits));
    }
}

/// Whether its undo would start a release that can't be started again.
fn starts_the_old(view: &PlanView, task: &Task) -> bool {
    let starts = matches!(task.kind, TaskKind::StopOld { .. } | TaskKind::Run { .. });
    let undoes = view.plan.kind == PlanKind::Deploy;
    starts
        && undoes
        && no_return(view).any(|(service, _, _)| task.service.as_ref() == Some(service))
}

fn does(kind: &TaskKind, plan: &Plan, task: &Task) -> String {
    match kind {
        TaskKind::RetireFailed { version } => format!("retire {version}, which failed"),
        TaskKind::RetireStandby { version } => format!("retire {version}, the standby"),
        TaskKind::StopOld { version } => {
            format!("stop {version}, before the new one starts and before promotion")
        }
        TaskKind::Start { version, instances } => {
            let copies = counted(usize::from(*instances), "instance");
            format!("start {copies} of {version}, until ready")
        }
        TaskKind::Run { job, version } => match job {
            Job::Deploy => format!("run its deploy of {version}, until that is live"),
            Job::Rollback => format!("run its rollback to {version}, until that is live"),
        },
        TaskKind::Route { open, close } => listening(open, close),
        TaskKind::Treat => {
            "treat its requests as `sticky`, `traffic` and `speaks` say now".to_owned()
        }
        TaskKind::Scale { from, to } => format!("from {from} to {}", instances(*to)),
        TaskKind::Shift { to } => {
            let part = task
                .service
                .as_ref()
                .and_then(|name| plan.rollouts.get(name));
            let version = part.map(|part| part.release.version.to_string());
            let version = version.as_deref().unwrap_or("the new release");
            format!("traffic: {to} to {version}")
        }
        TaskKind::Bake { within } => format!("watch for {within}"),
        TaskKind::Promote => promotes(plan.kind).to_owned(),
        TaskKind::Drain { version, within } => {
            format!("let requests on {version} end, at most {within}")
        }
        TaskKind::Standby { version } => {
            format!("keep {version} warm {}", until(plan.finalize))
        }
        TaskKind::Retire { version } => format!("stop {version}"),
        TaskKind::Unroute { close } => listening(&[], close),
        TaskKind::Rename { from } => format!("is {from} under a new name"),
    }
}

fn promotes(kind: PlanKind) -> &'static str {
    match kind {
        PlanKind::Deploy => "promote: every new release becomes stable, all at once",
        PlanKind::Rollback => "every earlier release is stable again, all at once",
        PlanKind::Remove => "it is no part of the application any more",
    }
}

fn instances(count: u16) -> String {
    counted(usize::from(count), "instance")
}

fn rest(plan: &Plan, lines: &mut Vec<String>) {
    if plan.unchanged.is_empty() && plan.unmanaged.is_empty() {
        return;
    }
    lines.push(String::new());
    if !plan.unchanged.is_empty() {
        let names: Vec<_> = plan.unchanged.iter().collect();
        lines.push(format!("unchanged: {}", listed(&names)));
    }
    if !plan.unmanaged.is_empty() {
        let names: Vec<_> = plan.unmanaged.iter().collect();
        lines.push(format!(
            "unmanaged: {} (not in the file; keeps serving)",
            listed(&names)
        ));
    }
}

/// What the health score must be.
fn gates(plan: &Plan, lines: &mut Vec<String>) {
    let told = scored::of_plan(plan);
    if !told.is_empty() {
        lines.push(String::new());
        lines.extend(told);
    }
}

/// What a share needs before it rises, where that is more than its time.
fn evidence(plan: &Plan, lines: &mut Vec<String>) {
    let mut first = true;
    for (service, part) in &plan.rollouts {
        let Some(gate) = part.spec.analysis else {
            continue;
        };
        if std::mem::take(&mut first) {
            lines.push(String::new());
        }
        let below = |step: &&Step| step.to < Percent::FULL;
        let shares: Vec<Percent> = match &part.change {
            Change::Beside { steps } => steps.iter().filter(below).map(|step| step.to).collect(),
            Change::First { .. }
            | Change::InPlace { .. }
            | Change::Adjust { .. }
            | Change::Restore { .. }
            | Change::Remove => Vec::new(),
        };
        lines.push(if shares.is_empty() {
            format!("needs no evidence: {service} has nothing to be compared with this time")
        } else {
            format!(
                "needs evidence: {service} at {}, for at most {} each; no data: {}, inconclusive: {}, \
                 error: {}, fail: {}",
                listed(&shares),
                gate.longest,
                gate.no_data,
                gate.inconclusive,
                gate.error,
                gate.fail
            )
        });
    }
}

/// Triggers that nothing measures in this version, so that nobody relies on them.
fn not_watched(plan: &Plan, lines: &mut Vec<String>) {
    let mut first = true;
    for (service, part) in &plan.rollouts {
        let rules = part.spec.rollback_on.iter();
        let scored = !plan.score.is_empty();
        let rules: Vec<_> = rules
            .filter(|rule| !part.spec.watches(rule, scored))
            .collect();
        if rules.is_empty() {
            continue;
        }
        if first {
            lines.push(String::new());
            first = false;
        }
        lines.push(format!("not watched: {} of {service}", listed(&rules)));
    }
}

/// A rollback is the way back itself.
const ON_FAILURE: &str =
    "this is the way back: should it fail, it stays where it is until a person repairs it";

fn way_back(view: &PlanView, lines: &mut Vec<String>) {
    let plan = &view.plan;
    lines.push(String::new());
    lines.extend(view.takes.as_ref().and_then(takes::line));
    match plan.kind {
        PlanKind::Deploy => {}
        PlanKind::Rollback => {
            lines.push(ON_FAILURE.to_owned());
            return;
        }
        PlanKind::Remove => {
            lines.push("way back: until promotion; after it, deploy it again".to_owned());
            return;
        }
    }
    if let Some(task) = plan.tasks.iter().find(|task| task.no_way_back) {
        lines.push(format!("way back: until {}, not after", task.wave + 1));
        return;
    }
    let first = |part: &&RolloutPlan| matches!(part.change, Change::First { .. });
    let count = plan.rollouts.values().filter(first).count();
    if count == plan.rollouts.len() {
        let before = if view.down.is_empty() {
            "nothing ran before"
        } else {
            "nothing runs now"
        };
        lines.push(format!(
            "way back: a failure stops what was started; {before}"
        ));
        return;
    }
    let scope = match plan.on_failure {
        windlass_model::OnFailure::All => "everything goes back",
        windlass_model::OnFailure::Dependents => "the failed service and what needs it go back",
    };
    let lost: Vec<&ServiceName> = no_return(view).map(|(service, _, _)| service).collect();
    let but = match lost.as_slice() {
        [] => String::new(),
        names => format!(", but not {}", listed(names)),
    };
    lines.push(format!(
        "way back: until promotion; on a failure {scope}{but}"
    ));
}

/// A service whose release to go back to could not be started again, and that release.
type NoStart<'v> = (&'v ServiceName, &'v RolloutPlan, &'v NoStartView);

fn no_starts(view: &PlanView) -> impl Iterator<Item = NoStart<'_>> {
    let all = view.no_start.iter();
    all.filter_map(|(service, found)| {
        let part = view.plan.rollouts.get(service)?;
        Some((service, part, found))
    })
}

/// Those that would have to be started for a way back out of the middle: the others run on meanwhile.
fn no_return(view: &PlanView) -> impl Iterator<Item = NoStart<'_>> {
    no_starts(view).filter(|(_, part, _)| !runs_on(part))
}

/// Whether the old release goes on beside the new one.
fn runs_on(part: &RolloutPlan) -> bool {
    part.spec.command.is_none() && matches!(part.change, Change::Beside { .. })
}

/// What a rollback would otherwise be the first to find out.
fn no_start(view: &PlanView, lines: &mut Vec<String>) {
    for (service, part, NoStartView { version, why }) in no_starts(view) {
        let why = harmless(why);
        lines.push(match view.plan.kind {
            PlanKind::Rollback if part.release.version == *version => {
                format!("{service} {version} can't be started as it was: {why}")
            }
            PlanKind::Rollback => {
                format!("{service} {version}, which is left, can't be started again: {why}")
            }
            PlanKind::Deploy | PlanKind::Remove if runs_on(part) => {
                format!("no way back to {service} {version} once it has ended: {why}")
            }
            PlanKind::Deploy | PlanKind::Remove => {
                format!("no way back to {service} {version}: {why}")
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::Gate;

    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_plan_shows_waves_undo_and_the_way_back() {
        let view = sample::plan_view();
        insta::assert_snapshot!(plan_text(&view, true, None, &TimeZone::UTC), @r"
        plan 9f3cab1234 for shop in production, on revision 3

          api   1.4.1 → 1.4.2, blue-green
          auth  1.4.1 → 1.4.2, canary 25 → 100 %

           1  auth  start 2 instances of 1.4.2, until ready  (undo: stop them)
           2  auth  traffic: 25 % to 1.4.2  (undo: 1.4.1 back to 100 %)
           3  auth  watch for 30s
           4  auth  traffic: 100 % to 1.4.2  (undo: 1.4.1 back to 100 %)
           5  auth  watch for 30s
           6  api   start 1 instance of 1.4.2, until ready  (undo: stop them)
           7  api   traffic: 100 % to 1.4.2  (undo: 1.4.1 back to 100 %)
           8  api   watch for 30s
           9        promote: every new release becomes stable, all at once
          10  auth  let requests on 1.4.1 end, at most 30s
              api   let requests on 1.4.1 end, at most 30s
          11  auth  keep 1.4.1 warm until the next deployment
              api   keep 1.4.1 warm until the next deployment

        unchanged: web
        unmanaged: legacy (not in the file; keeps serving)

        takes about 1m34s, 1m30s of it watching
        way back: until promotion; on a failure everything goes back

        carry out exactly this: windlass deploy --plan plan_9f3cab12340000
        ");
        assert_eq!(
            plan_text(&view, true, None, &TimeZone::UTC),
            plan_text(&view.clone(), true, None, &TimeZone::UTC)
        );
    }

    #[test]
    fn another_program_from_the_path_is_named_with_what_it_was() {
        let mut view = sample::plan_view();
        let told = |view: &PlanView| {
            let text = plan_text(view, false, Some(80), &TimeZone::UTC);
            let lines = text.lines().skip(2).take_while(|line| !line.is_empty());
            lines.collect::<Vec<_>>().join("\n")
        };
        let mut other = sample::other_program();
        let is = |other: &windlass_model::OtherProgram| {
            let windlass_model::OtherProgram { was, now } = other.clone();
            Novelty::Program { was, now }
        };
        view.new = [(sample::service("auth"), vec![is(&other)])].into();
        insta::assert_snapshot!(told(&view), @r"
          api   1.4.1 → 1.4.2, blue-green
          auth  1.4.1 → 1.4.2, canary 25 → 100 %
                new: its program /usr/bin/python3 is another one: aaaaaaaaaa →
                bbbbbbbbbb, and nothing else is new
        ");
        other.was.path = "/opt/bin/python3".to_owned();
        let all = vec![Novelty::Files, is(&other), Novelty::Run];
        view.new = [(sample::service("auth"), all)].into();
        let line = told(&view).lines().skip(2).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(line, @r"
        new: its files are others; its program is another one: /opt/bin/python3
        aaaaaaaaaa → /usr/bin/python3 bbbbbbbbbb; `run` is another
        ");
    }

    #[test]
    fn who_did_not_ask_is_told_what_the_plan_alone_shows_to_be_new() {
        let mut view = sample::plan_view();
        let auth = view.plan.rollouts.get_mut(&sample::service("auth"));
        let auth = auth.expect("a service");
        auth.release.identity = windlass_model::Digest::parse(&"ef".repeat(32)).expect("a digest");
        auth.spec.needs.insert(sample::service("api"));
        let text = plan_text(&view, false, Some(80), &TimeZone::UTC);
        let line = text.lines().find(|line| line.contains("new: "));
        assert_eq!(line, Some("        new: `needs` is another"));
    }

    #[test]
    fn what_can_not_be_gone_back_to_is_told_below_the_way_back() {
        let mut view = sample::plan_view();
        view.takes = None;
        let found = NoStartView {
            version: Version("1.4.1".to_owned()),
            why: "the files of release 1.4.1 are gone".to_owned(),
        };
        view.no_start = ["api", "auth"]
            .map(|name| (sample::service(name), found.clone()))
            .into();
        let api = view.plan.rollouts.get_mut(&sample::service("api"));
        api.expect("a service").change = Change::InPlace {
            bake: windlass_model::Millis::ZERO,
        };
        let told = |view: &PlanView| {
            let text = plan_text(view, false, None, &TimeZone::UTC);
            let from = text.rfind("\n\n").expect("a last block");
            text.get(from..).unwrap_or_default().trim().to_owned()
        };
        insta::assert_snapshot!(told(&view), @r"
        way back: until promotion; on a failure everything goes back, but not api
        no way back to api 1.4.1: the files of release 1.4.1 are gone
        no way back to auth 1.4.1 once it has ended: the files of release 1.4.1 are gone
        ");
        view.plan.kind = PlanKind::Rollback;
        let api = view.no_start.get_mut(&sample::service("api"));
        *api.expect("a service") = NoStartView {
            version: Version("1.4.2".to_owned()),
            why: "its files could not be looked at in time".to_owned(),
        };
        insta::assert_snapshot!(told(&view), @r"
        this is the way back: should it fail, it stays where it is until a person repairs it
        api 1.4.2 can't be started as it was: its files could not be looked at in time
        auth 1.4.1, which is left, can't be started again: the files of release 1.4.1 are gone
        ");
    }

    #[test]
    fn a_plan_says_what_a_share_needs_before_it_rises() {
        let mut view = sample::plan_view();
        for part in view.plan.rollouts.values_mut() {
            part.spec.analysis = Some(Gate::default());
        }
        let text = plan_text(&view, false, None, &TimeZone::UTC);
        let lines = text.lines().filter(|line| line.starts_with("needs "));
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                "needs no evidence: api has nothing to be compared with this time",
                "needs evidence: auth at 25 %, for at most 30m each; no data: hold, inconclusive: \
                 hold, error: hold, fail: rollback",
            ]
        );
    }

    #[test]
    fn a_first_deployment_says_which_steps_it_skips() {
        let view = sample::first_plan_view();
        insta::assert_snapshot!(plan_text(&view, false, None, &TimeZone::UTC), @r"
        plan 9f3cab1234 for shop in production, on revision 0

          auth  → 1.4.2, first deployment: steps below 100 % are skipped

           1  auth  start 2 instances of 1.4.2, until ready  (undo: stop them)
           2  auth  listen on 127.0.0.1:8082  (undo: close 127.0.0.1:8082)
           3  auth  traffic: 100 % to 1.4.2  (undo: take it off the router)
           4  auth  watch for 30s
           5        promote: every new release becomes stable, all at once

        takes at least 30.0s, all of it watching; how long auth takes to start is not known yet
        way back: a failure stops what was started; nothing ran before
        ");
    }

    #[test]
    fn what_was_taken_down_starts_again_and_is_no_first_deployment() {
        let mut view = sample::first_plan_view();
        let mut told = |last: &str| {
            let last = Version(last.to_owned());
            view.down = [(sample::service("auth"), last)].into();
            let text = plan_text(&view, false, None, &TimeZone::UTC);
            let lines = text
                .lines()
                .filter(|line| line.starts_with("  auth") || line.starts_with("way back"));
            lines.collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(told("1.4.2"), @r"
          auth  → 1.4.2, starts again: it is down; steps below 100 % are skipped
        way back: a failure stops what was started; nothing runs now
        ");
        insta::assert_snapshot!(told("1.4.1"), @r"
          auth  → 1.4.2, starts anew: it is down, 1.4.1 ran last; steps below 100 % are skipped
        way back: a failure stops what was started; nothing runs now
        ");
    }

    #[test]
    fn a_rollback_is_the_way_back_and_undoes_nothing() {
        let mut view = sample::plan_view();
        view.plan.kind = PlanKind::Rollback;
        let text = plan_text(&view, false, None, &TimeZone::UTC);
        assert!(!text.contains("undo"), "{text}");
        assert!(text.ends_with(&[ON_FAILURE, "\n"].concat()), "{text}");
    }

    #[test]
    fn nothing_to_do_is_said() {
        let mut view = sample::plan_view();
        view.plan.rollouts.clear();
        view.plan.tasks.clear();
        view.nothing_to_do = true;
        insta::assert_snapshot!(plan_text(&view, true, None, &TimeZone::UTC), @r"
        plan 9f3cab1234 for shop in production, on revision 3
        nothing to do: 1 service as the file says

        unchanged: web
        unmanaged: legacy (not in the file; keeps serving)
        ");
    }
}
