//! Problems as plain text, for pipes and tests.

use crate::limit::{MAX_DRAWN_CHARS, MAX_PROBLEMS_PRINTED};
use crate::problem::Problem;
use crate::reader::visible;
use crate::tree::Span;

/// One problem: `windlass.yaml:7:11: message [WL0126]`, the line underlined, what to write.
///
/// No colour, and no character of the file that a terminal would obey. Ends with a line break.
pub fn render_plain(problem: &Problem, name: &str, text: &str) -> String {
    let mut drawn = String::new();
    let Problem {
        span,
        code,
        message,
        hint,
    } = problem;
    match span {
        Some(span) => {
            drawn.push_str(&format_line(&[
                name,
                ":",
                &span.line.to_string(),
                ":",
                &span.column.to_string(),
                ": ",
                message,
                " [",
                code,
                "]",
            ]));
            underline(&mut drawn, *span, text);
        }
        None => drawn.push_str(&format_line(&[name, ": ", message, " [", code, "]"])),
    }
    if let Some(hint) = hint {
        drawn.push_str(&format_line(&["  ", hint]));
    }
    drawn
}

/// All problems up to a limit, then how many more there are.
pub fn render_all(problems: &[Problem], name: &str, text: &str) -> String {
    let mut drawn: String = problems
        .iter()
        .take(MAX_PROBLEMS_PRINTED)
        .map(|problem| render_plain(problem, name, text))
        .collect();
    let more = problems.len().saturating_sub(MAX_PROBLEMS_PRINTED);
    if more > 0 {
        drawn.push_str(&format_line(&["and ", &more.to_string(), " more"]));
    }
    drawn
}

fn format_line(parts: &[&str]) -> String {
    let mut line: String = parts.concat().chars().map(visible).collect();
    line.push('\n');
    line
}

/// Draws the line of `span` and marks under its characters; of a long line only a part.
fn underline(drawn: &mut String, span: Span, text: &str) {
    let offset = span.offset.min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text
        .get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    if line.trim().is_empty() {
        return;
    }
    let column = text.get(start..offset).unwrap_or_default().chars().count();
    let marked = text.get(offset..offset + span.length).unwrap_or_default();
    let width = marked
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        .max(1);
    let skip = column.saturating_sub(MAX_DRAWN_CHARS / 2);
    let shown: String = line
        .chars()
        .skip(skip)
        .take(MAX_DRAWN_CHARS)
        .map(visible)
        .collect();
    let width = width.min((skip + MAX_DRAWN_CHARS).saturating_sub(column));
    drawn.push_str(&format_line(&["    ", shown.trim_end()]));
    drawn.push_str(&format_line(&[
        "    ",
        &" ".repeat(column - skip),
        &"^".repeat(width),
    ]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::DURATION;

    fn span(text: &str, marked: &str) -> Span {
        let offset = text.find(marked).expect("the marked text");
        let before = text.get(..offset).expect("what comes before it");
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Span {
            offset,
            length: marked.len(),
            line: u32::try_from(line).expect("a line"),
            column: u32::try_from(column).expect("a column"),
        }
    }

    #[test]
    fn a_problem_is_drawn_under_its_line() {
        let text = "app: x\nbäke: 30\n";
        let problem = Problem::at(DURATION, span(text, "30"), "no unit").hint("write 30s");
        assert_eq!(
            render_plain(&problem, "w.yaml", text),
            "w.yaml:2:7: no unit [WL0126]\n    bäke: 30\n          ^^\n  write 30s\n"
        );
    }

    #[test]
    fn nothing_of_the_file_reaches_the_terminal_as_a_command() {
        let text = "bake: \u{1b}[2Jx\n";
        let problem = Problem::at(DURATION, span(text, "x"), "a \u{1b}[2J");
        let drawn = render_plain(&problem, "w\u{7}.yaml", text);
        assert!(
            drawn.chars().all(|c| c == '\n' || !c.is_control()),
            "{drawn:?}"
        );
    }

    #[test]
    fn a_long_line_is_drawn_around_its_problem() {
        let text = format!("bake: {}30{}", "x".repeat(500), "y".repeat(500));
        let problem = Problem::at(DURATION, span(&text, "30"), "no unit");
        let drawn = render_plain(&problem, "w", &text);
        assert!(
            drawn
                .lines()
                .all(|line| line.chars().count() <= MAX_DRAWN_CHARS + 4)
        );
        let lines: Vec<&str> = drawn.lines().collect();
        let at = lines[2].find('^').expect("a mark");
        assert_eq!(lines[1].get(at..at + 2), Some("30"));
    }

    #[test]
    fn after_a_hundred_the_rest_is_counted() {
        let problems = vec![Problem::nowhere(DURATION, "x"); 103];
        let drawn = render_all(&problems, "w", "");
        assert_eq!(drawn.lines().count(), 101);
        assert!(drawn.ends_with("and 3 more\n"));
    }
}
