//! What can be typed after `cargo xtask e2e`.

use std::path::PathBuf;

use crate::arguments::Form;
use crate::e2e::candidate::Candidate;

/// Healthy redeployments without `--healthy`.
const HEALTHY: u32 = 10;

/// Most of them.
const HEALTHY_MOST: u32 = 1_000;

/// Requests in a second without `--rate`.
const RATE: u32 = 1_000;

/// What is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The bad ones.
    pub(super) candidates: Vec<Candidate>,
    /// How many good ones.
    pub(super) healthy: u32,
    /// Requests in a second.
    pub(super) rate: u32,
    /// A binary that is there already; none: it is built in the release profile.
    pub(super) binary: Option<PathBuf>,
    /// How the table is printed.
    pub(super) form: Form,
}

impl Ask {
    /// Reads the words; the error says what was not understood.
    pub(crate) fn parse(rest: &[String]) -> Result<Self, String> {
        let mut ask = Self {
            candidates: Candidate::ALL.to_vec(),
            healthy: HEALTHY,
            rate: RATE,
            binary: None,
            form: Form::Text,
        };
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            let value = words.next().ok_or(format!("{word} needs a value"))?;
            match word.as_str() {
                "--only" => ask.candidates = vec![named(value)?],
                "--healthy" => ask.healthy = number(word, value, 0, HEALTHY_MOST)?,
                "--rate" => {
                    ask.rate = number(word, value, 1, windlass_load::PER_SECOND_MOST)?;
                }
                "--binary" => ask.binary = Some(PathBuf::from(value)),
                "-o" | "--output" => ask.form = Form::named(value)?,
                other => return Err(format!("unknown option {other}")),
            }
        }
        Ok(ask)
    }
}

fn named(name: &str) -> Result<Candidate, String> {
    let mut all = Candidate::ALL.into_iter();
    all.find(|candidate| candidate.name() == name)
        .ok_or_else(|| {
            let names = Candidate::ALL.map(Candidate::name).join(", ");
            format!("no candidate {name}; there are: {names}")
        })
}

fn number(option: &str, value: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = value.parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("{option} takes {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Ask, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Ask::parse(&words)
    }

    #[test]
    fn all_is_played_unless_one_is_named() {
        let all = parsed("").expect("nothing is asked");
        assert_eq!(
            (all.candidates.len(), all.healthy, all.rate),
            (10, 10, 1_000)
        );
        let one = parsed("--only hang --healthy 0 --rate 200 -o json").expect("understood");
        assert_eq!(one.candidates, [Candidate::Hang]);
        assert_eq!((one.healthy, one.rate, one.form), (0, 200, Form::Json));
        for wrong in [
            "--only nobody",
            "--rate 0",
            "--healthy",
            "--what 1",
            "hang x",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
