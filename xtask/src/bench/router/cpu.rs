//! What a process has used of the processors, as the scheduler counted it.
//!
//! It is the figure that other work on the machine moves least.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// Time that all threads of a process, and of its children, have run so far.
///
/// # Errors
/// It is gone.
pub(crate) fn used(pid: u32) -> anyhow::Result<Duration> {
    let mut nanos = of_process(pid)?;
    for child in children(pid) {
        nanos += of_process(child)?;
    }
    Ok(Duration::from_nanos(nanos))
}

fn of_process(pid: u32) -> anyhow::Result<u64> {
    let folder = format!("/proc/{pid}/task");
    let mut nanos = 0;
    for thread in fs::read_dir(&folder).with_context(|| format!("list {folder}"))? {
        let path = thread.with_context(|| format!("list {folder}"))?.path();
        // A thread that ended meanwhile has used nothing since the last look.
        let Ok(text) = fs::read_to_string(path.join("schedstat")) else {
            continue;
        };
        let first = text
            .split_whitespace()
            .next()
            .context("an empty schedstat")?;
        nanos += first.parse::<u64>().context("read a schedstat")?;
    }
    Ok(nanos)
}

/// nginx works in its children.
fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_used_more_after_it_worked() {
        let own = std::process::id();
        let before = used(own).expect("read");
        let mut work = 0u64;
        while used(own).expect("read") <= before {
            work = std::hint::black_box(work + 1);
        }
    }
}
