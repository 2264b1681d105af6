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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_third_digit_has_a_comma() {
        let all = [0, 999, 1_000, 12_400, 1_234_567].map(count);
        assert_eq!(all, ["0", "999", "1,000", "12,400", "1,234,567"]);
    }
}
