//! Crash points: every action has four named places around it; see `docs/design/0006-crash-points.md`.
//!
//! | place | when |
//! |---|---|
//! | `before_intent` | just before the row is appended whose step asks for the action |
//! | `after_intent` | that row is durable, the action is not begun; reached anew by whoever recovers |
//! | `after_effect` | the call at the border is done, its outcome is not told yet |
//! | `after_outcome` | the row of the outcome is durable |
//!
//! The whole module exists with the feature `crash-points` only.

mod name;
mod reach;

pub(crate) use reach::Points;
