//! `run`: a program and its arguments.

use serde_json::{Value, json};
use windlass_model::Template;

use super::place::{PATTERN, passable, places};
use crate::field::{At, Defs, Shape};
use crate::format::Format;
use crate::limit::MAX_WORDS;
use crate::problem::{
    COUNT, FOR_A_SHELL, NO_PROGRAM, NO_SHELL, TOO_LONG, UNCLOSED_QUOTE, WRONG_KIND,
};
use crate::reader::{Reader, shown};
use crate::tree::{Kind, Node, Span};
use crate::words::{Unsplit, Word, split};

/// One string split into words, or a list that is argv as it is.
pub(crate) struct Argv;

impl Shape for Argv {
    type Value = Vec<At<Template>>;

    const EXAMPLES: &'static [&'static str] =
        &["./server --port ${PORT}", "[./server, --port, \"${PORT}\"]"];

    fn wanted() -> String {
        "a command, such as ./server --port ${PORT}".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "anyOf": [
            { "type": "string", "pattern": PATTERN, "minLength": 1 },
            {
                "type": "array",
                "items": { "type": "string", "pattern": PATTERN },
                "prefixItems": [{ "type": "string", "pattern": PATTERN, "minLength": 1 }],
                "minItems": 1,
                "maxItems": MAX_WORDS,
            },
        ] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        match &node.kind {
            Kind::List(items) => from_list(node, items, reader),
            Kind::Scalar(_) => from_text(node, reader),
            Kind::Map(_) => {
                let message = format!("expected {}, found a map", Self::wanted());
                let hint = match reader.format {
                    Format::Yaml => "quote a command that has `: ` or starts with `{`",
                    Format::Toml | Format::Json => "write it as one text, or as a list of words",
                };
                reader.refuse_for(WRONG_KIND, node.span, message, hint);
                None
            }
        }
    }
}

fn from_list(node: &Node, items: &[Node], reader: &mut Reader<'_>) -> Option<Vec<At<Template>>> {
    if items.is_empty() || items.len() > MAX_WORDS {
        let message = format!(
            "a command has 1 to {MAX_WORDS} words, found {}",
            items.len()
        );
        reader.refuse(COUNT, node.span, message);
        return None;
    }
    let mut words = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(text) = word(item, reader) else {
            continue;
        };
        if index == 0 && text.is_empty() {
            reader.refuse(COUNT, item.span, "a command starts with a program");
        } else if let Some(value) = places(item, text, reader)
            && passable(
                &At {
                    span: item.span,
                    value: text,
                },
                reader,
            )
        {
            // A list is taken as it is. A `*` in it is the value of many an option; of a `~` a program knows nothing.
            warn_of_home((text, item.span), LEAVE_IT, reader);
            words.push(At {
                span: item.span,
                value,
            });
        }
    }
    (words.len() == items.len()).then_some(words)
}

fn word<'n>(item: &'n Node, reader: &mut Reader<'_>) -> Option<&'n str> {
    const WANTED: &str = "a word of a command";
    match &item.kind {
        Kind::Map(_) if reader.format == Format::Yaml => {
            let message = format!("expected {WANTED}, found a map");
            let hint = "quote a word that has `: ` or starts with `{`";
            reader.refuse_for(WRONG_KIND, item.span, message, hint);
            None
        }
        Kind::Scalar(scalar) => {
            reader.warn_of_comment(item, scalar);
            reader.text(item, WANTED)
        }
        Kind::Map(_) | Kind::List(_) => reader.text(item, WANTED),
    }
}

fn from_text(node: &Node, reader: &mut Reader<'_>) -> Option<Vec<At<Template>>> {
    let text = reader.text(node, &Argv::wanted())?;
    if let Kind::Scalar(scalar) = &node.kind {
        reader.warn_of_comment(node, scalar);
    }
    if text.is_empty() {
        reader.refuse(COUNT, node.span, "a command starts with a program");
        return None;
    }
    // Places are looked for before the text is split, where they stand in the file.
    places(node, text, reader)?;
    let found = match split(text) {
        Ok(found) => found,
        Err(unsplit) => {
            refuse_unsplit(node, unsplit, reader);
            return None;
        }
    };
    if found.first().is_none_or(|word| word.text.is_empty()) {
        reader.refuse(NO_PROGRAM, node.span, "a command starts with a program");
        return None;
    }
    if found.len() > MAX_WORDS {
        let message = format!(
            "a command has at most {MAX_WORDS} words, found {}",
            found.len()
        );
        reader.refuse(TOO_LONG, node.span, message);
        return None;
    }
    let mut words = Vec::new();
    for (index, word) in found.iter().enumerate() {
        let span = reader.within(node, word.start, word.end - word.start);
        let fine = shell_free(index, word, span, reader)
            && passable(
                &At {
                    span,
                    value: &word.text,
                },
                reader,
            );
        match Template::parse(&word.text) {
            Ok(value) if fine => words.push(At { span, value }),
            // Reported by `places`: no quote can stand inside a well-formed place.
            Ok(_) | Err(_) => {}
        }
    }
    (words.len() == found.len()).then_some(words)
}

fn refuse_unsplit(node: &Node, unsplit: Unsplit, reader: &mut Reader<'_>) {
    let (at, message, hint) = match unsplit {
        Unsplit::Unclosed(at) => (
            at,
            "this quote is not closed",
            "close it, or write \\' or \\\" for the character itself; a list needs no quoting",
        ),
        Unsplit::LoneBackslash(at) => (
            at,
            "nothing comes after this backslash",
            "write \\\\ for the character itself",
        ),
    };
    let span = reader.within(node, at, 1);
    reader.refuse_for(UNCLOSED_QUOTE, span, message, hint);
}

/// Words that are something only to a shell. Quoted, they are arguments like any other.
fn shell_free(index: usize, word: &Word, span: Span, reader: &mut Reader<'_>) -> bool {
    if word.quoted {
        return true;
    }
    if let Some((message, hint)) = of_a_shell(index, &word.text) {
        reader.refuse_for(NO_SHELL, span, message, hint);
        return false;
    }
    if let Some((what, hint)) = read_by_a_shell(&word.text) {
        let message = format!(
            "there is no shell: `{}` stays as it is, {what}",
            shown(&word.text)
        );
        reader.warn(FOR_A_SHELL, span, message, hint);
    }
    warn_of_home(
        (&word.text, span),
        "quote the word if it is meant as it is",
        reader,
    );
    true
}

/// What to do with a `~` that can't be quoted.
pub(crate) const LEAVE_IT: &str = "leave it where the program itself knows `~`";

/// Warns of a text with a `~` that a shell would have read as somebody's folder.
pub(crate) fn warn_of_home((text, span): (&str, Span), else_so: &str, reader: &mut Reader<'_>) {
    let begins = text.strip_prefix('~');
    // What is set is an option or a variable: what programs compare by `=~` is another matter.
    let is_name = |name: &str| {
        let is_of_one = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !name.is_empty() && name.bytes().all(is_of_one)
    };
    let set = || {
        let (name, rest) = text.split_once("=~")?;
        is_name(name).then_some(rest)
    };
    let Some(rest) = begins.or_else(set) else {
        return;
    };
    // `~5` and `~>1.2` are versions, and more than one word is a sentence.
    if !rest.starts_with('/') || text.contains(char::is_whitespace) {
        return;
    }
    let before = text
        .strip_suffix(rest)
        .and_then(|text| text.strip_suffix('~'));
    let better = [before.unwrap_or_default(), "${HOME}", rest].concat();
    let message = format!(
        "there is no shell: the `~` of `{}` stays as it is, and no folder is called so",
        shown(text)
    );
    let hint = format!("write {}; {else_so}", shown(&better));
    reader.warn(FOR_A_SHELL, span, message, &hint);
}

/// What a shell would have made of a word that may well be meant as it is: `*` is the value of many an option, and
/// `?` is part of addresses.
fn read_by_a_shell(word: &str) -> Option<(&'static str, &'static str)> {
    if word.contains('`') {
        let hint = "compute it outside, or in a script that `run` starts; \
                    quote the word if it is meant as it is";
        return Some(("and nothing in it is run", hint));
    }
    let named = word.contains('*') || (word.contains('?') && !word.contains("://"));
    let hint = "name the files, or a folder; quote the word if it is meant as it is";
    named.then_some(("whatever files there are", hint))
}

/// What of a shell a word is, if anything, and what to write.
fn of_a_shell(index: usize, word: &str) -> Option<(String, String)> {
    const OPERATORS: [&str; 13] = [
        "&&", "||", "|", ";", "&", ">", ">>", "<", "<<", "2>", "2>>", "2>&1", "&>",
    ];
    let shown_word = shown(word);
    let said = |what: &str| format!("there is no shell: `{shown_word}` would {what}");
    if OPERATORS.contains(&word) {
        let hint = "put the commands into a script; quote the word if it is an argument";
        return Some((said("be an argument"), hint.to_owned()));
    }
    if let Some(rest) = word.strip_prefix('~') {
        let own = rest.is_empty() || rest.starts_with('/');
        let better = if own {
            format!("write ${{HOME}}{}", shown(rest))
        } else {
            "write the folder".to_owned()
        };
        let hint = format!("{better}; quote the word if it is an argument");
        return Some((said("stay as it is"), hint));
    }
    let assigns = word.split_once('=').is_some_and(|(name, _)| {
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        !name.is_empty() && name.chars().all(plain)
    });
    (index == 0 && assigns).then(|| (said("be the program"), "set variables in `env`".to_owned()))
}
