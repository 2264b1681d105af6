//! What can be typed after `cargo xtask bench`.

use std::path::PathBuf;

use crate::arguments::Form;

/// What is measured, and how that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// One bench; none: all of them.
    pub(super) name: Option<String>,
    /// One part of it; none: all of them.
    pub(super) only: Option<String>,
    /// A binary that is there already; none: it is built as it ships.
    pub(super) binary: Option<PathBuf>,
    /// How the rows are printed.
    pub(super) form: Form,
}

impl Ask {
    /// Reads the words; the error says what was not understood.
    pub(crate) fn parse(rest: &[String]) -> Result<Self, String> {
        let mut ask = Self {
            name: None,
            only: None,
            binary: None,
            form: Form::Text,
        };
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--only" => ask.only = Some(value()?.clone()),
                "--binary" => ask.binary = Some(PathBuf::from(value()?)),
                "-o" | "--output" => ask.form = Form::named(value()?)?,
                flag if flag.starts_with('-') => return Err(format!("unknown option {flag}")),
                bench if ask.name.is_none() => ask.name = Some(bench.to_owned()),
                extra => return Err(format!("bench takes one name, got {extra} too")),
            }
        }
        if ask.only.is_some() && ask.name.is_none() {
            return Err("--only needs the name of a bench".to_owned());
        }
        Ok(ask)
    }

    /// The command as it can be typed again; the binary's path is nobody's business.
    pub(super) fn written(&self) -> String {
        let mut text = "cargo xtask bench".to_owned();
        for (before, word) in [(" ", &self.name), (" --only ", &self.only)] {
            if let Some(word) = word {
                text.push_str(before);
                text.push_str(word);
            }
        }
        if self.binary.is_some() {
            text.push_str(" --binary FILE");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Ask, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Ask::parse(&words)
    }

    #[test]
    fn all_is_measured_unless_something_is_named() {
        let all = parsed("").expect("nothing is asked");
        assert_eq!((all.name, all.only, all.form), (None, None, Form::Text));
        let one = parsed("router --only upgrade --binary /x/y -o json").expect("understood");
        assert_eq!(one.name.as_deref(), Some("router"));
        assert_eq!(one.only.as_deref(), Some("upgrade"));
        assert_eq!(one.form, Form::Json);
        assert_eq!(
            one.written(),
            "cargo xtask bench router --only upgrade --binary FILE"
        );
        for wrong in ["-o", "a b", "router --only", "--only upgrade", "--what 1"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
