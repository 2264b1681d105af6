//! What clients ask for: a host, and a path below it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name of a host (RFC 1035, 2.3.4).
const HOST_LONGEST: usize = 253;
/// Longest part of it between two dots.
const LABEL_LONGEST: usize = 63;

/// A name that clients ask for. `*.shop.example` stands for every name with one label in place of the
/// star. Kept in lower case: hosts are the same in any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host(String);

/// Why a text is no host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidHost {
    /// The text that was offered.
    pub text: String,
}

impl fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a host such as shop.example", self.text)
    }
}

impl std::error::Error for InvalidHost {}

impl Host {
    /// Checks `text` and keeps it.
    ///
    /// # Errors
    /// [`InvalidHost`] unless it is labels of letters, digits, hyphens and underscores between dots,
    /// the first of which may be a star if others follow; without port.
    pub fn new(text: &str) -> Result<Self, InvalidHost> {
        let host = text.to_ascii_lowercase();
        let named = host.strip_prefix("*.").unwrap_or(&host);
        if host.len() <= HOST_LONGEST && named.split('.').all(is_label) {
            Ok(Self(host))
        } else {
            let text = text.to_owned();
            Err(InvalidHost { text })
        }
    }

    /// The host as text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the star of a wildcard, without the dot.
    pub fn above(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }
}

fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=LABEL_LONGEST).contains(&label.len())
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl TryFrom<String> for Host {
    type Error = InvalidHost;

    fn try_from(text: String) -> Result<Self, InvalidHost> {
        Self::new(&text)
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The beginning of paths, segment by segment: `/api` covers `/api` and `/api/users`, but not `/apis`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPrefix(String);

/// Why a text is no beginning of paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPathPrefix {
    /// The text that was offered.
    pub text: String,
}

impl fmt::Display for InvalidPathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a path such as /api", self.text)
    }
}

impl std::error::Error for InvalidPathPrefix {}

impl Default for PathPrefix {
    /// All paths.
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl PathPrefix {
    /// Checks `text` and keeps it, without a slash at its end.
    ///
    /// # Errors
    /// [`InvalidPathPrefix`] unless it begins with a slash, has no blank, query or fragment, and no
    /// segment that is empty, `.` or `..`.
    pub fn new(text: &str) -> Result<Self, InvalidPathPrefix> {
        let whole = text.strip_suffix('/').unwrap_or(text);
        let plain = |c: char| c.is_ascii_graphic() && c != '?' && c != '#';
        let segment = |part: &str| !matches!(part, "" | "." | "..");
        let fine = text.starts_with('/')
            && text.chars().all(plain)
            && whole.split('/').skip(1).all(segment);
        match (fine, whole) {
            (false, _) => {
                let text = text.to_owned();
                Err(InvalidPathPrefix { text })
            }
            (true, "") => Ok(Self::default()),
            (true, whole) => Ok(Self(whole.to_owned())),
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the beginning of all paths.
    pub fn is_root(&self) -> bool {
        self.0 == "/"
    }

    /// Whether `path`, which has no query, begins with it.
    pub fn covers(&self, path: &str) -> bool {
        let rest = path.strip_prefix(self.0.as_str());
        self.is_root() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl TryFrom<String> for PathPrefix {
    type Error = InvalidPathPrefix;

    fn try_from(text: String) -> Result<Self, InvalidPathPrefix> {
        Self::new(&text)
    }
}

impl From<PathPrefix> for String {
    fn from(path: PathPrefix) -> Self {
        path.0
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_labels_between_dots_in_any_case() {
        for (text, kept) in [
            ("shop.example", "shop.example"),
            ("Shop.Example", "shop.example"),
            ("*.shop.example", "*.shop.example"),
            ("localhost", "localhost"),
            ("10.0.0.1", "10.0.0.1"),
            ("a_b-c.x", "a_b-c.x"),
        ] {
            assert_eq!(Host::new(text).unwrap().as_str(), kept);
        }
        let long = "a".repeat(64);
        for bad in [
            "", "*", "*.", "a..b", ".a", "a.", "-a", "a-", "a:80", "[::1]", "a/b", "a*.b", "*.*.b",
            "ä.de", &long,
        ] {
            assert!(Host::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Host::new("*.a.b").unwrap().above(), Some("a.b"));
        assert_eq!(Host::new("a.b").unwrap().above(), None);
    }

    #[test]
    fn a_path_covers_what_begins_with_its_segments() {
        let api = PathPrefix::new("/api/").unwrap();
        assert_eq!(api.as_str(), "/api");
        for (path, covered) in [
            ("/api", true),
            ("/api/", true),
            ("/api/users", true),
            ("/apis", false),
            ("/", false),
            ("/API", false),
        ] {
            assert_eq!(api.covers(path), covered, "{path}");
        }
        let root = PathPrefix::new("/").unwrap();
        assert!(root.is_root() && root.covers("/any") && root.covers("*"));
        for bad in [
            "", "api", "//", "/a//b", "/a/../b", "/.", "/a?b", "/a#b", "/a b", "/ä",
        ] {
            assert!(PathPrefix::new(bad).is_err(), "{bad}");
        }
    }
}
