//! What the router itself uses of its machine.

use std::fs;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::exposition::{Kind, Labels, Page, Seconds};

/// Tells it under the names that every program uses. What the system does not say is left out.
pub(crate) fn tell(page: &mut Page, begun_us: i64) {
    let none = Labels::default();
    let mut gauge = |name: &str, help: &str, value: Option<u64>| {
        if let Some(value) = value {
            page.family(name, Kind::Gauge, help);
            page.sample(name, &none, value);
        }
    };
    gauge(
        "process_resident_memory_bytes",
        "Resident memory size in bytes.",
        resident(),
    );
    gauge(
        "process_open_fds",
        "Number of open file descriptors.",
        fs::read_dir("/proc/self/fd")
            .ok()
            .and_then(|all| u64::try_from(all.count()).ok()),
    );
    gauge(
        "process_max_fds",
        "Maximum number of open file descriptors.",
        getrlimit(Resource::Nofile).current,
    );
    let begun = Seconds(u64::try_from(begun_us).unwrap_or(0));
    let name = "process_start_time_seconds";
    let help = "Start time of the process since unix epoch in seconds.";
    page.family(name, Kind::Gauge, help);
    page.sample(name, &none, begun);
    let help = "Total user and system CPU time spent in seconds.";
    page.family("process_cpu_seconds", Kind::Counter, help);
    page.sample("process_cpu_seconds_total", &none, Seconds(cpu_us()));
}

fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn cpu_us() -> u64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let micros = used.tv_sec.saturating_mul(1_000_000) + used.tv_nsec / 1_000;
    u64::try_from(micros).unwrap_or(0)
}
