//! "Did you mean".

/// Longest word compared, in characters: beyond it nothing is a typing error.
const LONGEST: usize = 64;
/// Shortest candidate, in bytes, that is suggested because the word contains it.
const SHORTEST_INSIDE: usize = 3;

/// The candidate nearest to `word`, if it is near enough to be what was meant.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = word.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    let allowed = (length / 3).max(1);
    let lower = word.to_lowercase();
    let mut inside: Option<&str> = None;
    let near = candidates
        .into_iter()
        .inspect(|candidate| {
            let longer = inside.is_none_or(|found| found.len() < candidate.len());
            if longer
                && candidate.len() >= SHORTEST_INSIDE
                && lower.contains(&candidate.to_lowercase())
            {
                inside = Some(candidate);
            }
        })
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            // A word of which every letter is replaced is another word.
            *distance <= allowed && *distance < candidate.chars().count()
        })
        .min();
    // `SIGTERM` is TERM and `listen_address` is listen.
    near.map(|(_, candidate)| candidate).or(inside)
}

/// Insertions, removals, replacements and swaps of neighbours that turn one word into the other.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().flat_map(char::to_lowercase).collect();
    let right: Vec<char> = right
        .chars()
        .flat_map(char::to_lowercase)
        .take(2 * LONGEST)
        .collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let mut best = (last[j] + usize::from(l != r))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            let swapped = i > 0 && j > 0 && left[i - 1] == *r && right[j - 1] == *l;
            if swapped && l != r {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_word() {
        let keys = ["listen", "needs", "run", "ready", "strategy"];
        for (typed, meant) in [
            ("lisen", "listen"),
            ("need", "needs"),
            ("rnu", "run"),
            ("Listen", "listen"),
            ("stratgey", "strategy"),
            ("listen_address", "listen"),
        ] {
            assert_eq!(nearest(typed, keys), Some(meant), "{typed}");
        }
    }

    #[test]
    fn another_word_finds_nothing() {
        assert_eq!(nearest("volumes", ["listen", "needs", "run"]), None);
        assert_eq!(nearest("b", ["a"]), None);
        assert_eq!(nearest("", ["a"]), None);
        assert_eq!(nearest(&"x".repeat(1000), ["x"]), None);
    }
}
