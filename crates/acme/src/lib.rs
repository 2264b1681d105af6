//! Certificates that are ordered by ACME (RFC 8555).
//!
//! [`Orders`] is all of it: who holds one says again and again in a [`Round`] which certificates are wanted, and
//! each is ordered when it is not there and renewed at two thirds of its life. That a host is ours is proven on
//! the listener itself (TLS-ALPN-01, RFC 8737): [`Answers`] is what it shows then.
//!
//! ```text
//! wanted ─► Round::begin ─► when is it due? ─► note on disk ─► account ─► order ─► proof ─► certificate
//!                              ▲                                                    │           │
//!                              └── Store: <state>/acme ◄────────────────────────────┼───────────┘
//!                                                            Answers ◄──────────────┘
//! ```
//!
//! Nothing here serves: the certificate is a file, which the listener takes up like any other.

mod accounts;
mod answers;
mod ask;
mod failure;
mod limits;
mod order;
mod orders;
mod store;
mod wanted;
mod when;

pub use answers::{Answers, PROOF};
pub use orders::{Orders, Round};
pub use store::{BadNote, Note, Store};
pub use wanted::Wanted;
pub use when::renewal;
