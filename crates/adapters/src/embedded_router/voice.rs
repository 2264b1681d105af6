//! The right to be heard by a router.

use windlass_model::Epoch;

/// Whether this controller may say anything that the router keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Voice {
    /// It has said nothing yet.
    #[default]
    Silent,
    /// What was heard before its first word was older.
    Speaks,
    /// This was heard before its first word, and is not older: its history is lost.
    Lost(Epoch),
}
