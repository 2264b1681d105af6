//! Numbers in sentences: shares, factors, times, measures.

use windlass_model::{InvalidDuration, Measure, Millis, Percentile, Rate, Times};

use super::slip::Slip;
use super::token::Token;
use crate::decode::number::meant;
use crate::problem::{DURATION_TOO_LONG, NO_TIME, TRIGGER};
use crate::reader::shown;

/// `5`, `0.5` or `12.34` in hundredths; else what to write.
fn hundredths(text: &str) -> Result<u32, String> {
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
    let part: u32 = format!("{part:0<2}").parse().unwrap_or_default();
    let whole: u32 = whole.parse().unwrap_or_default();
    Ok(whole * 100 + part)
}

/// A number before its `%`. More than the whole comes out as the whole.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let parts = u16::try_from(hundredths(text)?).unwrap_or(u16::MAX);
    Ok(Rate::from_parts(parts).unwrap_or(Rate::FULL))
}

/// `2x`; none if it is not written as a factor at all.
pub(super) fn times(text: &str) -> Option<Result<Times, String>> {
    let number = text.strip_suffix(['x', '×'])?;
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let usual = || "write how many times as much, such as 2x or 1.5x".to_owned();
    Some(match hundredths(number) {
        Ok(hundredths) if hundredths > 100 => Ok(Times::from_hundredths(hundredths)),
        Ok(_) => Err("write more than 1x: as much as before is no fault".to_owned()),
        Err(_) => Err(usual()),
    })
}

/// `p95`; none if it is no word of that kind.
pub(super) fn percentile(word: &str) -> Option<Result<Percentile, String>> {
    let number = word.strip_prefix('p')?;
    let like = |c: char| c.is_ascii_digit() || c == '.';
    if number.is_empty() || !number.chars().all(like) {
        return None;
    }
    let usual = "write a percentile above p0 and below p100, such as p95 or p99.9";
    Some(match rate(number) {
        Ok(rate) if rate.parts() > 0 && rate < Rate::FULL => Ok(Percentile(rate)),
        Ok(_) | Err(_) => Err(usual.to_owned()),
    })
}

/// Points of a score, in hundredths.
pub(super) fn points(text: &str) -> Result<u16, String> {
    let usual = "write how many points, such as 5 points";
    let hundredths = hundredths(text).map_err(|_share| usual.to_owned())?;
    let fits = u16::try_from(hundredths).ok();
    fits.filter(|points| (1..=Rate::FULL.parts()).contains(points))
        .ok_or_else(|| "a score has a hundred points".to_owned())
}

/// The limit of a metric that is no share.
pub(super) fn measure(text: &str) -> Result<Measure, String> {
    let usual = || "write a number, such as 100 or 0.5, or a share, such as 5%".to_owned();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
    };
    let leads = whole.len() > 1 && whole.starts_with('0');
    if !digits(whole, 9) || !digits(part, 6) || leads {
        return Err(usual());
    }
    let number = text.parse::<f64>().ok();
    let measure = number.and_then(|number| Measure::try_from(number).ok());
    measure.ok_or_else(usual)
}

/// A duration. `so_far` is the sentence up to it, to say what to write instead of a bare number.
pub(super) fn time(found: Token<'_>, so_far: &str) -> Result<Millis, Slip> {
    let told = |code, hint: String| Slip::of(found, "is not a duration", hint).with(code);
    let usual = "write a duration, such as 500ms, 30s, 1m30s, 2h or 1d";
    match Millis::parse(found.text) {
        // A bare zero lacks its unit as well.
        Ok(_) | Err(InvalidDuration::NoUnit(_))
            if found.text.chars().all(|c| c.is_ascii_digit()) =>
        {
            let number = found.text.trim_start_matches('0');
            let number = if number.is_empty() { "10" } else { number };
            let hint = format!(
                "a duration carries a unit: write `{} {}s`",
                shown(so_far.trim()),
                shown(number)
            );
            Err(told(TRIGGER, hint))
        }
        Ok(Millis::ZERO) => Err(told(NO_TIME, "it must be more than zero".to_owned())),
        Ok(time) => Ok(time),
        Err(InvalidDuration::TooLong) if found.text.ends_with(char::is_alphabetic) => Err(told(
            DURATION_TOO_LONG,
            "a duration is at most 366d".to_owned(),
        )),
        Err(_) => {
            let hint = meant(found.text).map(|time| format!("write {}", shown(&time)));
            Err(told(TRIGGER, hint.unwrap_or_else(|| usual.to_owned())))
        }
    }
}
