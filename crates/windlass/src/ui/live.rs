//! The live view: one row a service, and what happens next. Pure: a picture and a time in, lines out.

use windlass_api::HeldView;
use windlass_model::{DeploymentState, PlanKind, RolloutPhase, ServiceName};

use super::table::cut;
use super::time::clock;
use super::ways::{next_lines, ways};
use super::words::{change, harmless, listed, phase, phase_role, state_of, state_role};
use super::wrap::hang;
use super::{Role, Style};
use crate::follow::{Part, Progress};

/// Lines around the rows, beside those of what is next.
const AROUND: usize = 4;

/// Widest column of names and of versions.
const NAME_MAX: usize = 20;

/// The lines of one frame, none wider than the terminal.
pub(crate) fn frame(picture: &Progress, now_us: i64, style: &Style) -> Vec<String> {
    let mut lines = vec![head(picture, now_us, style)];
    let widths = Widths::of(picture);
    let title = format!(
        "  {:name$}  {:12}  {:>5}  {:>7}  {:>7}  {}",
        "service",
        "phase",
        "age",
        "ready",
        "traffic",
        "version",
        name = widths.name,
    );
    lines.push(style.paint(Role::Faint, &cut(&title, style.width)));
    let next = next(picture, now_us);
    let next = next.iter().flat_map(|line| wrapped(line, style.width));
    let next: Vec<String> = next.collect();
    let room = style.height.saturating_sub(AROUND + next.len()).max(1);
    for (service, part) in picture.parts.iter().take(room) {
        lines.push(row(service, part, now_us, &widths, style));
    }
    let more = picture.parts.len().saturating_sub(room);
    if more > 0 {
        lines.push(format!("  … and {more} more"));
    }
    lines.extend(next);
    let goodbye = "Ctrl-C detaches; the deployment goes on";
    lines.push(style.paint(Role::Faint, &cut(goodbye, style.width)));
    lines
}

/// A line of what is next, in as many as it needs.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let (head, text) = line.split_at(NEXT.len().min(line.len()));
    let hung = hang(head, text, Some(width));
    hung.lines().map(|line| cut(line, width)).collect()
}

struct Widths {
    name: usize,
    version: usize,
}

impl Widths {
    fn of(picture: &Progress) -> Self {
        let names = picture.parts.keys().map(|name| name.as_str().len());
        let versions = picture
            .parts
            .values()
            .map(|part| change(part.from.as_ref(), &part.to).chars().count());
        Self {
            name: names.max().unwrap_or(0).clamp(7, NAME_MAX),
            version: versions.max().unwrap_or(0).clamp(7, NAME_MAX),
        }
    }
}

fn head(picture: &Progress, now_us: i64, style: &Style) -> String {
    let what = format!("{} → {}", picture.app, picture.environment);
    let how = state_of(picture.kind, picture.state);
    let age = clock(now_us - picture.started_us);
    let plain = format!("{what}   {how}   {age}   {}", picture.id);
    if plain.chars().count() > style.width {
        return cut(&plain, style.width);
    }
    format!(
        "{}   {}   {age}   {}",
        style.paint(Role::Strong, &what),
        style.paint(state_role(picture.state), how),
        style.paint(Role::Faint, picture.id.as_str()),
    )
}

fn row(service: &ServiceName, part: &Part, now_us: i64, widths: &Widths, style: &Style) -> String {
    let name = cut(service.as_str(), widths.name);
    let word = phase(part.phase);
    let age = clock(now_us - part.since_us);
    let ready = format!("{}/{}", part.ready, part.wanted);
    let traffic = if part.listens {
        part.weight.to_string()
    } else {
        "-".to_owned()
    };
    let version = change(part.from.as_ref(), &part.to);
    let before = format!("  {name:name_width$}  ", name_width = widths.name);
    let after = format!(
        "  {age:>5}  {ready:>7}  {traffic:>7}  {version:version_width$}  {}",
        waits(part, now_us),
        version_width = widths.version,
    );
    let room = style.width.saturating_sub(before.chars().count() + 12);
    let painted = style.paint(phase_role(part.phase), &format!("{word:12}"));
    format!("{before}{painted}{}", cut(after.trim_end(), room))
}

/// What one service waits for.
fn waits(part: &Part, now_us: i64) -> String {
    match part.phase {
        RolloutPhase::Waiting if !part.waits_for.is_empty() => {
            format!("for {}", listed(&part.waits_for))
        }
        RolloutPhase::Baking if part.evidence.is_some() => "for evidence".to_owned(),
        RolloutPhase::Baking => part
            .bake
            .map(|bake| clock(left(bake, now_us)))
            .map(|left| format!("{left} left"))
            .unwrap_or_default(),
        RolloutPhase::Starting => part.doing().unwrap_or_else(|| "for readiness".to_owned()),
        RolloutPhase::Returning => part.doing().unwrap_or_default(),
        RolloutPhase::Holding => "for a person".to_owned(),
        RolloutPhase::Stuck => "for a person".to_owned(),
        RolloutPhase::Waiting
        | RolloutPhase::Clearing
        | RolloutPhase::StoppingOld
        | RolloutPhase::Shifting
        | RolloutPhase::Passed
        | RolloutPhase::Settling
        | RolloutPhase::Done
        | RolloutPhase::Returned => String::new(),
    }
}

fn left((since_us, within): (i64, windlass_model::Millis), now_us: i64) -> i64 {
    let within_us = i64::try_from(within.as_millis().saturating_mul(1000)).unwrap_or(i64::MAX);
    since_us
        .saturating_add(within_us)
        .saturating_sub(now_us)
        .max(0)
}

/// What the lines of what is next begin with, or as many blanks.
const NEXT: &str = "next: ";

/// What happens next by itself, or what may be said.
fn next(picture: &Progress, now_us: i64) -> Vec<String> {
    let one = |text: &str| vec![[NEXT, text].concat()];
    match picture.state {
        DeploymentState::Held => {
            let by = picture.held_by.as_ref();
            let held = by.map(|by| HeldView {
                by: by.clone(),
                since_us: 0,
            });
            let asks = picture.parts.values().any(|part| part.asks);
            let ways = ways(&picture.id, picture.state, held.as_ref(), asks);
            let shut = picture.shut.first();
            let shut = shut.map(|(gate, score)| windlass_api::score_shut(gate, score));
            let by = by.map(|by| format!("by {}", harmless(by)));
            let mut lines = Vec::new();
            lines.extend(by.or(shut).map(|why| format!("held  {why}")));
            lines.extend(next_lines(&ways));
            lines
        }
        DeploymentState::Returning => one("everything that must goes back"),
        DeploymentState::Settling if picture.is_all_done() => one("a last look at what came of it"),
        DeploymentState::Settling => one("old slots drain"),
        DeploymentState::Stuck => one(&format!("a person must look: windlass show {}", picture.id)),
        DeploymentState::Ended(_) => one("nothing"),
        DeploymentState::Running => one(&next_running(picture, now_us)),
    }
}

fn next_running(picture: &Progress, now_us: i64) -> String {
    let baking = picture
        .parts
        .iter()
        .filter_map(|(service, part)| Some((left(part.bake?, now_us), service, part)))
        .min_by_key(|(left, _, _)| *left);
    if let Some((left, service, part)) = baking {
        let then = part.steps.iter().find(|step| step.to > part.weight);
        let in_time = clock(left);
        return match then {
            Some(step) => format!("{service} goes to {} in {in_time}", step.to),
            None => format!("{service} has passed in {in_time}"),
        };
    }
    let awaited = picture.parts.iter().find_map(|(service, part)| {
        let awaited = part.evidence.as_ref()?;
        let left = left((awaited.since_us, awaited.within), now_us);
        let lacks = awaited.lacking.words();
        Some(format!("{service} {lacks}, {} left", clock(left)))
    });
    if let Some(awaited) = awaited {
        return awaited;
    }
    let passed = picture
        .parts
        .values()
        .all(|part| part.phase == RolloutPhase::Passed);
    if passed {
        return match picture.kind {
            PlanKind::Deploy => "promotion of everything at once",
            PlanKind::Rollback => "every earlier release is stable again, all at once",
            PlanKind::Remove => "what goes is no part of the application any more",
        }
        .to_owned();
    }
    let under_way = picture.parts.iter().find_map(|(service, part)| {
        Some(match part.phase {
            RolloutPhase::Clearing => format!("{service} starts once what stood by is gone"),
            RolloutPhase::StoppingOld => format!("{service} starts once the old has stopped"),
            RolloutPhase::Starting => {
                format!("{service} goes on once {} of {0} are ready", part.wanted)
            }
            RolloutPhase::Shifting => format!("{service} goes on once the routers confirm"),
            RolloutPhase::Holding => format!("{service} goes on once a person says so"),
            RolloutPhase::Waiting
            | RolloutPhase::Baking
            | RolloutPhase::Passed
            | RolloutPhase::Settling
            | RolloutPhase::Returning
            | RolloutPhase::Done
            | RolloutPhase::Returned
            | RolloutPhase::Stuck => return None,
        })
    });
    under_way.unwrap_or_else(|| "the next service starts".to_owned())
}

#[cfg(test)]
mod tests {
    use windlass_model::{Fact, Percent, Report};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_frame_fits_80_columns_and_says_what_is_next() {
        let mut picture = sample::untold();
        let story = sample::good_story();
        for event in story.iter().take(6) {
            picture.apply(event);
        }
        let lines = frame(&picture, sample::at(12_500), &Style::plain());
        assert!(lines.iter().all(|line| line.chars().count() <= 80));
        insta::assert_snapshot!(lines.join("\n"), @r"
        shop → production   running   0:12   dep_01k0a
          service  phase           age    ready  traffic  version
          api      waiting        0:12      0/1      0 %  1.4.1 → 1.4.2  for auth
          auth     baking         0:10      2/2     25 %  1.4.1 → 1.4.2  0:19 left
        next: auth goes to 100 % in 0:19
        Ctrl-C detaches; the deployment goes on
        ");
    }

    #[test]
    fn a_step_that_waits_for_evidence_says_how_much_is_missing() {
        let mut picture = sample::untold();
        for event in sample::good_story().iter().take(6) {
            picture.apply(event);
        }
        let mut event = sample::held();
        event.facts = vec![sample::awaited("auth")];
        picture.apply(&event);
        let style = Style {
            width: 120,
            ..Style::plain()
        };
        let lines = frame(&picture, event.at_us + 30_000_000, &style);
        let row = lines.iter().find(|line| line.starts_with("  auth"));
        let row = row.expect("its row");
        assert!(row.ends_with("  for evidence"), "{row}");
        let next = lines.iter().find(|line| line.starts_with("next: "));
        let next = next.expect("what is next");
        assert_eq!(
            next,
            "next: auth waits for evidence at 25 %: about 1,200 more requests to the new version are needed, 29:00 left"
        );
    }

    #[test]
    fn a_held_deployment_names_the_command_that_resumes_it() {
        let mut picture = sample::untold();
        picture.apply(&sample::held());
        let lines = frame(&picture, sample::at(3_000), &Style::plain());
        let from = lines.iter().position(|line| line.starts_with("held"));
        let next = lines.get(from.expect("who holds it")..).unwrap_or_default();
        insta::assert_snapshot!(next.join("\n"), @r"
        held  by mira
        next: windlass resume dep_01k0a   goes on
              windlass promote dep_01k0a  skips all that is left
              windlass abort dep_01k0a    goes back
        Ctrl-C detaches; the deployment goes on
        ");
    }

    #[test]
    fn a_script_says_in_its_row_what_it_does() {
        let mut picture = sample::untold();
        let service = sample::service("auth");
        let reported = |report| Fact::Reported {
            service: service.clone(),
            report,
        };
        let mut event = sample::held();
        let phase = RolloutPhase::Starting;
        event.facts = vec![
            Fact::PhaseEntered {
                service: service.clone(),
                phase,
            },
            reported(Report::Phase("migrate".to_owned())),
            reported(Report::Progress(Percent::FULL)),
        ];
        picture.apply(&event);
        let lines = frame(&picture, sample::at(3_000), &Style::plain());
        let row = lines.iter().find(|line| line.starts_with("  auth"));
        let row = row.expect("its row");
        assert!(row.ends_with("1.4.1 → 1.4.2  migrate 100 %"), "{row}");
    }

    #[test]
    fn a_small_terminal_gets_fewer_rows_and_no_wrapped_line() {
        let picture = sample::untold();
        let style = Style {
            width: 30,
            height: 6,
            ..Style::plain()
        };
        let lines = frame(&picture, sample::at(0), &style);
        assert!(lines.len() <= 6, "{lines:?}");
        assert!(
            lines.iter().all(|line| line.chars().count() <= 30),
            "{lines:?}"
        );
    }

    #[test]
    fn colours_change_no_width() {
        let picture = sample::untold();
        let style = Style {
            colour: true,
            ..Style::plain()
        };
        let painted = frame(&picture, sample::at(0), &style);
        let plain = frame(&picture, sample::at(0), &Style::plain());
        let stripped: Vec<String> = painted
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect();
        assert_eq!(stripped, plain);
        assert_ne!(painted, plain);
    }
}
