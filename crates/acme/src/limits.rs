//! Every limit of an order, by name.

use std::time::Duration;

/// Time for one request to an authority, its answer included.
pub(crate) const ASK_TIME: Duration = Duration::from_secs(30);
/// Bytes of one answer.
pub(crate) const ANSWER_BYTES: usize = 1024 * 1024;
/// Time that an authority may take to look at a proof, and to make a certificate.
pub(crate) const STEP_TIME: Duration = Duration::from_mins(1);
/// Time before it is asked whether it has, the first time; each next takes one and a half times as long.
pub(crate) const STEP_PAUSE: Duration = Duration::from_millis(250);
/// Orders under way at one authority.
pub(crate) const ORDERS_AT_ONCE: usize = 4;
/// Time for a whole order.
pub(crate) const ORDER_TIME: Duration = Duration::from_mins(3);
/// Bytes of a note or an account on disk.
pub(crate) const NOTE_BYTES: u64 = 64 * 1024;
/// Longest reason that is kept, in characters: it may hold words of an authority.
pub(crate) const REASON_CHARS: usize = 1_000;

/// Seconds after a first failure. Doubled with each that follows: five in the first hour, as many as
/// Let's Encrypt takes.
pub(crate) const FIRST_PAUSE: u64 = 2 * 60;
/// The longest of these pauses.
pub(crate) const LONGEST_PAUSE: u64 = 8 * 60 * 60;
/// The longest pause that an authority may ask for.
pub(crate) const LONGEST_ASKED: u64 = 7 * 24 * 60 * 60;
