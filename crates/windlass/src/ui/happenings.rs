//! What happened outside of deployments, for people.

use jiff::tz::TimeZone;
use windlass_api::{HappeningView, RestartsView};
use windlass_model::{DeploymentId, Happened, InstanceEnd, ServiceName};

use super::time::{ago, of_calendar, took};
use super::words::{harmless, instance_end, listed, signed};
use super::{Role, Style};

/// What the object of a happening is called among those of other commands.
pub(crate) const HAPPENING: &str = "happening";

/// The command that tells of all of them.
pub(crate) const OUTSIDE: &str = "windlass events --outside";

/// In the order of the times that they show, which is not that of their numbers: what a controller finds
/// is older than what it has seen already.
pub(crate) fn happenings_text(newest_first: &[HappeningView], style: &Style) -> String {
    if newest_first.is_empty() {
        return "nothing has happened outside of deployments\n".to_owned();
    }
    let lines = by_time(newest_first).into_iter();
    let lines = lines.flat_map(|happening| happening_lines(happening, style));
    lines.map(|line| line + "\n").collect()
}

/// Oldest first, by the time that is shown of each.
pub(crate) fn by_time(newest_first: &[HappeningView]) -> Vec<&HappeningView> {
    let mut all: Vec<&HappeningView> = newest_first.iter().rev().collect();
    all.sort_by_key(|happening| happening.at_us);
    all
}

/// A line that says when, where and what, and one for each last line of what has ended.
pub(crate) fn happening_lines(happening: &HappeningView, style: &Style) -> Vec<String> {
    let at = of_calendar(happening.at_us, &style.zone);
    let since = of_calendar(happening.first_us, &style.zone);
    let times = match happening.count {
        0 | 1 => String::new(),
        count => format!(", {count} times, the first at {since}"),
    };
    let found = match happening.found_us {
        Some(_) if !is_late(happening) => ", found when a controller started",
        Some(_) | None => "",
    };
    let told = [&at, "  ", &words(happening, &style.zone), &times, found].concat();
    let mut lines = vec![if happening.what.is_trouble() {
        style.paint(Role::Warn, &told)
    } else {
        told
    }];
    if let Happened::InstanceEnded { last_lines, .. } = &happening.what {
        if !last_lines.is_empty() {
            lines.push("    it printed last:".to_owned());
        }
        let printed = last_lines.iter();
        lines.extend(printed.map(|line| format!("      {}", harmless(line))));
    }
    lines
}

/// Whether nobody saw when it became ready: a router that began since then tells nothing of the time before.
fn is_late(happening: &HappeningView) -> bool {
    let is_ready = matches!(happening.what, Happened::InstanceReadyAgain { .. });
    is_ready && happening.found_us == Some(happening.at_us)
}

fn words(happening: &HappeningView, zone: &TimeZone) -> String {
    let place = place(happening);
    let signed = |by: &str, why: &Option<String>| signed(by, why.as_deref());
    match &happening.what {
        Happened::InstanceNotStarted { why } => format!("{place} {}", not_started(why)),
        Happened::InstanceEnded { end, .. } => format!("{place} {}", ended(end)),
        Happened::InstanceUnready { saw } => format!(
            "{place} answers its readiness probe no more (last seen: {})",
            harmless(saw)
        ),
        Happened::InstanceReadyAgain { since_us } => {
            format!("{place} {}", ready_again(happening, *since_us))
        }
        Happened::RouterRestarted { end } => format!(
            "the router {}; it was started again, from the same table",
            instance_end(end)
        ),
        Happened::RouterNotStarted { why } => {
            format!("the router is gone and {}", not_started(why))
        }
        Happened::RouterReplaced => {
            "another router answers: it was upgraded, or somebody else started it".to_owned()
        }
        Happened::ControllerStarted {
            after_death,
            last_seen_us,
        } => started((*after_death, *last_seen_us), zone),
        Happened::ControllerEnded => "the controller ended, as it should".to_owned(),
        Happened::TakenDown {
            app,
            environment,
            services,
            stuck,
            by,
            why,
        } => {
            let what = format!("{app} in {environment} was taken down");
            let all = all_ended(services, stuck.as_ref());
            done((&what, all), &signed(by, why))
        }
        Happened::Finalized {
            deployment,
            app,
            environment,
            services,
            by,
            why,
        } => {
            let what = format!("what {deployment} had left of {app} in {environment} was dropped");
            done((&what, all_ended(services, None)), &signed(by, why))
        }
        Happened::GivenUp {
            deployment,
            by,
            why,
        } => format!(
            "{deployment}, whose journal is damaged, was let go of by {}",
            signed(by, why)
        ),
        Happened::Adopted { by, why } => format!(
            "what runs was written down as stable by {}: the journal was older",
            signed(by, why)
        ),
        Happened::Halted { by, why } => {
            format!("every raise was halted by {}", signed(by, why))
        }
        Happened::HaltLifted { by, why } => {
            format!("the halt was lifted by {}", signed(by, why))
        }
    }
}

fn ended(end: &InstanceEnd) -> String {
    match end {
        InstanceEnd::NotStarted(why) => not_started(why),
        end => format!("{}; it is started again", instance_end(end)),
    }
}

fn not_started(why: &str) -> String {
    let why = harmless(why);
    format!("could not be started again: {why}; it is tried further")
}

fn ready_again(happening: &HappeningView, since_us: i64) -> String {
    let after = took(happening.at_us.saturating_sub(since_us));
    let most = if is_late(happening) { "at most " } else { "" };
    format!("is ready again after {most}{after}")
}

/// The services that ended, and the deployment that did so with them.
fn all_ended(services: &[ServiceName], stuck: Option<&DeploymentId>) -> Vec<String> {
    let with = stuck.map(|id| format!("{id}, which was stuck"));
    let services = services.iter().map(ToString::to_string);
    services.chain(with).collect()
}

/// What was done to these, and who did it.
fn done((what, ended): (&str, Vec<String>), by: &str) -> String {
    format!("{what} by {by}: {}", listed(&ended))
}

/// The row is dated by when that was seen: nobody saw when the one before it died.
fn started((after_death, last_seen_us): (bool, Option<i64>), zone: &TimeZone) -> String {
    if !after_death {
        return "a controller started".to_owned();
    }
    let when = match last_seen_us {
        Some(at_us) => format!("it was last seen alive at {}", of_calendar(at_us, zone)),
        None => "nothing tells when".to_owned(),
    };
    format!("the controller had died, seen when this one started; {when}")
}

fn place(happening: &HappeningView) -> String {
    let instance = happening.instance.as_ref();
    let instance = instance.map(ToString::to_string).unwrap_or_default();
    match (&happening.app, &happening.environment, &happening.service) {
        (Some(app), Some(environment), Some(service)) => {
            format!("{service} of {app} in {environment}: instance {instance}")
        }
        _ => format!("instance {instance}"),
    }
}

/// `started again 2 times in the last 24 hours, last 3m ago (was killed by signal 9)`.
pub(crate) fn restarts(view: &RestartsView, now_us: i64) -> String {
    let times = match (view.count, view.since_us) {
        (1, _) => "once".to_owned(),
        (count, None) => format!("{count} times in the last 24 hours"),
        (count, Some(since)) => {
            let over = took(now_us.saturating_sub(since));
            format!("{count} times in the last {over}")
        }
    };
    let last = ago(now_us.saturating_sub(view.last_us));
    format!(
        "started again {times}, last {last} ({})",
        instance_end(&view.end)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn each_says_when_where_what_and_how_often_and_the_newest_is_last() {
        let mut all = sample::happenings();
        let text = happenings_text(&all, &Style::plain());
        insta::assert_snapshot!(text, @r"
        2026-11-21 14:02:12  the controller ended, as it should
        2026-11-21 14:02:13  the controller had died, seen when this one started; it was last seen alive at 2026-11-21 14:02:11
        2026-11-21 14:02:14  another router answers: it was upgraded, or somebody else started it
        2026-11-21 14:02:15  the router is gone and could not be started again: the address 127.0.0.1:20001 is taken; it is tried further
        2026-11-21 14:02:16  api of shop in production: instance ins_2a could not be started again: the address 127.0.0.1:20001 is taken; it is tried further, 3 times, the first at 2026-11-21 14:02:11, found when a controller started
        2026-11-21 14:02:17  api of shop in production: instance ins_2a exited with status 1; it is started again, 3 times, the first at 2026-11-21 14:02:11, found when a controller started
            it printed last:
              no connection to the database
        2026-11-21 14:02:18  api of shop in production: instance ins_2a answers its readiness probe no more (last seen: no answer in 2s), 3 times, the first at 2026-11-21 14:02:11, found when a controller started
        2026-11-21 14:02:19  api of shop in production: instance ins_2a is ready again after 7.0s, 3 times, the first at 2026-11-21 14:02:11, found when a controller started
        2026-11-21 14:02:20  the router was killed by signal 9; it was started again, from the same table
        2026-11-21 14:02:21  a controller started
        2026-11-21 14:02:22  shop in production was taken down by jo (moves house): api
        2026-11-21 14:02:23  every raise was halted by jo
        2026-11-21 14:02:24  the halt was lifted by mira
        2026-11-21 14:02:25  what dep_01k0a had left of shop in production was dropped by mira (frees memory): api
        2026-11-21 14:02:26  dep_01k0a, whose journal is damaged, was let go of by mira
        2026-11-21 14:02:27  what runs was written down as stable by jo (restored a backup): the journal was older
        ");
        all.clear();
        let nothing = "nothing has happened outside of deployments\n";
        assert_eq!(happenings_text(&all, &Style::plain()), nothing);
    }

    #[test]
    fn restarts_are_told_with_the_last_one() {
        let view = RestartsView {
            count: 2,
            last_us: sample::at(0),
            end: InstanceEnd::Killed(9),
            since_us: None,
        };
        let told = restarts(&view, sample::at(180_000));
        let said =
            "started again 2 times in the last 24 hours, last 3m ago (was killed by signal 9)";
        assert_eq!(told, said);
        let two_days_us = 2 * 24 * 3_600_000_000;
        let since_us = Some(sample::at(180_000) - two_days_us);
        let long = RestartsView { since_us, ..view };
        let told = restarts(&long, sample::at(180_000));
        assert!(told.contains("2 times in the last 2d, last"), "{told}");
    }
}
