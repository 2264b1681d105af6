//! One bad input, as data.

use crate::lab::Lab;

/// How it reaches the program, beside a version 1 of `web` that serves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Given {
    /// Deployed as `windlass.yaml`.
    File(&'static str),
    /// Typed after `windlass`.
    Typed(&'static [&'static str]),
    /// Run by a shell in the application's folder, where `$0` is `windlass`.
    Shell(&'static str),
    /// The same after something that no shell can make.
    Prepared(fn(&Lab), &'static [&'static str]),
    /// Deployed as the program of version 2.
    Program(&'static str),
    /// Sent to the controller's private socket.
    Asked(&'static str),
    /// The same, and nothing more will come.
    HalfAsked(&'static str),
    /// Sent to the controller's address on the network; `$READ` in it is a token that may only read.
    Sent(&'static str),
    /// Sent to the address of `web`.
    Routed(&'static str),
    /// The same, and nothing more will come.
    HalfRouted(&'static str),
}

impl Given {
    /// Whether it is sent, and answered by HTTP, to programs and not to people.
    pub(super) fn is_http(self) -> bool {
        match self {
            Self::Asked(_)
            | Self::HalfAsked(_)
            | Self::Sent(_)
            | Self::Routed(_)
            | Self::HalfRouted(_) => true,
            Self::File(_)
            | Self::Typed(_)
            | Self::Shell(_)
            | Self::Prepared(..)
            | Self::Program(_) => false,
        }
    }

    /// Whether it would have moved something.
    pub(super) fn moves(self) -> bool {
        match self {
            Self::File(_) | Self::Program(_) => true,
            // The first word is the verb: that of a router alone moves what no controller knows.
            Self::Typed(words) | Self::Prepared(_, words) => MOVING.contains(&words[0]),
            Self::Shell(script) => {
                let mut words = script.split([' ', ';', '\n']);
                words.any(|word| MOVING.contains(&word))
            }
            Self::Asked(_)
            | Self::HalfAsked(_)
            | Self::Sent(_)
            | Self::Routed(_)
            | Self::HalfRouted(_) => false,
        }
    }
}

/// Verbs that begin, end or turn what runs and has traffic.
const MOVING: [&str; 11] = [
    "deploy", "hold", "resume", "abort", "promote", "retry", "rollback", "finalize", "remove",
    "repair", "down",
];

/// What is given, and what must come of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) given: Given,
    /// The exit code; the HTTP status of a request, and 0 where it has no answer.
    pub(super) code: i32,
    pub(super) says: &'static [&'static str],
}

/// One row, so that a table reads like sentences.
pub(super) const fn row(
    name: &'static str,
    given: Given,
    code: i32,
    says: &'static [&'static str],
) -> Row {
    Row {
        name,
        given,
        code,
        says,
    }
}
