//! stdout for data, stderr for talk.

use std::cell::RefCell;
use std::io::{self, Write};
use std::panic::PanicHookInfo;

use jiff::tz::TimeZone;
use serde::Serialize;
use windlass_api::{Exit, LogLine};
use windlass_model::EnvironmentName;

use super::answer::{self, Answer};
use super::shown::{escaped, shown};
use super::terminal::{Terminal, size};
use super::time::of_calendar;
use super::words::harmless;
use super::wrap::{self, WIDEST};
use super::{Again, Role, Style};
use crate::arguments::{Global, Output};
use crate::diagnostic::Diagnostic;
use crate::report::{MadeOf, Report};

/// Columns of a table that no terminal shows.
const WIDTH_IN_A_PIPE: usize = 200;

/// Said where nobody can be asked.
pub(crate) const UNASKED: &str = "nobody can be asked here, so it goes ahead as with --yes";

/// Columns behind a question, for its answer.
const ANSWER_ROOM: usize = 4;

/// Characters of an instance's id that are shown beside each line of its log.
const INSTANCE_SHOWN: usize = 6;

/// Where scripts find what an object is.
const TYPE: &str = "type";

/// Where scripts find why something was not done.
pub(crate) const PROBLEM: &str = "problem";

/// What a line of a log is, for scripts.
pub(crate) const LOG: &str = "log";

/// How lines of a log are shown.
pub(crate) struct LogLook<'s> {
    /// Whose they are, for who reads those of several services.
    pub(crate) service: &'s str,
    /// Whether each says when it was printed.
    pub(crate) is_timed: bool,
}

impl LogLook<'_> {
    /// One line for scripts.
    pub(crate) fn value(&self, line: &LogLine) -> serde_json::Result<serde_json::Value> {
        let mut line = serde_json::to_value(line)?;
        line["service"] = self.service.into();
        Ok(line)
    }
}

/// The voice of one run of the program.
#[derive(Clone, Debug)]
pub(crate) struct Ui {
    output: Output,
    quiet: bool,
    verbose: bool,
    colours: bool,
    terminal: Terminal,
    again: RefCell<Again>,
}

impl Ui {
    pub(crate) fn new(global: &Global) -> Self {
        let terminal = Terminal::here();
        Self {
            output: global.output,
            quiet: global.quiet,
            verbose: global.verbose,
            colours: terminal.colours && !global.no_color,
            terminal,
            again: RefCell::new(Again::of(global)),
        }
    }

    /// The same, whose commands repeat versions that this run was given.
    pub(crate) fn repeating(self, versions: &[(String, String)]) -> Self {
        let again = self.again.into_inner().with_versions(versions);
        let again = RefCell::new(again);
        Self { again, ..self }
    }

    /// From now on what is said is about a deployment of this environment, and commands name it.
    pub(crate) fn about(&self, environment: &EnvironmentName) {
        let again = self.again.take();
        self.again.replace(again.in_environment(environment));
    }

    /// Whether a list is to be printed with one object a line.
    pub(crate) fn wants_lines(&self) -> bool {
        self.output == Output::Ndjson
    }

    /// A text whose commands can be typed as they are.
    pub(crate) fn again(&self, text: &str) -> String {
        self.again.borrow().repeat(text)
    }

    /// How data is shown on stdout.
    pub(crate) fn style(&self) -> Style {
        self.style_for(self.terminal.output)
    }

    /// Columns that data must fit into: where a person reads it, those of the terminal.
    pub(crate) fn columns(&self) -> Option<usize> {
        self.terminal.output.then(|| size().0)
    }

    /// Columns that talk is broken at, where a person reads it: in a pipe a message is its lines.
    pub(crate) fn talk_columns(&self) -> Option<usize> {
        self.terminal.errors.then(|| size().0.min(WIDEST))
    }

    /// How talk is shown on stderr.
    pub(crate) fn talk_style(&self) -> Style {
        self.style_for(self.terminal.errors)
    }

    fn style_for(&self, person: bool) -> Style {
        let (width, height) = size();
        Style {
            colour: self.colours && person,
            // A program that reads a table wants a row to be a line.
            width: if person { width } else { WIDTH_IN_A_PIPE },
            height,
            zone: TimeZone::system(),
            again: self.again.borrow().clone(),
        }
    }

    pub(crate) fn output(&self) -> Output {
        self.output
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether what is followed can be redrawn in place.
    pub(crate) fn can_redraw(&self) -> bool {
        let data_elsewhere = self.output != Output::Text || self.terminal.output;
        self.terminal.redraws && self.terminal.errors && data_elsewhere && !self.quiet
    }

    /// Whether a person reads what is told.
    pub(crate) fn is_attended(&self) -> bool {
        self.output == Output::Text && (self.terminal.output || self.terminal.errors)
    }

    /// Whether there is a person to ask.
    pub(crate) fn can_ask(&self) -> bool {
        self.output == Output::Text && self.terminal.input && self.terminal.errors
    }

    /// Asks once; anything but yes is no. Where there was no answer, its line is ended.
    pub(crate) fn ask(&self, question: &str) -> bool {
        let question = format!("{question} [y/N]");
        let question = match self.talk_columns() {
            Some(width) => wrap::lines(&question, width.saturating_sub(ANSWER_ROOM)),
            None => question,
        };
        let mut errors = io::stderr().lock();
        let asked = write!(errors, "{} ", shown(&question)).and_then(|()| errors.flush());
        drop(errors);
        asked.is_ok() && answer::read() == Answer::Yes
    }

    /// Asks, or where nobody can be asked says so and goes ahead: a script has said what it wants by the
    /// command itself.
    pub(crate) fn agrees(&self, question: &str) -> bool {
        if self.can_ask() {
            return self.ask(question);
        }
        self.say(&format!("{UNASKED}: {question}"));
        true
    }

    /// A sentence of talk, unless quiet.
    pub(crate) fn say(&self, sentence: &str) {
        if !self.quiet {
            talk(&self.broken(&self.again(sentence)));
        }
    }

    /// What is drawn, or has its lines already, as talk; unless quiet.
    pub(crate) fn say_as_it_is(&self, drawn: &str) {
        if !self.quiet {
            talk(&self.again(drawn));
        }
    }

    fn broken(&self, text: &str) -> String {
        match self.talk_columns() {
            Some(width) => wrap::lines(text, width),
            None => text.to_owned(),
        }
    }

    /// One line of talk for who wants more of it.
    pub(crate) fn say_more(&self, line: &str) {
        if self.verbose {
            talk(line);
        }
    }

    /// One line of data, for people.
    ///
    /// # Errors
    /// When whoever read has left.
    #[expect(clippy::unused_self, reason = "only who has the voice may print")]
    pub(crate) fn data_line(&self, line: &str) -> io::Result<()> {
        print_line(&shown(line))
    }

    /// One fact as data, for people: a line, or as many as a terminal has room for it in.
    ///
    /// # Errors
    /// When whoever read has left.
    pub(crate) fn data_fact(&self, line: &str) -> io::Result<()> {
        match self.columns() {
            Some(width) => self.data_line(&wrap::lines(line, width)),
            None => self.data_line(line),
        }
    }

    /// One line of data, for machines, which says what it is.
    ///
    /// # Errors
    /// When whoever read has left.
    #[expect(clippy::unused_self, reason = "only who has the voice may print")]
    pub(crate) fn data_json<T: Serialize>(
        &self,
        kind: Option<&'static str>,
        value: &T,
    ) -> io::Result<()> {
        let value = named(kind, serde_json::to_value(value)?);
        print_line(&escaped(&serde_json::to_string(&value)?))
    }

    /// One line of a log.
    ///
    /// # Errors
    /// When whoever read has left.
    pub(crate) fn log_line(&self, line: &LogLine, look: &LogLook<'_>) -> io::Result<()> {
        match self.output {
            Output::Text => {
                let at = line.at_us.filter(|_| look.is_timed);
                let at = at.map(|at_us| of_calendar(at_us, &self.style().zone) + " ");
                self.data_line(&[at.unwrap_or_default(), log_text(line)].concat())
            }
            Output::Json | Output::Ndjson => self.data_json(Some(LOG), &look.value(line)?),
        }
    }

    /// Prints what a command leaves and says how the program ends.
    pub(crate) fn finish(&self, result: Result<Report, Diagnostic>) -> Exit {
        match result {
            Ok(report) => {
                let printed = self.print(&report);
                if let Some(failure) = &report.failure {
                    talk(&self.drawn(failure));
                }
                match printed {
                    Ok(()) => report.exit,
                    // Whoever read has seen enough.
                    Err(why) if why.kind() == io::ErrorKind::BrokenPipe => report.exit,
                    Err(why) => {
                        let failure = unprinted(&why);
                        talk(&self.drawn(&failure));
                        // How a deployment ended matters more.
                        match report.exit {
                            Exit::Done => failure.exit,
                            ended => ended,
                        }
                    }
                }
            }
            Err(wanted) if wanted.is_as_wanted() => {
                self.print_refusal(&wanted);
                talk(&self.broken(&wanted.summary));
                wanted.exit
            }
            Err(failure) => {
                self.print_refusal(&failure);
                talk(&self.drawn(&failure));
                failure.exit
            }
        }
    }

    fn print(&self, report: &Report) -> io::Result<()> {
        match (self.output, self.data(report)) {
            (Output::Text, _) => {
                let text = match (report.made_of, self.columns()) {
                    (MadeOf::Page, _) => report.text.clone(),
                    (MadeOf::Sentences, Some(width)) => {
                        wrap::lines(&self.again(&report.text), width) + "\n"
                    }
                    (MadeOf::Sentences | MadeOf::Lines, _) => self.again(&report.text),
                };
                let mut output = io::stdout().lock();
                output.write_all(shown(&text).as_bytes())?;
                output.flush()
            }
            (Output::Json | Output::Ndjson, None) => io::stdout().flush(),
            (Output::Json, Some(value)) => {
                print_line(&escaped(&serde_json::to_string_pretty(&value)?))
            }
            (Output::Ndjson, Some(serde_json::Value::Array(items))) => items
                .iter()
                .try_for_each(|item| self.data_json(report.kind, item)),
            (Output::Ndjson, Some(value)) => self.data_json(report.kind, &value),
        }
    }

    /// Why something was not done, as scripts read it.
    pub(crate) fn problem(&self, failure: &Diagnostic) -> serde_json::Value {
        // Where each problem stands by itself, the drawing of all of them says nothing more.
        let drawn = failure.detail.as_deref();
        let detail = drawn.filter(|_| failure.problems.is_empty());
        serde_json::json!({
            "code": code_of(failure),
            "title": failure.summary,
            "detail": detail,
            "hint": failure.hint.as_deref().map(|hint| self.again(hint)),
            "exit": failure.exit.code(),
        })
    }

    /// The data of a report; that of a deployment says why it did not end as it was asked to.
    fn data(&self, report: &Report) -> Option<serde_json::Value> {
        let mut value = report.json.clone()?;
        if let (Some(failure), Some(fields)) = (&report.failure, value.as_object_mut()) {
            fields.insert(PROBLEM.to_owned(), self.problem(failure));
        }
        Some(match value {
            serde_json::Value::Array(items) => items
                .into_iter()
                .map(|item| named(report.kind, item))
                .collect(),
            one => named(report.kind, one),
        })
    }

    /// A script that asked for JSON gets the refusal as JSON too.
    fn print_refusal(&self, failure: &Diagnostic) {
        if self.output == Output::Text {
            return;
        }
        let mut value = serde_json::json!({ PROBLEM: self.problem(failure) });
        if !failure.problems.is_empty() {
            value["problems"] = serde_json::json!(failure.problems);
        }
        if let Err(why) = self.data_json(Some(PROBLEM), &value) {
            talk(&self.drawn(&unprinted(&why)));
        }
    }

    fn drawn(&self, failure: &Diagnostic) -> String {
        let mut text = diagnostic_text(failure, &self.talk_style());
        if let Some(code) = code_of(failure).filter(|_| self.verbose) {
            text.push_str(&["  more: windlass explain ", code, "\n"].concat());
        }
        self.broken(self.again(&text).trim_end())
    }
}

/// What a command found or did can't be written to stdout, as on a full disk.
fn unprinted(why: &io::Error) -> Diagnostic {
    Diagnostic::io("the result can't be printed", why)
        .hint("the command itself ran; look where its output goes, then at: windlass status")
}

/// The object with what it is, where it does not say so itself.
fn named(kind: Option<&'static str>, mut value: serde_json::Value) -> serde_json::Value {
    if let (Some(kind), Some(fields)) = (kind, value.as_object_mut()) {
        fields.entry(TYPE).or_insert_with(|| kind.into());
    }
    value
}

/// Which version and instance said it, and what. The end of an id is what differs.
pub(super) fn log_text(line: &LogLine) -> String {
    let skipped = line.instance.len().saturating_sub(INSTANCE_SHOWN);
    let instance = line.instance.get(skipped..).unwrap_or(&line.instance);
    let [version, instance, text] = [line.version.as_str(), instance, &line.text].map(harmless);
    match line.job {
        Some(job) => format!("{version} {job} {instance} {text}"),
        None => format!("{version} {instance} {text}"),
    }
}

/// What failed, the lines that say where and how, what to do next. What others have written into them,
/// as names and answers, is shown and not obeyed.
pub(crate) fn diagnostic_text(failure: &Diagnostic, style: &Style) -> String {
    let code = failure.code.as_ref().map(|code| format!("[{code}]"));
    let head = style.paint(Role::Bad, &format!("error{}", code.unwrap_or_default()));
    let mut lines = vec![format!("{head}: {}", harmless(&failure.summary))];
    let detail = failure.detail.iter().flat_map(|detail| detail.lines());
    lines.extend(detail.map(|line| format!("  {}", harmless(line)).trim_end().to_owned()));
    if let Some(hint) = &failure.hint {
        let head = style.paint(Role::Strong, "hint");
        lines.push(format!("  {head}: {}", harmless(hint)));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Its code, or that of the first problem of a file.
fn code_of(failure: &Diagnostic) -> Option<&str> {
    let first = || failure.problems.first().map(|problem| problem.code);
    failure.code.as_deref().or_else(first)
}

/// The hook for what must not happen.
pub(crate) fn say_panic(panic: &PanicHookInfo<'_>) {
    talk(&format!("a bug in Windlass: {panic}"));
    talk("please report it with the command that you typed; nothing was decided because of it");
}

fn print_line(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

/// A closed stderr is no reason to stop: there is nobody left to tell.
fn talk(line: &str) {
    writeln!(io::stderr().lock(), "{}", shown(line)).ok();
}

#[cfg(test)]
mod tests {
    use windlass_model::Job;

    use super::*;

    #[test]
    fn a_log_line_names_version_and_instance_and_obeys_nothing() {
        let line = LogLine {
            instance: "ins_06gvooeosdoaf73ravo43qubcc".to_owned(),
            version: "1.4.2".to_owned(),
            job: None,
            stream: "stdout".to_owned(),
            text: "up\u{1b}[2J".to_owned(),
            end: 6,
            at_us: None,
        };
        assert_eq!(log_text(&line), "1.4.2 3qubcc up\u{fffd}[2J");
        let of_a_script = LogLine {
            job: Some(Job::Rollback),
            ..line
        };
        assert_eq!(
            log_text(&of_a_script),
            "1.4.2 rollback 3qubcc up\u{fffd}[2J"
        );
    }

    #[test]
    fn what_somebody_wrote_into_a_failure_is_not_obeyed() {
        let failure = Diagnostic::new(Exit::Refused, "held by \u{1b}[2Jmira")
            .detail("begun by \u{7}jo\nlast answer: \u{1b}]0;x");
        let text = diagnostic_text(&failure, &Style::plain());
        let obeyed = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(obeyed), "{text:?}");
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn a_failure_says_what_where_and_what_next() {
        let failure = Diagnostic::new(Exit::Refused, "the plan is stale")
            .code("WL0305")
            .detail("revision 4 was planned on\nrevision 5 is now")
            .hint("windlass plan");
        insta::assert_snapshot!(diagnostic_text(&failure, &Style::plain()), @r"
        error[WL0305]: the plan is stale
          revision 4 was planned on
          revision 5 is now
          hint: windlass plan
        ");
    }
}
