//! Defaults, services and environments laid over each other, before anything is decoded, so that
//! every value keeps the place it was written at.

use crate::tree::{Entry, Kind, Node};

/// Keys beside `run` that are short for those of `target.process`.
const OF_PROCESS: [&str; 6] = ["run", "files", "instances", "env", "limits", "stop"];
/// Keys of which one probe has only one.
const QUESTIONS: [&str; 2] = ["http", "tcp"];
/// The key whose list may be added to.
const TRIGGERS: &str = "rollback_on";
/// The key below it that does so.
const ADD: &str = "add";

/// Writes the short forms of a service out, so that it can be laid over another key by key.
pub(crate) fn long_form(service: &Node) -> Node {
    let Kind::Map(entries) = &service.kind else {
        return service.clone();
    };
    let mut long = Vec::new();
    let mut process = Vec::new();
    let mut ready = None;
    for entry in entries {
        if OF_PROCESS.contains(&entry.key.as_str()) {
            process.push(entry.clone());
        } else if entry.key == "ready" {
            ready = Some(entry.clone());
        } else {
            long.push(entry.clone());
        }
    }
    // Beside `target` they are a problem of their own and change nothing.
    if let Some(first) = process
        .first()
        .filter(|_| service.entry("target").is_none())
    {
        let span = first.key_span;
        let process = wrap("process", Node::map_at(span, process), span);
        long.push(Entry {
            key: "target".to_owned(),
            key_span: span,
            value: process,
        });
    }
    let mut long = Node::map_at(service.span, long);
    if let Some(ready) = ready {
        let span = ready.key_span;
        let probe = wrap("http", ready.value, span);
        let probes = wrap("probes", wrap("ready", probe, span), span);
        long = over(&probes, &long);
    }
    long
}

/// `{ key: value }`.
fn wrap(key: &str, value: Node, span: crate::tree::Span) -> Node {
    let entry = Entry {
        key: key.to_owned(),
        key_span: span,
        value,
    };
    Node::map_at(span, vec![entry])
}

/// `top` laid over `base`: maps are joined, everything else replaces what lies below, lists too.
pub(crate) fn over(base: &Node, top: &Node) -> Node {
    joined("", base, top)
}

fn joined(name: &str, base: &Node, top: &Node) -> Node {
    if name == TRIGGERS
        && let Some(added) = top.at(ADD)
    {
        return added_to(base, added);
    }
    let (Kind::Map(below), Kind::Map(above)) = (&base.kind, &top.kind) else {
        return if top.is_null() {
            base.clone()
        } else {
            top.clone()
        };
    };
    let asks = name == "ready"
        && QUESTIONS
            .iter()
            .any(|question| top.entry(question).is_some());
    let hidden = |key: &str| asks && QUESTIONS.contains(&key);
    let mut entries: Vec<Entry> = below
        .iter()
        .filter(|entry| !hidden(&entry.key))
        .cloned()
        .collect();
    for entry in above {
        match entries.iter_mut().find(|earlier| earlier.key == entry.key) {
            // One strategy is never half of another.
            Some(earlier) if entry.key != "strategy" && !entry.value.is_null() => {
                earlier.value = joined(&entry.key, &earlier.value, &entry.value);
                earlier.key_span = entry.key_span;
            }
            Some(earlier) => *earlier = entry.clone(),
            None => entries.push(entry.clone()),
        }
    }
    Node::map_at(top.span, entries)
}

/// `base`, which is a list or says itself what it adds, with the entries of `added` that it has not.
fn added_to(base: &Node, added: &Node) -> Node {
    let below = base.at(ADD);
    let (Kind::List(earlier), Kind::List(later)) = (&below.unwrap_or(base).kind, &added.kind)
    else {
        return base.clone();
    };
    let mut all = earlier.clone();
    for item in later {
        if !all.iter().any(|other| other.says_the_same(item)) {
            all.push(item.clone());
        }
    }
    let list = Node {
        span: added.span,
        kind: Kind::List(all),
    };
    match below {
        Some(_) => wrap(ADD, list, added.span),
        None => list,
    }
}

/// How a process is asked to end is how a command is.
fn of_command(mut entry: Entry) -> Entry {
    if let Some(process) = entry
        .value
        .at("process")
        .cloned()
        .filter(|_| entry.key == "target")
    {
        entry.value = wrap("command", process, entry.key_span);
    }
    entry
}

/// The defaults, in long form, that mean something for `service`.
///
/// A default is for every service, so one that has no meaning for this one is left out instead of
/// refused: a strategy, evidence or traffic policy without `listen`, an overlap with it.
pub(crate) fn defaults_for(defaults: &Node, service: &Node) -> Node {
    let listens = service.entry("listen").is_some();
    let command = service.at("target.command").is_some();
    let fits = |key: &str| match key {
        "strategy" | "analysis" | "sticky" | "traffic" => listens,
        "overlap" => !listens && !command,
        "probes" => !command,
        "target" | "bake" | "drain" | TRIGGERS | "metrics" | "rollback_within" => true,
        _ => false,
    };
    let entries = defaults
        .entries()
        .iter()
        .filter(|entry| fits(&entry.key))
        .cloned()
        .map(|entry| if command { of_command(entry) } else { entry })
        .collect();
    Node::map_at(defaults.span, entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Defaults;
    use crate::field::Keyed as _;
    use crate::parse::parse;
    use crate::schema::json_of;

    fn node(text: &str) -> Node {
        parse(text, crate::Format::Yaml).expect(text).root
    }

    fn merged(base: &str, top: &str) -> String {
        json_of(&over(&long_form(&node(base)), &long_form(&node(top)))).to_string()
    }

    #[test]
    fn every_key_of_the_defaults_reaches_a_service_that_it_means_something_for() {
        for field in Defaults::TABLE.fields {
            let defaults = long_form(&node(&format!("{{ {}: {{ a: b }} }}", field.name)));
            let listens = defaults_for(&defaults, &node("{ run: a, listen: b }"));
            let works = defaults_for(&defaults, &node("{ run: a }"));
            let reaches = !listens.entries().is_empty() || !works.entries().is_empty();
            assert!(reaches || field.name == "stop", "{} is lost", field.name);
        }
    }

    #[test]
    fn short_forms_are_written_out() {
        let long = json_of(&long_form(&node("{ run: a, ready: /r, instances: 2 }"))).to_string();
        assert_eq!(
            long,
            r#"{"probes":{"ready":{"http":"/r"}},"target":{"process":{"instances":2,"run":"a"}}}"#
        );
    }

    #[test]
    fn maps_are_joined_and_lists_replaced() {
        assert_eq!(
            merged(
                "{ env: { A: a, B: b }, needs: [x, y] }",
                "{ env: { B: c }, needs: [z] }"
            ),
            r#"{"needs":["z"],"target":{"process":{"env":{"A":"a","B":"c"}}}}"#
        );
    }

    #[test]
    fn one_question_or_strategy_replaces_the_other() {
        assert_eq!(
            merged(
                "probes: { ready: { http: /a, rise: 3 } }",
                "probes: { ready: { tcp: true } }"
            ),
            r#"{"probes":{"ready":{"rise":3,"tcp":true}}}"#
        );
        assert_eq!(
            merged("strategy: { canary: [{ to: 100 }] }", "strategy: rolling"),
            r#"{"strategy":"rolling"}"#
        );
    }

    #[test]
    fn triggers_replace_what_lies_below_or_are_added_to_it() {
        let below = "rollback_on: [a, b]";
        assert_eq!(
            merged(below, "rollback_on: [c]"),
            r#"{"rollback_on":["c"]}"#
        );
        assert_eq!(merged(below, "rollback_on: []"), r#"{"rollback_on":[]}"#);
        assert_eq!(
            merged(below, "rollback_on: { add: [b, c] }"),
            r#"{"rollback_on":["a","b","c"]}"#
        );
        assert_eq!(
            merged("rollback_on: { add: [a] }", "rollback_on: { add: [b] }"),
            r#"{"rollback_on":{"add":["a","b"]}}"#
        );
    }

    #[test]
    fn a_short_form_overrides_a_long_one() {
        assert_eq!(
            merged(
                "target: { process: { run: a, instances: 1 } }",
                "instances: 3"
            ),
            r#"{"target":{"process":{"instances":3,"run":"a"}}}"#
        );
    }

    #[test]
    fn a_value_keeps_the_place_it_was_written_at() {
        let base = node("bake: 1s");
        let merged = over(&base, &node("\n\nbake: 2s"));
        assert_eq!(merged.at("bake").expect("bake").span.line, 3);
    }
}
