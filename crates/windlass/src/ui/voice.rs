//! What is said while a deployment is followed.

use std::io::{self, Write};

use windlass_api::Event;

use super::facts::fact_lines;
use super::live::frame;
use super::shown::shown;
use super::table::cut;
use super::time::now_us;
use super::{Style, Ui};
use crate::arguments::Output;
use crate::follow::Progress;

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

/// The live view and how many lines of it are on the terminal.
pub(crate) struct Live {
    ui: Ui,
    drawn: usize,
}

impl Voice {
    /// The form that suits what was asked for and where it goes.
    pub(crate) fn of(ui: &Ui) -> Self {
        match ui.output() {
            Output::Ndjson => Self::Ndjson(ui.clone()),
            Output::Text | Output::Json if ui.is_quiet() => Self::Silent,
            Output::Text | Output::Json if ui.can_redraw() => Self::Live(Live {
                ui: ui.clone(),
                drawn: 0,
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
                    ui.data_line(&line)?;
                }
            }
            Self::Talk(ui) => {
                for line in fact_lines(event, picture, &ui.talk_style()) {
                    ui.say_as_it_is(&line);
                }
            }
            Self::Ndjson(ui) => ui.data_json(event)?,
            Self::Silent => {}
        }
        Ok(())
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
        let mut text = self.back();
        for line in &lines {
            match line.strip_prefix("next: ") {
                Some(_) => text.push_str(&shown(&cut(&self.ui.again(line), style.width))),
                None => text.push_str(&shown(line)),
            }
            // Clears what a longer line left behind.
            text.push_str("\x1b[K\n");
        }
        self.drawn = lines.len();
        write_talk(&text);
    }

    fn clear(&mut self) {
        if self.drawn > 0 {
            let text = self.back();
            self.drawn = 0;
            write_talk(&text);
        }
    }

    /// To the first line of the frame, and nothing below it.
    fn back(&self) -> String {
        match self.drawn {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\r\x1b[J"),
        }
    }
}

/// A terminal that is gone is no reason to stop following.
fn write_talk(text: &str) {
    let mut errors = io::stderr().lock();
    let written = errors.write_all(text.as_bytes());
    written.and_then(|()| errors.flush()).ok();
}
