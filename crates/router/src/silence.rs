//! A candidate that has fallen silent: requests wait for it, and no answer begins any more, although what
//! is stable answers.
//!
//! Answers say nothing of it. So requests are counted while they wait, by when they came: two small rings
//! of counts for each data thread, written when a request goes out and when its answer begins.

use std::array;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::core::locked;
use crate::limits::{LATE_LOOK, SILENT_REQUESTS, SILENT_STABLE};

/// Parts of the time that a candidate may be silent.
const PARTS: u32 = 16;
/// Parts of the longest time of an answer, where that is very much longer.
const LONGEST_PARTS: u32 = 256;
/// Places of the ring: more than those, for what waits longer than an answer may take has ended.
const PLACES: usize = 288;

/// Requests of one data thread that wait, by when they came.
#[derive(Debug)]
pub(crate) struct Waits([AtomicU32; PLACES]);

impl Default for Waits {
    fn default() -> Self {
        Self(array::from_fn(|_| AtomicU32::new(0)))
    }
}

impl Waits {
    pub(crate) fn add(&self, place: usize) {
        self.0[place % PLACES].fetch_add(1, Relaxed);
    }

    pub(crate) fn sub(&self, place: usize) {
        self.0[place % PLACES].fetch_sub(1, Relaxed);
    }
}

/// What is known at one look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) now: Instant,
    /// Heads and answers of the candidate so far.
    pub(crate) life: u64,
    /// The longest time to a head that was lately seen of what is stable.
    pub(crate) longest: Option<Duration>,
}

/// How long a candidate has answered nothing.
#[derive(Debug)]
pub(crate) struct Silence {
    /// At least so long.
    within: Duration,
    /// The longest time of an answer.
    answer: Duration,
    part: Duration,
    begun: Instant,
    heard: Mutex<Heard>,
}

#[derive(Debug)]
struct Heard {
    life: u64,
    /// When that was last more than before.
    at: Instant,
    looked: Instant,
}

impl Silence {
    pub(crate) fn new(within: Duration, answer: Duration, begun: Instant) -> Self {
        let part = (within / PARTS).max(answer / LONGEST_PARTS);
        Self {
            within,
            answer,
            part: part.max(Duration::from_millis(1)),
            begun,
            heard: Mutex::new(Heard {
                life: 0,
                at: begun,
                looked: begun,
            }),
        }
    }

    /// Which part of time it is, counted from the beginning.
    fn part(&self, now: Instant) -> usize {
        let parts = now.saturating_duration_since(self.begun).as_nanos() / self.part.as_nanos();
        usize::try_from(parts).unwrap_or(usize::MAX)
    }

    /// Where a request that comes now is counted.
    pub(crate) fn place(&self, now: Instant) -> usize {
        self.part(now) % PLACES
    }

    /// Requests that have waited for at least so long.
    fn old<'w>(
        &self,
        now: Instant,
        least: Duration,
        waits: impl Iterator<Item = &'w Waits>,
    ) -> u64 {
        let parts = least.as_nanos().div_ceil(self.part.as_nanos());
        let parts = usize::try_from(parts).unwrap_or(PLACES);
        let now = self.part(now);
        // The part in which it began may not be whole; what is further back than the ring is none.
        let old = || (parts.saturating_add(1)..PLACES).filter_map(|back| now.checked_sub(back));
        let count = |waits: &Waits| {
            let all = old().map(|part| u64::from(waits.0[part % PLACES].load(Relaxed)));
            all.sum::<u64>()
        };
        waits.map(count).sum()
    }

    /// Requests that have waited for all of the shortest time that is silence.
    pub(crate) fn waiting<'w>(&self, now: Instant, waits: impl Iterator<Item = &'w Waits>) -> u64 {
        self.old(now, self.within, waits)
    }

    /// How long it must be silent. What is stable says how long answers take here; while that is not
    /// known, or too long, it is left to the time-out.
    fn needed(&self, longest: Option<Duration>) -> Option<Duration> {
        let usual = longest?.saturating_mul(SILENT_STABLE);
        Some(usual.max(self.within)).filter(|needed| *needed < self.answer)
    }

    /// Whether too many of those that wait for the candidate (`waits`) have waited too long, nothing came
    /// meanwhile, and those that wait `beside` it, for what is stable, are younger.
    pub(crate) fn listen<'w>(
        &self,
        look: Look,
        waits: impl Iterator<Item = &'w Waits>,
        beside: impl Iterator<Item = &'w Waits>,
    ) -> bool {
        let Look { now, life, longest } = look;
        let mut heard = locked(&self.heard);
        // Who was stopped meanwhile has heard nothing, whoever spoke.
        let late = now.saturating_duration_since(heard.looked) > LATE_LOOK;
        heard.looked = now;
        if late || heard.life != life {
            (heard.life, heard.at) = (life, now);
            return false;
        }
        let silent = now.saturating_duration_since(heard.at);
        let Some(needed) = self.needed(longest).filter(|needed| silent >= *needed) else {
            return false;
        };
        // Half as old is enough there: with the smaller share the first that waits comes later.
        self.old(now, needed, waits) >= SILENT_REQUESTS && self.old(now, needed / 2, beside) == 0
    }
}

#[cfg(test)]
mod tests {
    use std::iter::once;

    use super::*;

    const fn tenths(tenths: u64) -> Duration {
        Duration::from_millis(tenths * 100)
    }

    /// A minute for an answer, of which a sixth is silence.
    struct Scene {
        begun: Instant,
        silence: Silence,
        candidate: Waits,
        stable: Waits,
        /// When it fired, in seconds.
        fired: Option<u64>,
    }

    impl Scene {
        fn new() -> Self {
            let begun = Instant::now();
            Self {
                begun,
                silence: Silence::new(Duration::from_secs(10), Duration::from_mins(1), begun),
                candidate: Waits::default(),
                stable: Waits::default(),
                fired: None,
            }
        }

        fn place(&self, at: u64) -> usize {
            self.silence.place(self.begun + tenths(at))
        }

        /// One look at a tenth of a second.
        fn look(&mut self, at: u64, life: u64, longest: Option<u64>) {
            let look = Look {
                now: self.begun + tenths(at),
                life,
                longest: longest.map(Duration::from_secs),
            };
            let (candidate, stable) = (once(&self.candidate), once(&self.stable));
            if self.silence.listen(look, candidate, stable) {
                self.fired.get_or_insert(at / 10);
            }
        }
    }

    /// Both sides get two requests a second; what is stable takes so many seconds, and the candidate too
    /// unless it hangs.
    fn served(takes: u64, hangs: bool) -> Option<u64> {
        let mut scene = Scene::new();
        let (mut life, mut known) = (0, None);
        for at in 0..700 {
            if at % 5 == 0 {
                scene.candidate.add(scene.place(at));
                scene.stable.add(scene.place(at));
                if let Some(came) = at.checked_sub(takes * 10) {
                    scene.stable.sub(scene.place(came));
                    known = Some(takes);
                    if !hangs {
                        scene.candidate.sub(scene.place(came));
                        life += 1;
                    }
                }
                // What waits longer than an answer may take is ended by its time-out.
                if let Some(came) = at.checked_sub(600).filter(|_| hangs) {
                    scene.candidate.sub(scene.place(came));
                    life += 1;
                }
            }
            scene.look(at, life, known);
        }
        scene.fired
    }

    #[test]
    fn a_service_that_always_takes_its_time_is_not_silent() {
        for takes in [11, 15, 25, 45] {
            assert_eq!(served(takes, false), None, "{takes} s");
        }
    }

    #[test]
    fn one_that_hangs_beside_one_that_answers_is_silent_after_twice_its_time() {
        assert_eq!(served(0, true), Some(12));
        assert_eq!(served(15, true), Some(32));
        // The time-out is sooner.
        assert_eq!(served(30, true), None);
    }

    /// Six requests that wait from the beginning for the candidate, and what is known of the other side.
    fn hung(longest: Option<u64>, ends: u64) -> Scene {
        let mut scene = Scene::new();
        (0..6).for_each(|_| scene.candidate.add(scene.place(0)));
        (0..ends).for_each(|at| scene.look(at, 0, longest));
        scene
    }

    #[test]
    fn with_nothing_known_of_what_is_stable_it_is_left_to_the_time_out() {
        assert_eq!(hung(Some(1), 600).fired, Some(10));
        assert_eq!(hung(None, 600).fired, None);
    }

    #[test]
    fn while_what_is_stable_hangs_as_well_it_is_not_the_candidate() {
        let mut scene = hung(Some(1), 20);
        scene.stable.add(scene.place(20));
        (20..600).for_each(|at| scene.look(at, 0, Some(1)));
        assert_eq!(scene.fired, None);
    }

    #[test]
    fn a_head_is_a_sign_of_life() {
        let mut scene = hung(Some(1), 1);
        (1..600).for_each(|at| scene.look(at, at / 50, Some(1)));
        assert_eq!(scene.fired, None);
    }

    #[test]
    fn who_did_not_look_has_not_heard_silence() {
        let mut scene = hung(Some(1), 1);
        (150..245).for_each(|at| scene.look(at, 0, Some(1)));
        assert_eq!(scene.fired, None);
        (245..260).for_each(|at| scene.look(at, 0, Some(1)));
        assert_eq!(scene.fired, Some(25));
    }
}
