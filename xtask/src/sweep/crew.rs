//! Several cases at a time: they mostly wait.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Most labs at a time.
const LABS_MOST: usize = 4;

/// Runs `work` on each of `jobs` in order, unless `stopped` says that no more is begun. The outcomes
/// are in the order of the jobs; one that was not begun has none.
pub(super) fn all<J: Sync, R: Send>(
    jobs: &[J],
    stopped: &(dyn Fn() -> bool + Sync),
    work: &(dyn Fn(&J) -> R + Sync),
) -> Vec<Option<R>> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(jobs.iter().map(|_| None).collect::<Vec<Option<R>>>());
    thread::scope(|scope| {
        for _ in 0..LABS_MOST.min(jobs.len()) {
            scope.spawn(|| {
                while !stopped() {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else {
                        return;
                    };
                    let outcome = work(job);
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(place) = outcomes.get_mut(index) {
                        *place = Some(outcome);
                    }
                }
            });
        }
    });
    outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn every_job_has_its_outcome_in_its_place() {
        let jobs: Vec<usize> = (0..50).collect();
        let outcomes = all(&jobs, &|| false, &|job| job * 2);
        let wanted: Vec<Option<usize>> = (0..50).map(|job| Some(job * 2)).collect();
        assert_eq!(outcomes, wanted);
    }

    #[test]
    fn after_a_stop_nothing_is_begun() {
        let stop = AtomicBool::new(false);
        let jobs = [(); 50];
        let outcomes = all(&jobs, &|| stop.load(Ordering::Relaxed), &|()| {
            stop.store(true, Ordering::Relaxed);
        });
        let begun = outcomes.iter().flatten().count();
        assert!((1..=LABS_MOST).contains(&begun), "{begun}");
    }
}
