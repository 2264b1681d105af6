//! Counts as people read them.

/// A count with a comma at every third digit.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is only estimated, rounded up to one digit: more would be said than is known, and it would be another
/// number at every look.
pub fn one_digit(estimate: u64) -> u64 {
    let unit = 10_u64.pow(estimate.checked_ilog10().unwrap_or_default());
    estimate.div_ceil(unit).saturating_mul(unit)
}

/// The same for people: "about 4,000".
pub fn about(estimate: u64) -> String {
    format!("about {}", count(one_digit(estimate)))
}

/// What a comparison lacks, as it is told everywhere: "about 4,000 more requests to the new version".
pub fn more_to_the_new(requests: u64) -> String {
    format!("{} more requests to the new version", about(requests))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_third_digit_has_a_comma() {
        let all = [0, 999, 1_000, 12_400, 1_234_567].map(count);
        assert_eq!(all, ["0", "999", "1,000", "12,400", "1,234,567"]);
    }

    #[test]
    fn an_estimate_has_one_digit_and_is_never_short() {
        let all = [0, 7, 42, 121, 26_357, 26_000, 99_100].map(about);
        let told = [
            "about 0",
            "about 7",
            "about 50",
            "about 200",
            "about 30,000",
            "about 30,000",
            "about 100,000",
        ];
        assert_eq!(all, told);
        assert_eq!(one_digit(u64::MAX), u64::MAX);
    }
}
