//! One stage of a chore: a command that is announced, timed, and named when it fails.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::Context as _;

use crate::say;

/// What becomes of a line that a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is printed at once.
    Show,
    /// Whoever watches prints it later.
    Hold,
}

/// A command with the name under which its outcome is told.
pub(crate) struct Stage {
    name: &'static str,
    command: Command,
}

/// The cargo that runs this chore, or the one on PATH.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Whether a cargo sub-command is there.
pub(crate) fn has_subcommand(name: &str) -> bool {
    cargo(&[name, "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

impl Stage {
    /// A stage that runs `command` in `folder`, with nothing on standard input.
    pub(crate) fn new(name: &'static str, folder: &Path, mut command: Command) -> Self {
        command.current_dir(folder).stdin(Stdio::null());
        Self { name, command }
    }

    /// Adds a variable to what the command sees.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.command.env(key, value);
        self
    }

    /// Runs it, its output going where ours goes.
    ///
    /// # Errors
    /// It could not be started, or ended with anything but 0.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        let started = self.announce();
        let status = self.command.status();
        self.conclude(started, status)
    }

    /// Runs it and returns what it wrote to standard output; standard error goes where ours goes.
    pub(crate) fn capture(mut self) -> anyhow::Result<String> {
        let started = self.announce();
        let output = self.command.stderr(Stdio::inherit()).output();
        let (status, text) = match output {
            Ok(output) => (
                Ok(output.status),
                String::from_utf8_lossy(&output.stdout).into_owned(),
            ),
            Err(error) => (Err(error), String::new()),
        };
        self.conclude(started, status).map(|()| text)
    }

    /// Runs it with both outputs in one stream, in order, and shows each line to `watch`.
    pub(crate) fn watch(mut self, mut watch: impl FnMut(&str) -> Fate) -> anyhow::Result<()> {
        let started = self.announce();
        let (reader, writer) = std::io::pipe().context("open a pipe")?;
        self.command
            .stdout(writer.try_clone().context("copy a pipe")?)
            .stderr(writer);
        let spawned = self.command.spawn();
        // The command keeps both write ends; without this the stream would never end.
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => return self.conclude(started, Err(error)),
        };
        let mut lines = BufReader::new(reader);
        let mut bytes = Vec::new();
        while lines
            .read_until(b'\n', &mut bytes)
            .context("read a stage's output")?
            > 0
        {
            let text = String::from_utf8_lossy(&bytes);
            let line = text.trim_end_matches(['\n', '\r']);
            if watch(line) == Fate::Show {
                say::line(line);
            }
            bytes.clear();
        }
        self.conclude(started, child.wait())
    }

    fn announce(&self) -> Instant {
        say::aside(&format!("== {}: {}", self.name, written(&self.command)));
        Instant::now()
    }

    fn conclude(
        &self,
        started: Instant,
        status: std::io::Result<ExitStatus>,
    ) -> anyhow::Result<()> {
        let seconds = started.elapsed().as_secs_f64();
        let written = written(&self.command);
        let status = status
            .with_context(|| format!("stage {} failed: `{written}` did not start", self.name))?;
        anyhow::ensure!(
            status.success(),
            "stage {} failed after {seconds:.1} s: `{written}` ended with {status}",
            self.name
        );
        say::aside(&format!("== {}: ok, {seconds:.1} s", self.name));
        Ok(())
    }
}

/// The command as a person would type it.
pub(crate) fn written(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let mut text = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        text.push(' ');
        if argument.contains(' ') {
            text.push('\'');
            text.push_str(&argument);
            text.push('\'');
        } else {
            text.push_str(&argument);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(program: &str, arguments: &[&str]) -> Stage {
        let mut command = Command::new(program);
        command.args(arguments);
        Stage::new("trial", Path::new("/"), command)
    }

    #[test]
    fn a_failed_stage_names_itself_its_command_and_the_exit_code() {
        let error = stage("/bin/false", &["--now"])
            .run()
            .expect_err("it must fail")
            .to_string();
        assert!(error.starts_with("stage trial failed"), "{error}");
        assert!(
            error.contains("`false --now` ended with exit status: 1"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_program_is_a_failed_stage() {
        let error = stage("/nowhere/at/all", &[])
            .run()
            .expect_err("it must fail");
        assert!(format!("{error:#}").contains("did not start"), "{error:#}");
    }

    #[test]
    fn watching_sees_both_outputs_line_by_line_and_ends() {
        let mut seen = Vec::new();
        let ended = stage("/bin/ls", &["-d", "/", "/nowhere/at/all"]).watch(|line| {
            seen.push(line.to_owned());
            Fate::Hold
        });
        assert!(ended.is_err(), "ls fails for a missing file");
        assert!(
            seen.contains(&"/".to_owned()),
            "standard output is missing: {seen:?}"
        );
        assert!(
            seen.iter().any(|line| line.contains("/nowhere/at/all")),
            "{seen:?}"
        );
    }

    #[test]
    fn capture_returns_standard_output() {
        assert_eq!(
            stage("/bin/echo", &["a", "b"]).capture().expect("echo"),
            "a b\n"
        );
    }
}
