//! A candidate that has fallen silent: requests wait for it, and no answer begins any more, although what
//! is stable answers.
//!
//! Answers say nothing of it. So requests are counted while they wait, by when they came: two small rings
//! of counts for each data thread, written when a request goes out and when its answer begins. And those
//! whose clients leave before are noted with the time that they waited.

use std::array;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::core::locked;
use crate::limits::{
    LATE_LOOK, SILENT_GAP, SILENT_REQUESTS, SILENT_SPEAKS, SILENT_STABLE, SILENT_WAIT,
};
use crate::vain::Vain;

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

    /// How many came in a part of time and still wait.
    fn at(&self, part: usize) -> u64 {
        u64::from(self.0[part % PLACES].load(Relaxed))
    }
}

/// What is known at one look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) now: Instant,
    /// Heads and answers of the candidate so far.
    pub(crate) life: u64,
    pub(crate) stable: Stable,
}

/// What was lately seen of what is stable.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stable {
    /// The longest time to a head.
    pub(crate) longest: Option<Duration>,
    /// The longest time that somebody waited for one and left.
    pub(crate) left: Option<Duration>,
}

/// What silence is, measured by what is stable.
#[derive(Clone, Copy, Debug)]
struct Measure {
    /// How long it must last.
    needed: Duration,
    /// Who waits longer than this waits in vain.
    usual: Duration,
}

impl Measure {
    /// The time that one wait speaks for, however long it is: that one request hangs says nothing of others.
    fn speaks(&self) -> Duration {
        self.needed / SILENT_SPEAKS
    }

    /// The time in which nobody need have waited.
    fn gap(&self) -> Duration {
        self.needed / SILENT_GAP
    }

    /// The same for now: of who has come since, it is not known yet whether they wait in vain.
    fn newest(&self) -> Duration {
        self.gap() + self.usual
    }
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
    /// As of the last look; none while nothing is known of what is stable.
    measure: Option<Measure>,
    /// What was waited since it was heard.
    vain: Vain,
}

impl Heard {
    fn new(life: u64, at: Instant) -> Self {
        Self {
            life,
            at,
            looked: at,
            measure: None,
            vain: Vain::default(),
        }
    }

    /// Takes in one that has waited since `came`, and how many `left` with it; whether that was in vain.
    fn waited(&mut self, came: Instant, until: Instant, left: u64) -> bool {
        let Some(measure) = self.measure else {
            return false;
        };
        // What was before the last answer is forgotten.
        let came = came.max(self.at);
        if until.saturating_duration_since(came) <= measure.usual {
            return false;
        }
        let speaks = (came, until.min(came + measure.speaks()));
        self.vain.add(speaks, measure.gap(), left);
        true
    }
}

impl Silence {
    pub(crate) fn new(within: Duration, answer: Duration, begun: Instant) -> Self {
        let part = (within / PARTS).max(answer / LONGEST_PARTS);
        Self {
            within,
            answer,
            part: part.max(Duration::from_millis(1)),
            begun,
            heard: Mutex::new(Heard::new(0, begun)),
        }
    }

    /// Which part of time it is, counted from the beginning.
    fn part(&self, now: Instant) -> usize {
        let parts = now.saturating_duration_since(self.begun).as_nanos() / self.part.as_nanos();
        usize::try_from(parts).unwrap_or(usize::MAX)
    }

    /// When a part of time has ended.
    fn end(&self, part: usize) -> Instant {
        let parts = u32::try_from(part.saturating_add(1)).unwrap_or(u32::MAX);
        self.begun + self.part.saturating_mul(parts)
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
        let count = |waits: &Waits| old().map(|part| waits.at(part)).sum::<u64>();
        waits.map(count).sum()
    }

    /// What silence is beside this. What is stable says how long answers take here; while that is not known,
    /// or too long, it is left to the time-out. Who left might have waited as long again.
    fn measure(&self, stable: Stable) -> Option<Measure> {
        let longest = stable.longest?;
        let left = stable.left.unwrap_or_default();
        let needed = longest.saturating_mul(SILENT_STABLE).max(self.within);
        let usual = longest.max(left.saturating_mul(SILENT_STABLE));
        let measure = Measure {
            needed,
            usual: usual.max(SILENT_WAIT),
        };
        Some(measure).filter(|measure| measure.needed < self.answer)
    }

    /// Notes that a client has left the candidate without an answer. Who leaves soon takes no lock.
    pub(crate) fn left(&self, came: Instant, now: Instant) {
        if now.saturating_duration_since(came) > SILENT_WAIT {
            locked(&self.heard).waited(came, now, 1);
        }
    }

    /// Takes in those that wait still; how many of them do so in vain.
    fn under_way<'w>(
        &self,
        heard: &mut Heard,
        now: Instant,
        waits: &(impl Iterator<Item = &'w Waits> + Clone),
    ) -> u64 {
        let mut count = 0;
        let this = self.part(now);
        // The oldest first: each goes on where the one before ends.
        for part in (1..PLACES).rev().filter_map(|back| this.checked_sub(back)) {
            let waiting: u64 = waits.clone().map(|waits| waits.at(part)).sum();
            if waiting > 0 && heard.waited(self.end(part), now, 0) {
                count += waiting;
            }
        }
        count
    }

    /// How many have waited in vain, if that is silence: nothing came for long enough, and either too many
    /// have waited for all that time (`waits`), or clients came and left all through it. And those that wait
    /// `beside`, for what is stable, are younger.
    pub(crate) fn listen<'w>(
        &self,
        look: Look,
        waits: impl Iterator<Item = &'w Waits> + Clone,
        beside: impl Iterator<Item = &'w Waits>,
    ) -> Option<u64> {
        let Look { now, life, stable } = look;
        let mut heard = locked(&self.heard);
        // Who was stopped meanwhile has heard nothing, whoever spoke.
        let late = now.saturating_duration_since(heard.looked) > LATE_LOOK;
        if late || heard.life != life {
            *heard = Heard::new(life, now);
        }
        heard.looked = now;
        heard.measure = self.measure(stable);
        let measure = heard.measure?;
        let silent = now.saturating_duration_since(heard.at);
        // The usual case: something was heard a moment ago.
        if silent <= SILENT_WAIT {
            return None;
        }
        let under_way = self.under_way(&mut heard, now, &waits);
        if silent < measure.needed {
            return None;
        }
        let patient = self.old(now, measure.needed, waits);
        let in_vain = heard.vain.left() + under_way;
        let lasts = heard.vain.lasts(now, measure.newest());
        let goes_on = in_vain >= SILENT_REQUESTS && lasts >= measure.needed;
        let is_silent = patient >= SILENT_REQUESTS || goes_on;
        // Half as old is enough there: with the smaller share the first that waits comes later.
        let fires = is_silent && self.old(now, measure.needed / 2, beside) == 0;
        fires.then_some(in_vain.max(patient))
    }
}

#[cfg(test)]
mod tests {
    use std::iter::once;

    use proptest::prelude::*;

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
        /// The longest that somebody waited for what is stable and left.
        left: Option<Duration>,
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
                left: None,
                fired: None,
            }
        }

        fn place(&self, at: u64) -> usize {
            self.silence.place(self.begun + tenths(at))
        }

        /// A client leaves the candidate.
        fn leaves(&self, came: u64, at: u64) {
            self.candidate.sub(self.place(came));
            let (came, at) = (self.begun + tenths(came), self.begun + tenths(at));
            self.silence.left(came, at);
        }

        /// One look at a tenth of a second.
        fn look(&mut self, at: u64, life: u64, longest: Option<u64>) {
            let look = Look {
                now: self.begun + tenths(at),
                life,
                stable: Stable {
                    longest: longest.map(Duration::from_secs),
                    left: self.left,
                },
            };
            let (candidate, stable) = (once(&self.candidate), once(&self.stable));
            if self.silence.listen(look, candidate, stable).is_some() {
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
        assert_eq!(served(0, true), Some(10));
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

    /// A client of the candidate, in tenths of a second: when it came and how long it waits. The first answers
    /// are those that are given, the others leave.
    #[derive(Clone, Copy, Debug)]
    struct Visit {
        came: u64,
        waits: u64,
        is_answered: bool,
    }

    impl Visit {
        const fn vain(came: u64, waits: u64) -> Self {
            Self {
                came,
                waits,
                is_answered: false,
            }
        }

        const fn ends(self) -> u64 {
            self.came + self.waits
        }
    }

    /// Has them come and go for a minute, beside what is stable and takes a second at the most.
    fn visited(visits: &[Visit], left: Option<Duration>) -> Option<u64> {
        visited_beside(1, visits, left)
    }

    /// The same where it takes so many seconds.
    fn visited_beside(longest: u64, visits: &[Visit], left: Option<Duration>) -> Option<u64> {
        let mut scene = Scene::new();
        scene.left = left;
        let mut life = 0;
        for at in 0..600 {
            for visit in visits {
                if visit.came == at {
                    scene.candidate.add(scene.place(at));
                }
                if visit.ends() == at && visit.is_answered {
                    scene.candidate.sub(scene.place(visit.came));
                    life += 1;
                } else if visit.ends() == at {
                    scene.leaves(visit.came, at);
                }
            }
            scene.look(at, life, Some(longest));
        }
        scene.fired
    }

    /// One every so often, each of whom waits as long.
    fn flow(every: usize, waits: u64) -> Vec<Visit> {
        let comes = (5..590).step_by(every);
        comes.map(|came| Visit::vain(came, waits)).collect()
    }

    #[test]
    fn some_who_leave_at_once_and_nobody_after_them_are_not_silence() {
        let page: Vec<_> = (0..20).map(|n| Visit::vain(n / 4, 30)).collect();
        assert_eq!(visited(&page, None), None);
        // Nor is another page a while later, nor one of them that hangs.
        let later = |visit: &Visit| Visit::vain(visit.came + 100, 30);
        let mut both: Vec<_> = page.iter().map(later).chain(page.clone()).collect();
        assert_eq!(visited(&both, None), None);
        both.push(Visit::vain(0, 300));
        assert_eq!(visited(&both, None), None);
    }

    #[test]
    fn one_answer_among_those_that_leave_is_a_sign_of_life() {
        let mut visits = flow(5, 20);
        for came in (0..590).step_by(90) {
            visits.push(Visit {
                is_answered: true,
                ..Visit::vain(came, 5)
            });
        }
        assert_eq!(visited(&visits, None), None);
    }

    #[test]
    fn clients_who_wait_no_longer_than_what_is_stable_takes_say_nothing() {
        assert_eq!(visited(&flow(2, 10), None), None);
        assert_eq!(visited(&flow(2, 12), None), Some(10));
        // What is stable was left as well.
        assert_eq!(visited(&flow(2, 20), Some(tenths(11))), None);
        assert_eq!(visited(&flow(2, 20), Some(tenths(9))), Some(10));
    }

    #[test]
    fn who_leaves_while_what_is_stable_hangs_does_not_speak_against_the_candidate() {
        let mut scene = Scene::new();
        scene.stable.add(scene.place(0));
        for at in 0..300 {
            scene.candidate.add(scene.place(at));
            if let Some(came) = at.checked_sub(20) {
                scene.leaves(came, at);
            }
            scene.look(at, 0, Some(1));
        }
        assert_eq!(scene.fired, None);
    }

    /// Whether clients came and waited in vain all through ten seconds that end about `at`, with no gap above
    /// the allowed one; said the long way.
    fn is_vain(visits: &[Visit], at: u64) -> bool {
        let heard = |visit: &&Visit| visit.is_answered && visit.ends() <= at;
        let heard = visits.iter().filter(heard).map(|visit| visit.ends()).max();
        let heard = heard.unwrap_or(0);
        let waited = visits.iter().filter_map(|visit| {
            let (from, until) = (visit.came.max(heard), visit.ends().min(at));
            (visit.came < at && until > from + 10).then_some((from, until))
        });
        let waited: Vec<_> = waited.collect();
        // An eighth of the time, and a part of it, about which is not known who came when.
        let speak = |moment: u64| {
            let near = |(from, until): &(u64, u64)| {
                (*from..=(*until).min(*from + 20) + 20).contains(&moment)
            };
            waited.iter().any(near)
        };
        // Of who came at the very end it is not known whether they wait in vain.
        let mut ends = (at.saturating_sub(30)..=at).filter(|end| *end >= heard + 100);
        let patient = waited.iter().filter(|(from, until)| until - from >= 100);
        let is_patient = patient.count() >= 5;
        let goes_on = ends.any(|end| (end - 100..end).all(speak));
        at >= heard + 100 && waited.len() >= 5 && (is_patient || goes_on)
    }

    fn visits() -> impl Strategy<Value = Vec<Visit>> {
        let visit = (0u64..550, 1u64..60, 0u32..100);
        let few = (visit.clone(), 0u32..3);
        let one = few.prop_map(|((came, waits, dice), rare)| Visit {
            came,
            waits,
            is_answered: dice < rare,
        });
        proptest::collection::vec(one, 0..150)
    }

    proptest! {
        /// Whoever comes and goes: what was found silent was so, said the long way.
        #[test]
        fn what_fires_had_clients_that_waited_in_vain_all_the_time(visits in visits()) {
            if let Some(second) = visited(&visits, None) {
                let is_vain = (second * 10..second * 10 + 10).any(|at| is_vain(&visits, at));
                prop_assert!(is_vain, "at {second} s: {visits:?}");
            }
        }

        /// A steady flow of clients with any patience sees it, soon after the time that silence needs.
        #[test]
        fn a_steady_flow_of_impatient_clients_sees_a_candidate_that_answers_nothing(
            every in 1usize..=15, longest in 0u64..=4, more in 2u64..=40,
        ) {
            let visits = flow(every, (longest * 10).max(5) + more);
            let fired = visited_beside(longest, &visits, None);
            prop_assert!(matches!(fired, Some(10..=15)), "{fired:?}");
        }
    }
}
