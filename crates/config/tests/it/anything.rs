//! Whatever bytes come, they are read or refused. Also what `fuzz/` runs.

use windlass_config::{Format, Problem, Request, as_json, load, render_all};

/// The names under which bytes are read, one for each format.
pub(crate) const NAMES: [&str; 3] = ["windlass.yaml", "windlass.toml", "windlass.json"];

/// Reads bytes whose first says the format; what is not UTF-8 in the rest is replaced. May never
/// panic but for a broken promise.
pub(crate) fn parse_anything(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    read_anything(&String::from_utf8_lossy(rest), name);
}

/// Reads bytes as one trigger of a file.
pub(crate) fn trigger_anything(bytes: &[u8]) {
    let sentence = String::from_utf8_lossy(bytes);
    let text = serde_json::json!({
        "app": "a",
        "services": { "web": { "run": "./web", "rollback_on": [sentence] } },
    });
    read_anything(&text.to_string(), NAMES[2]);
}

/// Reads `text` and gives its problems: each in it, where it says, and fit for a terminal.
pub(crate) fn read_anything(text: &str, name: &str) -> Vec<Problem> {
    let request = Request {
        text,
        name,
        environment: None,
        set: &[],
    };
    let (problems, warnings) = match load(&request) {
        Ok(loaded) => (Vec::new(), loaded.warnings),
        Err(refused) => {
            assert!(!refused.problems.is_empty(), "refused for nothing");
            (refused.problems, Vec::new())
        }
    };
    for problem in problems.iter().chain(&warnings) {
        is_in_its_place(problem, text, Format::of(name));
    }
    let told: Vec<Problem> = problems.iter().chain(&warnings).cloned().collect();
    let drawn = render_all(&told, name, text);
    assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()));
    // What it comes to does not matter here.
    drop(as_json(text, Format::of(name)));
    problems
}

fn is_in_its_place(problem: &Problem, text: &str, format: Format) {
    let Some(span) = problem.span else {
        return;
    };
    let marked = text.get(span.offset..span.offset + span.length);
    assert!(marked.is_some(), "{span:?} is not in {text:?}");
    // A lone carriage return ends a line of YAML too.
    let ends: &[char] = match format {
        Format::Yaml => &['\n', '\r'],
        Format::Toml | Format::Json => &['\n'],
    };
    let before = text.get(..span.offset).unwrap_or_default();
    let line = before.replace("\r\n", "\n").matches(ends).count() + 1;
    assert_eq!(
        Some(line),
        usize::try_from(span.line).ok(),
        "{span:?} in {text:?}"
    );
}
