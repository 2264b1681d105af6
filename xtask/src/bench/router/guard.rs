//! The rule of a guard that polls: what people have where something beside the proxy watches a release.
//!
//! It is set up as the pages of Argo Rollouts and Flagger have it, with three differences that are in its favour: it
//! looks every second and not every minute, what is plain is acted on at the first poll, and it acts at once.

/// Answers of a candidate between two polls below which nothing is judged.
const LEAST: u64 = 20;
/// Errors above this share, in percent, are plain.
const PLAIN: u64 = 10;
/// Errors above this share, in percent, are too many if they last: a release that errs once in a hundred is
/// above it in two polls of a hundred by chance.
const MANY: u64 = 3;
/// Polls in a row with too many errors. With fewer, a good release would be taken back within minutes.
const LASTING: u32 = 3;
/// Polls in a row without any answer: Argo's fifth (`consecutiveErrorLimit: 4`), and Flagger's usual `threshold`.
const SILENT: u32 = 5;

/// What came to a candidate between two polls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Polled {
    pub(crate) answers: u64,
    /// Those among them that were errors.
    pub(crate) errors: u64,
}

/// What it has seen.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    worse: u32,
    silent: u32,
}

impl Guard {
    /// Whether it goes back after this poll.
    pub(crate) fn goes_back(&mut self, seen: Polled) -> bool {
        if seen.answers == 0 {
            self.silent += 1;
            return self.silent >= SILENT;
        }
        self.silent = 0;
        if seen.answers < LEAST {
            return false;
        }
        let above = |percent| seen.errors * 100 > seen.answers * percent;
        self.worse = if above(MANY) { self.worse + 1 } else { 0 };
        above(PLAIN) || self.worse >= LASTING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls(seen: &[(u64, u64)]) -> Vec<bool> {
        let mut guard = Guard::default();
        let polled = seen.iter().map(|(answers, errors)| Polled {
            answers: *answers,
            errors: *errors,
        });
        polled.map(|polled| guard.goes_back(polled)).collect()
    }

    #[test]
    fn what_is_plain_is_acted_on_at_the_first_poll_with_enough_answers() {
        assert_eq!(polls(&[(19, 19), (100, 50)]), [false, true]);
        assert_eq!(polls(&[(100, 10), (100, 11)]), [false, true]);
    }

    #[test]
    fn a_few_errors_more_must_last() {
        let seen = [(100, 5), (100, 3), (100, 5), (100, 4), (100, 5)];
        assert_eq!(polls(&seen), [false, false, false, false, true]);
    }

    #[test]
    fn silence_is_believed_at_the_fifth_poll() {
        let mut seen = [(0, 0); 6];
        assert_eq!(polls(&seen), [false, false, false, false, true, true]);
        seen[2] = (1, 0);
        assert_eq!(polls(&seen), [false; 6]);
    }
}
