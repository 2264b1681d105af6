//! The live view: one row a service, and what happens next. Pure: a picture and a time in, lines out.

use windlass_api::HeldView;
use windlass_model::{DeploymentState, PlanKind, RolloutPhase, count};

use super::concern::{Concern, concern, more};
use super::grid::{Ease, Grid};
use super::list::ID_SHOWN;
use super::table::cut;
use super::time::clock;
use super::waits::{left, waits};
use super::ways::{next_lines, ways};
use super::wide::wide;
use super::words::{change, harmless, phase, phase_role, state_of, state_role};
use super::wrap::hang;
use super::{Role, Style};
use crate::follow::{Part, Progress};

/// Lines around the rows, beside those of what is next; one of them is the cursor's.
const AROUND: usize = 4;

/// Blanks before a row.
const MARGIN: &str = "  ";

/// Blanks before what a service waits for, where its row has no room for it.
const BELOW: &str = "      ";

/// What gives way where a row is too wide with what the service waits for behind it.
const BESIDE: [Ease; 1] = [Ease::Shorten("version", 8)];

/// The same where errors and requests are counted: they and what is left say more than how long it has lasted.
const BESIDE_COUNTED: [Ease; 2] = [Ease::Shorten("version", 8), Ease::Drop("age")];

fn beside(picture: &Progress) -> &'static [Ease] {
    if picture.parts.values().any(|part| part.counted.is_some()) {
        &BESIDE_COUNTED
    } else {
        &BESIDE
    }
}

/// The same where that is told below the row.
const ALONE: [Ease; 6] = [
    Ease::Shorten("version", 8),
    Ease::Drop("version"),
    Ease::Drop(ERRORS),
    Ease::Shorten("service", 16),
    Ease::Drop("ready"),
    Ease::Drop("age"),
];

/// The lines of one frame. None but a command that is typed as it is, is wider than the terminal.
pub(crate) fn frame(picture: &Progress, now_us: i64, style: &Style) -> Vec<String> {
    let mut lines = vec![head(picture, now_us, style)];
    let next = next(picture, now_us);
    let next = next.iter().map(|line| style.again.repeat(line));
    let next: Vec<String> = next.flat_map(|line| wrapped(&line, style.width)).collect();
    let room = style.height.saturating_sub(AROUND + next.len()).max(1);
    lines.extend(services(picture, now_us, (room, style)));
    lines.extend(next);
    if !picture.has_ended() {
        let goodbye = "Ctrl-C detaches; the deployment goes on";
        lines.push(style.paint(Role::Faint, &cut(goodbye, style.width)));
    }
    lines
}

/// A line of what is next, in as many as it needs.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let (head, text) = line.split_at(NEXT.len().min(line.len()));
    let hung = hang(head, text, Some(width));
    hung.lines().map(str::to_owned).collect()
}

/// The names of the columns, and so many lines of services as there is room for.
fn services(picture: &Progress, now_us: i64, (room, style): (usize, &Style)) -> Vec<String> {
    let width = style.width.saturating_sub(MARGIN.len());
    let clock_us = picture.clock_us(now_us);
    let parts = picture.parts.values();
    let waits = parts.map(|part| waits(part, clock_us, picture.hold()));
    let waits: Vec<String> = waits.collect();
    let beside = grid(picture, now_us, Some(&waits)).fit(Some(width), beside(picture));
    let is_beside = beside.width() <= width;
    let grid = if is_beside {
        beside
    } else {
        without(picture, now_us, width)
    };
    let title = [MARGIN, &grid.header()].concat();
    let mut lines = vec![style.paint(Role::Faint, &cut(&title, style.width))];
    let rows = picture.parts.iter().zip(&waits).enumerate();
    let rows = rows.map(|(at, ((service, part), waits))| {
        let row = row(&grid, (at, part), style);
        let lines = match waits.as_str() {
            "" => vec![row],
            _ if is_beside => vec![row],
            waits => below(row, &grid, waits, width),
        };
        let concern = concern(service, part);
        (concern, part, lines)
    });
    lines.extend(within(rows.collect(), room, style.width));
    lines
}

/// Room for what most wait for, as `for readiness`.
const SHORT_WAIT: usize = 16;

/// The rows alone, with room for a short wait beside them where that costs no column.
fn without(picture: &Progress, now_us: i64, width: usize) -> Grid {
    let room = width.saturating_sub(SHORT_WAIT);
    let rows = || grid(picture, now_us, None);
    let short = rows().fit(Some(room), beside(picture));
    if short.width() <= room {
        short
    } else {
        rows().fit(Some(width), &ALONE)
    }
}

/// A service in its lines.
type Row<'p> = (Concern, &'p Part, Vec<String>);

/// As many services as have room, and how many more there are. By their names where all of them have; else
/// what fails is first, then what moves, what waits and what is done.
fn within(mut rows: Vec<Row<'_>>, room: usize, width: usize) -> Vec<String> {
    let all: usize = rows.iter().map(|(_, _, lines)| lines.len()).sum();
    if all <= room {
        return rows.into_iter().flat_map(|(_, _, lines)| lines).collect();
    }
    rows.sort_by_key(|(concern, _, _)| *concern);
    // The last line says what is not shown.
    let room = room.saturating_sub(1).max(1);
    let mut lines = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while let Some((_, _, row)) = rows.next_if(|(_, _, row)| lines.len() + row.len() <= room) {
        lines.extend(row);
    }
    let hidden: Vec<&Part> = rows.map(|(_, part, _)| part).collect();
    lines.push(cut(&format!("{MARGIN}… {}", more(&hidden)), width));
    lines
}

fn grid(picture: &Progress, now_us: i64, waits: Option<&[String]>) -> Grid {
    let rows = picture
        .parts
        .iter()
        .enumerate()
        .map(|(at, (service, part))| {
            let traffic = if part.listens {
                part.weight.to_string()
            } else {
                "-".to_owned()
            };
            let mut row = vec![
                service.to_string(),
                phase(part.phase).to_owned(),
                clock(now_us - part.since_us),
                format!("{}/{}", part.ready, part.wanted),
                traffic,
                counted(part),
                change(part.from.as_ref(), &part.to),
            ];
            row.extend(waits.and_then(|waits| waits.get(at)).cloned());
            row
        });
    let header = [
        "service", "phase", "age", "ready", "traffic", ERRORS, "version", "",
    ];
    let header = if waits.is_some() {
        &header[..]
    } else {
        &header[..7]
    };
    let grid = Grid::new(header, rows.collect())
        .least("phase", PHASE_WIDTH)
        .least("age", AGE_WIDTH)
        .right(&["age", "ready", "traffic", ERRORS]);
    if picture.parts.values().any(|part| part.counted.is_some()) {
        grid
    } else {
        grid.without(ERRORS)
    }
}

/// The column of what the router counts of the new release.
const ERRORS: &str = "errors";

/// "3 of 1,240": errors and requests; nothing as long as nothing was counted.
fn counted(part: &Part) -> String {
    let tally = part.counted.as_ref();
    tally.map_or_else(String::new, |tally| {
        format!("{} of {}", count(tally.errors), count(tally.requests))
    })
}

/// Characters of the longest phase, and of the age of most: nothing moves when one changes.
const PHASE_WIDTH: usize = 12;
const AGE_WIDTH: usize = 5;

/// A row, and below it what its service waits for where there is no room at its end.
fn below(row: String, grid: &Grid, waits: &str, width: usize) -> Vec<String> {
    if grid.width() + GAP.len() + wide(waits) <= width {
        return vec![[&row, GAP, waits].concat()];
    }
    let told = hang(BELOW, waits, Some(width));
    let told = told.lines().map(|line| cut(line, width));
    [row].into_iter().chain(told).collect()
}

/// Between a row and what is waited for.
const GAP: &str = "  ";

fn head(picture: &Progress, now_us: i64, style: &Style) -> String {
    let what = format!("{} → {}", picture.app, picture.environment);
    let how = if is_proved(picture) {
        "back, the proof runs"
    } else {
        state_of(picture.kind, picture.state)
    };
    let age = clock(now_us - picture.started_us);
    let id = picture.id.as_str();
    let all = |id: &str| [&what, how, &age, id].map(wide).iter().sum::<usize>() + 9;
    // Its beginning is enough for every command.
    let short = id.get(..ID_SHOWN).unwrap_or(id);
    let Some(id) = [id, short].into_iter().find(|id| all(id) <= style.width) else {
        return cut(&format!("{what}   {how}   {age}"), style.width);
    };
    format!(
        "{}   {}   {age}   {}",
        style.paint(Role::Strong, &what),
        style.paint(state_role(picture.state), how),
        style.paint(Role::Faint, id),
    )
}

fn row(grid: &Grid, (at, part): (usize, &Part), style: &Style) -> String {
    let row = grid.row(at, |head, cell| match head {
        "phase" => style.paint(phase_role(part.phase), &cell),
        _ => cell,
    });
    let row = [MARGIN, &row].concat();
    if MARGIN.len() + grid.width() <= style.width {
        return row;
    }
    // Nothing may give way any more: hues are lost with the end.
    let plain = [MARGIN, &grid.row(at, |_, cell| cell)].concat();
    cut(&plain, style.width)
}

/// What the lines of what is next begin with, or as many blanks.
const NEXT: &str = "next: ";

/// What is looked at once everything is back.
const PROOF: &str = "the proof that it is back: nothing comes to what was left any more";

/// Whether all that goes back is back, and only that is looked at.
fn is_proved(picture: &Progress) -> bool {
    let goes_back = match picture.state {
        DeploymentState::Returning => true,
        DeploymentState::Settling => picture.kind == PlanKind::Rollback,
        DeploymentState::Running
        | DeploymentState::Held
        | DeploymentState::Stuck
        | DeploymentState::Ended(_) => false,
    };
    goes_back && picture.is_all_done()
}

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
            lines.extend(by.or(shut).map(|why| format!("held {why}")));
            lines.extend(next_lines(&ways));
            lines
        }
        _ if is_proved(picture) => one(PROOF),
        DeploymentState::Returning => one("everything that must goes back"),
        DeploymentState::Settling if picture.is_all_done() => one("a last look at what came of it"),
        DeploymentState::Settling => one("old slots drain"),
        DeploymentState::Stuck => one(&format!("a person must look: windlass show {}", picture.id)),
        // How it ended follows.
        DeploymentState::Ended(_) => Vec::new(),
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
        let in_time = match left {
            0 => "soon".to_owned(),
            left => format!("in {}", clock(left)),
        };
        return match then {
            Some(step) => format!("{service} goes to {} {in_time}", step.to),
            None => format!("{service} has passed {in_time}"),
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
            RolloutPhase::Starting if part.wanted == 1 => {
                format!("{service} goes on once it is ready")
            }
            RolloutPhase::Starting => {
                format!("{service} goes on once all of {} are ready", part.wanted)
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
          service  phase           age  ready  traffic  version
          api      waiting        0:12    0/1      0 %  1.4.1 → 1.4.2  for auth
          auth     baking         0:10    2/2     25 %  1.4.1 → 1.4.2  0:19 left
        next: auth goes to 100 % in 0:19
        Ctrl-C detaches; the deployment goes on
        ");
    }

    #[test]
    fn a_row_has_the_errors_and_requests_of_the_new_release_within_80_columns() {
        let mut picture = sample::untold();
        for event in sample::good_story().iter().take(6) {
            picture.apply(event);
        }
        let auth = picture.parts.get_mut(&sample::service("auth"));
        auth.expect("a service").counted = Some(windlass_model::Tally {
            requests: 1_240,
            errors: 3,
        });
        let lines = frame(&picture, sample::at(12_500), &Style::plain());
        assert!(lines.iter().all(|line| line.chars().count() <= 80));
        insta::assert_snapshot!(lines.join("\n"), @r"
        shop → production   running   0:12   dep_01k0a
          service  phase         ready  traffic      errors  version
          api      waiting         0/1      0 %              1.4.1 → 1.4.2  for auth
          auth     baking          2/2     25 %  3 of 1,240  1.4.1 → 1.4.2  0:19 left
        next: auth goes to 100 % in 0:19
        Ctrl-C detaches; the deployment goes on
        ");
        // The clock of this terminal has run out, and the watch goes on.
        let late = frame(&picture, sample::at(99_000), &Style::plain());
        insta::assert_snapshot!(late.join("\n"), @r"
        shop → production   running   1:39   dep_01k0a
          service  phase         ready  traffic      errors  version
          api      waiting         0/1      0 %              1.4.1 → 1.4.2  for auth
          auth     baking          2/2     25 %  3 of 1,240  1.4.1 → 1.4.2  not over yet
        next: auth goes to 100 % soon
        Ctrl-C detaches; the deployment goes on
        ");
    }

    #[test]
    fn what_is_held_has_stopped_clocks_and_a_raise_waits_for_the_end_of_a_halt() {
        let mut picture = sample::told(&sample::good_story()[..6]);
        let mut event = sample::held();
        event.at_us = sample::at(12_500);
        picture.apply(&event);
        let row = |picture: &Progress| {
            let lines = frame(picture, sample::at(99_000), &Style::plain());
            lines.into_iter().find(|line| line.starts_with("  auth"))
        };
        insta::assert_snapshot!(row(&picture).expect("a row"), @"  auth     baking         1:36    2/2     25 %  1.4.1 → 1.4.2  0:19 left");
        let auth = picture.parts.get_mut(&sample::service("auth"));
        auth.expect("a service").phase = RolloutPhase::Shifting;
        picture.held_by = Some("halt (mira)".to_owned());
        insta::assert_snapshot!(row(&picture).expect("a row"), @"  auth     shifting       1:36    2/2     25 %  1.4.1 → 1.4.2  for a halt to end");
    }

    #[test]
    fn one_that_has_ended_is_detached_from_by_nobody() {
        let picture = sample::told(&sample::good_story());
        let text = frame(&picture, sample::at(99_000), &Style::plain()).join("\n");
        assert!(picture.has_ended());
        assert!(
            !text.contains("Ctrl-C") && !text.contains("next:"),
            "{text}"
        );
    }

    #[test]
    fn once_all_is_back_the_proof_is_named() {
        let mut picture = sample::untold();
        picture.state = DeploymentState::Returning;
        let said = |picture: &Progress| frame(picture, sample::at(0), &Style::plain()).join("\n");
        assert!(
            said(&picture).contains("   returning   "),
            "{}",
            said(&picture)
        );
        for part in picture.parts.values_mut() {
            part.phase = RolloutPhase::Returned;
        }
        let text = said(&picture);
        assert!(text.contains("   back, the proof runs   "), "{text}");
        assert!(text.contains(PROOF), "{text}");
        picture.state = DeploymentState::Settling;
        assert!(!said(&picture).contains(PROOF));
        picture.kind = PlanKind::Rollback;
        assert!(said(&picture).contains(PROOF));
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
            "next: auth waits for evidence at 25 %: about 2,000 more requests to the new version are needed, 29:00 left"
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
        held by mira
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

    /// The picture in which `api` waits for five services with long names, and versions are digests.
    fn long() -> Progress {
        let mut picture = sample::untold();
        for event in sample::good_story().iter().take(6) {
            picture.apply(event);
        }
        let digest = |text: &str| windlass_model::Version(text.repeat(4));
        for part in picture.parts.values_mut() {
            part.from = Some(digest("3f9a1c2b4d"));
            part.to = digest("9d8e7f6a5b");
        }
        let part = picture.parts.remove(&sample::service("auth")).unwrap();
        let names = [
            "authentication",
            "recommendation",
            "notifications",
            "basket-storage",
        ];
        let names = names.map(|name| sample::service(&format!("{name}-of-the-shop-a")));
        for name in names.clone() {
            picture.parts.insert(name, part.clone());
        }
        let api = picture.parts.get_mut(&sample::service("api")).unwrap();
        api.waits_for = names.to_vec();
        picture
    }

    #[test]
    fn long_names_versions_and_waits_lose_no_meaning() {
        let picture = long();
        for width in [60, 80, 100, 120, 200] {
            let style = Style {
                width,
                ..Style::plain()
            };
            let lines = frame(&picture, sample::at(12_500), &style);
            let text = lines.join("\n");
            assert!(
                lines.iter().all(|line| line.chars().count() <= width),
                "{text}"
            );
            assert!(lines.len() < style.height, "{text}");
            for name in picture.parts.keys() {
                assert!(text.contains(name.as_str()), "{name} at {width}:\n{text}");
            }
            assert_eq!(text.matches("0:19 left").count(), 4, "{text}");
        }
        let style = Style::plain();
        let text = frame(&picture, sample::at(12_500), &style).join("\n");
        insta::assert_snapshot!(text, @r"
        shop → production   running   0:12   dep_01k0a
          service                       phase           age  ready  traffic
          api                           waiting        0:12    0/1      0 %
              for authentication-of-the-shop-a, recommendation-of-the-shop-a,
              notifications-of-the-shop-a, basket-storage-of-the-shop-a
          authentication-of-the-shop-a  baking         0:10    2/2     25 %  0:19 left
          basket-storage-of-the-shop-a  baking         0:10    2/2     25 %  0:19 left
          notifications-of-the-shop-a   baking         0:10    2/2     25 %  0:19 left
          recommendation-of-the-shop-a  baking         0:10    2/2     25 %  0:19 left
        next: authentication-of-the-shop-a goes to 100 % in 0:19
        Ctrl-C detaches; the deployment goes on
        ");
    }

    #[test]
    fn what_has_no_room_is_counted_and_a_command_is_repeated_whole() {
        let mut picture = long();
        picture.apply(&sample::held());
        let style = Style {
            height: 14,
            ..Style::plain()
        };
        let lines = frame(&picture, sample::at(12_500), &style);
        let text = lines.join("\n");
        assert!(lines.len() < style.height, "{text}");
        assert!(text.contains("  … 1 more: 1 waiting"), "{text}");
        assert!(text.contains("windlass promote dep_01k0a "), "{text}");
    }

    #[test]
    fn what_fails_or_moves_has_room_before_what_waits_or_is_done() {
        let mut picture = sample::untold();
        let part = picture.parts.remove(&sample::service("auth")).unwrap();
        picture.parts.clear();
        for (name, phase) in [
            ("aa", RolloutPhase::Passed),
            ("bb", RolloutPhase::Waiting),
            ("cc", RolloutPhase::Passed),
            ("dd", RolloutPhase::Passed),
            ("ee", RolloutPhase::Baking),
            ("ff", RolloutPhase::Waiting),
            ("gg", RolloutPhase::Stuck),
            ("hh", RolloutPhase::Starting),
        ] {
            let part = Part {
                phase,
                ..part.clone()
            };
            picture.parts.insert(sample::service(name), part);
        }
        let rows = |height: usize| {
            let style = Style {
                height,
                ..Style::plain()
            };
            let lines = frame(&picture, sample::at(3_000), &style);
            assert!(lines.len() < height, "{lines:?}");
            let rows = lines.iter().filter_map(|line| line.strip_prefix(MARGIN));
            let rows = rows.skip(1).map(|row| match row.strip_prefix('…') {
                Some(more) => more.trim().to_owned(),
                None => row.chars().take(2).collect(),
            });
            rows.collect::<Vec<String>>().join(" ")
        };
        assert_eq!(rows(13), "aa bb cc dd ee ff gg hh");
        assert_eq!(rows(12), "gg ee hh bb ff aa 2 more: 2 passed");
        assert_eq!(rows(10), "gg ee hh bb 4 more: 1 waiting, 3 passed");
        assert_eq!(rows(8), "gg ee 6 more: 1 starting, 2 waiting, 3 passed");
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
