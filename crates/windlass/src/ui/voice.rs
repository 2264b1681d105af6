//! What is said while a deployment is followed.

use std::io::{self, Write};

use windlass_api::Event;

use super::facts::fact_lines;
use super::live::frame;
use super::shown::shown;
use super::terminal::reflows;
use super::time::now_us;
use super::wrap::shown_width;
use super::{Style, Ui};
use crate::arguments::Output;
use crate::follow::Progress;

/// What the object of an event is called among those of other commands.
pub(crate) const EVENT: &str = "event";

/// The form in which a deployment is followed.
pub(crate) enum Voice {
    /// A view that is redrawn in place, on stderr.
    Live(Live),
    /// One line per fact, on stdout.
    Lines(Ui),
    /// One line per fact, on stderr: stdout is for one JSON object.
    Talk(Ui),
    /// One JSON object per event, on stdout.
    Ndjson(Ui),
    /// Nothing until the end.
    Silent,
}

/// The live view, and what of it is on the terminal.
pub(crate) struct Live {
    ui: Ui,
    /// Columns of each line, and of the terminal when they were drawn.
    drawn: (Vec<usize>, usize),
}

impl Voice {
    /// The form that suits what was asked for and where it goes.
    pub(crate) fn of(ui: &Ui) -> Self {
        match ui.output() {
            Output::Ndjson => Self::Ndjson(ui.clone()),
            Output::Text | Output::Json if ui.is_quiet() => Self::Silent,
            Output::Text | Output::Json if ui.can_redraw() => Self::Live(Live {
                ui: ui.clone(),
                drawn: (Vec::new(), 0),
            }),
            Output::Text => Self::Lines(ui.clone()),
            Output::Json => Self::Talk(ui.clone()),
        }
    }

    /// For what is past: never redrawn.
    pub(crate) fn lines(ui: &Ui) -> Self {
        match ui.output() {
            Output::Text => Self::Lines(ui.clone()),
            Output::Ndjson => Self::Ndjson(ui.clone()),
            Output::Json => Self::Silent,
        }
    }

    /// Says one event.
    ///
    /// # Errors
    /// When whoever read stdout has left.
    pub(crate) fn event(&mut self, event: &Event, picture: &Progress) -> io::Result<()> {
        match self {
            Self::Live(live) => live.draw(picture),
            Self::Lines(ui) => {
                for line in fact_lines(event, picture, &ui.style()) {
                    ui.data_fact(&line)?;
                }
            }
            Self::Talk(ui) => {
                for line in fact_lines(event, picture, &ui.talk_style()) {
                    ui.say_as_it_is(&line);
                }
            }
            Self::Ndjson(ui) => ui.data_json(Some(EVENT), event)?,
            Self::Silent => {}
        }
        Ok(())
    }

    /// Whether somebody watches, who wants to see counts too.
    pub(crate) const fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// Lets the clocks of the live view go on.
    pub(crate) fn redraw(&mut self, picture: &Progress) {
        if let Self::Live(live) = self {
            live.draw(picture);
        }
    }

    /// Says that the controller was replaced meanwhile.
    pub(crate) fn reconnected(&mut self, pid: u32) {
        let line = format!("the controller was gone; it is back as process {pid}");
        match self {
            Self::Live(live) => {
                live.clear();
                live.ui.say(&line);
            }
            Self::Lines(ui) | Self::Talk(ui) | Self::Ndjson(ui) => ui.say(&line),
            Self::Silent => {}
        }
    }

    /// Takes the live view off the terminal, for the record that stays.
    pub(crate) fn clear(&mut self) {
        if let Self::Live(live) = self {
            live.clear();
        }
    }
}

impl Live {
    fn draw(&mut self, picture: &Progress) {
        let style: Style = self.ui.talk_style();
        let lines = frame(picture, now_us(), &style);
        let mut text = self.back(style.width);
        for line in &lines {
            text.push_str(&shown(line));
            text.push('\n');
        }
        let wide = lines.iter().map(|line| shown_width(line));
        self.drawn = (wide.collect(), style.width);
        write_talk(&text);
    }

    fn clear(&mut self) {
        if !self.drawn.0.is_empty() {
            let text = self.back(self.ui.talk_style().width);
            self.drawn.0.clear();
            write_talk(&text);
        }
    }

    /// To the first line of the frame, and nothing below it.
    fn back(&self, width: usize) -> String {
        let (lines, then) = &self.drawn;
        match rows(lines, if reflows() { width } else { *then }) {
            0 => String::new(),
            rows => format!("\x1b[{rows}A\r\x1b[J"),
        }
    }
}

/// Rows that lines of so many columns take in a terminal of `width`.
fn rows(lines: &[usize], width: usize) -> usize {
    let rows = lines.iter().map(|wide| wide.div_ceil(width.max(1)).max(1));
    rows.sum()
}

/// A terminal that is gone is no reason to stop following.
fn write_talk(text: &str) {
    let mut errors = io::stderr().lock();
    let written = errors.write_all(text.as_bytes());
    written.and_then(|()| errors.flush()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_a_narrower_terminal_has_broken_is_more_rows() {
        assert_eq!(rows(&[80, 12, 0], 80), 3);
        assert_eq!(rows(&[80, 12, 0], 60), 4, "the first goes on below");
        assert_eq!(rows(&[], 60), 0);
    }
}
