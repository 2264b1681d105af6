//! YAML, TOML and JSON into the same tree, within the same limits.

mod any;
mod json;
mod merge;
mod place;
mod syntax;
mod toml;
mod yaml;

pub(crate) use any::parse;
pub(crate) use syntax::line_at;
