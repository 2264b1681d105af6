//! The command line of the chores.

use crate::e2e;
use crate::sweep::Ask;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chore {
    /// Install what tests and benches need.
    Setup,
    /// Prove the tree.
    Test(Extent),
    /// Measure the product.
    Bench {
        /// One bench, or all of them.
        name: Option<String>,
        /// How to print the rows.
        form: Form,
    },
    /// Ask the API in every way.
    ApiFuzz,
    /// Kill the product at every point.
    Sweep(Ask),
    /// Deploy bad and good candidates under load.
    E2e(e2e::Ask),
}

/// How much `test` proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything, with the real components.
    Whole,
    /// Everything that needs no real component.
    Fast,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A table for a person.
    Text,
    /// One object for a program.
    Json,
}

impl Form {
    /// The form of this name.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        match name {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(format!("-o takes text or json, got {other:?}")),
        }
    }
}

/// Reads the words after `cargo xtask`; the error says what was not understood.
pub(crate) fn parse(words: &[String]) -> Result<Chore, String> {
    let (command, rest) = words.split_first().ok_or("no command given")?;
    match command.as_str() {
        "setup" if rest.is_empty() => Ok(Chore::Setup),
        "test" => parse_test(rest).map(Chore::Test),
        "bench" => parse_bench(rest),
        "api-fuzz" if rest.is_empty() => Ok(Chore::ApiFuzz),
        "sweep" => Ask::parse(rest).map(Chore::Sweep),
        "e2e" => e2e::Ask::parse(rest).map(Chore::E2e),
        "setup" | "api-fuzz" => Err(format!(
            "{command} takes no argument, got {}",
            rest.join(" ")
        )),
        "-h" | "--help" | "help" => Err(String::new()),
        other => Err(format!("unknown command {other}")),
    }
}

fn parse_test(rest: &[String]) -> Result<Extent, String> {
    match rest {
        [] => Ok(Extent::Whole),
        [flag] if flag == "--fast" => Ok(Extent::Fast),
        other => Err(format!("test takes --fast only, got {}", other.join(" "))),
    }
}

fn parse_bench(rest: &[String]) -> Result<Chore, String> {
    let mut name = None;
    let mut form = Form::Text;
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-o" | "--output" => {
                form = Form::named(words.next().map_or("", String::as_str))?;
            }
            flag if flag.starts_with('-') => return Err(format!("unknown option {flag}")),
            bench if name.is_none() => name = Some(bench.to_owned()),
            extra => return Err(format!("bench takes one name, got {extra} too")),
        }
    }
    Ok(Chore::Bench { name, form })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Chore, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words)
    }

    #[test]
    fn every_chore_is_understood() {
        assert_eq!(parsed("setup"), Ok(Chore::Setup));
        assert_eq!(parsed("api-fuzz"), Ok(Chore::ApiFuzz));
        assert_eq!(parsed("test"), Ok(Chore::Test(Extent::Whole)));
        assert_eq!(parsed("test --fast"), Ok(Chore::Test(Extent::Fast)));
        let named = Chore::Bench {
            name: Some("spine".to_owned()),
            form: Form::Json,
        };
        assert_eq!(parsed("bench spine -o json"), Ok(named));
        assert_eq!(
            parsed("bench"),
            Ok(Chore::Bench {
                name: None,
                form: Form::Text
            })
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error_that_names_it() {
        for line in [
            "",
            "frobnicate",
            "--help",
            "setup now",
            "api-fuzz now",
            "test --slow",
            "bench -o",
            "bench a b",
        ] {
            assert!(parsed(line).is_err(), "{line:?} was understood");
        }
        assert_eq!(
            parsed("frobnicate"),
            Err("unknown command frobnicate".to_owned())
        );
    }
}
