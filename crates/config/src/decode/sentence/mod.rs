//! The grammar of conditions:
//!
//! ```text
//! condition := "crash" | "readiness" "lost"
//!            | "error" "rate" ( ">" ( share ( "for" | "over" ) duration | against ) | "worse" "than" "baseline" )
//!            | ( "pNN" | "response" "time" ) ">" ( duration "for" duration | against )
//!            | "unavailable" "for" duration
//!            | "probe" NAME "failing" "for" duration
//!            | "memory" ">" share "for" duration
//!            | "score" "drops" ( share | number "points" )
//!            | "metric" NAME ">" ( share | number ) ( "for" | "over" ) duration
//! against   := times "baseline" "for" duration
//! share     := digits [ "." one or two digits ] "%"
//! times     := digits [ "." one or two digits ] "x"
//! ```
//!
//! Blanks stand between words, and may stand around `>` and before `%`. [`pattern`] says the same
//! to a schema. What comes back is printed by [`windlass_model::Trigger`]'s `Display`.

mod amount;
mod kind;
mod pattern;
mod read;
mod slip;
#[cfg(test)]
mod tests;
mod token;

pub(super) use kind::{BEGINNINGS, EXAMPLE, whole};
pub(super) use pattern::pattern;
pub(super) use read::read;
pub(super) use slip::Slip;
