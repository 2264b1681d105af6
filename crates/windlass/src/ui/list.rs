//! Deployments, newest first, for people.

use windlass_api::DeploymentView;

use super::Style;
use super::table::table;
use super::time::{of_calendar, took};
use super::words::{harmless, listed, state_of};

/// One row a deployment.
pub(crate) fn list_text(deployments: &[DeploymentView], style: &Style) -> String {
    if deployments.is_empty() {
        return "no deployments\n".to_owned();
    }
    let rows = deployments.iter().map(|view| {
        let names: Vec<_> = view.rollouts.keys().collect();
        vec![
            view.id.to_string(),
            format!("{}/{}", view.app, view.environment),
            state_of(view.kind, view.state).to_owned(),
            of_calendar(view.started_us, &style.zone),
            view.ended_us
                .map(|ended| took(ended - view.started_us))
                .unwrap_or_default(),
            harmless(&view.by),
            listed(&names),
        ]
    });
    let header = [
        "DEPLOYMENT",
        "OF",
        "STATE",
        "STARTED",
        "TOOK",
        "BY",
        "SERVICES",
    ];
    // A list that is cut or wrapped is no list: ids are copied from it.
    table(&header, rows.collect(), style.width.max(200))
}

#[cfg(test)]
mod tests {
    use windlass_model::Outcome;

    use super::*;
    use crate::ui::sample;

    #[test]
    fn what_somebody_calls_himself_breaks_no_row() {
        let mut view = sample::deployment("dep_01k0b");
        view.by = "mira\n\u{1b}[2J".to_owned();
        let text = list_text(&[view], &Style::plain());
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_list_is_one_row_a_deployment() {
        let all = [
            sample::deployment("dep_01k0b"),
            sample::ended(Outcome::RolledBack),
        ];
        insta::assert_snapshot!(list_text(&all, &Style::plain()), @r"
        DEPLOYMENT  OF               STATE        STARTED              TOOK   BY    SERVICES
        dep_01k0b   shop/production  running      2026-11-21 14:02:11         mira  api, auth
        dep_01k0a   shop/production  rolled back  2026-11-21 14:02:11  41.2s  mira  api, auth
        ");
    }
}
