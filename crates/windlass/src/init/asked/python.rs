//! What a script of Python understands: the arguments of its `argparse`, and what it compares `sys.argv` with.

use super::{Form, PLACE, Way, compares};
use crate::init::script::reads_arguments;

/// Ways to declare an option that has no value.
const FLAGS: [&str; 2] = ["store_true", "store_const"];

/// One `add_argument` or `add_parser`.
#[derive(Debug)]
struct Declared {
    /// What it declares: texts without a name before them.
    names: Vec<String>,
    /// All that stands in its parentheses.
    said: String,
    /// The variable that takes it.
    kept_as: Option<String>,
    /// The variable that it is asked of.
    on: String,
}

/// A script that was read.
pub(super) struct Script {
    text: String,
    arguments: Vec<Declared>,
    verbs: Vec<Declared>,
    /// Whether it reads its arguments by itself.
    pub(super) reads_arguments: bool,
}

impl Script {
    pub(super) fn read(text: &str) -> Self {
        let text = uncommented(text);
        let arguments = declared(&text, ".add_argument(");
        Self {
            reads_arguments: arguments.is_empty() && reads_arguments(&text),
            verbs: declared(&text, ".add_parser("),
            arguments,
            text,
        }
    }

    pub(super) fn knows(&self, form: Form, word: &str) -> Option<Way> {
        let said = form.of(word);
        let known = match form {
            Form::Option => self.option(&said),
            Form::Verb => self.verb(&said).or_else(|| self.one_of(&said)),
        };
        known.or_else(|| compares(&self.text, &said))
    }

    fn option(&self, said: &str) -> Option<Way> {
        let argument = self.argument(said)?;
        let is_alone = !self.is_of_a_verb(argument) && !self.wants_more(argument);
        Some(if argument.is_a_flag() {
            way(is_alone, said)
        } else {
            Way::Perhaps(format!("{said} {PLACE}"))
        })
    }

    /// A parser of its own.
    fn verb(&self, said: &str) -> Option<Way> {
        let all = &mut self.verbs.iter();
        let verb = all.find(|verb| verb.names.iter().any(|name| name == said))?;
        Some(way(!self.wants_more(verb), said))
    }

    /// The argument that is one of some words, where this one is among them.
    fn one_of(&self, said: &str) -> Option<Way> {
        let among = ["\"", "'"].map(|quote| [quote, said, quote].concat());
        let argument = self.arguments.iter().find(|argument| {
            let (_, choices) = argument.said.split_once("choices=").unwrap_or_default();
            argument.is_positional() && among.iter().any(|word| choices.contains(word))
        })?;
        Some(way(!self.wants_more(argument), said))
    }

    /// Whether an option is given a value.
    pub(super) fn takes_value(&self, option: &str) -> bool {
        let argument = self.argument(option);
        argument.is_some_and(|it| !it.is_a_flag() && !it.said.contains("action="))
    }

    /// Whether an argument is called so.
    pub(super) fn wants_version(&self) -> bool {
        self.argument("version").is_some()
    }

    fn argument(&self, name: &str) -> Option<&Declared> {
        let mut all = self.arguments.iter();
        all.find(|argument| argument.names.iter().any(|own| own == name))
    }

    fn is_of_a_verb(&self, argument: &Declared) -> bool {
        let mut verbs = self.verbs.iter();
        verbs.any(|verb| verb.kept_as.as_deref() == Some(&argument.on))
    }

    /// Whether that can't be asked for without something else.
    fn wants_more(&self, asked: &Declared) -> bool {
        let mut others = self.arguments.iter().filter(|it| !std::ptr::eq(*it, asked));
        others.any(|other| {
            let is_its_own = asked.kept_as.as_deref() == Some(&other.on);
            other.must_be_given() && (is_its_own || !self.is_of_a_verb(other))
        })
    }
}

fn way(is_sure: bool, said: &str) -> Way {
    if is_sure {
        Way::Surely(said.to_owned())
    } else {
        Way::Perhaps(said.to_owned())
    }
}

impl Declared {
    fn is_positional(&self) -> bool {
        self.names.iter().all(|name| !name.starts_with('-'))
    }

    fn is_a_flag(&self) -> bool {
        FLAGS.iter().any(|flag| self.said.contains(flag))
    }

    fn must_be_given(&self) -> bool {
        let may_lack = ["nargs=\"?\"", "nargs='?'", "nargs=\"*\"", "nargs='*'"];
        let said: String = self.said.split_whitespace().collect();
        let is_free = may_lack.iter().any(|lack| said.contains(lack));
        said.contains("required=True") || (self.is_positional() && !is_free)
    }
}

/// Each call of this method.
fn declared(text: &str, call: &str) -> Vec<Declared> {
    let calls = text.match_indices(call).map(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let line = before
            .lines()
            .next_back()
            .filter(|_| !before.ends_with('\n'));
        let line = line.unwrap_or_default();
        let kept_as = line.split_once('=').map(|(name, _)| name.trim().to_owned());
        let is_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
        let on = line.rsplit(|c| !is_of_a_name(c)).next();
        let on = on.unwrap_or_default().to_owned();
        let said = inside(text.get(at + call.len()..).unwrap_or_default());
        let names = texts(said);
        let said = said.to_owned();
        Declared {
            names,
            said,
            kept_as,
            on,
        }
    });
    calls.collect()
}

/// What stands before the parenthesis that ends it.
fn inside(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => return text.get(..at).unwrap_or_default(),
            (None, ')') => depth -= 1,
            (None, _) => {}
        }
    }
    text
}

/// The texts at its beginning, before anything that has a name.
fn texts(said: &str) -> Vec<String> {
    let words = said.split(',').map(str::trim);
    let texts = words.map_while(|word| {
        let quote = word.chars().next().filter(|c| "\"'".contains(*c))?;
        let text = word.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(text.to_owned())
    });
    texts.collect()
}

/// Without the lines that are comments.
pub(super) fn uncommented(text: &str) -> String {
    let lines = text.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with('#') && !line.starts_with("//")
    });
    lines.collect::<Vec<_>>().join("\n")
}
