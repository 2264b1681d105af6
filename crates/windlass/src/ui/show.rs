//! One deployment, for people.

use windlass_api::{DeploymentView, RolloutView};
use windlass_model::{DeploymentState, Millis, Outcome};

use super::Style;
use super::failure::{ABANDONED, ways_to_repair};
use super::grounds::grounds;
use super::scored;
use super::table::table;
use super::time::{ago, of_calendar, took};
use super::words::{change, doing, harmless, listed, not_renamed, phase, reason, result, stuck};

/// Where it stands, service by service; of one that has ended, where it stood then.
pub(crate) fn show_text(view: &DeploymentView, now_us: i64, style: &Style) -> String {
    let mut lines = vec![
        format!("{}  {} in {}", view.id, view.app, view.environment),
        format!("state    {}", result(view)),
        format!("plan     {}", super::plan::short(&view.plan)),
        format!(
            "started  {} by {}",
            of_calendar(view.started_us, &style.zone),
            harmless(&view.by)
        ),
    ];
    if let Some(ended) = view.ended_us {
        lines.push(format!(
            "ended    {} after {}",
            of_calendar(ended, &style.zone),
            took(ended - view.started_us)
        ));
        lines.extend(grounds(view));
    }
    if let Some(score) = view.score.as_ref().and_then(scored::around) {
        lines.push(format!("score    {score}"));
    }
    lines.extend(scored::holds(view));
    if let Some(why) = &view.poisoned {
        lines.push(format!("damaged  {}", harmless(why)));
    }
    if let Some(saw) = &view.not_renamed {
        lines.push(format!("stuck    {}", not_renamed(saw)));
    }
    lines.push(String::new());
    if let Some(ended) = view.ended_us {
        let ago = ago(now_us - ended);
        lines.push(format!(
            "as it ended, {ago}; what runs now: windlass status"
        ));
    }
    lines.push(String::new());
    let rows = view.rollouts.iter().map(|(service, part)| {
        vec![
            service.to_string(),
            phase(part.phase).to_owned(),
            change(part.from.as_ref(), &part.to),
            part.weight.to_string(),
            format!("{}/{}", part.ready, part.wanted),
            note(part),
        ]
    });
    let header = ["SERVICE", "PHASE", "VERSION", "TRAFFIC", "READY", "NOTE"];
    let mut text = lines.join("\n");
    text.push_str(&table(&header, rows.collect(), style.width));
    let next = match view.state {
        DeploymentState::Held if !scored::holds(view).is_empty() => scored::next(&view.id),
        DeploymentState::Held => format!("windlass resume {}", view.id),
        DeploymentState::Running | DeploymentState::Returning | DeploymentState::Settling => {
            format!("windlass events {} --follow", view.id)
        }
        DeploymentState::Stuck => {
            format!("windlass repair {} {}", view.id, ways_to_repair(view))
        }
        DeploymentState::Ended(Outcome::Abandoned) => {
            text.push_str("\nwhat it left is in no slot, and may run\n");
            ABANDONED.to_owned()
        }
        DeploymentState::Ended(
            Outcome::Promoted | Outcome::PartlyPromoted | Outcome::RolledBack | Outcome::Failed,
        ) => format!("windlass events {}", view.id),
    };
    text.push_str("\nnext: ");
    text.push_str(&next);
    text.push('\n');
    text
}

fn note(part: &RolloutView) -> String {
    let mut notes = Vec::new();
    if !part.waits_for.is_empty() {
        notes.push(format!("waits for {}", listed(&part.waits_for)));
    }
    if let Some(left) = part.remaining_ms {
        notes.push(format!("{} left", Millis::from_millis(left)));
    }
    if let Some(said) = &part.reported {
        notes.extend(doing(said.phase.as_deref(), said.progress));
        let all = said.metrics.iter();
        notes.extend(all.map(|(name, value)| format!("{} {value}", harmless(name))));
    }
    if let Some(why) = &part.returned_because {
        notes.push(reason(why));
    }
    if let Some(why) = &part.stuck_because {
        notes.push(stuck(why));
    }
    notes.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_deployment_is_shown_service_by_service() {
        let view = sample::deployment("dep_01k0a");
        insta::assert_snapshot!(show_text(&view, 0, &Style::plain()), @r"
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
    fn one_that_has_ended_is_shown_as_it_ended_and_how_long_ago() {
        let view = sample::ended(Outcome::Promoted);
        let now = view.ended_us.expect("it has ended") + 12 * 60_000_000;
        insta::assert_snapshot!(show_text(&view, now, &Style::plain()), @r"
        dep_01k0a  shop in production
        state    promoted
        plan     9f3cab1234
        started  2026-11-21 14:02:11 by mira
        ended    2026-11-21 14:02:52 after 41.2s
        judged on 0 requests: nothing but start and readiness was checked

        as it ended, 12 min ago; what runs now: windlass status
        SERVICE  PHASE  VERSION        TRAFFIC  READY  NOTE
        api      done   1.4.1 → 1.4.2  100 %    1/1
        auth     done   1.4.1 → 1.4.2  100 %    2/2

        next: windlass events dep_01k0a
        ");
    }

    #[test]
    fn what_an_abandoned_one_left_is_looked_for_by_doctor() {
        let view = sample::ended(Outcome::Abandoned);
        let text = show_text(&view, 0, &Style::plain());
        let end = "\n\nwhat it left is in no slot, and may run\n\n\
                   next: windlass doctor, then look at: windlass status\n";
        assert!(text.ends_with(end), "{text}");
    }
}
