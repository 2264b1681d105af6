//! Words of HTTP that a file may name: headers, cookies, methods.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest one.
const LONGEST: usize = 100;

/// A token (RFC 9110, 5.6.2): what the name of a header, of a cookie and of a method is made of. Kept as
/// written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Token(String);

/// Why a text is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidToken {
    /// The text that was offered.
    pub text: String,
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} names no header, cookie or method", self.text)
    }
}

impl std::error::Error for InvalidToken {}

impl Token {
    /// Checks `text` and keeps it.
    ///
    /// # Errors
    /// [`InvalidToken`] unless it is one to a hundred letters, digits and ``!#$%&'*+-.^_`|~``.
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let text = text.to_owned();
        if (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text))
        } else {
            Err(InvalidToken { text })
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Token {
    type Error = InvalidToken;

    fn try_from(text: String) -> Result<Self, InvalidToken> {
        Self::new(&text)
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_break_out_of_a_head_is_no_token() {
        for fine in ["X-Canary", "beta", "GET", "a.b_c", &"x".repeat(LONGEST)] {
            assert_eq!(Token::new(fine).expect("a token").as_str(), fine);
        }
        for bad in [
            "",
            "a b",
            "a:b",
            "a;b",
            "a=b",
            "ü",
            "a\r\nb",
            &"x".repeat(101),
        ] {
            assert!(Token::new(bad).is_err(), "{bad:?}");
        }
    }
}
