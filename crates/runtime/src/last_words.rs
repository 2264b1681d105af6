//! What an instance printed last, so that a failure can say why without another command.

use std::pin::pin;

use futures_util::future::{Either, select};
use windlass_edge::{Clock, LogRequest, Target};
use windlass_model::{InstanceId, LAST_LINE_LONGEST, LAST_LINES, Millis};

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

/// The last lines that are not blank, at most [`LAST_LINES`]. Those of its standard error come last, and
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
    lines
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
    fn the_last_three_lines_are_kept_and_errors_before_all_others() {
        assert_eq!(picked(b"a\n\nb\n  \nc\nd", b""), ["b", "c", "d"]);
        assert_eq!(
            picked(b"a\nb\nc\n", b"\nno such file\n"),
            ["b", "c", "no such file"]
        );
        assert_eq!(picked(b"a\n", b"1\n2\n3\n4\n"), ["2", "3", "4"]);
        assert_eq!(picked(b"", b"\n\n"), Vec::<String>::new());
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
