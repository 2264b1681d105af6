//! Which crates are pure, and what they must never bring in. Read by the chores and by the house checks.

/// The crates that decide. They see no clock, file, socket, randomness or async runtime.
pub(crate) const PURE_CRATES: [&str; 3] =
    ["windlass-model", "windlass-engine", "windlass-analysis"];

/// Packages that would give a pure crate eyes or hands.
pub(crate) const WORLDLY: [&str; 16] = [
    "async-std",
    "axum",
    "futures-executor",
    "getrandom",
    "hyper",
    "log",
    "mio",
    "rand",
    "reqwest",
    "rustix",
    "signal-hook",
    "smol",
    "sqlx",
    "tokio",
    "tracing",
    "uuid",
];
