//! What can be typed after `cargo xtask sweep`.

use std::time::Duration;

use crate::arguments::Form;
use crate::sweep::plan::Plan;

/// Without `--seed`.
const SEED: u64 = 1;

/// Longest time for what every run of the tests sweeps. It takes less than four minutes on two quiet
/// processors; a busy machine is no reason to call a part of it unproven.
const TESTS_WITHIN: Duration = Duration::from_mins(12);

/// What is swept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Each with the share of its points, in percent.
    pub(super) plans: Vec<(Plan, u8)>,
    /// For everything that is chosen at random.
    pub(super) seed: u64,
    /// One point only, to look at it again.
    pub(super) only: Option<String>,
    /// How the report is printed.
    pub(super) form: Form,
    /// After so long no further case is begun, and the sweep has failed.
    pub(super) within: Option<Duration>,
}

impl Ask {
    /// What every run of the tests sweeps: all of the one service, a quarter of the rest.
    pub(crate) fn for_tests() -> Self {
        let share = |plan| (plan, if plan == Plan::One { 100 } else { 25 });
        Self {
            plans: Plan::ALL.map(share).into(),
            seed: SEED,
            only: None,
            form: Form::Text,
            within: Some(TESTS_WITHIN),
        }
    }

    /// Reads the words; the error says what was not understood.
    pub(crate) fn parse(rest: &[String]) -> Result<Self, String> {
        let mut plans = Plan::ALL.to_vec();
        let mut share = 100;
        let mut ask = Self {
            plans: Vec::new(),
            seed: SEED,
            only: None,
            form: Form::Text,
            within: None,
        };
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            let value = words.next().ok_or(format!("{word} needs a value"))?;
            match word.as_str() {
                "--plan" if value == "all" => plans = Plan::ALL.to_vec(),
                "--plan" => plans = vec![Plan::named(value).ok_or(no_plan(value))?],
                "--share" => share = percent(value).ok_or("--share takes 1 to 100")?,
                "--seed" => ask.seed = value.parse().map_err(|_odd| "--seed takes a number")?,
                "--only" => ask.only = Some(value.clone()),
                "-o" | "--output" => ask.form = Form::named(value)?,
                _ => return Err(format!("unknown option {word}")),
            }
        }
        ask.plans = plans.into_iter().map(|plan| (plan, share)).collect();
        Ok(ask)
    }
}

fn percent(text: &str) -> Option<u8> {
    let share = text.trim_end_matches('%').parse().ok()?;
    (1..=100).contains(&share).then_some(share)
}

fn no_plan(name: &str) -> String {
    let names = Plan::ALL.map(Plan::name).join(", ");
    format!("no plan {name}; there are: all, {names}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Ask, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Ask::parse(&words)
    }

    #[test]
    fn without_words_everything_is_swept() {
        let ask = parsed("").expect("nothing to refuse");
        assert_eq!(ask.plans, Plan::ALL.map(|plan| (plan, 100)));
    }

    #[test]
    fn plan_share_seed_and_form_are_understood() {
        let ask = parsed("--plan one --share 25 --seed 7 -o json").expect("all known");
        assert_eq!(ask.plans, [(Plan::One, 25)]);
        assert_eq!((ask.seed, ask.form), (7, Form::Json));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "--plan",
            "--plan none",
            "--share 0",
            "--share 101",
            "--seed x",
            "-o xml",
            "--fast 1",
        ] {
            assert!(parsed(line).is_err(), "{line:?} was understood");
        }
    }

    #[test]
    fn the_tests_sweep_all_of_one_service_and_a_quarter_of_the_rest() {
        let shares: Vec<u8> = Ask::for_tests().plans.iter().map(|(_, s)| *s).collect();
        assert_eq!(shares, [100, 25, 25, 25]);
    }
}
