//! The words and signs of a shell script, with comments and here-documents left out. Never fails: what is odd ends
//! a word early.

/// One of them, and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) sign: Sign,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Without the quotes around it.
    Word(String),
    /// The end of a command: a new line, `;`, `&`.
    Break,
    /// `&&` or `||`: what follows belongs to it.
    Chain,
    /// `;;` and its like.
    EndOfArm,
    Open,
    Close,
    Pipe,
}

impl Token {
    pub(super) fn word(&self) -> Option<&str> {
        match &self.sign {
            Sign::Word(text) => Some(text),
            Sign::Break | Sign::Chain | Sign::EndOfArm | Sign::Open | Sign::Close | Sign::Pipe => {
                None
            }
        }
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.word() == Some(word)
    }
}

pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut scanner = Scanner { text, at: 0 };
    let mut tokens = Vec::new();
    let mut documents = Vec::new();
    while let Some(c) = scanner.rest().chars().next() {
        let start = scanner.at;
        if let Some(sign) = scanner.token(c, &mut documents) {
            let end = scanner.at;
            tokens.push(Token { sign, start, end });
        }
    }
    tokens
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eats(&mut self, begin: &str) -> bool {
        let begins = self.rest().starts_with(begin);
        if begins {
            self.at += begin.len();
        }
        begins
    }

    /// Goes on behind the next one of these characters, or to the end.
    fn behind(&mut self, wanted: char) {
        while let Some(c) = self.step() {
            if c == wanted {
                return;
            }
        }
    }

    fn token(&mut self, c: char, documents: &mut Vec<String>) -> Option<Sign> {
        if self.eats("\\\n") {
            return None;
        }
        match c {
            '#' => {
                let line = self.rest().lines().next().unwrap_or_default();
                self.at += line.len();
                return None;
            }
            '\n' | ';' | '&' | '(' | ')' | '|' | '<' | '>' => {}
            c if c.is_whitespace() => {}
            _ => return Some(Sign::Word(self.word())),
        }
        self.step();
        match c {
            '\n' => {
                for end in documents.drain(..) {
                    self.skip_document(&end);
                }
                Some(Sign::Break)
            }
            ';' if self.eats(";") || self.eats("&") => {
                self.eats("&");
                Some(Sign::EndOfArm)
            }
            '&' if self.eats("&") => Some(Sign::Chain),
            '|' if self.eats("|") => Some(Sign::Chain),
            ';' | '&' => Some(Sign::Break),
            '(' => Some(Sign::Open),
            ')' => Some(Sign::Close),
            '|' => Some(Sign::Pipe),
            '<' if self.eats("<") && !self.eats("<") => {
                self.eats("-");
                while self.eats(" ") {}
                documents.push(self.word());
                None
            }
            _ => None,
        }
    }

    fn skip_document(&mut self, end: &str) {
        while !self.rest().is_empty() {
            let start = self.at;
            self.behind('\n');
            let line = self.text.get(start..self.at).unwrap_or_default();
            if line.trim() == end {
                return;
            }
        }
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest().chars().next() {
            if c.is_whitespace() || ";&|()<>".contains(c) {
                break;
            }
            match c {
                '\'' => word.push_str(self.quoted('\'')),
                '"' => self.double_quoted(&mut word),
                '`' => word.push_str(self.quoted('`')),
                '\\' => {
                    self.step();
                    word.extend(self.step());
                }
                '$' => self.place(&mut word),
                _ => word.extend(self.step()),
            }
        }
        word
    }

    /// What stands between two of these.
    fn quoted(&mut self, quote: char) -> &'t str {
        self.step();
        let start = self.at;
        self.behind(quote);
        let inside = self.text.get(start..self.at).unwrap_or_default();
        inside.strip_suffix(quote).unwrap_or(inside)
    }

    fn double_quoted(&mut self, word: &mut String) {
        self.step();
        while let Some(c) = self.rest().chars().next() {
            match c {
                '"' => {
                    self.step();
                    return;
                }
                '\\' => {
                    self.step();
                    word.extend(self.step());
                }
                '$' => self.place(word),
                _ => word.extend(self.step()),
            }
        }
    }

    /// `$1`, `${1:-x}` or `$(command)`, as it is written.
    fn place(&mut self, word: &mut String) {
        word.extend(self.step());
        let (open, close) = match self.rest().chars().next() {
            Some('{') => ('{', '}'),
            Some('(') => ('(', ')'),
            _ => return,
        };
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(c) = self.step() {
            if c == open {
                depth += 1;
            } else if c == close {
                depth = depth.saturating_sub(1);
            } else if c == '\'' && open == '(' {
                self.behind('\'');
            }
            if depth == 0 {
                break;
            }
        }
        word.push_str(self.text.get(start..self.at).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        let signs = tokens(text);
        let signs = signs.iter().map(|token| match &token.sign {
            Sign::Word(word) => format!("<{word}>"),
            Sign::Break => "/".to_owned(),
            Sign::Chain => "&".to_owned(),
            Sign::EndOfArm => "//".to_owned(),
            Sign::Open => "(".to_owned(),
            Sign::Close => ")".to_owned(),
            Sign::Pipe => "|".to_owned(),
        });
        signs.collect()
    }

    #[test]
    fn words_lose_their_quotes_and_keep_their_places() {
        let text = "case \"${1:-}\" in # --rollback)\n'a b') x=\"$(f \"y\")\" ;;\nesac";
        let seen = "<case><${1:-}><in>/<a b>)<x=$(f \"y\")>///<esac>";
        assert_eq!(said(text), seen);
        assert_eq!(said("a && b || c & d | e"), "<a>&<b>&<c>/<d>|<e>");
        assert_eq!(said("a\\\nb"), "<a\nb>");
        assert_eq!(said("a \\\n b"), "<a><b>");
    }

    #[test]
    fn a_here_document_is_no_part_of_a_script() {
        let text = "cat <<'EOF' >&2\nit's --rollback) $1\nEOF\nls <<< x";
        assert_eq!(said(text), "<cat>/<2>/<ls><x>");
    }

    #[test]
    fn what_never_ends_ends_with_the_text() {
        for text in ["'", "\"", "`", "${", "$(", "<<", "\\", "case", "x=\"$("] {
            tokens(text);
        }
    }
}
