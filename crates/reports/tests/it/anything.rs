//! Any bytes as any report; shared with `fuzz/`.

use windlass_reports::{Found, Unreadable, cobertura, figure, junit, lcov, playwright};

/// What reads a report.
pub(crate) type Reader = fn(&[u8]) -> Result<Found, Unreadable>;

/// Every reader.
pub(crate) const READERS: [Reader; 5] = [junit, playwright, lcov, cobertura, any_figure];

/// The first line leads to the figure.
fn any_figure(bytes: &[u8]) -> Result<Found, Unreadable> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (pointer, json) = bytes.split_at(end.unwrap_or(0));
    figure(json, &String::from_utf8_lossy(pointer))
}

/// What is read is a finite value and one line that is harmless; a share lies between 0 and 100.
pub(crate) fn read_anything(reader: usize, bytes: &[u8]) {
    let Some(read) = READERS.get(reader) else {
        return;
    };
    match read(bytes) {
        Ok(Found { value, saw }) => {
            assert!(value.is_finite());
            assert!(reader == 4 || (0.0..=100.0).contains(&value), "{value}");
            harmless(&saw);
        }
        Err(why) => harmless(&why.to_string()),
    }
}

fn harmless(said: &str) {
    assert!(!said.is_empty());
    assert!(!said.chars().any(char::is_control), "{said:?}");
    assert!(said.chars().count() < 2_000, "{said:?}");
}
