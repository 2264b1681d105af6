//! The kinds of sentences there are.

/// A sentence to learn from.
pub(in crate::decode) const EXAMPLE: &str = "error rate > 5% for 10s";

/// How sentences begin, and a whole one that begins so.
const KINDS: [(&str, &str); 10] = [
    ("crash", "crash"),
    ("readiness lost", "readiness lost"),
    ("error rate", EXAMPLE),
    ("p95", "p95 > 2s for 30s"),
    ("response time", "response time > 2x baseline for 10m"),
    ("unavailable", "unavailable for 1m"),
    ("probe", "probe database failing for 10s"),
    ("memory", "memory > 95% for 30s"),
    ("score drops", "score drops 5%"),
    ("metric", "metric sign_in_failures > 5% over 5m"),
];

/// How sentences begin: what a slip is compared with.
pub(in crate::decode) const BEGINNINGS: [&str; 10] = {
    let mut names = [""; 10];
    let mut at = 0;
    while at < KINDS.len() {
        names[at] = KINDS[at].0;
        at += 1;
    }
    names
};

/// The sentences there are, as a hint.
pub(in crate::decode) fn known() -> String {
    format!(
        "a trigger is `crash`, `readiness lost`, or begins with `error rate`, `p95`, `response time`, \
         `unavailable`, `probe`, `memory`, `score drops` or `metric`, such as `{EXAMPLE}`"
    )
}

/// A whole sentence that begins so.
pub(in crate::decode) fn whole(beginning: &str) -> &str {
    let kind = KINDS.iter().find(|(name, _)| *name == beginning);
    kind.map_or(beginning, |(_, whole)| whole)
}
