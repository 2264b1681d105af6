//! `cargo xtask setup`: installs what tests and benches need, and nothing twice.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::say;
use crate::stage::{Stage, written};

/// Something outside the Rust toolchain that a test or a bench runs.
#[derive(Debug)]
struct Need {
    /// The program that must be on PATH.
    program: &'static str,
    /// The Debian package that brings it.
    package: &'static str,
    /// What it is for.
    reason: &'static str,
}

const NEEDS: [Need; 12] = [
    Need {
        program: "node",
        package: "nodejs",
        reason: "runs the static-file server that one example deploys",
    },
    Need {
        program: "npm",
        package: "npm",
        reason: "fetches that server from the npm registry, in two versions",
    },
    Need {
        program: "curl",
        package: "curl",
        reason: "asks the services of the tutorial and the examples",
    },
    Need {
        program: "openssl",
        package: "openssl",
        reason: "makes the certificate of a controller that is asked over TLS",
    },
    Need {
        program: "pebble",
        package: "pebble",
        reason: "is the certificate authority of tests",
    },
    Need {
        program: "prometheus",
        package: "prometheus",
        reason: "measures what a release is judged by",
    },
    Need {
        program: "wrk",
        package: "wrk",
        reason: "loads the router and the proxies that it is measured beside",
    },
    Need {
        program: "h2load",
        package: "nghttp2-client",
        reason: "does the same over HTTP/2",
    },
    Need {
        program: "haproxy",
        package: "haproxy",
        reason: "what the router is measured beside",
    },
    Need {
        program: "nginx",
        package: "nginx-light",
        reason: "what the router is measured beside, and attacked in front of",
    },
    Need {
        program: "python3",
        package: "python3",
        reason: "a careless server that the router is attacked in front of",
    },
    Need {
        program: "caddy",
        package: "caddy",
        reason: "what the router is measured beside",
    },
];

/// How packages can be installed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// This is root.
    Root,
    /// `sudo -n` works without a question.
    Sudo,
    /// Somebody else has to do it.
    Nobody,
}

/// Installs what is missing and says what it does.
///
/// # Errors
/// Something is missing and cannot be installed from here; the error carries the command that would.
pub(crate) fn run() -> anyhow::Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !is_met(need)).collect();
    if missing.is_empty() {
        let programs: Vec<&str> = NEEDS.iter().map(|need| need.program).collect();
        say::aside(&format!(
            "== set-up: {} are here; nothing to install",
            programs.join(", ")
        ));
        return Ok(());
    }
    for need in &missing {
        say::aside(&format!(
            "== set-up: {} is missing ({}); package {}",
            need.program, need.reason, need.package
        ));
    }
    let means = means();
    let steps = [
        apt(means, &["update"]),
        apt(means, &install_arguments(&missing)),
    ];
    if means == Means::Nobody {
        let commands: Vec<String> = steps.iter().map(written).collect();
        anyhow::bail!(
            "not root, and `sudo -n` does not work here; run as root: {}",
            commands.join(" && ")
        );
    }
    for command in steps {
        Stage::new("set-up", Path::new("/"), command)
            .with("DEBIAN_FRONTEND", "noninteractive")
            .run()?;
    }
    let still: Vec<&str> = missing
        .iter()
        .filter(|need| !is_met(need))
        .map(|need| need.program)
        .collect();
    anyhow::ensure!(
        still.is_empty(),
        "set-up: still not on PATH: {}",
        still.join(", ")
    );
    Ok(())
}

fn is_met(need: &Need) -> bool {
    on_path(need.program) || is_installed(need.package)
}

/// Whether a program is found by its name.
pub(crate) fn on_path(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${Status}", package])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"install ok installed")
}

/// Whether this is root: the owner of our own entry in /proc is our effective user.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

fn means() -> Means {
    if is_root() {
        return Means::Root;
    }
    let asked = Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("ask sudo");
    if asked.is_ok_and(|status| status.success()) {
        Means::Sudo
    } else {
        Means::Nobody
    }
}

fn install_arguments(missing: &[&Need]) -> Vec<&'static str> {
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(missing.iter().map(|need| need.package));
    arguments
}

fn apt(means: Means, arguments: &[&str]) -> Command {
    let mut command = match means {
        Means::Root | Means::Nobody => Command::new("apt-get"),
        Means::Sudo => {
            let mut sudo = Command::new("sudo");
            // sudo clears the environment, so the question-free front end is named again.
            sudo.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            sudo
        }
    };
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        let missing = [&NEEDS[1]];
        let command = apt(Means::Root, &install_arguments(&missing));
        assert_eq!(
            written(&command),
            "apt-get install --yes --no-install-recommends npm"
        );
    }

    #[test]
    fn without_root_the_command_goes_through_sudo_and_never_asks() {
        let command = apt(Means::Sudo, &["update"]);
        let expected = "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get update";
        assert_eq!(written(&command), expected);
    }

    #[test]
    fn a_program_is_looked_for_on_path() {
        assert!(on_path("ls"));
        assert!(!on_path("no-program-has-this-name"));
        assert!(!is_installed("no-package-has-this-name"));
    }
}
