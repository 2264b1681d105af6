//! The command line of the chores.

use crate::bench;
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
    Bench(bench::Ask),
    /// Build what ships.
    Dist,
    /// Have the compiler learn how that is used.
    Learn,
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
        "bench" => bench::Ask::parse(rest).map(Chore::Bench),
        "dist" if rest.is_empty() => Ok(Chore::Dist),
        "learn" if rest.is_empty() => Ok(Chore::Learn),
        "api-fuzz" if rest.is_empty() => Ok(Chore::ApiFuzz),
        "sweep" => Ask::parse(rest).map(Chore::Sweep),
        "e2e" => e2e::Ask::parse(rest).map(Chore::E2e),
        "setup" | "dist" | "learn" | "api-fuzz" => Err(format!(
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
        assert_eq!(parsed("dist"), Ok(Chore::Dist));
        assert_eq!(parsed("learn"), Ok(Chore::Learn));
        assert_eq!(parsed("api-fuzz"), Ok(Chore::ApiFuzz));
        assert_eq!(parsed("test"), Ok(Chore::Test(Extent::Whole)));
        assert_eq!(parsed("test --fast"), Ok(Chore::Test(Extent::Fast)));
        for line in ["bench", "bench spine -o json"] {
            assert!(matches!(parsed(line), Ok(Chore::Bench(_))), "{line:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error_that_names_it() {
        for line in [
            "",
            "frobnicate",
            "--help",
            "setup now",
            "api-fuzz now",
            "dist now",
            "learn now",
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
