//! A page of Markdown on a terminal: headings bold, code indented, tables as columns.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::table::table;
use super::wide::wide;
use super::{Role, Style};

/// Longest line of running text; longer ones are hard to read.
const TEXT_WIDTH: usize = 96;

/// What a block of code stands in by.
const CODE_INDENT: &str = "    ";

/// The page as it is shown. `reference` says how a linked page of the project is read here.
pub(crate) fn page(
    text: &str,
    style: &Style,
    reference: impl Fn(&str) -> Option<String>,
) -> String {
    let mut shown = Shown {
        style,
        reference: &reference,
        out: String::new(),
        inline: String::new(),
        lists: Vec::new(),
        marker: None,
        link: None,
        heading: 0,
        rows: None,
        code: false,
    };
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        shown.take(event);
    }
    shown.out
}

/// A page half shown.
struct Shown<'s> {
    style: &'s Style,
    reference: &'s dyn Fn(&str) -> Option<String>,
    out: String,
    /// Running text that is not yet broken into lines.
    inline: String,
    /// The lists that this is in, each with its next number if it has numbers.
    lists: Vec<Option<u64>>,
    /// What stands before the next line: the mark of a list's entry.
    marker: Option<String>,
    /// Where the link that this is in goes to.
    link: Option<String>,
    /// How deep the heading is that this is in.
    heading: usize,
    /// The rows of the table that this is in; the first is its head.
    rows: Option<Vec<Vec<String>>>,
    code: bool,
}

impl Shown<'_> {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => self.code(&text),
            Event::Text(text) | Event::InlineHtml(text) => self.inline.push_str(&text),
            Event::Code(text) => self.span(&text),
            Event::SoftBreak => self.inline.push(' '),
            Event::HardBreak => self.flush(),
            Event::Rule
            | Event::Html(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.gap(),
            Tag::Heading { level, .. } => {
                self.gap();
                self.heading = level as usize;
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.flush();
                self.gap();
                self.code = true;
            }
            Tag::List(first) => {
                self.flush();
                if self.lists.is_empty() {
                    self.gap();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    Some(None) | None => "- ".to_owned(),
                };
                self.marker = Some(mark);
            }
            Tag::Table(_) => {
                self.gap();
                self.rows = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                self.rows.get_or_insert_default().push(Vec::new());
            }
            Tag::Link { dest_url, .. } => self.link = Some(dest_url.into_string()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Item => self.flush(),
            TagEnd::Heading(_) => {
                let heading = std::mem::take(&mut self.inline);
                // Where nothing is bold, the marks tell a heading from the text.
                let shown = if self.style.colour {
                    self.style.paint(Role::Strong, &heading)
                } else {
                    format!("{} {heading}", "#".repeat(self.heading))
                };
                self.line(&shown);
            }
            TagEnd::CodeBlock => self.code = false,
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline);
                if let Some(row) = self.rows.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                let mut rows = self.rows.take().unwrap_or_default().into_iter();
                let head = rows.next().unwrap_or_default();
                let head: Vec<&str> = head.iter().map(String::as_str).collect();
                self.out
                    .push_str(&table(&head, rows.collect(), self.width()));
            }
            TagEnd::Link => {
                let goes = self.link.take().unwrap_or_default();
                if goes.starts_with("http") && !self.inline.ends_with(&goes) {
                    self.inline.push_str(&[" (", &goes, ")"].concat());
                } else if let Some(read) = (self.reference)(&goes) {
                    self.inline
                        .push_str(&[" (", &unbroken(&read), ")"].concat());
                }
            }
            _ => {}
        }
    }

    /// A name or command in running text, which no line break divides.
    fn span(&mut self, text: &str) {
        let in_table = self.rows.is_some();
        // A column may be narrower than a whole value.
        let text = if in_table {
            text.to_owned()
        } else {
            unbroken(text)
        };
        // A table counts every character.
        let plain = !self.style.colour || in_table;
        let shown = if plain {
            format!("`{text}`")
        } else {
            self.style.paint(Role::Strong, &text)
        };
        self.inline.push_str(&shown);
    }

    fn code(&mut self, text: &str) {
        for line in text.lines() {
            self.out.push_str(format!("{CODE_INDENT}{line}").trim_end());
            self.out.push('\n');
        }
    }

    /// An empty line between what stood before and what comes.
    fn gap(&mut self) {
        if self.marker.is_none() && !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn width(&self) -> usize {
        self.style.width.min(TEXT_WIDTH)
    }

    /// Breaks the running text into lines, those of a list's entry under each other.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.inline);
        if text.trim().is_empty() {
            return;
        }
        let marker = self.marker.take().unwrap_or_default();
        let depth = self.lists.len();
        let first = if marker.is_empty() {
            "  ".repeat(depth)
        } else {
            format!("{}{marker}", "  ".repeat(depth.saturating_sub(1)))
        };
        let hang = " ".repeat(wide(&first));
        let mut line = first;
        let mut used = hang.len();
        let mut empty = true;
        for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
            let wide = seen(word);
            if !empty && used + 1 + wide > self.width() {
                self.line(&line);
                line.clone_from(&hang);
                used = hang.len();
                empty = true;
            }
            if !empty {
                line.push(' ');
                used += 1;
            }
            line.push_str(&word.replace(UNBROKEN, " "));
            used += wide;
            empty = false;
        }
        self.line(&line);
    }
}

/// A blank at which no line ends.
const UNBROKEN: char = '\u{a0}';

fn unbroken(text: &str) -> String {
    text.replace(' ', &UNBROKEN.to_string())
}

/// Columns that a word takes: what colours it takes none.
fn seen(word: &str) -> usize {
    wide(&anstream::adapter::strip_str(word).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# Going back

What *takes* a **bad** release back, with `windlass rollback` and a text that is long enough for two lines.
See [the tutorial](tutorial.md#x) or <https://example.org>.

- first
- second, which is
  long
  - inner

1. one
2. two

| you type | what |
|---|---|
| `windlass abort` | stops it |

```console
$ windlass deploy

done
```
";

    fn shown(style: &Style) -> String {
        page(PAGE, style, |goes| {
            goes.starts_with("tutorial")
                .then(|| "windlass docs tutorial".to_owned())
        })
    }

    #[test]
    fn a_page_keeps_its_tables_lists_and_code() {
        insta::assert_snapshot!(shown(&Style::plain()), @r"
        # Going back

        What takes a bad release back, with `windlass rollback` and a text that is long
        enough for two lines. See the tutorial (windlass docs tutorial) or
        https://example.org.

        - first
        - second, which is long
          - inner

        1. one
        2. two

        you type          what
        `windlass abort`  stops it

            $ windlass deploy

            done
        ");
    }

    #[test]
    fn on_a_terminal_headings_and_commands_are_bold() {
        let coloured = Style {
            colour: true,
            ..Style::plain()
        };
        let text = shown(&coloured);
        assert!(
            text.starts_with("\u{1b}[1mGoing back\u{1b}[0m\n"),
            "{text:?}"
        );
        assert!(
            text.contains("\u{1b}[1mwindlass rollback\u{1b}[0m"),
            "{text:?}"
        );
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert!(
            plain.lines().all(|line| line.chars().count() <= 80),
            "{plain}"
        );
    }
}
