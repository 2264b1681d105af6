//! What the YAML parser refuses, in words for people, with the traps that lead there.

use serde_saphyr::granit_parser::{ErrorKind, ScanError};
use windlass_model::nearest;

use super::yaml::place_of;
use crate::limit::MAX_DEPTH;
use crate::problem::{Problem, SYNTAX, TOO_DEEP};
use crate::reader::shown;
use crate::tree::Span;

/// Turns the parser's refusal of `text` into a problem.
pub(super) fn problem(text: &str, error: &ScanError) -> Problem {
    let mut span = place_of(error.marker());
    span.offset = span.offset.min(text.len());
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(span);
    }
    let line = line_at(text, span.offset);
    let found = Problem::at(SYNTAX, span, message(error, line));
    let (above, rest) = text.split_at_checked(span.offset).unwrap_or((text, ""));
    if let (ErrorKind::UnknownAnchor, Some(near)) = (error.kind(), near_anchor(above, rest)) {
        let hint = format!("did you mean `*{}`? Else {A_TEXT}", shown(near));
        return found.hint(hint);
    }
    match hint(error.kind(), line, rest) {
        Some(hint) => found.hint(hint),
        None => found,
    }
}

/// A collection at `span` is one level too deep.
pub(super) fn too_deep(span: Span) -> Problem {
    let message = format!("maps and lists are nested more than {MAX_DEPTH} deep");
    Problem::at(TOO_DEEP, span, message)
}

/// The line that `offset` is in.
pub(crate) fn line_at(text: &str, offset: usize) -> &str {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    rest.lines().next().unwrap_or_default()
}

fn message(error: &ScanError, line: &str) -> String {
    let words = match error.kind() {
        ErrorKind::MappingValueNotAllowed if quoted_value(line).is_none() => {
            "this `:` starts no value here"
        }
        ErrorKind::MappingValueNotAllowed => "a second `: ` in one line starts no value here",
        ErrorKind::UnknownAnchor => "this alias repeats nothing: its anchor is not above it",
        ErrorKind::UnclosedQuotedScalar => "a quote is not closed",
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => "a value ends where its quote is closed",
        ErrorKind::InvalidBlockScalarHeader => "nothing may stand here after `>` or `|`",
        ErrorKind::MissingDocumentEndBeforeDirective | ErrorKind::InvalidDirectiveTerminator => {
            "a line can't start with `%`"
        }
        ErrorKind::MissingAnchorOrAliasName => "`*` and `&` are followed by a name",
        ErrorKind::MappingKeyNotAllowed => "a text can't start with `? `",
        ErrorKind::BlockSequenceEntryNotAllowed => "a list can't begin here",
        ErrorKind::UnclosedFlowCollection { open: '[' } => "a `[` is not closed",
        ErrorKind::UnclosedFlowCollection { .. } => "a `{` is not closed",
        ErrorKind::UnexpectedEofFlowSequence => "the file ends inside [ … ]",
        ErrorKind::UnexpectedEofFlowMapping | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            "the file ends inside { … }"
        }
        ErrorKind::ExpectedFlowMappingSeparator => "expected `,` or `}` here",
        ErrorKind::ExpectedFlowSequenceSeparator => "expected `,` or `]` here",
        ErrorKind::ExpectedBlockMappingKey => "expected a key here",
        ErrorKind::ExpectedBlockSequenceEntry => "expected `- ` here",
        ErrorKind::InvalidIndentation => "this line is indented unlike those around it",
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "expected `:` and a value after this key"
        }
        ErrorKind::InvalidColonPlacement => "a `:` means nothing here",
        ErrorKind::InvalidQuotedScalarIndent => {
            "this line is too far left to belong to the quoted text above"
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => "a tab can't indent",
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            return format!(
                "no file of YAML holds the control character U+{:04X}",
                u32::from(*character)
            );
        }
        ErrorKind::UnexpectedCharacter { character } => {
            return format!(
                "a text can't start with `{}`",
                shown(&character.to_string())
            );
        }
        _ => return error.info(),
    };
    words.to_owned()
}

/// What helps whoever meant neither an alias nor an anchor.
const A_TEXT: &str = "quote a text that starts with `*` or `&`";

/// The anchor above that is named like the alias that `rest` begins with.
fn near_anchor<'t>(above: &'t str, rest: &str) -> Option<&'t str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
    let name = |text: &'t str| text.split(ends).next().filter(|name| !name.is_empty());
    let alias = rest.strip_prefix('*')?.split(ends).next()?;
    let begins = |at: &usize| {
        let before = above
            .get(..*at)
            .and_then(|before| before.chars().next_back());
        before.is_none_or(ends)
    };
    let anchors = above.match_indices('&').filter(|(at, _)| begins(at));
    let names = anchors.filter_map(|(at, _)| name(above.get(at + 1..)?));
    nearest(alias, names)
}

/// What leads here whatever else stands in the line.
fn usual_hint(kind: &ErrorKind) -> Option<&'static str> {
    let words = match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => "indent with spaces",
        ErrorKind::UnknownAnchor | ErrorKind::MissingAnchorOrAliasName => A_TEXT,
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            "remove it: it may not be seen in an editor"
        }
        ErrorKind::UnexpectedCharacter { .. } => "quote the text",
        ErrorKind::MissingDocumentEndBeforeDirective | ErrorKind::InvalidDirectiveTerminator => {
            "quote a text that starts with `%`"
        }
        ErrorKind::InvalidBlockScalarHeader => {
            "`>` and `|` begin a text on the lines below: quote a text that starts with one"
        }
        ErrorKind::MappingKeyNotAllowed => "quote a text that starts with `?`",
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "a list with `- ` begins on a line of its own; quote a text that starts with `- `"
        }
        _ => return None,
    };
    Some(words)
}

fn hint(kind: &ErrorKind, line: &str, rest: &str) -> Option<String> {
    if let Some(words) = usual_hint(kind) {
        return Some(words.to_owned());
    }
    let separator = matches!(
        kind,
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator
    );
    if has_bare_place(line) || (separator && rest.starts_with('{')) {
        return Some("inside { … } and [ … ] quote a text with ${…}: \"${PORT}\"".to_owned());
    }
    if line.contains("[::") {
        return Some("quote an address that starts with `[`: \"[::1]:8080\"".to_owned());
    }
    if let Some(whole) = begun_otherwise(line) {
        return Some(whole);
    }
    if matches!(kind, ErrorKind::MappingValueNotAllowed) {
        let above = || "the line above may be a key without a blank after its `:`".to_owned();
        return quoted_value(line).or_else(|| Some(above()));
    }
    if separator && rest.starts_with(':') {
        return Some("inside { … } and [ … ] quote a text with `: `".to_owned());
    }
    let unclosed = matches!(
        kind,
        ErrorKind::InvalidColonPlacement
            | ErrorKind::InvalidFlowScalarIndent
            | ErrorKind::UnclosedFlowCollection { .. }
    );
    if unclosed && line.contains(" #") {
        return Some(
            "` #` starts a comment, also inside { … } and [ … ]: quote the text".to_owned(),
        );
    }
    let words = match kind {
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            "keys of one map start in the same column"
        }
        ErrorKind::InvalidColonPlacement | ErrorKind::InvalidFlowScalarIndent => {
            "a `[` or `{` above may not be closed"
        }
        ErrorKind::InvalidQuotedScalarIndent => "the quote above may not be closed",
        _ => return None,
    };
    Some(words.to_owned())
}

/// `run: "./web" --port 1` and `run: {a} b`: a value that goes on after it has closed.
fn begun_otherwise(line: &str) -> Option<String> {
    let (_, value) = key_and_value(line)?;
    let open = value.chars().next()?;
    let close = match open {
        '"' | '\'' => open,
        '[' => ']',
        '{' => '}',
        _ => return None,
    };
    let (_, after) = value.get(1..)?.split_once(close)?;
    let goes_on = after.starts_with(|c: char| !matches!(c, ',' | ']' | '}' | ':'))
        && !after.trim_start().starts_with(['#', ',', ']', '}', ':']);
    goes_on.then(|| in_quotes(line)).flatten()
}

/// Whether `${` stands outside quotes in a line that has a flow collection.
fn has_bare_place(line: &str) -> bool {
    let mut quote = None;
    let mut flow = false;
    let mut bare = false;
    // Quotes count only where a value can start.
    let mut last_ink = ':';
    let mut before = ' ';
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') && matches!(last_ink, '{' | '[' | ',' | ':' | '-') => {
                quote = Some(c);
            }
            None if c == '{' && before == '$' => bare |= flow,
            None if c == '{' || c == '[' => flow = true,
            None => {}
        }
        before = c;
        if !c.is_whitespace() {
            last_ink = c;
        }
    }
    bare
}

/// `run: curl -H Accept: x` with its value in quotes.
fn quoted_value(line: &str) -> Option<String> {
    let (_, value) = key_and_value(line)?;
    let again = value.contains(": ") || value.ends_with(':');
    if value.starts_with(['"', '\'']) || !again {
        return None;
    }
    in_quotes(line)
}

fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.trim().trim_start_matches("- ").split_once(": ")?;
    Some((key, value.trim()))
}

fn in_quotes(line: &str) -> Option<String> {
    let (key, value) = key_and_value(line)?;
    let doubled = value.replace('\'', "''");
    Some(format!(
        "quote the value: {}: '{}'",
        shown(key),
        shown(&doubled)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_place_is_seen_only_inside_a_flow_collection() {
        assert!(has_bare_place("env: { A: ${B} }"));
        assert!(has_bare_place("run: [a, ${B}]"));
        assert!(!has_bare_place("env: { A: \"${B}\" }"));
        assert!(has_bare_place("{ run: a \"b ${B}\" }"));
        assert!(!has_bare_place("run: a ${B} ${C}"));
    }

    #[test]
    fn a_value_that_goes_on_after_its_quote_is_shown_in_quotes() {
        assert_eq!(
            begun_otherwise("  run: \"./web\" --port 1").as_deref(),
            Some("quote the value: run: '\"./web\" --port 1'")
        );
        for fine in ["run: \"a\" # b", "a: {b: c}", "a: [x], b", "a: 'b': c"] {
            assert_eq!(begun_otherwise(fine), None, "{fine}");
        }
    }

    #[test]
    fn a_value_with_a_colon_is_shown_in_quotes() {
        assert_eq!(
            quoted_value("  run: curl -H Accept: it's"),
            Some("quote the value: run: 'curl -H Accept: it''s'".to_owned())
        );
        assert_eq!(quoted_value("run: x"), None);
    }
}
