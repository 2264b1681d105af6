//! Commands of others as `run:` takes them.

use super::places::{Filled, filled};

/// What only a shell understands.
const FOR_A_SHELL: &str = "|&;<>()`\n*?~";

/// Shells that a command names itself.
const SHELLS: [&str; 4] = ["sh", "bash", "/bin/sh", "/bin/bash"];

/// A command line of another tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// For `run:`.
    pub(super) run: String,
    /// Set when it only works in a shell.
    pub(super) shell: bool,
    /// What of it could not be said here.
    pub(super) notes: Vec<String>,
}

impl Line {
    fn plain(made: Filled) -> Self {
        Self {
            run: made.text,
            shell: false,
            notes: made.notes,
        }
    }

    /// Run by a shell, by name: `script` as `run:` takes it, but for its quotes.
    fn in_a_shell(script: &str, notes: Vec<String>) -> Self {
        let script = script.replace('\\', "\\\\").replace('"', "\\\"");
        Self {
            run: format!("sh -c \"{}\"", script.replace('`', "\\`")),
            shell: true,
            notes,
        }
    }
}

/// A line as a shell would be given it: `$PORT` and `${PORT:-5000}` become `${PORT}`. What needs a
/// shell gets one, by name, and its `$` are for that one.
pub(super) fn line(text: &str) -> Line {
    let text = text.trim();
    // To a shell `$$` is its own number.
    if needs_a_shell(text) || text.contains("$$") {
        return Line::in_a_shell(&text.replace('$', "$$"), Vec::new());
    }
    Line::plain(filled(text))
}

/// A command that its tool fills and splits itself, without a shell, as Windlass does.
pub(super) fn split_by_its_tool(text: &str) -> Line {
    let text = text.trim();
    let made = filled(text);
    if !needs_a_shell(text) || names_a_shell(text) {
        return Line::plain(made);
    }
    Line::in_a_shell(&made.text, made.notes)
}

/// Words that are passed on as they are: each of them is one here too.
pub(super) fn argv(words: &[String]) -> Line {
    let mut made = Filled::default();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            made.text.push(' ');
        }
        let filled = filled(word);
        let plain = |c: char| c.is_alphanumeric() || "./_-+@,:%${}".contains(c);
        let plain = |c: char| plain(c) || (c == '=' && index > 0);
        if !filled.text.is_empty() && filled.text.chars().all(plain) {
            made.text.push_str(&filled.text);
        } else {
            let kept = filled.text.replace('\'', r"'\''");
            made.text.push_str(&["'", &kept, "'"].concat());
        }
        made.notes.extend(filled.notes);
    }
    Line::plain(made)
}

fn needs_a_shell(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    text.contains(|c| FOR_A_SHELL.contains(c))
        || first.contains('=')
        || matches!(first, "cd" | "export" | "source" | "." | "exec")
        || text.contains("$(")
        || windlass_config::words(text).is_none()
}

/// Whether it is `sh -c` and one script.
fn names_a_shell(text: &str) -> bool {
    let words = windlass_config::words(text).unwrap_or_default();
    matches!(&words[..], [shell, option, _script]
        if SHELLS.contains(&shell.as_str()) && option.starts_with('-') && option.ends_with('c'))
}

/// A file's name as one word of a command: in quotes where it would be read as several, or as something else.
pub(super) fn word(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "./_-+=@,:%".contains(c);
    if name.chars().all(plain) {
        return name.to_owned();
    }
    let kept = name.replace('$', "$$").replace('\'', r"'\''");
    format!("'{kept}'")
}

/// The words of a command; of one that can't be read, what stands between spaces.
pub(super) fn words(run: &str) -> Vec<String> {
    let words = windlass_config::words(run);
    words.unwrap_or_else(|| run.split_whitespace().map(str::to_owned).collect())
}

/// A text of YAML: plain where that can't be misread, in quotes otherwise.
pub(super) fn quoted(text: &str) -> String {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/'));
    let plain = |c: char| c.is_ascii_alphanumeric() || " ./_-${}=+@,:".contains(c);
    let misread = text.contains(": ")
        || text.ends_with(':')
        || text.contains("  ")
        || is_a_word_of_yaml(text);
    if begins && text.chars().all(plain) && !misread && !text.ends_with(' ') {
        return text.to_owned();
    }
    // A JSON text is a YAML text, but for characters that can't be printed.
    let json = serde_json::Value::from(text).to_string();
    let printed = json.chars().map(|c| match u32::from(c) {
        code @ (0x7f..0xa0 | 0x2028 | 0x2029 | 0xfeff) => format!("\\u{code:04x}"),
        _printable => c.to_string(),
    });
    printed.collect()
}

fn is_a_word_of_yaml(text: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    words.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_needs_a_shell_gets_one_by_name() {
        let made = line("cd api && ./run \"$PORT\"");
        assert!(made.shell);
        assert_eq!(made.run, "sh -c \"cd api && ./run \\\"$$PORT\\\"\"");
        assert!(!line("./run --port $PORT").shell);
        // What has no end of a quote is for the shell to refuse.
        assert!(line("echo it's").shell);
        assert_eq!(line("./run $$").run, "sh -c \"./run $$$$\"");
    }

    #[test]
    fn a_command_that_no_shell_splits_gets_none_where_it_names_one() {
        let run = |text: &str| split_by_its_tool(text).run;
        let script = "sh -c \"echo $$HOME && ./run\"";
        assert_eq!(run(script), script);
        assert_eq!(run("./a --pw pa$$word"), "./a --pw pa$$word");
        assert_eq!(run("./a && ./b $$X $Y"), "sh -c \"./a && ./b $$X ${Y}\"");
    }

    #[test]
    fn words_stay_words() {
        let given = [
            "sh",
            "-c",
            "echo \"it's\" $$HOME | cat",
            "",
            "a=b",
            "p$PORT",
        ];
        let made = argv(&given.map(str::to_owned)).run;
        let read = words(&made);
        assert_eq!(read[..2], ["sh", "-c"]);
        assert_eq!(
            read[2..],
            ["echo \"it's\" $HOME | cat", "", "a=b", "p${PORT}"]
        );
    }

    #[test]
    fn a_name_is_one_word_however_odd_it_is() {
        for name in [
            "./deploy.sh",
            "./my deploy.sh",
            "./it's.sh",
            "./-deploy.sh",
            "./déploy.sh",
            "./a:b#c.sh",
            "./\"x\".sh",
            "./a\\b.sh",
            "./${HOME}.sh",
            "./a;b&c.sh",
            "./two\nlines.sh",
        ] {
            let run = format!("bash {} ${{VERSION}}", word(name));
            let [_bash, own, _version] = &words(&run)[..] else {
                panic!("{run}");
            };
            assert_eq!(own, name);
        }
        assert_eq!(word("./deploy.sh"), "./deploy.sh");
    }

    #[test]
    fn a_text_that_yaml_would_misread_is_quoted() {
        for plain in ["./server --port ${PORT}", "node a.js", "postgres://x:1/y"] {
            assert_eq!(quoted(plain), plain);
        }
        for given in ["a: b", "no", "12", "- x", "${A}", "a #b", "", "x:"] {
            assert_eq!(quoted(given), format!("{given:?}"), "{given}");
        }
    }
}
