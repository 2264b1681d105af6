//! What is left at the end of a deployment, and how two ends differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::sweep::lab::Lab;

/// The roles of slots, as `windlass status` names them.
const ROLES: [&str; 3] = ["stable", "candidate", "standby"];

/// One end, in sentences that are the same in every run: no ids, ports or times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen(BTreeMap<String, String>);

impl Seen {
    /// Looks at a lab.
    pub(super) fn of(lab: &Lab) -> anyhow::Result<Self> {
        let status = lab.json(&["status"])?;
        let list = lab.json(&["list"])?;
        let starts = lab.starts()?;
        let running = lab.instance_ports()?;
        Ok(Self::from(&status, &list, &starts, &running))
    }

    fn from(status: &Value, list: &Value, starts: &[String], running: &[String]) -> Self {
        let mut seen = BTreeMap::new();
        let mut named = BTreeSet::new();
        for environment in items(status) {
            let open = text(&environment["deployment"]);
            seen.insert("deployment under way".to_owned(), presence(&open));
            for (service, view) in entries(&environment["services"]) {
                for role in ROLES {
                    seen.insert(format!("{service} {role}"), slot(&view[role], &mut named));
                }
            }
        }
        let outcomes = items(list).iter().map(|deployment| {
            format!(
                "{} {}",
                text(&deployment["state"]),
                text(&deployment["outcome"])
            )
        });
        seen.insert("deployments".to_owned(), join(outcomes));
        for (who, count) in counted(starts) {
            seen.insert(format!("starts of {who}"), count.to_string());
        }
        let running: BTreeSet<String> = running.iter().cloned().collect();
        let strangers = running.difference(&named).count();
        let absent = named.difference(&running).count();
        seen.insert(
            "instances that no slot names".to_owned(),
            strangers.to_string(),
        );
        seen.insert(
            "named instances that don't run".to_owned(),
            absent.to_string(),
        );
        Self(seen)
    }

    /// What is otherwise than in `expected`, one sentence each.
    pub(super) fn differences(&self, expected: &Self) -> Vec<String> {
        let keys: BTreeSet<&String> = self.0.keys().chain(expected.0.keys()).collect();
        let nothing = "nothing".to_owned();
        keys.into_iter()
            .filter(|key| self.0.get(*key) != expected.0.get(*key))
            .map(|key| {
                let now = self.0.get(key).unwrap_or(&nothing);
                let then = expected.0.get(key).unwrap_or(&nothing);
                format!("{key}: {now}, without the kill {then}")
            })
            .collect()
    }
}

/// Starts of the same service and version that used the same port: one instance started twice.
pub(super) fn started_twice(starts: &[String]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let twice = starts.iter().filter(|line| !known.insert(line.as_str()));
    twice.cloned().collect()
}

/// How often each service and version was started: a line is `service version port`.
fn counted(starts: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for line in starts {
        let who = line.rsplit_once(' ').map_or(line.as_str(), |(who, _)| who);
        *counts.entry(who).or_default() += 1;
    }
    counts
}

/// A slot in one sentence; the ports of its instances go to `named`.
fn slot(view: &Value, named: &mut BTreeSet<String>) -> String {
    if view.is_null() {
        return "none".to_owned();
    }
    let instances = items(&view["instances"]);
    for instance in instances {
        let address = text(&instance["address"]);
        if let Some((_, port)) = address.rsplit_once(':') {
            named.insert(port.to_owned());
        }
    }
    let states = instances.iter().map(|instance| {
        let (state, restarts) = (text(&instance["state"]), text(&instance["restarts"]));
        format!("{state} after {restarts} restarts")
    });
    format!(
        "{} {} at {} %: {}",
        text(&view["version"]),
        text(&view["label"]),
        text(&view["weight"]),
        join(states)
    )
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A value as a person would write it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

fn presence(text: &str) -> String {
    let word = if text == "null" { "none" } else { "one" };
    word.to_owned()
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(version: &str, port: &str, running: &[&str]) -> Seen {
        let instance = json!({"id": "ins_1", "address": format!("127.0.0.1:{port}"),
            "state": "running", "restarts": 0});
        let status = json!([{"deployment": null, "services": {"web": {
            "stable": {"version": version, "label": "blue", "weight": 100, "slot": 4,
                "instances": [instance]},
            "candidate": null, "standby": null}}}]);
        let list = json!([{"id": "dep_1", "state": "ended", "outcome": "promoted"}]);
        let starts = [format!("web {version} {port}")];
        let running: Vec<String> = running.iter().map(|port| (*port).to_owned()).collect();
        Seen::from(&status, &list, &starts, &running)
    }

    #[test]
    fn ports_make_no_difference() {
        let differences = seen("3", "1", &["1"]).differences(&seen("3", "2", &["2"]));
        assert!(differences.is_empty(), "{differences:?}");
    }

    #[test]
    fn another_version_is_a_difference_in_slot_and_starts() {
        let differences = seen("2", "1", &["1"]).differences(&seen("3", "1", &["1"]));
        assert_eq!(differences.len(), 3, "{differences:?}");
        let slot = "web stable: 2 blue at 100 %: running after 0 restarts, without the kill 3";
        assert!(differences[2].starts_with(slot), "{differences:?}");
    }

    #[test]
    fn an_instance_that_no_slot_names_and_one_that_does_not_run_are_differences() {
        let good = seen("3", "1", &["1"]);
        let stranger = seen("3", "1", &["1", "9"]).differences(&good);
        assert_eq!(
            stranger,
            ["instances that no slot names: 1, without the kill 0"]
        );
        let dead = seen("3", "1", &[]).differences(&good);
        assert_eq!(
            dead,
            ["named instances that don't run: 1, without the kill 0"]
        );
    }

    #[test]
    fn the_same_instance_is_not_started_twice() {
        let lines = ["web 3 1", "web 3 2", "web 3 1"].map(str::to_owned);
        assert_eq!(started_twice(&lines), ["web 3 1"]);
    }
}
