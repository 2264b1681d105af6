//! The only place that prints. What it prints is made by pure functions of plain data, one file per
//! view; [`Ui`] knows the terminal, [`Voice`] says what is followed.

mod again;
mod answer;
pub(crate) mod by_hand;
pub(crate) mod compared;
mod concern;
pub(crate) mod facts;
pub(crate) mod failure;
#[cfg(test)]
mod foreign;
mod grid;
pub(crate) mod grounds;
pub(crate) mod happenings;
pub(crate) mod instances;
mod lacks;
mod last;
pub(crate) mod list;
mod listening;
pub(crate) mod live;
mod look;
pub(crate) mod markdown;
mod output;
pub(crate) mod plan;
mod printed;
pub(crate) mod program;
pub(crate) mod question;
pub(crate) mod record;
mod risk;
pub(crate) mod router;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod score;
pub(crate) mod scored;
pub(crate) mod show;
mod shown;
pub(crate) mod status;
mod style;
mod table;
pub(crate) mod taken_down;
mod takes;
mod terminal;
pub(crate) mod time;
pub(crate) mod tokens;
mod voice;
mod waits;
mod warnings;
pub(crate) mod ways;
pub(crate) mod went_back;
pub(crate) mod why;
pub(crate) mod wide;
pub(crate) mod words;
pub(crate) mod wrap;

pub(crate) use again::{Again, quoted};
#[cfg(test)]
pub(crate) use output::diagnostic_text;
pub(crate) use output::{LOG, LogLook, PROBLEM, UNASKED, Ui, say_panic};
pub(crate) use style::{Role, Style};
pub(crate) use voice::{EVENT, Voice};
