//! Shares of traffic.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A whole share of a hundred: 0 to 100 by construction.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u8", into = "u8")]
pub struct Percent(u8);

/// A number over 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPercent(pub u64);

impl fmt::Display for InvalidPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a share: 0 to 100", self.0)
    }
}

impl std::error::Error for InvalidPercent {}

impl Percent {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// All of it.
    pub const FULL: Self = Self(100);

    /// Checks that `share` is at most a hundred.
    ///
    /// # Errors
    /// [`InvalidPercent`] above it.
    pub fn new(share: u64) -> Result<Self, InvalidPercent> {
        match u8::try_from(share) {
            Ok(small) if small <= 100 => Ok(Self(small)),
            Ok(_) | Err(_) => Err(InvalidPercent(share)),
        }
    }

    /// The number, 0 to 100.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// What is left for the other slot.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self(100 - self.0)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

impl TryFrom<u8> for Percent {
    type Error = InvalidPercent;

    fn try_from(share: u8) -> Result<Self, InvalidPercent> {
        Self::new(u64::from(share))
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}
