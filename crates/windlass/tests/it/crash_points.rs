//! What the sweep needs is not in what ships.

/// Words that only crash points have.
const WORDS: [&str; 3] = ["crash-points", "before_intent", "after_outcome"];

fn holds(binary: &[u8], word: &str) -> bool {
    // Far faster than comparing every window in a build without optimisation.
    String::from_utf8_lossy(binary).contains(word)
}

#[test]
fn a_build_without_the_feature_has_no_crash_points() {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_windlass")).expect("the binary under test");
    let found = WORDS.iter().filter(|word| holds(&binary, word));
    assert_eq!(
        found.count(),
        usize::from(cfg!(feature = "crash-points")) * WORDS.len()
    );
}

#[test]
fn a_word_is_found_where_it_is() {
    assert!(holds(b"\0a before_intent b", "before_intent"));
    assert!(!holds(b"before", "before_intent"));
}
