//! The last ten minutes of ticks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use windlass_control::{LateCounts, SlotCounts, Tick};
use windlass_model::{Beyond, LATENCY_EDGES_US, Percent, ServiceKey, SlotId, Version};

use crate::cast::Cast;
use crate::counts::{Part, Sum};
use crate::folded::{Unfold, fold};
use crate::limits::{CELLS_REPLY, TICK_BYTES_KEPT, TICKS_KEPT, TICKS_REPLY};

/// Whose counts these are.
#[derive(Debug)]
pub(crate) struct Who {
    /// Of which service.
    pub(crate) service: ServiceKey,
    /// Which slot and its version; none for the router's own answers.
    pub(crate) slot: Option<(SlotId, Version)>,
}

/// What one slot was seen to do in an interval.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) who: Arc<Who>,
    /// Its share, if that was the same all through it.
    pub(crate) share: Option<Percent>,
    pub(crate) sum: Sum,
}

impl Cell {
    pub(crate) fn new(who: &Arc<Who>, share: Option<Percent>, sum: Sum) -> Self {
        let who = who.clone();
        Self { who, share, sum }
    }
}

#[derive(Debug)]
struct Kept {
    number: u64,
    until_ms: u64,
    cells: usize,
    /// Counts as [`fold`] writes them, by places in the cast.
    folded: Box<[u8]>,
}

/// Ticks by number, without a gap; the oldest go when there are too many, or they take too much.
#[derive(Debug, Default)]
pub(crate) struct Ticks {
    kept: VecDeque<Kept>,
    cast: Cast,
    bytes: usize,
    last: u64,
}

impl Ticks {
    /// Adds the next tick.
    pub(crate) fn push(&mut self, until_ms: u64, cells: &[Cell]) {
        self.last += 1;
        let oldest = self.kept.front().map_or(self.last, |tick| tick.number);
        let mut folded = Vec::new();
        for Cell { who, share, sum } in cells {
            let place = self.cast.place(who, self.last, oldest);
            fold(&mut folded, place, *share, sum);
        }
        self.bytes += folded.len();
        self.kept.push_back(Kept {
            number: self.last,
            until_ms,
            cells: cells.len(),
            folded: folded.into(),
        });
        while self.kept.len() > TICKS_KEPT || self.bytes > TICK_BYTES_KEPT {
            let Some(oldest) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.folded.len();
        }
    }

    /// Ticks with a number above `after`, oldest first; perhaps not all in one go, but at least
    /// one if there is one.
    pub(crate) fn after(&self, after: u64) -> Vec<Tick> {
        let from = self.kept.partition_point(|tick| tick.number <= after);
        let mut cells = 0;
        let mut ticks = Vec::new();
        for kept in self.kept.range(from..).take(TICKS_REPLY) {
            cells += kept.cells;
            if cells > CELLS_REPLY && !ticks.is_empty() {
                break;
            }
            ticks.push(self.told(kept));
        }
        ticks
    }

    fn told(&self, kept: &Kept) -> Tick {
        let mut services: BTreeMap<ServiceKey, Vec<SlotCounts>> = BTreeMap::new();
        for (place, share, sum) in Unfold(&kept.folded) {
            // A kept tick has all its places in the cast.
            let Some(who) = self.cast.who(place) else {
                continue;
            };
            let counts = told_slot(who, share, &sum);
            services
                .entry(who.service.clone())
                .or_default()
                .push(counts);
        }
        Tick {
            number: kept.number,
            until_ms: kept.until_ms,
            services,
        }
    }
}

fn told_slot(who: &Who, share: Option<Percent>, sum: &Sum) -> SlotCounts {
    let Sum {
        dealt,
        all,
        beyond,
        late,
    } = sum;
    let beyond = beyond.iter().map(|(than, answers)| Beyond {
        than: *than,
        answers: u64::from(*answers),
    });
    SlotCounts {
        slot: who.slot.as_ref().map(|(slot, _)| *slot),
        version: who.slot.as_ref().map(|(_, version)| version.clone()),
        answers: all.answers.map(u64::from),
        connect_failures: u64::from(all.connect_failures),
        broken: u64::from(all.broken),
        latency: unfolded(all),
        dealt: u64::from(*dealt),
        share,
        beyond: beyond.collect(),
        late: late.as_deref().map(|late| Box::new(told_late(late))),
    }
}

fn told_late(late: &Part) -> LateCounts {
    LateCounts {
        answers: late.answers.map(u64::from),
        connect_failures: u64::from(late.connect_failures),
        broken: u64::from(late.broken),
        latency: unfolded(late),
    }
}

/// One count per bucket, the empty ones too.
fn unfolded(part: &Part) -> Vec<u64> {
    let mut latency = vec![0; LATENCY_EDGES_US.len() + 1];
    for (bucket, count) in &part.latency {
        latency[usize::from(*bucket)] = u64::from(*count);
    }
    latency
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::TICK;

    fn who(number: u32) -> Arc<Who> {
        let service = format!("shop/default/api{number}").try_into();
        let version = Version("1".to_owned());
        Arc::new(Who {
            service: service.expect("a key"),
            slot: Some((SlotId(number), version)),
        })
    }

    /// What a slot with so many answers in each of so many buckets did.
    fn busy(buckets: u8, count: u32) -> Sum {
        let all = Part {
            answers: [0, u32::from(buckets) * count, 0, 0, 0],
            latency: (30..30 + buckets).map(|bucket| (bucket, count)).collect(),
            ..Part::default()
        };
        Sum {
            dealt: all.answers[1],
            all,
            beyond: Vec::new(),
            late: None,
        }
    }

    fn all(ticks: &Ticks) -> Vec<Tick> {
        let mut seen: Vec<Tick> = Vec::new();
        loop {
            let some = ticks.after(seen.last().map_or(0, |last| last.number));
            if some.is_empty() {
                return seen;
            }
            seen.extend(some);
        }
    }

    #[test]
    fn numbers_count_up_without_a_gap_and_the_oldest_go() {
        let mut ticks = Ticks::default();
        for n in 0..7_000 {
            ticks.push(n, &[]);
        }
        let seen: Vec<u64> = all(&ticks).iter().map(|tick| tick.number).collect();
        assert_eq!(seen, (1_001..=7_000).collect::<Vec<_>>());
    }

    #[test]
    fn ten_ticks_a_second_can_be_read_again_for_ten_minutes() {
        const TEN_MINUTES: u64 = 10 * 60 * 1_000;
        let tick_ms = u64::try_from(TICK.as_millis()).expect("short");
        assert!(tick_ms * 10 <= 1_000, "at least ten a second");
        let mut ticks = Ticks::default();
        let cells = [Cell::new(&who(1), Some(Percent::FULL), busy(3, 1))];
        // An hour, and then some.
        for n in 1..=40_000 {
            ticks.push(n * tick_ms, &cells);
        }
        let now = 40_000 * tick_ms;
        let seen = all(&ticks);
        let since = seen[0].until_ms - tick_ms;
        assert!(now - since >= TEN_MINUTES, "{}", now - since);
        assert!(
            seen.windows(2)
                .all(|two| two[0].number + 1 == two[1].number)
        );
        let answered = seen
            .iter()
            .flat_map(|tick| tick.services.values().flatten());
        let answered: u64 = answered.map(|counts| counts.dealt).sum();
        assert_eq!(answered, 3 * seen.len() as u64, "each counted once");
        assert_eq!(all(&ticks), seen, "and again");
    }

    #[test]
    fn a_reply_is_bounded() {
        let mut ticks = Ticks::default();
        let (who, sum) = (who(1), Sum::default());
        let cells: Vec<Cell> = (0..1_000)
            .map(|_| Cell::new(&who, None, sum.clone()))
            .collect();
        for n in 0..30 {
            ticks.push(n, &cells);
        }
        assert_eq!(ticks.after(0).len(), 10);
        assert_eq!(ticks.after(29).len(), 1);
        assert_eq!(ticks.after(30).len(), 0);
    }

    #[test]
    fn three_hundred_busy_slots_are_kept_for_ten_minutes() {
        let everybody: Vec<Arc<Who>> = (0..300).map(who).collect();
        let share = Some(Percent::FULL);
        let cells: Vec<Cell> = everybody
            .iter()
            .map(|who| Cell::new(who, share, busy(12, 9)))
            .collect();
        let mut ticks = Ticks::default();
        for n in 0..TICKS_KEPT as u64 + 10 {
            ticks.push(n, &cells);
        }
        assert_eq!(ticks.kept.len(), TICKS_KEPT);
        assert_eq!(ticks.after(0)[0].number, 11);
        let bytes = ticks.bytes / (TICKS_KEPT * cells.len());
        assert!(bytes <= 32, "{bytes} for each slot in each tick");
    }

    #[test]
    fn what_takes_too_much_lets_the_oldest_ticks_go_whole() {
        let everybody: Vec<Arc<Who>> = (0..2_000).map(who).collect();
        let cells: Vec<Cell> = everybody
            .iter()
            .map(|who| Cell::new(who, None, busy(90, 1_000)))
            .collect();
        let mut ticks = Ticks::default();
        for n in 0..200 {
            ticks.push(n, &cells);
        }
        assert!(ticks.bytes <= TICK_BYTES_KEPT, "{}", ticks.bytes);
        assert!(ticks.kept.len() < 200, "{}", ticks.kept.len());
        let first = ticks.after(0);
        assert_eq!(
            first[0].number,
            201 - ticks.kept.len() as u64,
            "a gap, which is told by numbers"
        );
        assert_eq!(first[0].services.len(), 2_000);
    }

    proptest! {
        #[test]
        fn what_is_read_again_is_what_was_told_at_first(
            ticks_of in proptest::collection::vec(
                proptest::collection::vec((0u32..40, 0u8..90, 1u32..5_000), 0..12),
                1..60,
            ),
            kept in 1usize..30,
        ) {
            let mut ticks = Ticks::default();
            let mut told = Vec::new();
            for (n, slots) in (0..).zip(&ticks_of) {
                // Slots go and others come, some of them at places of those that went.
                let cells: Vec<Cell> = slots
                    .iter()
                    .map(|(slot, buckets, count)| {
                        let generation = u32::try_from(n).expect("few") / 8 * 100;
                        let who = who(generation + *slot);
                        Cell::new(&who, None, busy(*buckets, *count))
                    })
                    .collect();
                let expected: Vec<SlotCounts> = cells
                    .iter()
                    .map(|cell| told_slot(&cell.who, cell.share, &cell.sum))
                    .collect();
                ticks.push(n, &cells);
                let first = ticks.after(n).remove(0);
                let mut said: Vec<SlotCounts> = first.services.values().flatten().cloned().collect();
                let mut wanted = expected;
                said.sort_by_key(|counts| (counts.slot, counts.dealt, counts.latency.clone()));
                wanted.sort_by_key(|counts| (counts.slot, counts.dealt, counts.latency.clone()));
                prop_assert_eq!(said, wanted);
                told.push(first);
                while ticks.kept.len() > kept {
                    let gone = ticks.kept.pop_front().expect("one");
                    ticks.bytes -= gone.folded.len();
                }
            }
            let from = told.len() - ticks.kept.len();
            prop_assert_eq!(all(&ticks), &told[from..]);
            let bytes: usize = ticks.kept.iter().map(|tick| tick.folded.len()).sum();
            prop_assert_eq!(bytes, ticks.bytes);
        }
    }
}
