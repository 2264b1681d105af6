//! Reading one sentence, word by word.

use windlass_model::{
    Drop, Lasting, Limit, METRIC_NAME_LONGEST, Millis, Percentile, Rate, Times, Trigger,
};

use super::amount;
use super::kind::{EXAMPLE, known, whole};
use super::slip::Slip;
use super::token::{Token, tokens};
use crate::problem::{NEVER_FIRES, TRIGGER};
use crate::reader::shown;

/// What people write for `>`.
const ABOVE: [&str; 9] = [
    "above", "exceeds", "more", "greater", "than", "is", "at", "=", "≥",
];

/// Reads one sentence.
pub(in crate::decode) fn read(text: &str) -> Result<Trigger, Slip> {
    let tokens = tokens(text);
    let words: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    let after = |words: usize, example: &'static str| Cursor {
        text,
        tokens: tokens.get(words..).unwrap_or_default(),
        at: 0,
        example,
    };
    match words.as_slice() {
        ["crash"] => Ok(Trigger::Crash),
        ["readiness", "lost"] => Ok(Trigger::ReadinessLost),
        ["error", "rate", ..] => after(2, EXAMPLE).error_rate(),
        ["response", "time", ..] => after(2, whole("response time")).slow(Percentile::USUAL),
        ["unavailable", ..] => {
            let mut rest = after(1, whole("unavailable"));
            let lasting = rest.lasting()?;
            rest.end(Trigger::Unavailable { lasting })
        }
        ["probe", ..] => after(1, whole("probe")).probe(),
        ["memory", ..] => after(1, whole("memory")).memory(),
        ["score", ..] => after(1, whole("score drops")).score(),
        ["metric", ..] => after(1, whole("metric")).metric(),
        [first, ..] => match amount::percentile(first) {
            Some(Ok(percentile)) => after(1, whole("p95")).slow(percentile),
            Some(Err(hint)) => Err(Slip::of(tokens[0], "is no percentile", hint)),
            None => Err(unknown(text, &words)),
        },
        [] => Err(unknown(text, &words)),
    }
}

fn unknown(text: &str, words: &[&str]) -> Slip {
    // The words before the first sign or number are what the sentence is called.
    let name = words
        .iter()
        .take_while(|word| word.starts_with(char::is_alphabetic) && **word != "for");
    let name = name.copied().collect::<Vec<_>>().join(" ");
    Slip {
        word: Some(name.replace(['_', '-'], " ")),
        ..Slip::of_all(text, "", known())
    }
}

/// What is left of a sentence whose beginning was read.
struct Cursor<'t> {
    text: &'t str,
    tokens: &'t [Token<'t>],
    at: usize,
    /// A whole sentence of this kind.
    example: &'static str,
}

impl<'t> Cursor<'t> {
    fn next(&mut self) -> Option<Token<'t>> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn missing(&self, what: &str) -> Slip {
        let hint = format!("write it whole: `{}`", self.example);
        Slip::of_all(self.text, &format!(": {what}"), hint)
    }

    /// All is there but for how long: what was written stays in the hint.
    fn no_time(&self) -> Slip {
        let written = shown(self.text.trim());
        let hint = format!("say for how long, as in `{written} for 10s`");
        Slip::of_all(self.text, ": for how long is missing", hint)
    }

    /// The sentence up to `token`.
    fn before(&self, token: Token<'_>) -> &'t str {
        self.text.get(..token.at).unwrap_or_default()
    }

    /// Nothing may follow.
    fn end(&mut self, trigger: Trigger) -> Result<Trigger, Slip> {
        match self.next() {
            None => Ok(trigger),
            Some(extra) => {
                let hint = format!("a trigger ends there: `{trigger}`");
                Err(Slip::of(extra, "is too much", hint))
            }
        }
    }

    /// This very word.
    fn word(&mut self, word: &str) -> Result<(), Slip> {
        match self.next() {
            Some(found) if found.text == word => Ok(()),
            Some(found) => {
                let hint = format!("write `{word}`, as in `{}`", self.example);
                Err(Slip::of(found, &format!("is not `{word}`"), hint))
            }
            None => Err(self.missing(&format!("`{word}` is missing"))),
        }
    }

    /// `>`, and nothing that only means it.
    fn above(&mut self) -> Result<(), Slip> {
        let Some(found) = self.next() else {
            return Err(self.missing("how much is missing"));
        };
        let meant = |word: &str| ABOVE.contains(&word) || word.starts_with(['=', '<', '≥']);
        let after = self.peek().filter(|token| meant(token.text));
        if found.text == ">" && after.is_none() {
            return Ok(());
        }
        if found.text == "over" || meant(found.text) || found.text == ">" {
            let name = self.before(found).trim();
            let rest = self.tokens.get(self.at..).unwrap_or_default().iter();
            let number = rest.skip_while(|token| meant(token.text) || token.text == ">");
            let number = number.map(|token| token.text).next();
            let amount = number.and_then(|number| amount::rate(number).ok());
            let hint = match amount {
                Some(share) => format!("write `{} > {share} for 10s`", shown(name)),
                None => format!("write `{}`", self.example),
            };
            let wrong = after.filter(|_| found.text == ">").unwrap_or(found);
            return Err(Slip::of(wrong, "is not `>`", hint));
        }
        let hint = format!("there comes `>`, as in `{}`", self.example);
        Err(Slip::of(found, "is not `>`", hint))
    }

    /// The next word, which says how much.
    fn amount(&mut self) -> Result<Token<'t>, Slip> {
        self.next()
            .ok_or_else(|| self.missing("how much is missing"))
    }

    /// The number of a share, and its sign.
    fn share(&mut self, number: Token<'t>) -> Result<Rate, Slip> {
        let share =
            amount::rate(number.text).map_err(|hint| Slip::of(number, "is not a share", hint))?;
        if self.peek().is_none_or(|sign| sign.text != "%") {
            let hint = format!("a share carries its sign: write {}%", number.text);
            return Err(Slip::of(number, "is not a share", hint));
        }
        self.at += 1;
        Ok(share)
    }

    /// A share that can be passed, and not by all.
    fn threshold(&mut self, number: Token<'t>, of: &str) -> Result<Rate, Slip> {
        let share = self.share(number)?;
        limited(share, number, of)
    }

    /// `2x baseline for 10m`, if the number is a factor.
    fn against(&mut self, number: Token<'t>) -> Result<Option<(Times, Millis)>, Slip> {
        let Some(times) = amount::times(number.text) else {
            return Ok(None);
        };
        let times = times.map_err(|hint| Slip::of(number, "is no factor", hint))?;
        self.word("baseline")?;
        let lasting = self.lasting()?;
        Ok(Some((times, lasting)))
    }

    fn time(&mut self, after: &str) -> Result<Millis, Slip> {
        match self.next() {
            Some(found) => amount::time(found, self.before(found)),
            None => Err(self.missing(&format!("how long is missing after `{after}`"))),
        }
    }

    /// `for 10s`.
    fn lasting(&mut self) -> Result<Millis, Slip> {
        match self.next() {
            Some(Token { text: "for", .. }) => self.time("for"),
            Some(other) => {
                let hint = format!("there comes for how long: `{}`", self.example);
                Err(Slip::of(other, "is not `for`", hint))
            }
            None => Err(self.no_time()),
        }
    }

    /// `for 10s`, or `over 5m`.
    fn either(&mut self) -> Result<Lasting, Slip> {
        if self.peek().is_some_and(|token| token.text == "over") {
            self.at += 1;
            return self.time("over").map(Lasting::Over);
        }
        self.lasting().map(Lasting::For)
    }

    fn error_rate(mut self) -> Result<Trigger, Slip> {
        if self.peek().is_some_and(|token| token.text == "worse") {
            self.at += 1;
            self.word("than")?;
            self.word("baseline")?;
            return self.end(Trigger::ErrorRateWorse);
        }
        self.above()?;
        let number = self.amount()?;
        if let Some((times, lasting)) = self.against(number)? {
            return self.end(Trigger::ErrorRateAgainst { times, lasting });
        }
        // The limit is looked at last: a whole sentence that never fires is another kind of slip.
        let above = self.share(number)?;
        let lasting = self.either()?;
        let trigger = self.end(match lasting {
            Lasting::For(lasting) => Trigger::ErrorRate { above, lasting },
            Lasting::Over(window) => Trigger::ErrorRateOver { above, window },
        })?;
        limited(above, number, "an error rate").map(|_| trigger)
    }

    fn slow(mut self, percentile: Percentile) -> Result<Trigger, Slip> {
        self.above()?;
        let number = self.amount()?;
        if let Some((times, lasting)) = self.against(number)? {
            return self.end(Trigger::SlowAgainst {
                percentile,
                times,
                lasting,
            });
        }
        if self.peek().is_some_and(|token| token.text == "%") {
            let hint = "write how long, such as 2s, or how many times as long, such as 2x baseline";
            return Err(Slip::of(number, "is no response time", hint.to_owned()));
        }
        let above = amount::time(number, self.before(number))?;
        let lasting = self.lasting()?;
        self.end(Trigger::Slow {
            percentile,
            above,
            lasting,
        })
    }

    fn name(&mut self, what: &str) -> Result<String, Slip> {
        let Some(found) = self.next() else {
            return Err(self.missing("its name is missing"));
        };
        let name = found.text;
        let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if starts && name.len() <= METRIC_NAME_LONGEST && name.chars().all(goes_on) {
            return Ok(name.to_owned());
        }
        let hint = format!(
            "a letter, then letters, digits, `_`, `.` and `-`, {METRIC_NAME_LONGEST} in all at most"
        );
        Err(Slip::of(found, &format!("is no name of a {what}"), hint))
    }

    fn probe(mut self) -> Result<Trigger, Slip> {
        let probe = self.name("probe")?;
        self.word("failing")?;
        let lasting = self.lasting()?;
        self.end(Trigger::ProbeFailing { probe, lasting })
    }

    fn memory(mut self) -> Result<Trigger, Slip> {
        self.above()?;
        let number = self.amount()?;
        let above = self.threshold(number, "memory")?;
        let lasting = self.lasting()?;
        self.end(Trigger::Memory { above, lasting })
    }

    fn score(mut self) -> Result<Trigger, Slip> {
        self.word("drops")?;
        let number = self.amount()?;
        let unit = self.peek().map(|token| token.text);
        let by = match unit {
            Some("points" | "point") => {
                self.at += 1;
                let points = amount::points(number.text);
                Drop::Points(points.map_err(|hint| Slip::of(number, "is no drop", hint))?)
            }
            Some("%") => Drop::Share(self.threshold(number, "a drop")?),
            Some(_) | None => {
                let shown = shown(number.text);
                let hint = format!("write {shown}% of what it was, or {shown} points");
                return Err(Slip::of(number, "is no drop", hint));
            }
        };
        self.end(Trigger::ScoreDrops { by })
    }

    fn metric(mut self) -> Result<Trigger, Slip> {
        let name = self.name("metric")?;
        self.above()?;
        let number = self.amount()?;
        let above =
            if self.peek().is_some_and(|token| token.text == "%") {
                Limit::Share(self.threshold(number, "a share")?)
            } else {
                let measure = amount::measure(number.text);
                Limit::Number(measure.map_err(|hint| {
                    Slip::of(number, "is no limit for a metric", hint).with(TRIGGER)
                })?)
            };
        let lasting = self.either()?;
        self.end(Trigger::Metric {
            name,
            above,
            lasting,
        })
    }
}

/// The share, if it can be passed, and not by all.
fn limited(share: Rate, number: Token<'_>, of: &str) -> Result<Rate, Slip> {
    let hint = match share.parts() {
        0 => "write the smallest share that is too much, at least 0.01%".to_owned(),
        parts if parts < Rate::FULL.parts() => return Ok(share),
        _ => format!("{of} is never more than 100%"),
    };
    let what = format!("is no limit for {of}");
    Err(Slip::of(number, &what, hint).with(NEVER_FIRES))
}
