//! How instances end by themselves is noted: each end once, whoever looks, and after whichever controller.

use std::collections::{BTreeMap, BTreeSet};

use windlass_edge::{AlikeEnds, PastEnds};
use windlass_model::{
    Happened, Happening, Instance, InstanceEnd, InstanceId, InstanceOf, Millis, Reckoned,
};

use crate::chronicle::cut;
use crate::controller::Shared;
use crate::last_words;

/// Ends that are noted already.
#[derive(Default)]
pub(crate) struct Ends {
    known: BTreeMap<InstanceId, Known>,
}

/// What is noted of one instance, under the keeper that it had last.
#[derive(Clone, Default)]
struct Known {
    keeper: String,
    /// Each series of alike ends, by when it began.
    series: BTreeMap<i64, Noted>,
    /// Whether that it is gone together with its keeper is noted.
    is_gone: bool,
    /// When the series began that it ended last in, and when that was.
    last: Option<(i64, i64)>,
}

/// How far one series is noted.
#[derive(Clone, Copy)]
struct Noted {
    count: u32,
    last_us: i64,
}

/// Ends that are not noted yet.
struct News {
    ends: AlikeEnds,
    count: u32,
    first_us: i64,
    counted: Reckoned,
}

/// What is to be told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    Nothing,
    /// Ends that its keeper has counted.
    Ends,
    /// That it is gone, and its keeper too.
    Gone,
}

impl Known {
    fn ended(&mut self, first_us: i64, last_us: i64) {
        if self.last.is_none_or(|(_, known)| known <= last_us) {
            self.last = Some((first_us, last_us));
        }
    }
}

impl Ends {
    /// Of what was noted, newest first, takes up what its last keeper had counted of each instance.
    pub(crate) fn remember(&mut self, before: &[(u64, Happening)]) {
        for (_, happening) in before {
            let (Some(of), Happened::InstanceEnded { .. }) = (&happening.of, &happening.what)
            else {
                continue;
            };
            let Some(counted) = &happening.reckoned else {
                continue;
            };
            let known = self.of(&of.instance);
            let is_first = known.last.is_none();
            if is_first {
                known.keeper.clone_from(&counted.by);
                known.last = Some((counted.since_us, happening.at_us));
            }
            if known.keeper != counted.by {
                continue;
            }
            known.is_gone |= counted.is_over && is_first;
            let noted = Noted {
                count: counted.count,
                last_us: happening.at_us,
            };
            if counted.count > 0 {
                // The newest of a series comes first.
                known.series.entry(counted.since_us).or_insert(noted);
            }
        }
    }

    /// Forgets every other instance: nobody looks at those again.
    pub(crate) fn keep_only(&mut self, instances: &BTreeSet<InstanceId>) {
        self.known.retain(|id, _| instances.contains(id));
    }

    fn of(&mut self, instance: &InstanceId) -> &mut Known {
        self.known.entry(instance.clone()).or_default()
    }

    /// What is to be told of an instance.
    fn telling(&self, instance: &InstanceId, past: Option<&PastEnds>, is_over: bool) -> Telling {
        let has_news = past.is_some_and(|past| !self.news(instance, past, is_over).is_empty());
        let known = self.known.get(instance);
        // Of another keeper it is told anew.
        let same = |known: &&Known| past.is_none_or(|past| past.keeper == known.keeper);
        let is_told = known.filter(same).is_some_and(|known| known.is_gone);
        match (has_news, is_over && !is_told) {
            (true, _) => Telling::Ends,
            (false, true) => Telling::Gone,
            (false, false) => Telling::Nothing,
        }
    }

    fn news(&self, instance: &InstanceId, past: &PastEnds, is_over: bool) -> Vec<News> {
        let known = self.known.get(instance);
        let known = known.filter(|known| known.keeper == past.keeper);
        let series = past.ends.iter().filter_map(|ends| {
            let noted = known.and_then(|known| known.series.get(&ends.first_us));
            let count = ends
                .count
                .checked_sub(noted.map_or(0, |noted| noted.count))?;
            let first_us = match noted {
                None => ends.first_us,
                Some(_) if count == 1 => ends.last_us,
                // Nobody saw when: after what is noted.
                Some(noted) => noted.last_us,
            };
            let counted = Reckoned {
                by: past.keeper.clone(),
                since_us: ends.first_us,
                count: ends.count,
                is_over,
            };
            (count > 0).then(|| News {
                ends: ends.clone(),
                count,
                first_us,
                counted,
            })
        });
        series.collect()
    }

    /// What is not noted yet. From now on all of it is.
    fn take(&mut self, instance: &InstanceId, past: Option<&PastEnds>, is_over: bool) -> Vec<News> {
        let news = past.map(|past| self.news(instance, past, is_over));
        let known = self.of(instance);
        // What runs has somebody who keeps it.
        known.is_gone = is_over;
        if let Some(past) = past {
            known.keeper.clone_from(&past.keeper);
            let noted = |ends: &AlikeEnds| {
                let (count, last_us) = (ends.count, ends.last_us);
                (ends.first_us, Noted { count, last_us })
            };
            known.series = past.ends.iter().map(noted).collect();
            if let Some(last) = past.ends.last() {
                known.ended(last.first_us, last.last_us);
            }
        }
        news.unwrap_or_default()
    }

    /// It is gone, and nobody counted that.
    fn gone(&mut self, instance: &InstanceId, now_us: i64) -> Reckoned {
        let known = self.of(instance);
        known.ended(now_us, now_us);
        Reckoned {
            by: known.keeper.clone(),
            since_us: now_us,
            count: 0,
            is_over: true,
        }
    }

    /// Whether it was gone when somebody last looked, and nothing had started it again.
    pub(crate) fn is_gone(&self, instance: &InstanceId) -> bool {
        let known = self.known.get(instance);
        known.is_some_and(|known| known.is_gone)
    }

    /// When an instance last ended, as far as is known, if that explains what it did at a time: it ended at most
    /// so long before.
    pub(crate) fn explains(
        &self,
        instance: &InstanceId,
        at_us: i64,
        within: Millis,
    ) -> Option<i64> {
        let (first_us, last_us) = self.known.get(instance)?.last?;
        let within = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        let since_us = at_us.saturating_sub(within.saturating_mul(1_000));
        (first_us <= at_us && last_us >= since_us).then_some(last_us)
    }
}

/// An instance that somebody looks at.
pub(crate) struct Looked {
    /// How it is over, if nothing of it lives and nothing starts it again but a controller.
    pub(crate) over: Option<InstanceEnd>,
    /// Whether nobody looked before.
    pub(crate) found: bool,
}

/// Notes how an instance has ended, as its keeper says, as far as that is not noted yet; and that it is gone
/// together with its keeper.
pub(crate) async fn look(shared: &Shared, of: &InstanceOf, instance: &Instance, looked: Looked) {
    let past = match shared.border.target.ends(instance).await {
        Ok(past) => Some(past.unwrap_or_default()),
        Err(error) => {
            let id = &of.instance;
            tracing::debug!("how {id} has ended can't be told: {}", error.chain());
            None
        }
    };
    let is_over = looked.over.is_some();
    let ends = &shared.chronicle.ends;
    let told = ends.borrow().telling(&of.instance, past.as_ref(), is_over);
    let last_lines = match told {
        Telling::Nothing => Vec::new(),
        // What it printed since is not what it died of.
        Telling::Ends if looked.found => Vec::new(),
        Telling::Ends | Telling::Gone => {
            let border = &shared.border;
            last_words::in_time(&*border.clock, &*border.target, &of.instance).await
        }
    };
    let now = shared.border.clock.calendar_us();
    // Somebody else may have told it meanwhile.
    let told = ends.borrow().telling(&of.instance, past.as_ref(), is_over);
    let news = ends.borrow_mut().take(&of.instance, past.as_ref(), is_over);
    let found_us = looked.found.then_some(now);
    match told {
        Telling::Nothing => {}
        Telling::Ends => {
            for mut happening in told_of(of, news, last_lines) {
                happening.found_us = found_us;
                shared.chronicle.note(happening);
            }
        }
        Telling::Gone => {
            let end = fit(looked.over.unwrap_or(InstanceEnd::Unknown));
            let what = Happened::InstanceEnded { end, last_lines };
            let mut happening = Happening::once(now, Some(of.clone()), what);
            happening.found_us = found_us;
            happening.reckoned = Some(ends.borrow_mut().gone(&of.instance, now));
            shared.chronicle.note(happening);
        }
    }
}

/// One for each series. What it printed last is told of its last end.
fn told_of(of: &InstanceOf, news: Vec<News>, last_lines: Vec<String>) -> Vec<Happening> {
    let mut last_lines = Some(last_lines);
    let newest_first = news.into_iter().rev().map(|news| {
        let what = Happened::InstanceEnded {
            end: fit(news.ends.end),
            last_lines: last_lines.take().unwrap_or_default(),
        };
        let mut happening = Happening::once(news.ends.last_us, Some(of.clone()), what);
        happening.first_us = news.first_us;
        happening.count = news.count;
        happening.reckoned = Some(news.counted);
        happening
    });
    let mut told: Vec<Happening> = newest_first.collect();
    told.reverse();
    told
}

fn fit(end: InstanceEnd) -> InstanceEnd {
    match end {
        InstanceEnd::NotStarted(why) => InstanceEnd::NotStarted(cut(why)),
        InstanceEnd::NeverReady(_)
        | InstanceEnd::Unready(_)
        | InstanceEnd::Exited(_)
        | InstanceEnd::Killed(_)
        | InstanceEnd::Unknown => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> InstanceId {
        InstanceId::parse(&format!("ins_{number:x}")).expect("an id")
    }

    fn killed_once() -> PastEnds {
        let ends = AlikeEnds {
            end: InstanceEnd::Killed(9),
            count: 1,
            first_us: 7,
            last_us: 7,
        };
        PastEnds {
            keeper: "one".to_owned(),
            ends: vec![ends],
        }
    }

    #[test]
    fn what_is_told_stays_told_beside_however_many_that_never_ended() {
        let (mut ends, past) = (Ends::default(), killed_once());
        assert_eq!(ends.take(&id(1), Some(&past), false).len(), 1);
        for number in 2..2_000 {
            ends.take(&id(number), Some(&PastEnds::default()), false);
        }
        assert!(ends.telling(&id(1), Some(&past), false) == Telling::Nothing);
    }

    #[test]
    fn what_is_in_no_slot_any_more_takes_no_place() {
        let mut ends = Ends::default();
        for number in 1..20 {
            ends.take(&id(number), Some(&killed_once()), false);
        }
        ends.keep_only(&[id(3), id(400)].into());
        let known: Vec<_> = ends.known.keys().cloned().collect();
        assert_eq!(known, [id(3)]);
    }
}
