//! How long a plan takes, in a sentence.

use windlass_api::TakesView;
use windlass_model::ServiceName;

use super::time::took;
use super::words::listed;

/// What is known of it; nothing where that is nothing.
pub(super) fn line(takes: &TakesView) -> Option<String> {
    let long = |millis: u64| took(i64::try_from(millis.saturating_mul(1_000)).unwrap_or(i64::MAX));
    let watched = match takes.watched_ms {
        0 => String::new(),
        millis => format!(", {} of it watching", long(millis)),
    };
    let unknown: Vec<&ServiceName> = takes.unknown.iter().collect();
    let without = match unknown.as_slice() {
        [] => String::new(),
        [one] => format!("; how long {one} takes to start is not known yet"),
        some => format!("; how long {} take to start is not known yet", listed(some)),
    };
    let (least, watched) = match (takes.about_ms, unknown.is_empty()) {
        (0, true) => return None,
        (0, false) => return Some(without.replacen("; how", "how", 1)),
        (_, true) => ("about", watched),
        // What is not known comes on top.
        (about, false) if about == takes.watched_ms => {
            ("at least", ", all of it watching".to_owned())
        }
        (_, false) => ("at least", watched),
    };
    Some(format!(
        "takes {least} {}{watched}{without}",
        long(takes.about_ms)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn it_says_what_of_it_is_watching_and_what_nobody_knows() {
        let told = |about_ms, watched_ms, unknown: &[&str]| {
            line(&TakesView {
                about_ms,
                watched_ms,
                unknown: unknown.iter().map(|name| sample::service(name)).collect(),
            })
        };
        let lines = [
            told(36_400, 32_000, &[]),
            told(800, 0, &[]),
            told(32_000, 32_000, &["web"]),
            told(36_400, 32_000, &["api", "web"]),
            told(0, 0, &["web"]),
            told(0, 0, &[]),
        ];
        let lines: Vec<String> = lines.into_iter().map(Option::unwrap_or_default).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        takes about 36.4s, 32.0s of it watching
        takes about 0.8s
        takes at least 32.0s, all of it watching; how long web takes to start is not known yet
        takes at least 36.4s, 32.0s of it watching; how long api, web take to start is not known yet
        how long web takes to start is not known yet
        ");
    }
}
