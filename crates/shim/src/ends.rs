//! Ends of the group by itself, told so that each is counted once and as what it was.

use std::mem::discriminant;
use std::time::{SystemTime, UNIX_EPOCH};

use windlass_control::{AlikeEnds, GroupEnd};
use windlass_model::ONCE_MORE_WITHIN_US;

/// Most series of alike ends that are kept; the one that ended longest ago goes first.
const SERIES_MOST: usize = 8;

/// The calendar, microseconds since 1970 UTC.
pub(crate) fn now_us() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(0))
}

/// Adds one: to those that it is like and near to, else as the first of its own.
pub(crate) fn note(all: &mut Vec<AlikeEnds>, end: &GroupEnd, at_us: i64) {
    let is_one_more = |known: &AlikeEnds| {
        let since = at_us.saturating_sub(known.last_us);
        are_alike(&known.end, end) && since <= ONCE_MORE_WITHIN_US
    };
    let known = all.iter().rposition(is_one_more).map(|at| all.remove(at));
    let (first_us, before) = known.map_or((at_us, 0), |known| (known.first_us, known.count));
    all.push(AlikeEnds {
        end: end.clone(),
        first_us,
        last_us: at_us,
        count: before.saturating_add(1),
    });
    if all.len() > SERIES_MOST {
        all.remove(0);
    }
}

/// Words don't count: they may say something else each time.
fn are_alike(one: &GroupEnd, other: &GroupEnd) -> bool {
    match one {
        GroupEnd::NotStarted(_) => discriminant(one) == discriminant(other),
        GroupEnd::Exited(_) | GroupEnd::Killed(_) | GroupEnd::Stopped => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(all: &[AlikeEnds]) -> Vec<(GroupEnd, i64, i64, u32)> {
        let told = |it: &AlikeEnds| (it.end.clone(), it.first_us, it.last_us, it.count);
        all.iter().map(told).collect()
    }

    #[test]
    fn alike_ends_within_an_hour_are_one_with_its_first_and_its_last_time() {
        let mut all = Vec::new();
        note(&mut all, &GroupEnd::Exited(1), 10);
        note(&mut all, &GroupEnd::Killed(9), 20);
        note(&mut all, &GroupEnd::Exited(1), 30);
        let killed = (GroupEnd::Killed(9), 20, 20, 1);
        assert_eq!(
            told(&all),
            [killed.clone(), (GroupEnd::Exited(1), 10, 30, 2)]
        );
        let late = 31 + ONCE_MORE_WITHIN_US;
        note(&mut all, &GroupEnd::Exited(1), late);
        let both = [
            killed,
            (GroupEnd::Exited(1), 10, 30, 2),
            (GroupEnd::Exited(1), late, late, 1),
        ];
        assert_eq!(told(&all), both);
    }

    #[test]
    fn the_last_reason_of_what_could_not_be_started_is_kept() {
        let mut all = Vec::new();
        for why in ["gone at 12:01", "gone at 12:02"] {
            note(&mut all, &GroupEnd::NotStarted(why.to_owned()), 10);
        }
        let last = GroupEnd::NotStarted("gone at 12:02".to_owned());
        assert_eq!(told(&all), [(last, 10, 10, 2)]);
    }

    #[test]
    fn of_too_many_kinds_the_oldest_are_forgotten() {
        let mut all = Vec::new();
        for status in 1..=10 {
            note(&mut all, &GroupEnd::Exited(status), i64::from(status));
        }
        let first = all.first().map(|it| it.end.clone());
        assert_eq!((all.len(), first), (8, Some(GroupEnd::Exited(3))));
    }
}
