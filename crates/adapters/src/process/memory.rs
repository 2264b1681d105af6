//! What the processes of an instance hold in memory.

use std::fs;
use std::path::Path;

use windlass_edge::EdgeError;

use super::gone::{Remains, remains};
use super::proc;

/// Bytes that all processes of the instance in this folder hold; none where nothing of it runs.
pub(super) fn held(folder: &Path) -> Result<Option<u64>, EdgeError> {
    let pids = match remains(folder)? {
        Remains::Nothing | Remains::Starting => Vec::new(),
        Remains::Known(known) => match known.shim() {
            Some(shim) => proc::descendants(shim.pid),
            None => known.survivors().into_iter().map(|stat| stat.pid).collect(),
        },
    };
    let each: Vec<u64> = pids.into_iter().filter_map(resident).collect();
    Ok((!each.is_empty()).then(|| each.into_iter().fold(0, u64::saturating_add)))
}

/// Bytes of one process that are in memory; none where it is gone.
fn resident(pid: i32) -> Option<u64> {
    // Not as text: the program's name in it may be any bytes.
    let bytes = fs::read(format!("/proc/{pid}/status")).ok()?;
    of_status(&String::from_utf8_lossy(&bytes))
}

/// `VmRSS:    1234 kB`.
fn of_status(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_bytes_are_read_and_a_thread_of_the_kernel_has_none() {
        let status = "Name:\tVmRSS: 9 kB\nVmPeak:\t   99 kB\nVmRSS:\t    1536 kB\nThreads:\t1\n";
        assert_eq!(of_status(status), Some(1_572_864));
        assert_eq!(of_status("Name:\tkworker\nState:\tI (idle)\n"), None);
        let own = i32::try_from(std::process::id()).expect("a pid");
        assert!(resident(own) > Some(100_000));
    }
}
