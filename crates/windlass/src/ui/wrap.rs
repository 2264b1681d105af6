//! Sentences in a terminal: broken between words, and what goes on below is set in. What a person
//! copies, a command or a path, is never broken: only its beginning may go to the next line.

use super::style::HUES;
use super::wide::wide;

/// Widest lines of talk: longer ones are hard to read.
pub(crate) const WIDEST: usize = 100;

/// Blanks before what goes on below.
const INDENT: usize = 4;

/// Lines that are set in so far are quoted: what a file says, what a program printed.
const QUOTED: usize = 6;

/// The beginning of the line that says what to do.
const HINT: &str = "hint: ";

/// What a command begins with.
const PROGRAMS: [&str; 7] = [
    "windlass", "kill", "chmod", "curl", "openssl", "ssh", "getent",
];

/// A line after `head`, broken where it would be wider than `fits`; none: one line, for who reads by lines.
/// A word that is wider has a line of its own; where it has no room below its beginning, it is set in less.
pub(crate) fn hang(head: &str, text: &str, fits: Option<usize>) -> String {
    match fits {
        None => format!("{head}{text}"),
        Some(width) => {
            let set_in = head.chars().take_while(|c| *c == ' ').count() + INDENT;
            let begun = shown_width(head);
            let has_room = begun + longest_piece(text) <= width;
            let indent = if has_room { begun } else { begun.min(set_in) };
            fill((head, indent), text, width)
        }
    }
}

/// Each line of a message, broken where it would be wider than `width`. What is quoted stays as it is.
pub(crate) fn lines(text: &str, width: usize) -> String {
    let broken = text.lines().map(|line| {
        let rest = line.trim_start_matches(' ');
        let set_in = line.len() - rest.len();
        if set_in >= QUOTED {
            return line.to_owned();
        }
        let (head, rest) = line.split_at(set_in + hint(rest).unwrap_or(0));
        let indent = match hint(line.trim_start_matches(' ')) {
            Some(_) => shown_width(head),
            None => set_in + INDENT,
        };
        fill((head, indent), rest, width)
    });
    broken.collect::<Vec<_>>().join("\n")
}

/// Bytes of the word that begins a line which says what to do, in whatever hue.
fn hint(line: &str) -> Option<usize> {
    let end = line.find(": ")? + 2;
    let head = line.get(..end)?;
    (shown_width(head) == HINT.len() && head.contains("hint")).then_some(end)
}

/// `text` after `head`; what does not fit goes on below, after `indent` blanks.
fn fill((head, indent): (&str, usize), text: &str, width: usize) -> String {
    let begun = shown_width(head);
    let (mut lines, mut line, mut at) = (Vec::new(), head.to_owned(), begun);
    let mut is_empty = true;
    for piece in pieces(text) {
        let wide = shown_width(&piece);
        if !is_empty && at + 1 + wide > width {
            line.truncate(line.trim_end().len());
            lines.push(line);
            (line, at, is_empty) = (" ".repeat(indent), indent, true);
        }
        // Of blanks between columns none is left at the beginning of a line.
        if is_empty && wide == 0 && !lines.is_empty() {
            continue;
        }
        if !is_empty {
            line.push(' ');
            at += 1;
        }
        line.push_str(&piece);
        at += wide;
        is_empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

/// Columns of the longest word or command: no line of the text can be narrower.
pub(super) fn longest_piece(text: &str) -> usize {
    let wide = pieces(text).into_iter().map(|piece| shown_width(&piece));
    wide.max().unwrap_or(0)
}

/// What a line may be broken between: words, and whole commands.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut copied = Copied::Nothing;
    for word in text.split(' ') {
        let goes_on = copied.takes(word);
        match pieces.last_mut().filter(|_| goes_on) {
            Some(piece) => {
                piece.push(' ');
                piece.push_str(word);
            }
            None => pieces.push(word.to_owned()),
        }
        copied = copied.after(word, goes_on);
    }
    pieces
}

/// What the words so far are the beginning of.
#[derive(Clone, Copy)]
enum Copied {
    /// Nothing that is copied as a whole.
    Nothing,
    /// Something between backquotes.
    Code,
    /// A command. A person's word goes on with it once, as the name behind a verb; an option takes the next.
    Command { names: u8, option: bool },
}

/// Plain words that can follow a command's name: its verb, and one name.
const NAMES: u8 = 2;

impl Copied {
    /// Whether the word belongs to it.
    fn takes(self, word: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Code => true,
            Self::Command { names, option } => {
                !word.starts_with('(') && (option || names > 0 || !is_plain(word))
            }
        }
    }

    fn after(self, word: &str, goes_on: bool) -> Self {
        if word.matches('`').count() % 2 == 1 {
            return match self {
                Self::Code => Self::Nothing,
                Self::Nothing | Self::Command { .. } => Self::Code,
            };
        }
        if word.ends_with([',', ';', ':', ')', '?']) {
            return match self {
                Self::Code => self,
                Self::Nothing | Self::Command { .. } => Self::Nothing,
            };
        }
        let begun = Self::Command {
            names: NAMES,
            option: false,
        };
        match self {
            Self::Command { names, option } if goes_on => Self::Command {
                // What an option takes is no name of the command.
                names: names.saturating_sub(u8::from(is_plain(word) && !option)),
                option: word.starts_with('-') && !option,
            },
            Self::Nothing | Self::Command { .. }
                if PROGRAMS.contains(&word.trim_start_matches('(')) =>
            {
                begun
            }
            Self::Code => Self::Code,
            Self::Nothing | Self::Command { .. } => Self::Nothing,
        }
    }
}

/// Whether it reads as a word of a sentence.
fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_lowercase() || c == '\'')
}

/// Columns that a text takes, without its hues.
pub(super) fn shown_width(text: &str) -> usize {
    let hues: usize = HUES
        .iter()
        .map(|hue| text.matches(hue).count() * wide(hue))
        .sum();
    wide(text).saturating_sub(hues)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_below_its_beginning() {
        insta::assert_snapshot!(hang("  why  ", "one two three four", Some(16)), @r"
          why  one two
               three
               four
        ");
        let whole = "  why  one two three four";
        assert_eq!(hang("  why  ", "one two three four", None), whole);
        assert_eq!(hang("  why  ", "one two three four", Some(80)), whole);
        assert_eq!(
            hang("", "wider-than-that so", Some(5)),
            "wider-than-that\nso"
        );
    }

    const MESSAGE: &str = "\
error[WL0402]: shop in production is back at the previous releases: api failed
  api 1.4.2: instance ins_2a at 127.0.0.1:20003 was not ready in time; last answer: HTTP 503
    expected: 2xx or 3xx from GET /health/ready, 2 times in a row, within 1m
    it printed last:
      a line of the program that is as long as it likes, and stays the way it was printed
  hint: windlass -e staging logs api, mend it, then: windlass deploy (the same once more: windlass retry dep_01k0a)";

    #[test]
    fn a_message_is_broken_between_words_and_no_command_is() {
        insta::assert_snapshot!(lines(MESSAGE, 72), @r"
        error[WL0402]: shop in production is back at the previous releases: api
            failed
          api 1.4.2: instance ins_2a at 127.0.0.1:20003 was not ready in time;
              last answer: HTTP 503
            expected: 2xx or 3xx from GET /health/ready, 2 times in a row,
                within 1m
            it printed last:
              a line of the program that is as long as it likes, and stays the way it was printed
          hint: windlass -e staging logs api, mend it, then: windlass deploy
                (the same once more: windlass retry dep_01k0a)
        ");
        assert_eq!(lines(MESSAGE, 200), MESSAGE);
    }

    #[test]
    fn what_is_copied_is_in_one_line_however_narrow_it_is() {
        for command in [
            "windlass --state-dir '/srv/a' -e staging rollback web --to 1.4.0",
            "windlass repair dep_01k0a --retry | --done | --abandon",
            "windlass router split shop/default/web 1=50%",
            "windlass events dep_01k0a --follow;",
            "windlass token create,",
            "kill -CONT 4711",
            "`release: { version: 2 }`",
            "chmod 700 /srv/shop/state,",
        ] {
            let text = format!("it is to be mended first, then say {command} and look");
            let broken = lines(&text, 20);
            assert!(broken.contains(command), "{broken}");
        }
    }

    #[test]
    fn hues_take_no_room() {
        let painted = "\u{1b}[1mone\u{1b}[0m two";
        assert_eq!(shown_width(painted), 7);
        assert_eq!(lines(painted, 7), painted);
        let hint = "  \u{1b}[1mhint\u{1b}[0m: one two";
        assert_eq!(
            lines(hint, 12),
            "  \u{1b}[1mhint\u{1b}[0m: one\n        two"
        );
    }
}
