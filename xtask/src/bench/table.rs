//! Rows as a table in Markdown, even in a terminal.

use crate::bench::row::{Row, amount};

/// Those with a column of their own, as a row calls them and as their heading does.
const PROXIES: [(&str, &str); 4] = [
    ("haproxy", "HAProxy"),
    ("nginx", "nginx"),
    ("caddy", "Caddy"),
    ("direct", "direct"),
];
/// Where any other anchor is told, with its name.
const BESIDE: &str = "beside";

/// A row, and those after it that only tell another anchor of the same figure.
struct Line<'a> {
    row: &'a Row,
    anchors: Vec<(&'static str, f64)>,
}

/// One line for each row; what no row has gets no column.
pub(crate) fn of(rows: &[&Row]) -> String {
    let lines = folded(rows);
    let headings = ["row", "Windlass"].into_iter();
    let headings = headings
        .chain(PROXIES.map(|(_, heading)| heading))
        .chain([BESIDE, "ratio", "rounds", "bar", "verdict"]);
    let columns = headings.map(|heading| {
        let cells = lines.iter().map(|line| cell(line, heading));
        let column: Vec<String> = cells.collect();
        (heading, column)
    });
    let columns = columns.filter(|(_, column)| column.iter().any(|cell| !cell.is_empty()));
    written(&columns.collect::<Vec<_>>(), lines.len())
}

fn folded<'a>(rows: &[&'a Row]) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for row in rows {
        let anchor = row.anchor.zip(row.anchor_value);
        let same = lines.last_mut().filter(|line| line.row.name == row.name);
        match (same, row.pass) {
            (Some(line), None) => line.anchors.extend(anchor),
            (Some(_), Some(_)) | (None, _) => lines.push(Line {
                row,
                anchors: anchor.into_iter().collect(),
            }),
        }
    }
    lines
}

fn cell(line: &Line<'_>, heading: &str) -> String {
    let row = line.row;
    match heading {
        "row" => format!("`{}`", row.name),
        "Windlass" => amount(row.value, row.unit),
        "ratio" => row.ratio.map_or_else(String::new, short),
        "rounds" => row.rounds.map_or_else(String::new, |[least, most]| {
            format!("{} to {}", short(least), short(most))
        }),
        "bar" => bar(row),
        "verdict" => match row.pass {
            Some(true) => "met".to_owned(),
            Some(false) => "**missed**".to_owned(),
            None => String::new(),
        },
        BESIDE => {
            let mut others = line
                .anchors
                .iter()
                .filter(|(name, _)| proxy(name).is_none());
            let other = others.next();
            other.map_or_else(String::new, |(name, value)| {
                format!("{name} {}", amount(*value, row.unit))
            })
        }
        proxied => {
            let mut anchors = line.anchors.iter();
            let own = anchors.find(|(name, _)| proxy(name) == Some(proxied));
            own.map_or_else(String::new, |(_, value)| amount(*value, row.unit))
        }
    }
}

/// Two digits after the point, and three where two would say little.
fn short(figure: f64) -> String {
    let digits = if figure.abs() < 0.1 { 3 } else { 2 };
    format!("{figure:.digits$}")
}

/// The heading of a proxy's column.
fn proxy(name: &str) -> Option<&'static str> {
    let mut proxies = PROXIES.iter();
    proxies.find_map(|(own, heading)| (*own == name).then_some(*heading))
}

fn bar(row: &Row) -> String {
    let Some(goal) = &row.goal else {
        return String::new();
    };
    let anchor = row
        .anchor
        .map_or("anchor", |name| proxy(name).unwrap_or(name));
    goal.replace("<=", "≤")
        .replace(">=", "≥")
        .replace("+-", "±")
        .replace(" us", " µs")
        .replace("x anchor", &format!("× {anchor}"))
}

fn written(columns: &[(&str, Vec<String>)], lines: usize) -> String {
    let mut texts = vec![String::new(); lines + 2];
    for (heading, cells) in columns {
        let widths = cells.iter().map(|cell| cell.chars().count());
        let width = widths.fold(heading.chars().count(), usize::max);
        let rule = "-".repeat(width + 2);
        let words = std::iter::once(format!(" {heading:width$} "));
        let words = words.chain([rule]);
        let words = words.chain(cells.iter().map(|cell| format!(" {cell:width$} ")));
        for (text, word) in texts.iter_mut().zip(words) {
            text.push('|');
            text.push_str(&word);
        }
    }
    for text in &mut texts {
        text.push_str("|\n");
    }
    texts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::row::{Anchor, Goal, Measure};

    fn row(name: &'static str, (anchor, value): (&'static str, f64), goal: Goal) -> Row {
        let measure = Measure {
            name,
            value: 23.84,
            unit: "us",
            anchor: Some(Anchor {
                name: anchor,
                value,
            }),
            goal,
        };
        Row::judge("router", &measure, 1.0)
    }

    #[test]
    fn each_proxy_has_its_column_and_what_is_only_told_stands_beside_what_is_judged() {
        let pairs = |bar| Goal::PairsAtMost {
            bar,
            least: 1.03,
            most: 1.25,
        };
        let rows = [
            row("cpu_1k", ("haproxy", 21.3), pairs(1.15)),
            row("cpu_1k", ("nginx", 18.14), Goal::Told),
            row("cpu_1k_caddy", ("caddy", 1_108.4), pairs(0.4)),
            row("flood_p99", ("without them", 20.0), Goal::Told),
        ];
        let expected = "\
| row            | Windlass | HAProxy | nginx   | Caddy    | beside             | ratio | rounds       | bar              | verdict    |
|----------------|----------|---------|---------|----------|--------------------|-------|--------------|------------------|------------|
| `cpu_1k`       | 23.8 µs  | 21.3 µs | 18.1 µs |          |                    | 1.12  | 1.03 to 1.25 | ≤ 1.15 × HAProxy | met        |
| `cpu_1k_caddy` | 23.8 µs  |         |         | 1,108 µs |                    | 0.022 | 1.03 to 1.25 | ≤ 0.4 × Caddy    | **missed** |
| `flood_p99`    | 23.8 µs  |         |         |          | without them 20 µs | 1.19  |              |                  |            |
";
        assert_eq!(of(&rows.iter().collect::<Vec<_>>()), expected);
    }
}
