//! What an instance printed last, so that a failure can say why without another command.

use std::pin::pin;

use futures_util::future::{Either, select};
use windlass_edge::{Clock, LogRequest, Target};
use windlass_model::{InstanceId, LAST_BYTES, LAST_LINE_LONGEST, LAST_LINES, Millis};

/// Most bytes that are read of each stream: the last lines of a program are short, or cut.
const READ_MOST: u64 = 8 * 1_024;

/// How long the reading may hold up the news of an end: a disk that hangs must delay no trigger.
const WITHIN: Millis = Millis::from_millis(200);

/// Its last lines, or none if they can't be read in time: how it ended is told all the same.
pub(crate) async fn in_time(
    clock: &dyn Clock,
    target: &dyn Target,
    instance: &InstanceId,
) -> Vec<String> {
    match select(pin!(of(target, instance)), clock.sleep(WITHIN)).await {
        Either::Left((lines, _)) => lines,
        Either::Right(_) => {
            tracing::debug!("what {instance} printed can't be read within {WITHIN}");
            Vec::new()
        }
    }
}

/// The last lines that are not blank, at most [`LAST_LINES`] and [`LAST_BYTES`]. Those of its standard error come last, and
/// before all others where there is no room for both: nobody knows how the two were mixed, and what a
/// program dies of it says there. They go into the journal, so values of its environment are masked. None
/// where they can't be read.
async fn of(target: &dyn Target, instance: &InstanceId) -> Vec<String> {
    let request = LogRequest {
        instance: instance.clone(),
        stdout_from: None,
        stderr_from: None,
        tail: READ_MOST,
        masked: true,
    };
    match target.log(&request).await {
        Ok(chunk) => picked(&chunk.stdout, &chunk.stderr),
        Err(error) => {
            tracing::debug!("what {instance} printed can't be read: {}", error.chain());
            Vec::new()
        }
    }
}

fn picked(stdout: &[u8], stderr: &[u8]) -> Vec<String> {
    let errors = last(stderr, LAST_LINES);
    let mut lines = last(stdout, LAST_LINES.saturating_sub(errors.len()));
    lines.extend(errors);
    let mut left = LAST_BYTES;
    let kept = lines.iter().rev().take_while(|line| {
        let fits = left.checked_sub(line.len());
        left = fits.unwrap_or_default();
        fits.is_some()
    });
    lines.split_off(lines.len().saturating_sub(kept.count()))
}

/// The last lines of a stream that are not blank, in order.
fn last(stream: &[u8], most: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(stream);
    let told = text.lines().rev().map(str::trim_end);
    let told = told.filter(|line| !line.trim_start().is_empty()).take(most);
    let mut lines: Vec<String> = told.map(cut).collect();
    lines.reverse();
    lines
}

fn cut(line: &str) -> String {
    let longest = LAST_LINE_LONGEST;
    if line.chars().nth(longest).is_none() {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(longest.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_errors_before_all_others() {
        assert_eq!(picked(b"a\n\nb\n  \nc\nd", b""), ["a", "b", "c", "d"]);
        assert_eq!(
            picked(b"a\nb\n", b"\nno such file\n"),
            ["a", "b", "no such file"]
        );
        let numbers = |to: usize| {
            (1..=to)
                .map(|line| line.to_string() + "\n")
                .collect::<String>()
        };
        let lines = picked(b"a\nb\n", numbers(11).as_bytes());
        assert_eq!(lines.len(), LAST_LINES);
        assert_eq!((lines[0].as_str(), lines[1].as_str()), ("b", "1"));
        let lines = picked(b"a\n", numbers(40).as_bytes());
        assert_eq!((lines.len(), lines[0].as_str()), (LAST_LINES, "29"));
        assert_eq!(picked(b"", b"\n\n"), Vec::<String>::new());
    }

    #[test]
    fn all_lines_together_are_bounded_and_the_last_ones_stay() {
        let wide = format!("{}\n", "ä".repeat(LAST_LINE_LONGEST)).repeat(LAST_LINES);
        let lines = picked(wide.as_bytes(), b"the end\n");
        let bytes: usize = lines.iter().map(String::len).sum();
        assert!(bytes <= LAST_BYTES && lines.len() > 3, "{bytes}: {lines:?}");
        assert_eq!(lines.last().map(String::as_str), Some("the end"));
    }

    #[test]
    fn a_long_line_is_cut_and_no_byte_is_refused() {
        let long = "x".repeat(LAST_LINE_LONGEST + 1);
        let [line] = &picked(long.as_bytes(), b"")[..] else {
            panic!("one line");
        };
        assert_eq!(line.chars().count(), LAST_LINE_LONGEST);
        assert!(line.ends_with('…'), "{line}");
        assert_eq!(picked(b"\xff ok", b""), ["\u{fffd} ok"]);
    }
}
