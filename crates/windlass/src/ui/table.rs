//! Aligned columns without lines around them.

use comfy_table::{ContentArrangement, Table, presets};

use super::wide::{beginning, wide};

/// Rows under a header, as wide as they must be and at most `width` columns; no trailing blanks.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>, width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(header.to_vec())
        .add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Longest beginning of a word that is left out at a cut: a longer one says enough.
const HALF: usize = 12;

/// Cuts a line to `width` columns behind a word: half a version means another one.
pub(crate) fn cut_between_words(line: &str, width: usize) -> String {
    let short = cut(line, width);
    if short == line {
        return short;
    }
    let words = short.rsplit_once(' ');
    let words = words.filter(|(_, word)| wide(word) <= HALF);
    match words {
        Some((words, _)) => [words.trim_end_matches([' ', '→']), " …"].concat(),
        None => short,
    }
}

/// Cuts a line to `width` columns, so that a redraw never has to count wrapped lines.
pub(crate) fn cut(line: &str, width: usize) -> String {
    if wide(line) <= width {
        return line.to_owned();
    }
    [beginning(line, width.saturating_sub(1)), "…"].concat()
}
