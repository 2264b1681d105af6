//! Text with `${NAME}` places, parsed once.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One word with places for values, such as `--port=${PORT}`. `$$` is a dollar sign.
///
/// There is no shell and no code here: a value is put in as it is and never read again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(String),
    Name(String),
}

/// Why a text is no template; `offset` is the byte of the offending `$`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTemplate {
    /// Byte offset of the `$` that could not be read.
    pub offset: usize,
}

impl fmt::Display for InvalidTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a place for a value is written ${NAME}, and a dollar sign $$")
    }
}

impl std::error::Error for InvalidTemplate {}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Template {
    /// A text without places, whatever it contains.
    pub fn literal(text: &str) -> Self {
        Self {
            parts: vec![Part::Text(text.to_owned())],
        }
    }

    /// Reads `text`, finding its places.
    ///
    /// # Errors
    /// [`InvalidTemplate`] for a `$` that is neither `$$` nor `${NAME}`.
    pub fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            let offset = text.len() - after.len() - 1;
            plain.push_str(before);
            if let Some(tail) = after.strip_prefix('$') {
                plain.push('$');
                rest = tail;
            } else {
                let named = after.strip_prefix('{').and_then(|t| t.split_once('}'));
                let Some((name, tail)) = named.filter(|(name, _)| is_name(name)) else {
                    return Err(InvalidTemplate { offset });
                };
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Name(name.to_owned()));
                rest = tail;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() || parts.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// The names of its places.
    pub fn names(&self) -> BTreeSet<&str> {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Name(name) => Some(name.as_str()),
                Part::Text(_) => None,
            })
            .collect()
    }

    /// Puts values in; a name that `value` does not know comes back as the error.
    ///
    /// # Errors
    /// The first name without a value.
    pub fn expand<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Name(name) => text.push_str(value(name).ok_or_else(|| name.clone())?),
            }
        }
        Ok(text)
    }
}

/// As it would be written in a file.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(plain) => f.write_str(&plain.replace('$', "$$"))?,
                Part::Name(name) => write!(f, "${{{name}}}")?,
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Template {
    type Error = InvalidTemplate;

    fn try_from(text: String) -> Result<Self, InvalidTemplate> {
        Self::parse(&text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_a_double_dollar_is_one() {
        let template = Template::parse("a${PORT}b$$c${PORT}").expect("a template");
        assert_eq!(template.names().into_iter().collect::<Vec<_>>(), ["PORT"]);
        assert_eq!(template.expand(|_| Some("80")), Ok("a80b$c80".to_owned()));
        assert_eq!(template.expand(|_| None), Err("PORT".to_owned()));
        assert_eq!(template.to_string(), "a${PORT}b$$c${PORT}");
    }

    #[test]
    fn a_value_is_never_read_again() {
        let template = Template::parse("${A}").expect("a template");
        assert_eq!(template.expand(|_| Some("${B}$$")), Ok("${B}$$".to_owned()));
    }

    #[test]
    fn a_lone_dollar_is_refused_with_its_place() {
        for (bad, offset) in [("a$b", 1), ("${", 0), ("${1}", 0), ("x${}", 1), ("$", 0)] {
            assert_eq!(
                Template::parse(bad),
                Err(InvalidTemplate { offset }),
                "{bad}"
            );
        }
    }
}
