//! What runs where, for people.

use windlass_api::{EnvironmentView, ServiceView, SlotView};

use super::Style;
use super::table::table;
use super::words::listed;

/// One block per environment.
pub(crate) fn status_text(environments: &[EnvironmentView], style: &Style) -> String {
    if environments.is_empty() {
        return "nothing is deployed\n".to_owned();
    }
    let blocks: Vec<String> = environments
        .iter()
        .map(|environment| block(environment, style))
        .collect();
    blocks.join("\n")
}

fn block(view: &EnvironmentView, style: &Style) -> String {
    let mut text = format!(
        "{} in {}, revision {}, from {}\n",
        view.app, view.environment, view.revision, view.folder
    );
    if let Some(id) = &view.deployment {
        text.push_str("running: ");
        text.push_str(id.as_str());
        text.push('\n');
    }
    let rows: Vec<Vec<String>> = view
        .services
        .iter()
        .flat_map(|(name, service)| rows(name.as_str(), service))
        .collect();
    if rows.is_empty() {
        text.push_str("nothing runs\n");
        return text;
    }
    let header = [
        "SERVICE",
        "ROLE",
        "VERSION",
        "SLOT",
        "TRAFFIC",
        "INSTANCES",
        "LISTEN",
    ];
    text.push_str(&table(&header, rows, style.width));
    text
}

fn rows(name: &str, service: &ServiceView) -> Vec<Vec<String>> {
    let roles = [
        ("stable", &service.stable),
        ("candidate", &service.candidate),
        ("standby", &service.standby),
    ];
    let slots: Vec<_> = roles
        .into_iter()
        .filter_map(|(role, slot)| Some((role, slot.as_ref()?)))
        .collect();
    if slots.is_empty() {
        let empty = |text: &str| text.to_owned();
        return vec![vec![
            empty(name),
            empty("-"),
            empty("-"),
            empty("-"),
            empty("-"),
            empty("none"),
            listed(&service.listen),
        ]];
    }
    let mut rows = Vec::new();
    for (index, (role, slot)) in slots.into_iter().enumerate() {
        let first = index == 0;
        rows.push(vec![
            if first {
                name.to_owned()
            } else {
                String::new()
            },
            role.to_owned(),
            slot.version.to_string(),
            format!("{} {}", slot.slot, slot.label),
            traffic(slot, service.listen.is_empty()),
            instances(slot),
            if first {
                listed(&service.listen)
            } else {
                String::new()
            },
        ]);
    }
    rows
}

fn traffic(slot: &SlotView, unserved: bool) -> String {
    match (slot.weight, slot.in_flight) {
        _ if unserved => "-".to_owned(),
        (None, _) => "unknown".to_owned(),
        (Some(weight), Some(open)) if open > 0 => format!("{weight}, {open} open"),
        (Some(weight), _) => weight.to_string(),
    }
}

/// `2/2 running`, or each state that is not *running* with its count.
fn instances(slot: &SlotView) -> String {
    let all = slot.instances.len();
    let running = slot
        .instances
        .iter()
        .filter(|one| one.state == "running")
        .count();
    let mut text = format!("{running}/{all} running");
    let mut others: Vec<&str> = slot
        .instances
        .iter()
        .map(|one| one.state.as_str())
        .filter(|state| *state != "running")
        .collect();
    others.sort_unstable();
    others.dedup();
    for state in others {
        text.push_str(", ");
        text.push_str(state);
    }
    let restarts: u32 = slot
        .instances
        .iter()
        .fold(0, |sum, one| sum.saturating_add(one.restarts));
    if restarts > 0 {
        text.push_str(", restarts ");
        text.push_str(&restarts.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn status_is_one_row_a_slot() {
        let environments = [sample::environment()];
        insta::assert_snapshot!(status_text(&environments, &Style::plain()), @r"
        shop in production, revision 4, from /srv/shop
        SERVICE  ROLE     VERSION  SLOT     TRAFFIC  INSTANCES     LISTEN
        api      stable   1.4.2    1 blue   100 %    1/1 running   127.0.0.1:8081
        auth     stable   1.4.2    2 green  100 %    1/2 running,  127.0.0.1:8082
                                                     exited 1
                 standby  1.4.1    1 blue   0 %      1/1 running
        worker   stable   7        4 blue   -        1/1 running
        ");
    }

    #[test]
    fn nothing_deployed_is_said() {
        assert_eq!(status_text(&[], &Style::plain()), "nothing is deployed\n");
    }
}
