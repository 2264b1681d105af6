//! What the terminal can do.

use std::io::IsTerminal;

use rustix::termios::tcgetwinsize;

/// Columns where nobody says how many there are.
const WIDTH: usize = 80;

/// Rows, likewise.
const HEIGHT: usize = 24;

/// What is at the ends of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five facts that depend on nothing in each other"
)]
pub(crate) struct Terminal {
    /// A person types.
    pub(crate) input: bool,
    /// A person reads the data.
    pub(crate) output: bool,
    /// A person reads the talk.
    pub(crate) errors: bool,
    /// It understands more than lines: no `TERM=dumb`, no `CI`.
    pub(crate) redraws: bool,
    /// It may be given colours: no `NO_COLOR`.
    pub(crate) colours: bool,
}

impl Terminal {
    pub(crate) fn here() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            input: std::io::stdin().is_terminal(),
            output: std::io::stdout().is_terminal(),
            errors: std::io::stderr().is_terminal(),
            redraws: !dumb && !set("CI"),
            colours: !dumb && !set("NO_COLOR"),
        }
    }
}

/// Whether the terminal breaks its lines anew when its width changes: most do; some old ones cut them.
pub(super) fn reflows() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some();
    let term = std::env::var("TERM").unwrap_or_default();
    let cuts = CUT.iter().any(|name| term.starts_with(name));
    // Within tmux it is tmux that does it.
    set("TMUX") || !(set("XTERM_VERSION") || cuts)
}

/// What `TERM` begins with in terminals that cut their lines.
const CUT: [&str; 4] = ["linux", "rxvt", "screen", "vt"];

/// Columns and rows of the terminal at stderr, or at stdout.
pub(crate) fn size() -> (usize, usize) {
    let seen = tcgetwinsize(std::io::stderr()).or_else(|_none| tcgetwinsize(std::io::stdout()));
    match seen {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        }
        Ok(_) | Err(_) => (WIDTH, HEIGHT),
    }
}
