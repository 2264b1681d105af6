//! This machine: limits of the kernel, its clock, and whether something starts the controller.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};
use windlass_adapters::PortRange;

use super::Finding;
use crate::commands::unit_path;

/// Open files that a busy router and its services get by with.
const FILES_MIN: u64 = 1024;

/// Instances and the rollouts beside them need ports.
const PORTS_MIN: usize = 1000;

/// No machine of today has an earlier time, in seconds since 1970 UTC: 2025-01-01.
const EARLIEST: u64 = 1_735_689_600;

pub(crate) fn machine() -> Vec<Finding> {
    vec![open_files(), ports(), clock(), unit()]
}

fn open_files() -> Finding {
    const CHECK: &str = "open files";
    // None is no limit.
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if allowed < FILES_MIN {
        let fix =
            "allow more before the controller starts: ulimit -n 65536, or LimitNOFILE= in the unit";
        return Finding::warning(CHECK, format!("{allowed} at once"), fix);
    }
    Finding::ok(CHECK, format!("{allowed} at once"))
}

fn ports() -> Finding {
    const CHECK: &str = "ports";
    let range = PortRange::of_this_machine(0).ports();
    let (first, last) = (range.start(), range.end());
    let saw = format!("{first} to {last} for instances, beside those of outgoing connections");
    if range.len() < PORTS_MIN {
        let fix = "sysctl net.ipv4.ip_local_port_range=\"32768 60999\"";
        return Finding::warning(CHECK, saw, fix);
    }
    Finding::ok(CHECK, saw)
}

fn clock() -> Finding {
    const CHECK: &str = "clock";
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    if now < EARLIEST {
        let fix = "set it: timedatectl set-ntp true";
        return Finding::warning(CHECK, "it is before 2025", fix);
    }
    Finding::ok(CHECK, "plausible")
}

fn unit() -> Finding {
    const CHECK: &str = "start after a reboot";
    let there = unit_path().filter(|path| path.exists());
    match there {
        Some(path) => Finding::ok(CHECK, path.display().to_string()),
        None if Path::new("/run/systemd/system").is_dir() => Finding::warning(
            CHECK,
            "no unit starts the controller",
            "windlass serve --install",
        ),
        None => Finding::ok(
            CHECK,
            "no systemd runs here; whatever starts services should run: windlass serve",
        ),
    }
}
