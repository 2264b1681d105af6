//! Names of headers, cookies and methods, and what headers and cookies must be.

use serde_json::{Value, json};
use windlass_model::Token;

use super::place::as_written;
use crate::field::{Defs, Shape};
use crate::problem::TOKEN;
use crate::reader::{Reader, shown};
use crate::tree::Node;

impl Shape for Token {
    type Value = Self;

    fn wanted() -> String {
        "the name of a header or cookie".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &<Self as Shape>::wanted())?;
        let token = Self::new(text).ok();
        if token.is_none() {
            let message = format!("`{}` is not the name of a header or cookie", shown(text));
            let hint = "letters, digits and hyphens, at most 100";
            reader.refuse_for(TOKEN, node.span, message, hint);
        }
        token
    }
}

/// A method: upper case.
pub(crate) struct Method;

/// Longest one.
const METHOD_CHARS: usize = 20;

impl Shape for Method {
    type Value = Token;

    const EXAMPLES: &'static [&'static str] = &["GET"];

    fn wanted() -> String {
        "a method, such as GET".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": format!("^[A-Z-]{{1,{METHOD_CHARS}}}$") })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Token> {
        let text = reader.text(node, &Self::wanted())?;
        let fine = |text: &str| {
            let plain = text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
            plain && text.len() <= METHOD_CHARS
        };
        let method = Token::new(text).ok().filter(|_| fine(text));
        if method.is_none() {
            let message = format!("`{}` is not a method", shown(text));
            let upper = text.to_ascii_uppercase();
            let hint = if !upper.is_empty() && fine(&upper) {
                format!("methods are upper case: write {}", shown(&upper))
            } else {
                "write one as it is sent, such as GET or POST".to_owned()
            };
            reader.refuse_for(TOKEN, node.span, message, hint);
        }
        method
    }
}

/// What a header or cookie must be: a text as written.
pub(crate) struct FieldValue;

/// Longest one.
const VALUE_CHARS: usize = 256;

impl Shape for FieldValue {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = &["yes", "\"*\""];

    fn wanted() -> String {
        "the value of a header or cookie".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let pattern = format!("^[!-~]([ -~]{{0,{}}}[!-~])?$", VALUE_CHARS - 2);
        json!({ "type": ["string", "number", "boolean"], "pattern": pattern })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = as_written(node, &Self::wanted(), reader)?;
        let plain = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        if (1..=VALUE_CHARS).contains(&text.len()) && plain && text.trim() == text {
            return Some(text.to_owned());
        }
        let message = format!("`{}` is not the value of a header or cookie", shown(text));
        let hint = format!(
            "visible ASCII characters with blanks only inside, at most {VALUE_CHARS}; \"*\" is any value"
        );
        reader.refuse_for(TOKEN, node.span, message, hint);
        None
    }
}
