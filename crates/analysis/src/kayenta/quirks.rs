//! What is kept because others rely on it, said to whoever reads a verdict.

/// Whose rules these are.
pub const JUDGE: &str = "NetflixACAJudge-v1.0";

/// What a verdict on two series should not be read without.
pub const QUIRKS: [&str; 4] = [
    "judged once, as a batch: asking again while data come in makes false alarms likelier",
    "neighbouring figures are taken as independent, which figures of neighbouring minutes are not",
    "the tolerance is a quarter of the estimated difference itself, so it hardly ever matters",
    "98 % is for each metric alone: ten metrics are wrong ten times as often",
];
