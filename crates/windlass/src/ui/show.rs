//! One deployment, for people.

use windlass_api::{DeploymentView, RolloutView};
use windlass_model::{DeploymentState, Millis, Outcome};

use super::Style;
use super::failure::{ABANDONED, ways_to_repair};
use super::table::table;
use super::time::{of_calendar, took};
use super::words::{change, doing, harmless, listed, not_renamed, phase, reason, state_of, stuck};

/// Where it stands, service by service.
pub(crate) fn show_text(view: &DeploymentView, style: &Style) -> String {
    let mut lines = vec![
        format!("{}  {} in {}", view.id, view.app, view.environment),
        format!("state    {}", state_of(view.kind, view.state)),
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
    }
    if let Some(why) = &view.poisoned {
        lines.push(format!("damaged  {why}"));
    }
    if let Some(saw) = &view.not_renamed {
        lines.push(format!("stuck    {}", not_renamed(saw)));
    }
    lines.extend([String::new(), String::new()]);
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
        notes.extend(all.map(|(name, value)| format!("{name} {value}")));
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
        insta::assert_snapshot!(show_text(&view, &Style::plain()), @r"
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
    fn what_an_abandoned_one_left_is_looked_for_by_doctor() {
        let view = sample::ended(Outcome::Abandoned);
        let text = show_text(&view, &Style::plain());
        let end = "\n\nwhat it left is in no slot, and may run\n\n\
                   next: windlass doctor, then look at: windlass status\n";
        assert!(text.ends_with(end), "{text}");
    }
}
