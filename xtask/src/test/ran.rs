//! Which tests ran, read from what the runner reports.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One test that ran, whatever its outcome.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ran {
    /// The test binary: `package`, `package::bin/name` or `package::name` for a file of `tests/`.
    pub(super) binary: String,
    /// The test's path inside it.
    pub(super) test: String,
}

/// Reads the JUnit report that nextest writes for its profile `ci`.
pub(super) fn from_junit(report: &str) -> Vec<Ran> {
    report
        .split("<testcase ")
        .skip(1)
        .filter_map(|rest| {
            let tag = rest.split('>').next()?;
            Some(Ran {
                binary: attribute(tag, "classname")?,
                test: attribute(tag, "name")?,
            })
        })
        .collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let value = tag
        .split(' ')
        .find_map(|word| word.strip_prefix(start.as_str()))?;
    value.split('"').next().map(str::to_owned)
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    package_id: String,
    target: Option<Target>,
    executable: Option<String>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// The test binaries that cargo says it built: file name to identity.
pub(super) fn binaries(messages: &str) -> BTreeMap<String, String> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .filter(|artifact| {
            artifact
                .profile
                .as_ref()
                .is_some_and(|profile| profile.test)
        })
        .filter_map(|artifact| {
            let target = artifact.target?;
            let file = artifact.executable?.rsplit('/').next()?.to_owned();
            Some((file, identity(&package_name(&artifact.package_id), &target)))
        })
        .collect()
}

/// The package's name in cargo's id of it: `…#name@version`, or `…/name#version`.
fn package_name(id: &str) -> String {
    let (place, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    match fragment.split_once('@') {
        Some((name, _version)) => name.to_owned(),
        None => place.rsplit('/').next().unwrap_or(place).to_owned(),
    }
}

fn identity(package: &str, target: &Target) -> String {
    match target.kind.first().map(String::as_str) {
        Some("test") => format!("{package}::{}", target.name),
        Some(kind @ ("bin" | "example" | "bench")) => format!("{package}::{kind}/{}", target.name),
        _ => package.to_owned(),
    }
}

/// Follows the output of plain `cargo test` and notes what ran.
#[derive(Debug)]
pub(super) struct PlainOutput {
    binaries: BTreeMap<String, String>,
    current: Option<String>,
    /// What has run so far.
    pub(super) ran: Vec<Ran>,
}

impl PlainOutput {
    /// Follows a run of these binaries.
    pub(super) fn of(binaries: BTreeMap<String, String>) -> Self {
        Self {
            binaries,
            current: None,
            ran: Vec::new(),
        }
    }

    /// Takes one line of output.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(path) = line
            .trim_start()
            .strip_prefix("Running ")
            .and_then(path_in_brackets)
        {
            let file = path.rsplit('/').next().unwrap_or(path);
            self.current = self.binaries.get(file).cloned();
        } else if let Some((test, outcome)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.split_once(" ... "))
            && let Some(binary) = &self.current
            && !outcome.starts_with("ignored")
        {
            self.ran.push(Ran {
                binary: binary.clone(),
                test: test.to_owned(),
            });
        }
    }
}

fn path_in_brackets(text: &str) -> Option<&str> {
    text.rsplit_once('(')?.1.strip_suffix(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(binary: &str, test: &str) -> Ran {
        Ran {
            binary: binary.to_owned(),
            test: test.to_owned(),
        }
    }

    #[test]
    fn a_junit_report_names_every_test_with_its_binary() {
        let report = r#"<testsuites name="nextest-run" tests="2">
    <testsuite name="windlass-model" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="name::tests::a_b" classname="windlass-model" timestamp="t" time="0.01">
        </testcase>
    </testsuite>
    <testsuite name="xtask::it" tests="1" disabled="0" errors="0" failures="1">
        <testcase name="edges::c" classname="xtask::it" timestamp="t" time="0.01"/>
    </testsuite></testsuites>"#;
        let expected = [
            ran("windlass-model", "name::tests::a_b"),
            ran("xtask::it", "edges::c"),
        ];
        assert_eq!(from_junit(report), expected);
        assert_eq!(from_junit("<testsuites/>"), []);
    }

    #[test]
    fn cargos_messages_give_each_test_binary_its_identity() {
        let messages = r#"
{"reason":"compiler-artifact","package_id":"path+file:///w/crates/model#windlass-model@0.1.0","target":{"kind":["lib"],"name":"windlass_model"},"profile":{"test":true},"executable":"/t/debug/deps/windlass_model-1"}
{"reason":"compiler-artifact","package_id":"path+file:///w/xtask#0.1.0","target":{"kind":["test"],"name":"it"},"profile":{"test":true},"executable":"/t/debug/deps/it-2"}
{"reason":"compiler-artifact","package_id":"path+file:///w/xtask#0.1.0","target":{"kind":["bin"],"name":"xtask"},"profile":{"test":true},"executable":"/t/debug/deps/xtask-3"}
{"reason":"compiler-artifact","package_id":"path+file:///w/xtask#0.1.0","target":{"kind":["bin"],"name":"xtask"},"profile":{"test":false},"executable":"/t/debug/xtask"}
{"reason":"build-finished","success":true}"#;
        let expected = [
            ("it-2", "xtask::it"),
            ("windlass_model-1", "windlass-model"),
            ("xtask-3", "xtask::bin/xtask"),
        ];
        let expected: BTreeMap<String, String> = expected
            .map(|(file, id)| (file.to_owned(), id.to_owned()))
            .into();
        assert_eq!(binaries(messages), expected);
    }

    #[test]
    fn plain_output_is_followed_binary_by_binary() {
        let known = [("it-2".to_owned(), "xtask::it".to_owned())].into();
        let mut output = PlainOutput::of(known);
        for line in [
            "     Running tests/it/main.rs (target/debug/deps/it-2)",
            "test edges::a ... ok",
            "test edges::b ... FAILED",
            "test edges::c ... ignored",
            "test result: FAILED. 1 passed; 1 failed",
            "     Running tests/it/main.rs (target/debug/deps/it-9)",
            "test unknown ... ok",
        ] {
            output.line(line);
        }
        assert_eq!(
            output.ran,
            [ran("xtask::it", "edges::a"), ran("xtask::it", "edges::b")]
        );
    }
}
