//! Durations and times of day for people.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use windlass_model::Millis;

/// Calendar time of now, microseconds since 1970 UTC.
pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

/// A measured duration, as exact as matters: `0.4s`, `41.2s`, `2m5s`, `3h2m`.
pub(crate) fn took(us: i64) -> String {
    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;
    let millis = u64::try_from(us.max(0)).unwrap_or(0) / 1_000;
    let least = match millis {
        // It is measured to tenths: `2.0s` says so.
        0..MINUTE => return format!("{}.{}s", millis / 1_000, millis / 100 % 10),
        MINUTE..HOUR => 1_000,
        HOUR.. => MINUTE,
    };
    Millis::from_millis(millis / least * least).to_string()
}

/// How long ago something was, in one unit: `41s ago`, `12m ago`, `3h ago`, `5d ago`.
pub(crate) fn ago(us: i64) -> String {
    match seconds(us) {
        0 => "just now".to_owned(),
        passed => format!("{} ago", in_one_unit(passed)),
    }
}

/// When something ends, and how long that is from now: `14:03:20 (25s left)`; with its day where that is another
/// one.
pub(crate) fn ends(at_us: i64, now_us: i64, zone: &TimeZone) -> String {
    let is_today = written(at_us, zone, DAY) == written(now_us, zone, DAY);
    let at = if is_today { of_day } else { of_calendar }(at_us, zone);
    // What has not ended has some of it left.
    let left = seconds(at_us.saturating_sub(now_us).saturating_add(999_999));
    format!("{at} ({} left)", in_one_unit(left))
}

fn seconds(us: i64) -> u64 {
    u64::try_from(us.max(0)).unwrap_or(0) / 1_000_000
}

fn in_one_unit(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        // Two days are the first that nobody counts in hours.
        HOUR.. if seconds < 2 * DAY => format!("{}h", seconds / HOUR),
        HOUR.. => format!("{}d", seconds / DAY),
    }
}

/// A running clock: `0:05`, `12:40`, `1:02:03`.
pub(crate) fn clock(us: i64) -> String {
    let seconds = seconds(us);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

/// The time of day: `14:02:11`.
pub(crate) fn of_day(at_us: i64, zone: &TimeZone) -> String {
    written(at_us, zone, "%H:%M:%S")
}

/// How a day is written.
const DAY: &str = "%Y-%m-%d";

/// Day and time: `2026-11-21 14:02:11`.
pub(crate) fn of_calendar(at_us: i64, zone: &TimeZone) -> String {
    written(at_us, zone, "%Y-%m-%d %H:%M:%S")
}

/// Day and time without what every row has: `11-21 14:02`.
pub(crate) fn in_year(at_us: i64, zone: &TimeZone) -> String {
    written(at_us, zone, "%m-%d %H:%M")
}

fn written(at_us: i64, zone: &TimeZone, form: &str) -> String {
    let at = Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(zone.clone()).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_the_two_units_that_matter() {
        let seconds = 1_000_000;
        assert_eq!(took(420_000), "0.4s");
        assert_eq!(took(41_260_000), "41.2s");
        assert_eq!(took(125 * seconds), "2m5s");
        assert_eq!(took(60 * seconds), "1m");
        assert_eq!(took(3 * 3600 * seconds + 120 * seconds), "3h2m");
        assert_eq!(took(-1), "0.0s");
        let past = [0, 41, 759, 3 * 3600 + 120, 5 * 86_400 + 7];
        let past = past.map(|time| ago(time * seconds));
        let read = ["just now", "41s ago", "12m ago", "3h ago", "5d ago"];
        assert_eq!(past, read);
        assert_eq!(clock(5 * seconds), "0:05");
        assert_eq!(clock(760 * seconds), "12:40");
        assert_eq!(clock(3_723 * seconds), "1:02:03");
    }

    #[test]
    fn times_are_shown_in_the_zone() {
        let at = 1_795_269_731_000_000;
        assert_eq!(of_day(at, &TimeZone::UTC), "14:02:11");
        assert_eq!(of_calendar(at, &TimeZone::UTC), "2026-11-21 14:02:11");
        let east = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(of_day(at, &east), "15:02:11");
    }
    #[test]
    fn an_end_is_told_with_what_is_left_and_with_its_day_where_that_is_another_one() {
        let now = 1_795_269_731_000_000;
        let told = |left: i64| ends(now + left, now, &TimeZone::UTC);
        assert_eq!(told(25_000_000), "14:02:36 (25s left)");
        assert_eq!(told(24_300_000), "14:02:35 (25s left)");
        assert_eq!(told(-1), "14:02:10 (0s left)");
        let days = told(3 * 86_400_000_000);
        assert_eq!(days, "2026-11-24 14:02:11 (3d left)");
    }
}
