//! `xtask/house-exceptions.txt`: where a limit makes the code worse, and why.

use crate::tree::read;

/// One reasoned exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exception {
    /// The file, or the file and the function in it.
    pub(crate) place: Place,
    /// Why the limit does not fit here.
    pub(crate) reason: String,
}

/// What a limit is applied to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// From the root.
    pub(crate) path: String,
    /// `None` for the whole file.
    pub(crate) function: Option<String>,
}

/// Reads lines of the form `path [function] : reason`; a line that is not one is the error.
fn parse(text: &str) -> Result<Vec<Exception>, String> {
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| parse_line(line).ok_or_else(|| line.to_owned()))
        .collect()
}

fn parse_line(line: &str) -> Option<Exception> {
    let (place, reason) = line.split_once(" : ")?;
    let mut words = place.split_whitespace();
    let path = words.next()?.to_owned();
    let function = words.next().map(str::to_owned);
    let reason = reason.trim().to_owned();
    let is_well = words.next().is_none() && !reason.is_empty();
    is_well.then_some(Exception {
        place: Place { path, function },
        reason,
    })
}

/// The exceptions of this tree.
pub(crate) fn exceptions() -> Vec<Exception> {
    parse(&read("xtask/house-exceptions.txt")).expect("each line is `path [function] : reason`")
}

/// Violations that no exception covers, and exceptions that cover nothing, each told in a line.
pub(crate) fn settle(violations: &[(Place, String)], exceptions: &[Exception]) -> Vec<String> {
    let open = violations
        .iter()
        .filter(|(place, _)| !exceptions.iter().any(|exception| exception.place == *place))
        .map(|(place, what)| format!("{}: {what}", told(place)));
    let idle = exceptions
        .iter()
        .filter(|exception| {
            !violations
                .iter()
                .any(|(place, _)| *place == exception.place)
        })
        .map(|exception| {
            format!(
                "{}: this exception is no longer needed",
                told(&exception.place)
            )
        });
    open.chain(idle).collect()
}

fn told(place: &Place) -> String {
    match &place.function {
        Some(function) => format!("{} fn {function}", place.path),
        None => place.path.clone(),
    }
}

#[test]
fn an_exception_needs_a_place_and_a_reason() {
    let text = "# comment\n\na/b.rs : a table\na/c.rs long_one : one match over a closed enum\n";
    let read = parse(text).expect("both lines are well formed");
    assert_eq!(read.len(), 2);
    assert_eq!(read[1].place.function.as_deref(), Some("long_one"));
    assert_eq!(read[1].reason, "one match over a closed enum");
    for bad in ["a/b.rs", "a/b.rs : ", "a/b.rs f g : why"] {
        assert!(parse(bad).is_err(), "{bad:?} was taken");
    }
}

#[test]
fn an_exception_covers_its_place_only_and_must_be_needed() {
    let place = |path: &str| Place {
        path: path.to_owned(),
        function: None,
    };
    let violations = [
        (place("a.rs"), "too long".to_owned()),
        (place("b.rs"), "too long".to_owned()),
    ];
    let exceptions = ["a.rs", "c.rs"].map(|path| Exception {
        place: place(path),
        reason: "because".to_owned(),
    });
    let settled = settle(&violations, &exceptions);
    assert_eq!(
        settled,
        ["b.rs: too long", "c.rs: this exception is no longer needed"]
    );
}
