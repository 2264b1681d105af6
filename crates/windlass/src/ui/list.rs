//! Deployments, newest first, for people.

use std::collections::BTreeMap;

use windlass_api::DeploymentView;
use windlass_model::{ServiceName, Version};

use super::Style;
use super::grid::{Ease, Grid};
use super::time::{in_year, of_calendar, took};
use super::words::{change, harmless, in_list, listed};

/// Shortest beginning of an id that stands for it: what begins alike was begun within a quarter of a
/// second.
pub(crate) const ID_SHOWN: usize = 12;

/// One row a deployment. Where it must fit into so many columns and does not, ids are shown by a beginning that is
/// enough for every command, what is alike in all is left out, then what matters least, and what went where goes on
/// below.
pub(crate) fn list_text(
    deployments: &[DeploymentView],
    fits: Option<usize>,
    style: &Style,
) -> String {
    if deployments.is_empty() {
        return "no deployments\n".to_owned();
    }
    let whole = Grid::new(&HEADER, rows(deployments, style));
    match fits {
        Some(width) if whole.width() > width => narrow(deployments, width, style),
        Some(_) | None => whole.text(None),
    }
}

const HEADER: [&str; 7] = [
    "DEPLOYMENT",
    "OF",
    "STATE",
    "STARTED",
    "TOOK",
    "BY",
    "CHANGES",
];

/// What gives way, least important first: `windlass show` tells it too.
const EASES: [Ease; 10] = [
    Ease::Drop("TOOK"),
    Ease::Drop("BY"),
    Ease::Wrap("CHANGES"),
    Ease::Clip("OF", PART),
    Ease::Wrap("STATE"),
    Ease::Shorten("CHANGES", SHORTEST),
    Ease::Clip("CHANGES", PART),
    Ease::Drop("STARTED"),
    Ease::Drop("CHANGES"),
    Ease::Drop("OF"),
];

/// Columns of an application, an environment, or a side of a change at the least.
const PART: usize = 8;

/// Columns of a change at the least.
const SHORTEST: usize = 12;

fn rows(deployments: &[DeploymentView], style: &Style) -> Vec<Vec<String>> {
    let rows = deployments.iter().map(|view| {
        vec![
            view.id.to_string(),
            place(view),
            in_list(view).to_owned(),
            of_calendar(view.started_us, &style.zone),
            view.ended_us
                .map(|ended| took(ended - view.started_us))
                .unwrap_or_default(),
            harmless(&view.by),
            changes(view),
        ]
    });
    rows.collect()
}

fn narrow(deployments: &[DeploymentView], width: usize, style: &Style) -> String {
    let shown = shown(deployments);
    let mut rows = rows(deployments, style);
    let differ = |part: fn(&DeploymentView) -> &str| {
        let mut parts = deployments.windows(2);
        parts.any(|pair| matches!(pair, [one, other] if part(one) != part(other)))
    };
    let apps = differ(|view| view.app.as_str());
    let environments = differ(|view| view.environment.as_str());
    for (row, view) in rows.iter_mut().zip(deployments) {
        let [id, of, _, started, ..] = row.as_mut_slice() else {
            continue;
        };
        id.truncate(shown);
        *of = match (apps, environments) {
            (true, true) => place(view),
            (true, false) => view.app.to_string(),
            (false, _) => view.environment.to_string(),
        };
        *started = in_year(view.started_us, &style.zone);
    }
    let grid = Grid::new(&HEADER, rows);
    let grid = if apps || environments {
        grid
    } else {
        grid.without("OF")
    };
    grid.fit(Some(width), &EASES).text(Some(width))
}

/// So many characters of each id that no two of the list begin alike.
fn shown(deployments: &[DeploymentView]) -> usize {
    let mut ids: Vec<&str> = deployments.iter().map(|view| view.id.as_str()).collect();
    ids.sort_unstable();
    let alike = ids.windows(2).map(|pair| match pair {
        [one, other] => {
            let both = one.bytes().zip(other.bytes());
            both.take_while(|(a, b)| a == b).count()
        }
        _ => 0,
    });
    ID_SHOWN.max(alike.max().unwrap_or(0) + 1)
}

fn place(view: &DeploymentView) -> String {
    format!("{}/{}", view.app, view.environment)
}

/// What went from which version to which; services that went the same way are told together.
fn changes(view: &DeploymentView) -> String {
    let mut ways: BTreeMap<(Option<&Version>, &Version), Vec<&ServiceName>> = BTreeMap::new();
    for (service, part) in &view.rollouts {
        let way = (part.from.as_ref(), &part.to);
        ways.entry(way).or_default().push(service);
    }
    let mut told: Vec<_> = ways.into_iter().map(|(way, names)| (names, way)).collect();
    told.sort_unstable();
    let told = told.into_iter();
    let told = told.map(|(names, (from, to))| format!("{} {}", listed(&names), change(from, to)));
    told.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use windlass_api::{SaidView, Word};
    use windlass_model::{Outcome, ReturnReason};

    use super::*;
    use crate::ui::sample;
    use crate::ui::words::result;

    #[test]
    fn what_somebody_calls_himself_breaks_no_row() {
        let mut view = sample::deployment("dep_01k0b");
        view.by = "mira\n\u{1b}[2J".to_owned();
        let text = list_text(&[view], None, &Style::plain());
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_list_tells_what_somebody_stopped_from_what_went_back_by_itself() {
        let mut view = sample::ended(Outcome::RolledBack);
        assert_eq!(in_list(&view), "rolled back");
        for part in view.rollouts.values_mut() {
            let by = "mira".to_owned();
            part.returned_because = Some(ReturnReason::Aborted { by });
        }
        assert_eq!(in_list(&view), "aborted");
        view.said.push(SaidView {
            by: "jo".to_owned(),
            at_us: sample::at(0),
            word: Word::DeclaredDone,
        });
        assert_eq!(in_list(&view), "declared done");
        let told = result(&view);
        assert_eq!(told, "rolled back: jo declared it done by hand");
    }

    #[test]
    fn a_list_is_one_row_a_deployment_with_what_went_where() {
        let mut all = [
            sample::deployment("dep_01k0b"),
            sample::ended(Outcome::RolledBack),
        ];
        let [first, _] = &mut all;
        let auth = first.rollouts.get_mut(&sample::service("auth"));
        auth.expect("a service").from = None;
        insta::assert_snapshot!(list_text(&all, None, &Style::plain()), @r"
        DEPLOYMENT  OF               STATE        STARTED              TOOK   BY    CHANGES
        dep_01k0b   shop/production  running      2026-11-21 14:02:11         mira  api 1.4.1 → 1.4.2; auth → 1.4.2
        dep_01k0a   shop/production  rolled back  2026-11-21 14:02:11  41.2s  mira  api, auth 1.4.1 → 1.4.2
        ");
    }

    #[test]
    fn where_a_person_reads_it_no_row_is_wider_than_the_terminal() {
        let mut all = [
            sample::deployment("dep_01k0b7fq2m8x5n3v9c4t6w0e1a"),
            sample::deployment("dep_01k0b7fq2m8x5n3v9c4t6w0e1b"),
            sample::ended(Outcome::Promoted),
        ];
        let said = |all: &[DeploymentView]| list_text(all, Some(80), &Style::plain());
        let [one, other, _] = &mut all;
        one.kind = windlass_model::PlanKind::Rollback;
        one.state = windlass_model::DeploymentState::Ended(Outcome::Promoted);
        other.id = sample::deployment("dep_01k0b7fq2m9x").id;
        insta::assert_snapshot!(said(&all), @r"
        DEPLOYMENT       STATE                STARTED      BY    CHANGES
        dep_01k0b7fq2m8  rolled back by hand  11-21 14:02  mira  api, auth 1.4.1 → 1.4.2
        dep_01k0b7fq2m9  running              11-21 14:02  mira  api, auth 1.4.1 → 1.4.2
        dep_01k0a        promoted             11-21 14:02  mira  api, auth 1.4.1 → 1.4.2
        ");
        let [_, other, _] = &mut all;
        other.app = windlass_model::AppName::new("blog").unwrap();
        let part = other.rollouts.get_mut(&sample::service("auth"));
        part.expect("a service").to = Version("a-very-long-name-for-a-version".to_owned());
        insta::assert_snapshot!(said(&all), @r"
        DEPLOYMENT       OF    STATE        STARTED      CHANGES
        dep_01k0b7fq2m8  shop  rolled back  11-21 14:02  api, auth 1.4.1 → 1.4.2
                               by hand
        dep_01k0b7fq2m9  blog  running      11-21 14:02  api 1.4.1 → 1.4.2; auth 1.4.1 →
                                                         a-very-long-name-for-a-version
        dep_01k0a        shop  promoted     11-21 14:02  api, auth 1.4.1 → 1.4.2
        ");
    }

    #[test]
    fn however_long_the_names_are_how_each_stands_is_in_sight() {
        let named = |app: &str, environment: &str| {
            let mut view = sample::ended(Outcome::RolledBack);
            view.app = windlass_model::AppName::new(app).expect("a name");
            view.environment = windlass_model::EnvironmentName::new(environment).expect("a name");
            let long = sample::service("database-migration-runner-with-a-name");
            let part = view.rollouts.values().next().cloned();
            view.rollouts.insert(long, part.expect("a service"));
            view
        };
        let long = "customer-relationship-management-of-the-north";
        let all = [
            named(long, "production-europe-west-4"),
            named(long, "production-europe-west-5"),
            named("shop", "staging"),
        ];
        for width in [40, 60, 80, 120] {
            let text = list_text(&all, Some(width), &Style::plain());
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {text}");
            }
            assert_eq!(text.matches("rolled").count(), 3, "{width}: {text}");
        }
        let text = list_text(&all, Some(80), &Style::plain());
        let marked = text.lines().filter(|line| line.contains("…/product"));
        assert_eq!(marked.count(), 2, "{text}");
        assert!(text.contains("  shop/staging "), "{text}");
        assert!(
            text.contains("STARTED") && text.contains(" → 1.4.2"),
            "{text}"
        );
    }

    #[test]
    fn what_a_person_took_past_something_is_not_listed_as_the_others() {
        let mut view = sample::ended(Outcome::Promoted);
        view.by_hand = true;
        let text = list_text(&[view], None, &Style::plain());
        assert!(text.contains("  promoted by hand  "), "{text}");
    }
}
