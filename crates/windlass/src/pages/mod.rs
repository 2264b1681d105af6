//! The project's own pages, inside the binary: what `docs`, `explain` and `man` print.

mod cli;
mod codes;
mod exits;
mod help;
mod surroundings;
mod topics;
#[cfg(test)]
mod typed;

pub(crate) use codes::{CodePage, NO_PAGE, codes, known, nearest};
pub(crate) use help::{command, verbs};
pub(crate) use surroundings::{FILES, Row, VARIABLES, of};
pub(crate) use topics::{TOPICS, Topic, reference, topic};
