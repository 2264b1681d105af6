//! Tables that fit their terminal: what matters least gives way first, and nothing is broken in its middle.

use super::table::cut;
use super::wide::{padded, padded_left, wide};
use super::wrap::{hang, longest_piece};

/// Blanks between two columns.
const GAP: usize = 2;

/// A blank at which nothing is broken.
const TIED: &str = "\u{a0}";

/// Between what was and what comes: each side is shortened by itself.
const ARROW: &str = " → ";

/// Between the parts of a place: likewise.
const PART: &str = "/";

/// What gives way in a table that is too wide. Each names its column by its head.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ease {
    /// The column goes.
    Drop(&'static str),
    /// What is in it goes on below, broken between words.
    Wrap(&'static str),
    /// The same of a list: broken behind commas.
    List(&'static str),
    /// What is in it ends with `…`, after so many columns at the least: what differs does so still.
    Shorten(&'static str, usize),
    /// The same of each side of a change, or part of a place such as `shop/production`, also where what differs
    /// goes: something else in the row tells it.
    Clip(&'static str, usize),
}

/// Columns without lines around them.
#[derive(Debug)]
pub(crate) struct Grid {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    head: &'static str,
    is_right: bool,
    /// Its width at the least.
    least: usize,
    /// As they were given.
    whole: Vec<String>,
    /// As they are shown; lines below each other.
    cells: Vec<String>,
}

impl Column {
    fn width(&self) -> usize {
        let lines = self.cells.iter().flat_map(|cell| cell.lines());
        let wide = lines.chain([self.head]).map(wide).max();
        wide.unwrap_or(0).max(self.least)
    }

    /// Gives up `over` columns of its width, or as many as it can.
    fn give(&mut self, over: usize, ease: Ease) {
        let aim = self.width().saturating_sub(over);
        match ease {
            Ease::Drop(_) => {}
            Ease::Wrap(_) => self.wrap(aim),
            Ease::List(_) => {
                for cell in &mut self.whole {
                    *cell = cell.replace(' ', TIED).replace(&[",", TIED].concat(), ", ");
                }
                self.wrap(aim);
                for cell in self.whole.iter_mut().chain(&mut self.cells) {
                    *cell = cell.replace(TIED, " ");
                }
            }
            Ease::Shorten(_, least) => {
                let least = least.max(telling(&self.whole));
                let sides = self.whole.iter().flat_map(|cell| cell.split(ARROW));
                let mut side = sides.map(wide).max().unwrap_or(0);
                while side > least && self.width() > aim {
                    side -= 1;
                    let short = self.whole.iter().map(|cell| shortened(cell, ARROW, side));
                    self.cells = short.collect();
                }
            }
            Ease::Clip(_, least) => {
                let parts = self.whole.iter().flat_map(|cell| cell.split(between(cell)));
                let mut part = parts.map(wide).max().unwrap_or(0);
                while part > least && self.width() > aim {
                    part -= 1;
                    let short = self.whole.iter();
                    let short = short.map(|cell| shortened(cell, between(cell), part));
                    self.cells = short.collect();
                }
            }
        }
    }
}

impl Column {
    fn wrap(&mut self, aim: usize) {
        let words = self.whole.iter().map(|cell| longest_piece(cell));
        let aim = aim.max(words.max().unwrap_or(0)).max(wide(self.head));
        let broken = self.whole.iter().map(|cell| hang("", cell, Some(aim)));
        self.cells = broken.collect();
    }
}

impl Grid {
    /// `rows` under a header.
    pub(crate) fn new(header: &[&'static str], rows: Vec<Vec<String>>) -> Self {
        let columns = header.iter().map(|head| Column {
            head,
            is_right: false,
            least: 0,
            whole: Vec::new(),
            cells: Vec::new(),
        });
        let mut columns: Vec<Column> = columns.collect();
        for row in rows {
            let mut cells = row.into_iter();
            for column in &mut columns {
                column.whole.push(cells.next().unwrap_or_default());
            }
        }
        for column in &mut columns {
            column.cells.clone_from(&column.whole);
        }
        Self { columns }
    }

    /// With these columns at their right edge, as figures are.
    pub(crate) fn right(mut self, heads: &[&str]) -> Self {
        for column in &mut self.columns {
            column.is_right = heads.contains(&column.head);
        }
        self
    }

    /// With a column that is so wide at the least, whatever is in it.
    pub(crate) fn least(mut self, head: &str, least: usize) -> Self {
        for column in &mut self.columns {
            if column.head == head {
                column.least = least;
            }
        }
        self
    }

    /// So that it fits into so many columns, if anything that may give way is enough; none: as it is, for
    /// who reads it by lines.
    pub(crate) fn fit(mut self, fits: Option<usize>, eases: &[Ease]) -> Self {
        let Some(room) = fits else {
            return self;
        };
        let mut given = Vec::new();
        for ease in eases {
            if self.width() <= room {
                break;
            }
            given.push(*ease);
            self.give(*ease, room);
        }
        // What went later may have left more room than what went before needs. Of a column only the last counts.
        let mut done = Vec::new();
        for ease in given.into_iter().rev() {
            let narrows = !matches!(ease, Ease::Drop(_));
            let column = self.of(ease).filter(|_| narrows);
            if let Some(column) = column.filter(|column| !done.contains(&column.head)) {
                done.push(column.head);
                column.cells.clone_from(&column.whole);
                self.give(ease, room);
            }
        }
        self
    }

    fn of(&mut self, ease: Ease) -> Option<&mut Column> {
        let (Ease::Drop(head)
        | Ease::Wrap(head)
        | Ease::List(head)
        | Ease::Shorten(head, _)
        | Ease::Clip(head, _)) = ease;
        self.columns.iter_mut().find(|column| column.head == head)
    }

    fn give(&mut self, ease: Ease, room: usize) {
        let over = self.width().saturating_sub(room);
        if let Ease::Drop(head) = ease {
            self.columns.retain(|column| column.head != head);
        } else if let Some(column) = self.of(ease) {
            column.give(over, ease);
        }
    }

    /// The same without this column.
    pub(crate) fn without(mut self, head: &str) -> Self {
        self.columns.retain(|column| column.head != head);
        self
    }

    /// Whether the column is still there.
    pub(crate) fn has(&self, head: &str) -> bool {
        self.columns.iter().any(|column| column.head == head)
    }

    /// How wide it is.
    pub(crate) fn width(&self) -> usize {
        let widths: usize = self.columns.iter().map(Column::width).sum();
        widths + GAP * self.columns.len().saturating_sub(1)
    }

    /// The header, then the rows; no trailing blanks, and no line that is wider than `fits`.
    pub(crate) fn text(&self, fits: Option<usize>) -> String {
        let header = fits.map_or_else(|| self.header(), |fits| cut(&self.header(), fits));
        [header, "\n".to_owned()]
            .into_iter()
            .chain(self.rows(fits))
            .collect()
    }

    /// The lines of the rows alone, each with its end.
    pub(crate) fn rows(&self, fits: Option<usize>) -> Vec<String> {
        let rows = self.columns.first().map_or(0, |first| first.cells.len());
        let rows: Vec<String> = (0..rows).map(|row| self.row(row, |_, cell| cell)).collect();
        let lines = rows.iter().flat_map(|row| row.lines());
        let lines = lines.map(|line| fits.map_or(line.to_owned(), |fits| cut(line, fits)));
        lines.map(|line| line + "\n").collect()
    }

    /// The line of heads.
    pub(crate) fn header(&self) -> String {
        self.drawn(|column| column.head.to_owned(), |_, cell| cell)
    }

    /// One row, each of its cells painted by the head of its column.
    pub(crate) fn row(&self, row: usize, paint: impl Fn(&str, String) -> String) -> String {
        let cell = |column: &Column| column.cells.get(row).cloned().unwrap_or_default();
        self.drawn(cell, paint)
    }

    fn drawn(
        &self,
        cell: impl Fn(&Column) -> String,
        paint: impl Fn(&str, String) -> String,
    ) -> String {
        let cells = self.columns.iter().map(|column| (column, cell(column)));
        let cells: Vec<(&Column, Vec<String>)> = cells
            .map(|(column, cell)| (column, cell.lines().map(str::to_owned).collect()))
            .collect();
        let tall = cells.iter().map(|(_, lines)| lines.len()).max();
        let lines = (0..tall.unwrap_or(0).max(1)).map(|line| {
            let padded = cells.iter().map(|(column, lines)| {
                let (text, width) = (lines.get(line).map_or("", String::as_str), column.width());
                let padded = if column.is_right {
                    padded_left(text, width)
                } else {
                    padded(text, width)
                };
                paint(column.head, padded)
            });
            let padded: Vec<String> = padded.collect();
            padded.join(&" ".repeat(GAP)).trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// What is between the parts of a cell that are shortened by themselves.
fn between(cell: &str) -> &'static str {
    if cell.contains(ARROW) { ARROW } else { PART }
}

fn shortened(cell: &str, between: &str, side: usize) -> String {
    let sides = cell.split(between).map(|text| cut(text, side));
    sides.collect::<Vec<String>>().join(between)
}

/// Columns of each side of a cell, with the `…`, that no two of them begin alike in.
fn telling(cells: &[String]) -> usize {
    let mut sides: Vec<&str> = cells.iter().flat_map(|cell| cell.split(ARROW)).collect();
    sides.sort_unstable();
    sides.dedup();
    let alike = sides.windows(2).map(|pair| match pair {
        [one, other] => {
            let both = one.chars().zip(other.chars());
            let alike = both.take_while(|(a, b)| a == b).count();
            // With the character that tells them apart.
            let differing = [one, other].map(|side| side.chars().take(alike + 1).collect());
            differing
                .map(|begun: String| wide(&begun))
                .into_iter()
                .max()
        }
        _ => None,
    });
    alike.flatten().max().unwrap_or(1) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const EASES: [Ease; 4] = [
        Ease::Drop("SLOT"),
        Ease::List("STATE"),
        Ease::Shorten("VERSION", 8),
        Ease::Drop("LISTEN"),
    ];

    fn grid() -> Grid {
        let row = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
        Grid::new(
            &["SERVICE", "VERSION", "SLOT", "STATE", "LISTEN"],
            vec![
                row([
                    "api",
                    "1.4.1-rc.1 → 1.4.1-rc.2",
                    "1 blue",
                    "1/2 running, exited 1",
                    "127.0.0.1:80",
                ]),
                row([
                    "web",
                    "1.4.1-rc.1",
                    "2 green",
                    "1/1 running",
                    "127.0.0.1:81",
                ]),
            ],
        )
    }

    fn at(width: usize) -> String {
        grid().fit(Some(width), &EASES).text(Some(width))
    }

    #[test]
    fn what_fits_or_is_read_by_lines_is_whole() {
        let whole = grid().fit(None, &EASES).text(None);
        insta::assert_snapshot!(whole, @r"
        SERVICE  VERSION                  SLOT     STATE                  LISTEN
        api      1.4.1-rc.1 → 1.4.1-rc.2  1 blue   1/2 running, exited 1  127.0.0.1:80
        web      1.4.1-rc.1               2 green  1/1 running            127.0.0.1:81
        ");
        assert_eq!(at(grid().width()), whole);
    }

    #[test]
    fn the_least_important_gives_way_first_and_what_differs_does_so_still() {
        insta::assert_snapshot!(at(70), @r"
        SERVICE  VERSION                  STATE                  LISTEN
        api      1.4.1-rc.1 → 1.4.1-rc.2  1/2 running, exited 1  127.0.0.1:80
        web      1.4.1-rc.1               1/1 running            127.0.0.1:81
        ");
        insta::assert_snapshot!(at(60), @r"
        SERVICE  VERSION                  STATE         LISTEN
        api      1.4.1-rc.1 → 1.4.1-rc.2  1/2 running,  127.0.0.1:80
                                          exited 1
        web      1.4.1-rc.1               1/1 running   127.0.0.1:81
        ");
        // The last character tells them apart: nothing of them can go.
        insta::assert_snapshot!(at(50), @r"
        SERVICE  VERSION                  STATE
        api      1.4.1-rc.1 → 1.4.1-rc.2  1/2 running,
                                          exited 1
        web      1.4.1-rc.1               1/1 running
        ");
    }

    #[test]
    fn a_long_version_ends_with_an_ellipsis_and_takes_what_room_there_is() {
        let long = "3f9a1c2b4d5e6f708192a3b4c5d6e7f801234567";
        let rows = vec![vec![long.to_owned(), "127.0.0.1:23105".to_owned()]];
        let fit = |width: usize| {
            let eases = [Ease::Shorten("VERSION", 8), Ease::Drop("LISTEN")];
            let grid = Grid::new(&["VERSION", "LISTEN"], rows.clone());
            grid.fit(Some(width), &eases).text(Some(width))
        };
        insta::assert_snapshot!(fit(30), @r"
        VERSION        LISTEN
        3f9a1c2b4d5e…  127.0.0.1:23105
        ");
        insta::assert_snapshot!(fit(20), @r"
        VERSION
        3f9a1c2b4d5e6f70819…
        ");
    }

    #[test]
    fn where_nothing_may_give_way_any_more_the_end_of_a_line_does() {
        let rows = vec![vec!["authentication-of-all".to_owned()]];
        let grid = Grid::new(&["SERVICE"], rows).fit(Some(12), &[]);
        assert_eq!(grid.text(Some(12)), "SERVICE\nauthenticat…\n");
    }

    #[test]
    fn characters_of_two_columns_leave_the_columns_where_they_are() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = vec![row(["修正版", "5 %"]), row(["1.4.1", "95 %"])];
        let grid = Grid::new(&["VERSION", "TRAFFIC"], rows.clone());
        insta::assert_snapshot!(grid.text(None), @r"
        VERSION  TRAFFIC
        修正版   5 %
        1.4.1    95 %
        ");
        let named = vec![row(["修正版の一", "5 %"]), row(["修正版の二", "95 %"])];
        let eases = [Ease::Shorten("VERSION", 4)];
        let fit = |rows: &[Vec<String>], width: usize| {
            let grid = Grid::new(&["VERSION", "TRAFFIC"], rows.to_vec());
            grid.fit(Some(width), &eases).text(Some(width))
        };
        // The last one tells them apart: as in letters, nothing of them can go.
        assert!(
            fit(&named, 15).contains("修正版の一"),
            "{}",
            fit(&named, 15)
        );
        let long = vec![row(["修正版修正版", "5 %"])];
        insta::assert_snapshot!(fit(&long, 18), @r"
        VERSION    TRAFFIC
        修正版修…  5 %
        ");
    }

    #[test]
    fn figures_are_at_the_right() {
        let rows = vec![vec!["api".to_owned(), "5".to_owned()]];
        let grid = Grid::new(&["SERVICE", "OPEN"], rows).right(&["OPEN"]);
        assert_eq!(grid.text(None), "SERVICE  OPEN\napi         5\n");
    }
}
