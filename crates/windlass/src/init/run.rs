//! Commands of others as `run:` takes them.

/// What only a shell understands.
const FOR_A_SHELL: &str = "|&;<>()`\n*?~";

/// A command line of another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// For `run:`.
    pub(super) run: String,
    /// Set when it only works in a shell.
    pub(super) shell: bool,
}

/// A line as a shell would be given it: `$PORT` and `${PORT:-5000}` become `${PORT}`. What needs a
/// shell gets one, by name.
pub(super) fn line(text: &str) -> Line {
    let text = text.trim();
    let first = text.split_whitespace().next().unwrap_or_default();
    let shell = text.contains(|c| FOR_A_SHELL.contains(c))
        || first.contains('=')
        || matches!(first, "cd" | "export" | "source" | "." | "exec")
        || text.contains("$(");
    if shell {
        let script = text
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "$$");
        return Line {
            run: format!("sh -c \"{}\"", script.replace('`', "\\`")),
            shell,
        };
    }
    Line {
        run: variables(text),
        shell,
    }
}

/// `$NAME` and `${NAME:-default}` as `${NAME}`; any other `$` doubled, as `$$` is one.
pub(super) fn variables(text: &str) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        made.push_str(before);
        let braced = after.strip_prefix('{');
        let braced = braced.and_then(|inner| inner.split_once('}'));
        let (name, left) = if let Some((inner, left)) = braced {
            (inner.split([':', '-', '?', '+']).next().unwrap_or(""), left)
        } else {
            let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
            after.split_at(after.find(ends).unwrap_or(after.len()))
        };
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            made.push_str(&["${", name, "}"].concat());
            rest = left;
        } else {
            made.push_str("$$");
            rest = after;
        }
    }
    made.push_str(rest);
    made
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
    fn what_a_shell_would_expand_is_written_as_windlass_does() {
        for (given, ours) in [
            ("node server.js -p $PORT", "node server.js -p ${PORT}"),
            ("x ${PORT:-5000}", "x ${PORT}"),
            ("x --price 5$", "x --price 5$$"),
            ("x $1 ${2}", "x $$1 $${2}"),
        ] {
            assert_eq!(variables(given), ours, "{given}");
        }
    }

    #[test]
    fn a_line_that_needs_a_shell_gets_one_by_name() {
        let made = line("cd api && ./run \"$PORT\"");
        assert!(made.shell);
        assert_eq!(made.run, "sh -c \"cd api && ./run \\\"$$PORT\\\"\"");
        assert!(!line("./run --port $PORT").shell);
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
