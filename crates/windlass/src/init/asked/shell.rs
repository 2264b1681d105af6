//! What a shell script understands, as far as its text shows: the arms of its `case`, and what it compares its
//! arguments with.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tokens::{Sign, Token, tokens};
use super::{Form, PLACE, Way};

/// Places at which a script looks at something, and words and signs of it: of one that has more the rest is not read,
/// since each place is followed to its end.
const LOOKED_AT: usize = 500;
const TOKENS: usize = 20_000;

/// Words before which a command may stand.
const BEFORE_A_COMMAND: [&str; 6] = ["do", "then", "else", "{", "!", "if"];

/// Words of a branch for what the script does not know.
const REFUSES: [&str; 5] = ["exit", "usage", "die", "unknown", "error"];

/// What a script passes all its arguments on by, or the first of them.
const PASSED_ON: [&str; 3] = ["$@", "$*", "$1"];

/// What is looked at in a `case` or a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// The first argument.
    First,
    /// A variable, as of a loop over all arguments.
    Variable,
    /// A later argument, or something else.
    Other,
}

/// A way to go on for some of the values.
#[derive(Debug)]
struct Branch {
    subject: Subject,
    values: Vec<String>,
    /// Its tokens.
    body: Range<usize>,
}

/// A function, by its name and its tokens.
struct Function {
    name: String,
    body: Range<usize>,
}

/// A script that was read.
pub(super) struct Script<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    branches: Vec<Branch>,
    /// Of each token whether the arguments of the script are seen there.
    open: Vec<bool>,
    /// Tokens that only say what is looked at.
    subjects: Vec<usize>,
}

impl<'t> Script<'t> {
    pub(super) fn read(text: &'t str) -> Self {
        let tokens = first_tokens(text);
        let mut script = Self {
            open: open(&tokens),
            text,
            tokens,
            branches: Vec::new(),
            subjects: Vec::new(),
        };
        for at in 0..script.tokens.len() {
            if script.is_open(at) {
                script.case(at);
                script.comparison(at);
            }
        }
        script
    }

    /// How it is asked for a word; none where it does not branch on that.
    pub(super) fn knows(&self, form: Form, word: &str) -> Option<Way> {
        let said = form.of(word);
        let branch = self.branch(form, &said)?;
        let is_told = self.takes_more(branch);
        let is_first = branch.subject == Subject::First;
        // What comes first for other ends would be this word.
        let is_alone = match form {
            Form::Option => is_first || !self.wants_first(),
            Form::Verb => is_first && !self.wants_second(),
        };
        Some(match (is_told, is_alone) {
            (false, true) => Way::Surely(said),
            (false, false) => Way::Perhaps(said),
            (true, _) => Way::Perhaps(format!("{said} {PLACE}")),
        })
    }

    /// Whether an option is given a value.
    pub(super) fn takes_value(&self, option: &str) -> bool {
        let branch = self.branch(Form::Option, option);
        branch.is_some_and(|branch| self.takes_more(branch))
    }

    /// The same of a verb: then that is likely to be the version.
    pub(super) fn verb_takes_more(&self, verb: &str) -> bool {
        let branch = self.branch(Form::Verb, verb);
        branch.is_some_and(|branch| self.takes_more(branch) || self.wants_second())
    }

    /// Whether it reads what comes first for other ends than to see what it is asked for.
    pub(super) fn wants_first(&self) -> bool {
        self.open_words().any(|(at, word)| {
            let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
            let before = before.and_then(Token::word);
            let is_a_test = matches!(before, Some("[" | "[[" | "test" | "-n" | "-z"));
            let is_aside = is_a_test || self.subjects.contains(&at) || self.is_of_a_choice(at);
            names(word, '1') && !is_aside
        })
    }

    /// Whether it reads a second argument, and does not say what holds without it.
    fn wants_second(&self) -> bool {
        let mut open = self.open_words();
        open.any(|(at, word)| {
            let is_inside = self.branches.iter().any(|it| it.body.contains(&at));
            let spared = ["${2:-", "${2-", "${2:+", "${2+"];
            let is_spared = spared.iter().any(|spared| word.contains(spared));
            !is_inside && !is_spared && names(word, '2')
        })
    }

    /// The words outside of functions that are called with words of their own.
    fn open_words(&self) -> impl Iterator<Item = (usize, &str)> {
        let all = self.tokens.iter().enumerate();
        all.filter_map(|(at, token)| Some((at, token.word().filter(|_| self.is_open(at))?)))
    }

    /// Whether it stands in a branch for a word, or in one for what is not known.
    fn is_of_a_choice(&self, at: usize) -> bool {
        let mut inside = self.branches.iter().filter(|it| it.body.contains(&at));
        inside.any(|branch| {
            let is_for_others = branch.values.iter().all(|value| value.contains('*'));
            let text = self.slice(&branch.body).to_lowercase();
            !is_for_others || REFUSES.iter().any(|word| text.contains(word))
        })
    }

    fn branch(&self, form: Form, said: &str) -> Option<&Branch> {
        let meant = || {
            let all = self.branches.iter();
            all.filter(|branch| branch.values.iter().any(|value| value == said))
        };
        let first = meant().find(|branch| branch.subject == Subject::First);
        first.or_else(|| meant().find(|_| form == Form::Option))
    }

    fn takes_more(&self, branch: &Branch) -> bool {
        let words = self.tokens.get(branch.body.clone()).unwrap_or_default();
        let words: Vec<&str> = words.iter().filter_map(Token::word).collect();
        let has = |number| words.iter().any(|word| names(word, number));
        let rest = words.iter().any(|word| ["$@", "$*"].contains(word));
        let others = branch.subject == Subject::Other;
        others || rest || has('2') || (words.contains(&"shift") && has('1'))
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        let tokens = self.tokens.get(range.clone()).unwrap_or_default();
        let ends = tokens.first().zip(tokens.last());
        let text = ends.and_then(|(first, last)| self.text.get(first.start..last.end));
        text.unwrap_or_default()
    }

    fn is_open(&self, at: usize) -> bool {
        self.open.get(at).copied().unwrap_or_default()
    }

    fn subject(&self, word: &str) -> Subject {
        let Some(place) = word.strip_prefix('$') else {
            return Subject::Other;
        };
        let name = named(place);
        if name == "1" || self.assigned(&name).is_some() {
            Subject::First
        } else if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            Subject::Variable
        } else {
            Subject::Other
        }
    }

    /// Where a variable is given the first argument.
    fn assigned(&self, name: &str) -> Option<usize> {
        let given = |word: &str| {
            let value = word.strip_prefix(name)?.strip_prefix('=')?;
            is_argument(value, '1').then_some(())
        };
        let mut words = self.open_words();
        words.find_map(|(at, word)| given(word).map(|()| at))
    }

    /// Notes what is looked at, with whatever gives a variable its value.
    fn look(&mut self, at: usize) -> Subject {
        let word = self
            .tokens
            .get(at)
            .and_then(Token::word)
            .unwrap_or_default();
        let subject = self.subject(word);
        let from = self.assigned(&named(word.trim_start_matches('$')));
        self.subjects.push(at);
        self.subjects.extend(from);
        subject
    }

    fn case(&mut self, at: usize) {
        if self.subjects.len() >= LOOKED_AT || !begins_case(&self.tokens, at) {
            return;
        }
        let subject = self.look(at + 1);
        let mut next = at + 3;
        while let Some((values, body)) = arm(&self.tokens, next) {
            let end = self.tokens.get(body.end).map(|token| &token.sign);
            // The last one may have no end of its own.
            let is_last = end != Some(&Sign::EndOfArm);
            next = body.end + 1;
            self.branches.push(Branch {
                subject,
                values,
                body,
            });
            if is_last {
                return;
            }
        }
    }

    /// `[ "$1" = --rollback ]`, and what follows until the next branch.
    fn comparison(&mut self, at: usize) {
        let Some([left, sign, right]) = self.tokens.get(at..at + 3) else {
            return;
        };
        if self.subjects.len() >= LOOKED_AT {
            return;
        }
        let is_place = left.word().is_some_and(|word| word.starts_with('$'));
        let value = right.word().filter(|word| !word.contains('$'));
        let Some(value) = value.filter(|_| is_place && (sign.is("=") || sign.is("=="))) else {
            return;
        };
        let values = vec![value.to_owned()];
        let end = branch_end(&self.tokens, at);
        let subject = self.look(at);
        self.branches.push(Branch {
            subject,
            values,
            body: at + 3..end,
        });
    }
}

/// The name of a place behind its `$`.
fn named(place: &str) -> String {
    let place = place.strip_prefix('{').unwrap_or(place).chars();
    let name = place.take_while(|c| c.is_ascii_alphanumeric() || *c == '_');
    name.collect()
}

/// Where the branch ends that the comparison there begins: that of an `if`, or what stands behind it on its line.
fn branch_end(tokens: &[Token], at: usize) -> usize {
    let is = |at: Option<usize>, words: &[&str]| {
        let token = at.and_then(|at| tokens.get(at));
        token.is_some_and(|token| words.iter().any(|word| token.is(word)))
    };
    let is_if = is(at.checked_sub(2), &["if", "elif"]);
    let mut depth = 0_usize;
    let mut end = at + 3;
    while let Some(token) = tokens.get(end) {
        let is_over = if is_if {
            is(Some(end), &["fi", "elif", "else"])
        } else {
            depth == 0 && token.sign == Sign::Break
        };
        if is_over {
            break;
        }
        if token.is("{") {
            depth += 1;
        } else if token.is("}") {
            depth = depth.saturating_sub(1);
        }
        end += 1;
    }
    end
}

/// Whether a word holds that argument anywhere.
fn names(word: &str, number: char) -> bool {
    let bare = format!("${number}");
    let braced = format!("${{{number}");
    let longer = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    [bare, braced].iter().any(|place| {
        let mut found = word.match_indices(place.as_str());
        found.any(|(from, _)| !longer(word.get(from + place.len()..).unwrap_or_default()))
    })
}

/// Whether it holds nothing before it.
fn is_argument(word: &str, number: char) -> bool {
    names(word, number) && word.starts_with('$')
}

fn begins_case(tokens: &[Token], at: usize) -> bool {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let may_begin = before.is_none_or(|before| {
        let word = before.word();
        word.is_none_or(|word| BEFORE_A_COMMAND.contains(&word))
    });
    may_begin && is(at, "case") && is(at + 2, "in")
}

/// The values of an arm that begins there, and its tokens; none at the end, or where it can't be read.
fn arm(tokens: &[Token], from: usize) -> Option<(Vec<String>, Range<usize>)> {
    let mut at = from;
    while matches!(tokens.get(at)?.sign, Sign::Break | Sign::Open) {
        at += 1;
    }
    let mut values = Vec::new();
    loop {
        let token = tokens.get(at)?;
        at += 1;
        match &token.sign {
            Sign::Close => break,
            Sign::Pipe => {}
            Sign::Word(word) if word == "esac" && values.is_empty() => return None,
            Sign::Word(word) => values.push(word.clone()),
            Sign::Break | Sign::Chain | Sign::EndOfArm | Sign::Open => return None,
        }
    }
    let begin = at;
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        if begins_case(tokens, at) {
            depth += 1;
        } else if depth == 0 && (token.sign == Sign::EndOfArm || token.is("esac")) {
            break;
        } else if token.is("esac") {
            depth -= 1;
        }
        at += 1;
    }
    Some((values, begin..at))
}

/// Of each token whether the arguments of the script are seen there: not in a function, unless that is told them.
fn open(tokens: &[Token]) -> Vec<bool> {
    let told = tokens.windows(2).filter_map(|pair| {
        let [name, told] = pair else {
            return None;
        };
        name.word()
            .filter(|_| told.word().is_some_and(|it| PASSED_ON.contains(&it)))
    });
    let told: BTreeSet<&str> = told.collect();
    let mut open = vec![true; tokens.len()];
    for function in functions(tokens) {
        if !told.contains(function.name.as_str())
            && let Some(body) = open.get_mut(function.body)
        {
            body.fill(false);
        }
    }
    open
}

fn functions(tokens: &[Token]) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(name) = token.word() else {
            continue;
        };
        let sign = |at: usize| tokens.get(at).map(|token| &token.sign);
        let has_parentheses =
            sign(at + 1) == Some(&Sign::Open) && sign(at + 2) == Some(&Sign::Close);
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let is_said = before.is_some_and(|before| before.is("function"));
        let mut begin = if has_parentheses { at + 3 } else { at + 1 };
        while sign(begin) == Some(&Sign::Break) {
            begin += 1;
        }
        let opens = tokens.get(begin).is_some_and(|token| token.is("{"));
        if opens && (has_parentheses || is_said) {
            let end = closing(tokens, begin);
            found.push(Function {
                name: name.to_owned(),
                body: begin..end,
            });
        }
    }
    found
}

/// Where the brace is closed that is opened there.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.is("{") {
            depth += 1;
        } else if token.is("}") {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    tokens.len()
}

fn first_tokens(text: &str) -> Vec<Token> {
    let mut tokens = tokens(text);
    tokens.truncate(TOKENS);
    tokens
}
