//! The last ten minutes of ticks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use windlass_control::{LateCounts, SlotCounts, Tick};
use windlass_model::{LATENCY_EDGES_US, Percent, ServiceKey, SlotId, Version};

use crate::counts::{Part, Sum};
use crate::limits::{CELLS_KEPT, CELLS_REPLY, TICKS_KEPT, TICKS_REPLY};

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
    cells: Box<[Cell]>,
}

/// Ticks by number, without a gap; the oldest go when there are too many.
#[derive(Debug, Default)]
pub(crate) struct Ticks {
    kept: VecDeque<Kept>,
    cells: usize,
    last: u64,
}

impl Ticks {
    /// Adds the next tick.
    pub(crate) fn push(&mut self, until_ms: u64, cells: Vec<Cell>) {
        self.last += 1;
        self.cells += cells.len();
        self.kept.push_back(Kept {
            number: self.last,
            until_ms,
            cells: cells.into(),
        });
        while self.kept.len() > TICKS_KEPT || self.cells > CELLS_KEPT {
            let Some(oldest) = self.kept.pop_front() else {
                break;
            };
            self.cells -= oldest.cells.len();
        }
    }

    /// Ticks with a number above `after`, oldest first; perhaps not all in one go, but at least
    /// one if there is one.
    pub(crate) fn after(&self, after: u64) -> Vec<Tick> {
        let from = self.kept.partition_point(|tick| tick.number <= after);
        let mut cells = 0;
        let mut ticks = Vec::new();
        for kept in self.kept.range(from..).take(TICKS_REPLY) {
            cells += kept.cells.len();
            if cells > CELLS_REPLY && !ticks.is_empty() {
                break;
            }
            ticks.push(told(kept));
        }
        ticks
    }
}

fn told(kept: &Kept) -> Tick {
    let mut services: BTreeMap<ServiceKey, Vec<SlotCounts>> = BTreeMap::new();
    for Cell { who, share, sum } in &kept.cells {
        let Sum { dealt, all, late } = sum;
        services
            .entry(who.service.clone())
            .or_default()
            .push(SlotCounts {
                slot: who.slot.as_ref().map(|(slot, _)| *slot),
                version: who.slot.as_ref().map(|(_, version)| version.clone()),
                answers: all.answers.map(u64::from),
                connect_failures: u64::from(all.connect_failures),
                broken: u64::from(all.broken),
                latency: unfolded(all),
                dealt: u64::from(*dealt),
                share: *share,
                late: late.as_deref().map(|late| Box::new(told_late(late))),
            });
    }
    Tick {
        number: kept.number,
        until_ms: kept.until_ms,
        services,
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
    use super::*;

    fn who() -> Arc<Who> {
        Arc::new(Who {
            service: ServiceKey::try_from("shop/default/api".to_owned()).expect("a key"),
            slot: None,
        })
    }

    #[test]
    fn numbers_count_up_without_a_gap_and_the_oldest_go() {
        let mut ticks = Ticks::default();
        for n in 0..7_000 {
            ticks.push(n, Vec::new());
        }
        let mut seen = Vec::new();
        let mut after = 0;
        loop {
            let some = ticks.after(after);
            let Some(last) = some.last() else { break };
            after = last.number;
            seen.extend(some.iter().map(|t| t.number));
        }
        assert_eq!(seen, (1_001..=7_000).collect::<Vec<_>>());
    }

    #[test]
    fn counts_kept_are_bounded_and_so_is_a_reply() {
        let mut ticks = Ticks::default();
        let who = who();
        for n in 0..300 {
            let cells = (0..1_000).map(|_| Cell {
                who: who.clone(),
                share: None,
                sum: Sum::default(),
            });
            ticks.push(n, cells.collect());
        }
        assert_eq!(ticks.cells, CELLS_KEPT);
        assert_eq!(ticks.kept.len(), 200);
        assert_eq!(ticks.after(0).len(), 10);
        assert_eq!(ticks.after(300).len(), 0);
    }
}
