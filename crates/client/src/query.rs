//! Paths with a query.

/// Builds `/path?name=value&…`, escaping what a query can't hold as it is.
pub(crate) struct Query {
    text: String,
    separator: char,
}

impl Query {
    pub(crate) fn new(path: &str) -> Self {
        Self {
            text: path.to_owned(),
            separator: '?',
        }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.text.push(self.separator);
        self.separator = '&';
        self.text.push_str(name);
        self.text.push('=');
        self.place(value)
    }

    /// Puts a value where it is, escaped.
    #[must_use]
    pub(crate) fn place(mut self, value: &str) -> Self {
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    self.text.push(char::from(byte));
                }
                other => {
                    self.text.push('%');
                    self.text
                        .push_str(&data_encoding::HEXUPPER.encode(&[other]));
                }
            }
        }
        self
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_cannot_hold_is_escaped() {
        let query = Query::new("/v1/logs")
            .with("app", "a b&c")
            .with("tail", "5");
        assert_eq!(query.finish(), "/v1/logs?app=a%20b%26c&tail=5");
        assert_eq!(Query::new("/v1/status").finish(), "/v1/status");
    }
}
