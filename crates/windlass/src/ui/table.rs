//! Aligned columns without lines around them.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::wide::{beginning, padded, wide};
use super::wrap::hang;

/// Blanks between two columns.
const GAP: usize = 2;

/// Columns at the least for what is longer: narrower sentences are hard to read.
const READABLE: usize = 24;

/// What the rest of a row stands in by, where each row is told by itself.
const INDENT: &str = "    ";

/// Rows under a header, as wide as they must be and at most `width` columns, no word of them broken; no trailing
/// blanks. Where the words of a row have no room beside each other, each row is told by itself.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>, width: usize) -> String {
    let least: Vec<usize> = (0..header.len())
        .map(|column| least(header, &rows, column))
        .collect();
    let needed: usize = least.iter().map(|words| words + GAP).sum();
    if needed > width {
        return told(header, &rows, width);
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(header.to_vec())
        .add_rows(rows);
    for (column, words) in table.column_iter_mut().zip(least) {
        let least = u16::try_from(words + GAP).unwrap_or(u16::MAX);
        column
            .set_padding((0, 2))
            .set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
    }
    lines(table.lines())
}

/// The least width of a column: that of its longest word, and of some words where it holds sentences.
fn least(header: &[&str], rows: &[Vec<String>], column: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(column));
    let texts = cells.map(String::as_str).chain(header.get(column).copied());
    let widths = texts.flat_map(|text| {
        let words = text.split([' ', '\n']).map(wide);
        words.chain([wide(text).min(READABLE)])
    });
    widths.max().unwrap_or(0)
}

/// Each row by itself: its first cell, and below it the others, each with its head.
fn told(header: &[&str], rows: &[Vec<String>], width: usize) -> String {
    let heads = header.iter().skip(1).map(|head| wide(head)).max();
    let heads = heads.unwrap_or(0);
    let rows = rows.iter().flat_map(|row| {
        let first = row.first().map(|cell| hang("", cell, Some(width)));
        let rest = header.iter().zip(row).skip(1);
        let rest = rest
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(head, cell)| {
                let head = [INDENT, &padded(head, heads), "  "].concat();
                hang(&head, cell, Some(width))
            });
        first.into_iter().chain(rest).collect::<Vec<_>>()
    });
    lines(rows)
}

fn lines(rows: impl Iterator<Item = String>) -> String {
    let lines = rows.flat_map(|row| row.lines().map(str::to_owned).collect::<Vec<_>>());
    lines
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Cuts a line to `width` columns, so that a redraw never has to count wrapped lines.
pub(crate) fn cut(line: &str, width: usize) -> String {
    if wide(line) <= width {
        return line.to_owned();
    }
    [beginning(line, width.saturating_sub(1)), "…"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        vec![
            row([
                "`finalize`",
                "`1h` or `manual`",
                "When the old slot is dropped.",
            ]),
            row([
                "`score`",
                "`{ testing: { unit: target/junit.xml } }`",
                "What it is made of, see `probes.ready.http`.",
            ]),
        ]
    }

    const HEAD: [&str; 3] = ["key", "for example", "what it is"];

    #[test]
    fn no_word_of_a_table_is_broken() {
        insta::assert_snapshot!(table(&HEAD, rows(), 64), @r"
        key         for example               what it is
        `finalize`  `1h` or `manual`          When the old slot is
                                              dropped.
        `score`     `{ testing: { unit:       What it is made of, see
                    target/junit.xml } }`     `probes.ready.http`.
        ");
    }

    #[test]
    fn rows_whose_words_have_no_room_beside_each_other_are_told_by_themselves() {
        insta::assert_snapshot!(table(&HEAD, rows(), 50), @r"
        `finalize`
            for example  `1h` or `manual`
            what it is   When the old slot is dropped.
        `score`
            for example  `{ testing: { unit: target/junit.xml } }`
            what it is   What it is made of, see
                         `probes.ready.http`.
        ");
    }
}
