//! The grammar of triggers:
//!
//! ```text
//! trigger  := "crash" | "readiness" "lost" | "error" "rate" ">" share "for" duration
//! share    := digits [ "." one or two digits ] "%"
//! ```
//!
//! Blanks stand between words, and may stand around `>` and before `%`. [`pattern`] says the same
//! to a schema. What comes back is printed by [`Trigger`]'s `Display`.

use windlass_model::{InvalidDuration, Millis, Rate, Trigger};

use super::number::meant;
use crate::problem::{DURATION_TOO_LONG, LATER_TRIGGER, NEVER_FIRES, NO_TIME, TRIGGER};
use crate::reader::shown;

/// A sentence to learn from.
pub(super) const EXAMPLE: &str = "error rate > 5% for 10s";

/// How sentences begin: what a slip is compared with.
pub(super) const BEGINNINGS: [&str; 3] = ["crash", "readiness lost", "error rate"];

/// What people write for `>`.
const ABOVE: [&str; 9] = [
    "above", "exceeds", "more", "greater", "than", "is", "at", "=", "≥",
];

/// How sentences of later versions begin.
const LATER: [&str; 6] = ["response", "latency", "probe", "memory", "score", "metric"];

/// What is wrong with a sentence, and which part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slip {
    pub(super) code: &'static str,
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) message: String,
    pub(super) hint: String,
    /// A beginning that nobody knows.
    pub(super) word: Option<String>,
}

/// A word, a `>` or a `%`, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token<'t> {
    at: usize,
    text: &'t str,
}

/// What all sentences look like, for a schema.
pub(super) fn pattern() -> String {
    let share = "(0|[1-9][0-9]{0,2})(\\.[0-9]{1,2})? *%";
    let time = "(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?";
    format!("^ *(crash|readiness +lost|error +rate *> *{share} *for +{time}) *$")
}

/// The sentences there are, as a hint.
pub(super) fn known() -> String {
    format!("this version knows `crash`, `readiness lost` and `{EXAMPLE}`")
}

/// A whole sentence that begins so.
pub(super) fn whole(beginning: &str) -> &str {
    if beginning == BEGINNINGS[2] {
        EXAMPLE
    } else {
        beginning
    }
}

/// Reads one sentence.
pub(super) fn read(text: &str) -> Result<Trigger, Slip> {
    let tokens = tokens(text);
    let words: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    match words.as_slice() {
        ["crash"] => Ok(Trigger::Crash),
        ["readiness", "lost"] => Ok(Trigger::ReadinessLost),
        ["error", "rate", ..] => ErrorRate { text }.read(tokens.get(2..).unwrap_or_default()),
        [first, ..] if is_later(first) => Err(later(text)),
        _ => Err(unknown(text, &words)),
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if !matches!(c, ' ' | '>' | '%') {
            start.get_or_insert(at);
            continue;
        }
        let word = start
            .take()
            .and_then(|from| Some((from, text.get(from..at)?)));
        tokens.extend(word.map(|(at, text)| Token { at, text }));
        if let Some(sign) = text.get(at..at + 1).filter(|sign| *sign != " ") {
            tokens.push(Token { at, text: sign });
        }
    }
    tokens
}

/// `p95 > 2s for 30s` and its like.
fn is_later(first: &str) -> bool {
    let quantile = first.strip_prefix('p').is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '.')
    });
    quantile || LATER.contains(&first)
}

fn later(text: &str) -> Slip {
    Slip {
        code: LATER_TRIGGER,
        at: 0,
        length: text.len(),
        message: format!("`{}` is not in this version yet", shown(text)),
        hint: known(),
        word: None,
    }
}

fn unknown(text: &str, words: &[&str]) -> Slip {
    // The words before the first sign or number are what the sentence is called.
    let name = words
        .iter()
        .take_while(|word| word.starts_with(char::is_alphabetic) && **word != "for");
    let name = name.copied().collect::<Vec<_>>().join(" ");
    let message = format!("`{}` is not a trigger", shown(text));
    Slip {
        code: TRIGGER,
        at: 0,
        length: text.len(),
        message,
        hint: known(),
        word: Some(name.replace(['_', '-'], " ")),
    }
}

/// The third kind of sentence, after `error rate`.
struct ErrorRate<'t> {
    text: &'t str,
}

impl ErrorRate<'_> {
    fn read(&self, tokens: &[Token<'_>]) -> Result<Trigger, Slip> {
        let mut rest = tokens.iter().copied();
        let mut next = || rest.next();
        self.sign(next(), tokens)?;
        let number = next();
        let above = self.share(number, next())?;
        match next() {
            Some(Token { text: "for", .. }) => {}
            Some(Token { text: "over", .. }) => return Err(later(self.text)),
            Some(other) => {
                let hint = format!("after the share comes how long: `{EXAMPLE}`");
                return Err(slip(other, "is not `for`", hint));
            }
            None => return Err(self.missing("for how long is missing")),
        }
        let lasting = self.time(next(), above)?;
        if let Some(extra) = next() {
            let hint = format!("a trigger ends after its duration: `{EXAMPLE}`");
            return Err(slip(extra, "is too much", hint));
        }
        let trigger = Trigger::ErrorRate { above, lasting };
        self.can_fire(above, number).map(|()| trigger)
    }

    /// `>`, and nothing that only means it.
    fn sign(&self, found: Option<Token<'_>>, tokens: &[Token<'_>]) -> Result<(), Slip> {
        let Some(found) = found else {
            return Err(self.missing("how much is missing"));
        };
        let meant = |word: &str| ABOVE.contains(&word) || word.starts_with(['=', '<']);
        let after = tokens.get(1).filter(|token| meant(token.text));
        if found.text == ">" && after.is_none() {
            return Ok(());
        }
        if found.text == "over" || meant(found.text) || found.text == ">" {
            let share = tokens.iter().find_map(|token| rate(token.text).ok());
            let share = share.map_or_else(|| "5%".to_owned(), |share| share.to_string());
            let wrong = if found.text == ">" {
                after.copied().unwrap_or(found)
            } else {
                found
            };
            let hint = format!("write `error rate > {share} for 10s`");
            return Err(slip(wrong, "is not `>`", hint));
        }
        let hint = format!("after `error rate` comes `>`, as in `{EXAMPLE}`");
        Err(slip(found, "is not `>`", hint))
    }

    fn share(&self, number: Option<Token<'_>>, sign: Option<Token<'_>>) -> Result<Rate, Slip> {
        let Some(number) = number else {
            return Err(self.missing("how much is missing"));
        };
        if number.text.ends_with('x') && number.text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(later(self.text));
        }
        let above = rate(number.text).map_err(|hint| slip(number, "is not a share", hint))?;
        if sign.is_none_or(|sign| sign.text != "%") {
            let hint = format!("a share carries its sign: write {}%", number.text);
            return Err(slip(number, "is not a share", hint));
        }
        Ok(above)
    }

    fn time(&self, found: Option<Token<'_>>, above: Rate) -> Result<Millis, Slip> {
        let Some(found) = found else {
            return Err(self.missing("how long is missing after `for`"));
        };
        let told = |code, hint: String| Slip {
            code,
            ..slip(found, "is not a duration", hint)
        };
        let usual = "write a duration, such as 500ms, 30s, 1m30s, 2h or 1d";
        match Millis::parse(found.text) {
            // A bare zero lacks its unit as well.
            Ok(_) | Err(InvalidDuration::NoUnit(_))
                if found.text.chars().all(|c| c.is_ascii_digit()) =>
            {
                let number = found.text.trim_start_matches('0');
                let number = if number.is_empty() { "10" } else { number };
                let hint = format!(
                    "a duration carries a unit: write `error rate > {above} for {}s`",
                    shown(number)
                );
                Err(told(TRIGGER, hint))
            }
            Ok(Millis::ZERO) => Err(told(NO_TIME, "it must be more than zero".to_owned())),
            Ok(time) => Ok(time),
            Err(InvalidDuration::TooLong) if found.text.ends_with(char::is_alphabetic) => Err(
                told(DURATION_TOO_LONG, "a duration is at most 366d".to_owned()),
            ),
            Err(_) => {
                let hint = meant(found.text).map(|time| format!("write {}", shown(&time)));
                Err(told(TRIGGER, hint.unwrap_or_else(|| usual.to_owned())))
            }
        }
    }

    /// Nothing is more than all, and none would be a threshold that every error passes.
    fn can_fire(&self, above: Rate, number: Option<Token<'_>>) -> Result<(), Slip> {
        let hint = match above.parts() {
            0 => "write the smallest share that is too much, at least 0.01%",
            parts if parts < Rate::FULL.parts() => return Ok(()),
            _ => "an error rate is never more than 100%",
        };
        let place = number.unwrap_or(Token {
            at: 0,
            text: self.text,
        });
        Err(Slip {
            code: NEVER_FIRES,
            ..slip(place, "is no limit for an error rate", hint.to_owned())
        })
    }

    fn missing(&self, what: &str) -> Slip {
        Slip {
            code: TRIGGER,
            at: 0,
            length: self.text.len(),
            message: format!("`{}` is not a trigger: {what}", shown(self.text)),
            hint: format!("write it whole: `{EXAMPLE}`"),
            word: None,
        }
    }
}

fn slip(token: Token<'_>, what: &str, hint: String) -> Slip {
    Slip {
        code: TRIGGER,
        at: token.at,
        length: token.text.len(),
        message: format!("`{}` {what}", shown(token.text)),
        hint,
        word: None,
    }
}

/// `5`, `0.5` or `12.34`; else what to write. More than the whole comes out as the whole.
fn rate(text: &str) -> Result<Rate, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
    };
    if whole.is_empty() && digits(part, 2) {
        return Err(format!("write 0.{part}%"));
    }
    if digits(whole, 3) && whole.len() > 1 && whole.starts_with('0') {
        return Err("write it without the leading zero, as in 5%".to_owned());
    }
    if !digits(whole, 3) || !digits(part, 2) {
        return Err("write a share of the answers, such as 5% or 0.05%".to_owned());
    }
    let hundredths: u16 = format!("{part:0<2}").parse().unwrap_or_default();
    let parts = whole.parse::<u16>().unwrap_or_default().saturating_mul(100);
    Ok(Rate::from_parts(parts.saturating_add(hundredths)).unwrap_or(Rate::FULL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_printed_in_one_form() {
        for (written, printed) in [
            ("crash", "crash"),
            (" readiness   lost ", "readiness lost"),
            ("error rate > 5% for 10s", EXAMPLE),
            ("error rate>5%for 10s", EXAMPLE),
            ("error  rate >5 % for  10s", EXAMPLE),
            ("error rate > 0.05% for 90s", "error rate > 0.05% for 1m30s"),
            ("error rate > 12.5% for 1h", "error rate > 12.5% for 1h"),
            ("error rate > 99.99% for 1ms", "error rate > 99.99% for 1ms"),
        ] {
            assert_eq!(read(written).expect(written).to_string(), printed);
        }
    }

    #[test]
    fn a_slip_is_marked_where_it_is() {
        for (written, code, marked, part_of_hint) in [
            (
                "error rate above 5% for 10s",
                TRIGGER,
                "above",
                "error rate > 5% for 10s",
            ),
            (
                "error rate >= 5% for 10s",
                TRIGGER,
                "=",
                "error rate > 5% for 10s",
            ),
            ("error rate > 5 for 10s", TRIGGER, "5", "write 5%"),
            ("error rate > 5% for 10", TRIGGER, "10", "> 5% for 10s"),
            ("error rate > 5% for 0", TRIGGER, "0", "for 10s"),
            ("error rate > 5% for ten", TRIGGER, "ten", "a duration"),
            ("error rate > 5% within 10s", TRIGGER, "within", EXAMPLE),
            ("error rate > 5% for 10s then stop", TRIGGER, "then", "ends"),
            ("error rate > 5%", TRIGGER, "error rate > 5%", EXAMPLE),
            ("error rate", TRIGGER, "error rate", EXAMPLE),
            ("error rate > .5% for 1s", TRIGGER, ".5", "0.5%"),
            ("error rate > 05% for 1s", TRIGGER, "05", "leading zero"),
            ("error rate > 0.005% for 1s", TRIGGER, "0.005", "0.05%"),
            ("error rate > 0% for 1s", NEVER_FIRES, "0", "0.01%"),
            ("error rate > 100% for 1s", NEVER_FIRES, "100", "never more"),
            ("error rate > 5% for 0s", NO_TIME, "0s", "more than zero"),
            (
                "error rate > 5% for 400d",
                DURATION_TOO_LONG,
                "400d",
                "366d",
            ),
            ("crashes", TRIGGER, "crashes", "knows"),
        ] {
            let slip = read(written).expect_err(written);
            let place = written.get(slip.at..slip.at + slip.length);
            assert_eq!((slip.code, place), (code, Some(marked)), "{written}");
            assert!(slip.hint.contains(part_of_hint), "{written}: {}", slip.hint);
        }
    }

    #[test]
    fn sentences_of_later_versions_are_known_as_such() {
        for written in [
            "error rate > 1% over 5m",
            "error rate > 2x baseline for 10m",
            "p95 > 2s for 30s",
            "p99.9 > 2s for 30s",
            "response time > 2x baseline for 10m",
            "probe database failing for 10s",
            "memory > 95% for 30s",
            "score drops 5%",
            "metric auth_failure_rate > 5% over 5m",
        ] {
            assert_eq!(read(written).expect_err(written).code, LATER_TRIGGER);
        }
        assert_eq!(read("pears > 2s").expect_err("no quantile").code, TRIGGER);
    }
}
