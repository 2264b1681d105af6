//! One answer to a question, read from a terminal.

use std::io::{self, BufRead, Write};

use rustix::termios::{OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// Longest answer that is looked at.
const LONGEST: usize = 64;

/// A terminal's special code that nothing stands for.
const NO_KEY: u8 = 0;

/// What a person who was asked did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Said yes.
    Yes,
    /// Said anything else.
    No,
    /// Pressed Ctrl-C or Ctrl-D, or left: the cursor is still behind the question.
    None,
}

/// Reads what is typed. Ctrl-C is an answer meanwhile, and not the end of the program without a word.
pub(super) fn read() -> Answer {
    let keys = Keys::lend();
    let answer = read_from(
        &mut io::stdin().lock(),
        keys.as_ref().and_then(Keys::interrupt),
    );
    drop(keys);
    if answer == Answer::None {
        writeln!(io::stderr().lock()).ok();
    }
    answer
}

fn read_from(input: &mut impl BufRead, interrupt: Option<u8>) -> Answer {
    let mut typed = Vec::new();
    loop {
        let chunk = match input.fill_buf() {
            Ok([]) => return Answer::None,
            Ok(chunk) => chunk.to_vec(),
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Answer::None,
        };
        let ends = |byte: &u8| *byte == b'\n' || Some(*byte) == interrupt;
        let end = chunk.iter().position(ends);
        input.consume(end.map_or(chunk.len(), |at| at + 1));
        let line = end.map_or(chunk.as_slice(), |at| chunk.get(..at).unwrap_or_default());
        typed.extend(line.iter().take(LONGEST.saturating_sub(typed.len())));
        match end.and_then(|at| chunk.get(at)) {
            Some(b'\n') => return of(&typed),
            Some(_) => return Answer::None,
            None => {}
        }
    }
}

/// Anything but yes is no.
fn of(typed: &[u8]) -> Answer {
    let typed = String::from_utf8_lossy(typed).trim().to_ascii_lowercase();
    match typed.as_str() {
        "y" | "yes" => Answer::Yes,
        _ => Answer::No,
    }
}

/// The keys of the terminal at stdin, as they were.
struct Keys {
    before: Termios,
}

impl Keys {
    /// Until this is dropped, Ctrl-C ends the line like Enter does, and is read. A handler of the signal could not
    /// be taken back, and what follows the question should be ended by Ctrl-C as ever.
    fn lend() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut keys = before.clone();
        keys.special_codes[SpecialCodeIndex::VEOL] = before.special_codes[SpecialCodeIndex::VINTR];
        keys.special_codes[SpecialCodeIndex::VINTR] = NO_KEY;
        tcsetattr(io::stdin(), OptionalActions::Now, &keys).ok()?;
        Some(Self { before })
    }

    /// What is read for Ctrl-C.
    fn interrupt(&self) -> Option<u8> {
        let key = self.before.special_codes[SpecialCodeIndex::VINTR];
        (key != NO_KEY).then_some(key)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        tcsetattr(io::stdin(), OptionalActions::Now, &self.before).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes_and_what_ends_without_a_line_is_no_answer() {
        let interrupt = 3;
        for (typed, answer) in [
            ("y\n", Answer::Yes),
            (" YES \n", Answer::Yes),
            ("n\n", Answer::No),
            ("\n", Answer::No),
            ("", Answer::None),
            ("y", Answer::None),
            ("\u{3}", Answer::None),
            ("y\u{3}", Answer::None),
        ] {
            let read = read_from(&mut typed.as_bytes(), Some(interrupt));
            assert_eq!(read, answer, "{typed:?}");
        }
        let mut input = "n\ny\n".as_bytes();
        assert_eq!(read_from(&mut input, Some(interrupt)), Answer::No);
        assert_eq!(read_from(&mut input, Some(interrupt)), Answer::Yes);
        let long = ["y".repeat(1_000), "\n".to_owned()].concat();
        assert_eq!(read_from(&mut long.as_bytes(), None), Answer::No);
    }
}
