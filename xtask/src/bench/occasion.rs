//! Where and when figures were taken: without it they say little.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use serde::Serialize;

/// What stands above a table of figures.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Occasion {
    /// What was typed.
    pub(crate) command: String,
    /// What was measured: its commit, with `-dirty` where the tree held more.
    pub(crate) commit: String,
    /// The day in UTC, such as `2026-11-27`.
    pub(crate) date: String,
    /// Cores, processor, system and kernel.
    pub(crate) machine: String,
}

impl Occasion {
    /// This machine, now, with the tree at `root`.
    ///
    /// # Errors
    /// `date` is not there.
    pub(crate) fn now(command: String, root: &Path) -> anyhow::Result<Self> {
        // No tag is near enough to say what was measured.
        let commit = ["describe", "--always", "--dirty", "--exclude", "*"];
        Ok(Self {
            command,
            commit: said(Command::new("git").args(commit).current_dir(root))
                .unwrap_or_else(|_no_repository| "an unknown commit".to_owned()),
            date: said(Command::new("date").args(["--utc", "+%F"]))?,
            machine: machine()?,
        })
    }
}

fn said(command: &mut Command) -> anyhow::Result<String> {
    let written = crate::stage::written(command);
    let output = command
        .output()
        .with_context(|| format!("run `{written}`"))?;
    anyhow::ensure!(
        output.status.success(),
        "`{written}` ended with {}",
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn machine() -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism().context("count the cores")?;
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let processors = read("/proc/cpuinfo");
    // Other architectures name no model there.
    let model = value(&processors, "model name", ':').unwrap_or(std::env::consts::ARCH);
    let release = read("/etc/os-release");
    let system = value(&release, "PRETTY_NAME", '=').unwrap_or(std::env::consts::OS);
    Ok(format!(
        "{cores} cores ({model}), {}, Linux {}",
        system.trim_matches('"'),
        kernel.trim()
    ))
}

/// What the first line of this key says.
fn value<'a>(text: &'a str, key: &str, sign: char) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(sign));
    pairs.find_map(|(name, value)| (name.trim() == key).then_some(value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_whole_key() {
        let text = "NAME_OF=a\nNAME=\"b\"\nNAME=c\n";
        assert_eq!(value(text, "NAME", '='), Some("\"b\""));
        assert_eq!(
            value("model name\t: Some CPU\n", "model name", ':'),
            Some("Some CPU")
        );
        assert_eq!(value(text, "AME", '='), None);
    }

    #[test]
    fn this_machine_is_described() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let now = Occasion::now("x".to_owned(), here).expect("date is here");
        assert_eq!(now.date.split('-').count(), 3);
        assert!(!now.commit.is_empty());
        assert!(now.machine.contains(" cores (") && now.machine.contains(", Linux "));
    }
}
