//! The three ways to write the same file, and how each writes a key and a text.

use std::path::Path;

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `.yaml`, `.yml`, and whatever is neither of the others.
    #[default]
    Yaml,
    /// `.toml`
    Toml,
    /// `.json`
    Json,
}

impl Format {
    /// The format that a file of this name is in: its ending decides.
    pub fn of(name: &str) -> Self {
        let ending = Path::new(name).extension().unwrap_or_default();
        if ending.eq_ignore_ascii_case("toml") {
            Self::Toml
        } else if ending.eq_ignore_ascii_case("json") {
            Self::Json
        } else {
            Self::Yaml
        }
    }

    /// `name` as the beginning of an entry, for a hint.
    pub(crate) fn key(self, name: &str) -> String {
        match self {
            Self::Yaml => format!("{name}:"),
            Self::Toml => format!("{name} ="),
            Self::Json => format!("\"{name}\":"),
        }
    }

    /// A text as it is written here, for a hint; `text` needs no quotes in YAML.
    pub(crate) fn text(self, text: &str) -> String {
        match self {
            Self::Yaml => text.to_owned(),
            Self::Toml | Self::Json => format!("\"{text}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_name_decides() {
        assert_eq!(Format::of("../windlass.toml"), Format::Toml);
        assert_eq!(Format::of("a.yaml/windlass.JSON"), Format::Json);
        for yaml in ["windlass.yml", "windlass.yaml", "windlass", "toml", "-", ""] {
            assert_eq!(Format::of(yaml), Format::Yaml, "{yaml}");
        }
    }
}
