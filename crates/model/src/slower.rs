//! Answers that take too long.

use serde::{Deserialize, Serialize};

use crate::{Millis, Rate};

/// A threshold of answer times, and the share of answers that may lie beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slower {
    /// What answers take longer than this lies beyond it.
    pub than: Millis,
    /// More than this share is too many.
    pub above: Rate,
    /// For how long; zero: nobody has said.
    #[serde(default)]
    pub lasting: Millis,
}
