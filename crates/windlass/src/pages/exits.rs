//! The exit codes, from the contract itself.

use std::fmt::Write as _;

use windlass_api::Exit;

/// The table of all exit codes, as Markdown.
pub(crate) fn exits() -> String {
    let mut text = "# Exit codes\n\nEverywhere the same; scripts may rely on them.\n\n".to_owned();
    text.push_str(&table());
    text
}

/// The table alone.
pub(crate) fn table() -> String {
    let mut text = "| code | means |\n|---|---|\n".to_owned();
    for exit in Exit::ALL {
        // A String takes every write.
        writeln!(text, "| {} | {} |", exit.code(), exit.meaning()).ok();
    }
    text
}
