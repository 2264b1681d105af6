//! Runs a program to its end, within a time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::bench::interrupt;

/// Time between two looks at whether it ended; also how exact its time is.
const LOOK: Duration = Duration::from_millis(1);
/// Bytes of a failed program's talk that its error repeats.
const TOLD_MOST: usize = 2_000;

/// A program that ended with 0.
#[derive(Debug)]
pub(crate) struct Ended {
    /// From just before it was started.
    pub(crate) elapsed: Duration,
    /// What it wrote to standard output.
    pub(crate) out: String,
}

/// Runs `command`, which may start others that stay: its output goes to files in `folder`, since a
/// pipe would be open for as long as they live.
///
/// # Errors
/// It could not be started, was not done `within` the time or before Ctrl-C and was ended, or ended
/// with anything but 0.
pub(crate) fn run(command: &mut Command, folder: &Path, within: Duration) -> anyhow::Result<Ended> {
    run_while(command, folder, within, interrupt::check)
}

/// The same for what clears away: it is done after Ctrl-C too.
///
/// # Errors
/// As those of [`run`].
pub(crate) fn clear(
    command: &mut Command,
    folder: &Path,
    within: Duration,
) -> anyhow::Result<Ended> {
    run_while(command, folder, within, || Ok(()))
}

fn run_while(
    command: &mut Command,
    folder: &Path,
    within: Duration,
    wanted: fn() -> anyhow::Result<()>,
) -> anyhow::Result<Ended> {
    let [out, err] = ["out", "err"].map(|name| folder.join(name));
    let make =
        |path: &PathBuf| File::create(path).with_context(|| format!("make {}", path.display()));
    command
        .stdin(Stdio::null())
        .stdout(make(&out)?)
        .stderr(make(&err)?);
    let written = crate::stage::written(command);
    let started = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("start `{written}`"))?;
    let status = loop {
        if let Some(status) = child
            .try_wait()
            .with_context(|| format!("wait for `{written}`"))?
        {
            break status;
        }
        let stopped = wanted();
        if stopped.is_err() || started.elapsed() > within {
            child.kill().context("end a program that took too long")?;
            child.wait().context("wait for a program that was ended")?;
            stopped.with_context(|| format!("run `{written}`"))?;
            anyhow::bail!("`{written}` was not done within {within:?}: {}", tail(&err));
        }
        thread::sleep(LOOK);
    };
    let elapsed = started.elapsed();
    anyhow::ensure!(
        status.success(),
        "`{written}` ended with {status}: {}",
        tail(&err)
    );
    let out = fs::read_to_string(&out).with_context(|| format!("read what `{written}` wrote"))?;
    Ok(Ended { elapsed, out })
}

/// The end of a file, as far as it can be read.
fn tail(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let from = bytes.len().saturating_sub(TOLD_MOST);
    String::from_utf8_lossy(bytes.get(from..).unwrap_or_default())
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(program: &str, arguments: &[&str], within: Duration) -> anyhow::Result<Ended> {
        let folder = std::env::temp_dir().join(format!(
            "wlb-program-{}-{:?}",
            std::process::id(),
            thread::current().id()
        ));
        fs::create_dir_all(&folder).expect("a folder");
        let ended = run(Command::new(program).args(arguments), &folder, within);
        fs::remove_dir_all(&folder).expect("it was there");
        ended
    }

    #[test]
    fn what_it_wrote_and_how_long_it_took_are_told() {
        let ended = ran("/bin/echo", &["a", "b"], Duration::from_secs(20)).expect("echo");
        assert_eq!(ended.out, "a b\n");
        assert!(ended.elapsed > Duration::ZERO);
    }

    #[test]
    fn a_failure_repeats_what_it_said() {
        let error = ran("/bin/ls", &["/nowhere/at/all"], Duration::from_secs(20))
            .expect_err("there is no such file");
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }

    #[test]
    fn one_that_takes_too_long_is_ended() {
        let error = ran("/bin/sleep", &["60"], Duration::from_millis(20))
            .expect_err("it sleeps for longer");
        assert!(error.to_string().contains("was not done within"), "{error}");
    }
}
