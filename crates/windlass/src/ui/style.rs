//! Colour by role, width and time zone: what a view needs to know of where it is shown.

use anstyle::{AnsiColor, Style as Ansi};
use jiff::tz::TimeZone;

use super::Again;

/// Every sequence that painting writes.
pub(super) const HUES: [&str; 7] = [
    "\u{1b}[0m",
    "\u{1b}[1m",
    "\u{1b}[2m",
    "\u{1b}[31m",
    "\u{1b}[32m",
    "\u{1b}[33m",
    "\u{1b}[34m",
];

/// What a piece of text means; the hue follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Went well.
    Good,
    /// Waits, or needs a look.
    Warn,
    /// Failed.
    Bad,
    /// Under way.
    Running,
    /// Names what it is about.
    Strong,
    /// Less important.
    Faint,
}

impl Role {
    fn ansi(self) -> Ansi {
        let hue = |colour: AnsiColor| Ansi::new().fg_color(Some(colour.into()));
        match self {
            Self::Good => hue(AnsiColor::Green),
            Self::Warn => hue(AnsiColor::Yellow),
            Self::Bad => hue(AnsiColor::Red).bold(),
            Self::Running => hue(AnsiColor::Blue),
            Self::Strong => Ansi::new().bold(),
            Self::Faint => Ansi::new().dimmed(),
        }
    }
}

/// Where something is shown.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    /// Whether colours are understood.
    pub(crate) colour: bool,
    /// Columns of the terminal.
    pub(crate) width: usize,
    /// Rows of the terminal.
    pub(crate) height: usize,
    /// In which times of day are shown.
    pub(crate) zone: TimeZone,
    /// What is repeated in a command, for what is broken into lines with its commands.
    pub(crate) again: Again,
}

impl Style {
    /// No colours, 80 columns, UTC.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self {
            colour: false,
            width: 80,
            height: 24,
            zone: TimeZone::UTC,
            again: Again::default(),
        }
    }

    /// The text in the hue of its role. Does not change how wide it is shown.
    pub(crate) fn paint(&self, role: Role, text: &str) -> String {
        if self.colour {
            let ansi = role.ansi();
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }
}
