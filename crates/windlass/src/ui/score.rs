//! The health score, for people.

use windlass_api::{ScoreNote, ScoreView};
use windlass_model::{
    Band, CategoryScore, CheckScore, Counted, Measure, Permit, Score, ScoreMoment,
};

use super::table::table;
use super::time::{of_calendar, took};
use super::words::harmless;
use super::{Role, Style};

/// Characters of the bar: with so many of them each band begins at one.
const BAR: u32 = 40;

/// The characters at which the bands begin: 70, 85 and 95 of 100.
const MARKS: [u32; 3] = [28, 34, 38];

/// Lost points that are told unless everything is.
const LOST: usize = 10;

/// Earlier scores that are told.
const EARLIER: usize = 5;

/// The score, its categories, what it lacks, and what it was.
pub(crate) fn score_text(view: &ScoreView, explain: bool, style: &Style) -> String {
    let score = &view.score;
    let mut text = format!("{}\n\n{}\n\n", headline(view, style), bar(score));
    text.push_str(&categories(score, style));
    if explain {
        for category in &score.categories {
            text.push('\n');
            text.push_str(&checks(category));
        }
    }
    text.push_str(&lost(score, explain, style));
    text.push_str(&earlier(&view.history, style));
    text
}

fn headline(view: &ScoreView, style: &Style) -> String {
    let (app, environment, score) = (&view.app, &view.environment, &view.score);
    let Some(known) = score.known() else {
        let words = format!("not known, it lies {}", range(score));
        let words = style.paint(Role::Warn, &words);
        return format!("{app} in {environment}: {words}\na check without data holds it");
    };
    let (role, advice) = match view.permit {
        Some(Permit::Yes) => (Role::Good, "deploy"),
        Some(Permit::Watched) => (Role::Warn, "deploy, and watch it"),
        Some(Permit::No) | None => (Role::Bad, "do not deploy here"),
    };
    let of = style.paint(role, &format!("{} of 100", points(known)));
    let band = score.band.map(band).unwrap_or_default();
    format!("{app} in {environment}: {of}, {band}\n{advice}")
}

/// A band in words.
pub(crate) fn band(band: Band) -> &'static str {
    match band {
        Band::Deploy => "deploy",
        Band::DeployWithMonitoring => "deploy with monitoring",
        Band::StagingOnly => "staging only",
        Band::DevelopmentOnly => "development only",
    }
}

/// Where a score that is not known lies.
pub(crate) fn range(score: &Score) -> String {
    format!("from {} to {}", points(score.low), points(score.high))
}

/// Points with one figure behind the point, rounded down: what is shown as 95 is 95.
pub(crate) fn points(points: Measure) -> String {
    // A measure has six figures behind the point, so that this much is never one.
    const LESS_THAN_ANY: f64 = 1e-7;
    let tenths = (f64::from(points) * 10.0 + LESS_THAN_ANY).floor();
    format!("{}", tenths / 10.0)
}

/// What is there, what may be, what is missing; a mark where a band begins.
fn bar(score: &Score) -> String {
    let step = 100.0 / f64::from(BAR);
    let cell = |at: u32| {
        let begins = f64::from(at) * step;
        if f64::from(score.low) >= begins + step {
            '='
        } else if f64::from(score.high) >= begins + step {
            '?'
        } else {
            '-'
        }
    };
    let mut cells = String::new();
    for at in 0..BAR {
        if MARKS.contains(&at) {
            cells.push('|');
        }
        cells.push(cell(at));
    }
    format!("0 [{cells}] 100")
}

fn categories(score: &Score, style: &Style) -> String {
    let all: u32 = score.categories.iter().map(|it| u32::from(it.weight)).sum();
    let rows = score.categories.iter().map(|category| {
        let most = f64::from(category.weight) / f64::from(all.max(1)) * 100.0;
        let gives = Measure::nearest(most * f64::from(category.low) / 100.0);
        vec![
            category.name.to_string(),
            category.weight.to_string(),
            between(category),
            format!("{} of {}", points(gives), points(Measure::nearest(most))),
        ]
    });
    let header = ["CATEGORY", "WEIGHT", "SCORE", "POINTS"];
    table(&header, rows.collect(), style.width)
}

fn between(category: &CategoryScore) -> String {
    if category.weight == 0 {
        "skipped".to_owned()
    } else if category.low == category.high {
        points(category.low)
    } else {
        format!("{} to {}", points(category.low), points(category.high))
    }
}

fn checks(category: &CategoryScore) -> String {
    let mut text = format!("{}: {}\n", category.name, between(category));
    for check in &category.checks {
        let age = match check.age {
            Some(age) => {
                let us = age.as_millis().saturating_mul(1_000);
                format!(", {} old", took(i64::try_from(us).unwrap_or(i64::MAX)))
            }
            None => String::new(),
        };
        text.push_str(&said(check, &age));
    }
    text
}

fn said(check: &CheckScore, age: &str) -> String {
    let counts = match check.counted {
        Counted::Measured(worth) => points(worth),
        Counted::Zero => "no data, counts as 0".to_owned(),
        Counted::Skipped => "no data, skipped".to_owned(),
        Counted::Held => "no data, holds the score".to_owned(),
    };
    format!(
        "  {}: {counts} (weight {}; {}{age})\n      {}\n",
        check.name,
        check.weight,
        harmless(&check.source),
        harmless(&check.saw)
    )
}

fn lost(score: &Score, all: bool, style: &Style) -> String {
    if score.lost.is_empty() {
        return String::new();
    }
    let missing = Measure::nearest(100.0 - f64::from(score.low));
    let mut text = format!("\n{} points are missing:\n", points(missing));
    let told = if all { score.lost.len() } else { LOST };
    for lost in score.lost.iter().take(told) {
        let place = format!("{}/{}", lost.category, lost.check);
        text.push_str(&lost_line(&points(lost.points), &place, style));
        for (what, words) in [("cause", &lost.cause), ("remedy", &lost.remedy)] {
            text.push_str(&reason_line(what, &harmless(words)));
        }
    }
    let more = score.lost.len().saturating_sub(told);
    if more > 0 {
        text.push_str(&more_line(more));
    }
    text
}

fn lost_line(points: &str, place: &str, style: &Style) -> String {
    format!("  {points:>5}  {}\n", style.paint(Role::Strong, place))
}

fn reason_line(what: &str, words: &str) -> String {
    format!("         {what:<6}  {words}\n")
}

fn more_line(more: usize) -> String {
    format!("  and {more} more: windlass score --explain\n")
}

fn earlier(history: &[ScoreNote], style: &Style) -> String {
    if history.is_empty() {
        return String::new();
    }
    let mut text = "\nearlier:\n".to_owned();
    for note in history.iter().take(EARLIER) {
        text.push_str(&note_line(note, style));
    }
    text
}

fn note_line(note: &ScoreNote, style: &Style) -> String {
    let score = if note.low == note.high {
        points(note.low)
    } else {
        format!("{} to {}", points(note.low), points(note.high))
    };
    let moment = match &note.moment {
        ScoreMoment::Asked => String::new(),
        ScoreMoment::Before(id) => format!("  before {id}"),
        ScoreMoment::After(id) => format!("  after {id}"),
    };
    let at = of_calendar(note.at_us, &style.zone);
    format!("  {score:>5}  {at}{moment}\n")
}

#[cfg(test)]
mod tests {
    use windlass_model::{
        AppName, CategoryName, CheckName, DeploymentId, EnvironmentName, Millis, PointsLost,
    };

    use super::*;

    const AT_US: i64 = 1_795_269_731_000_000;

    fn measure(value: f64) -> Measure {
        Measure::nearest(value)
    }

    fn check(name: &str, counted: Counted, saw: &str) -> CheckScore {
        CheckScore {
            name: CheckName::new(name).expect("a name"),
            weight: 1,
            counted,
            saw: saw.to_owned(),
            age: Some(Millis::from_secs(7_380)),
            source: format!("{name}.xml"),
        }
    }

    fn category(name: &str, weight: u16, low: f64, checks: Vec<CheckScore>) -> CategoryScore {
        CategoryScore {
            name: CategoryName::new(name).expect("a name"),
            weight,
            low: measure(low),
            high: measure(low),
            checks,
        }
    }

    fn view() -> ScoreView {
        let testing = CategoryName::new("testing").expect("a name");
        let unit = CheckName::new("unit").expect("a name");
        ScoreView {
            app: AppName::new("shop").expect("a name"),
            environment: EnvironmentName::new("production").expect("a name"),
            score: Score {
                at_us: AT_US,
                low: measure(90.0),
                high: measure(90.0),
                band: Some(Band::DeployWithMonitoring),
                categories: vec![
                    category("content", 7, 47.0, Vec::new()),
                    category("infrastructure", 43, 97.0, Vec::new()),
                    category(
                        "testing",
                        50,
                        90.0,
                        vec![check(
                            "unit",
                            Counted::Measured(measure(90.0)),
                            "36 of 40 tests passed",
                        )],
                    ),
                ],
                lost: vec![PointsLost {
                    category: testing,
                    check: unit,
                    points: measure(5.0),
                    cause: "36 of 40 tests passed".to_owned(),
                    remedy: "mend what the failing tests show".to_owned(),
                }],
            },
            permit: Some(Permit::Watched),
            history: vec![ScoreNote {
                at_us: AT_US,
                moment: ScoreMoment::After(DeploymentId::parse("dep_01k0b").expect("an id")),
                low: measure(88.888_888),
                high: measure(88.888_888),
                band: Some(Band::DeployWithMonitoring),
            }],
        }
    }

    #[test]
    fn a_score_says_what_it_allows_and_what_each_point_takes() {
        insta::assert_snapshot!(score_text(&view(), false, &Style::plain()), @r"
        shop in production: 90 of 100, deploy with monitoring
        deploy, and watch it

        0 [============================|======|==--|--] 100

        CATEGORY        WEIGHT  SCORE  POINTS
        content         7       47     3.2 of 7
        infrastructure  43      97     41.7 of 43
        testing         50      90     45 of 50

        10 points are missing:
              5  testing/unit
                 cause   36 of 40 tests passed
                 remedy  mend what the failing tests show

        earlier:
           88.8  2026-11-21 14:02:11  after dep_01k0b
        ");
    }

    #[test]
    fn explained_it_says_every_check() {
        insta::assert_snapshot!(score_text(&view(), true, &Style::plain()), @r"
        shop in production: 90 of 100, deploy with monitoring
        deploy, and watch it

        0 [============================|======|==--|--] 100

        CATEGORY        WEIGHT  SCORE  POINTS
        content         7       47     3.2 of 7
        infrastructure  43      97     41.7 of 43
        testing         50      90     45 of 50

        content: 47

        infrastructure: 97

        testing: 90
          unit: 90 (weight 1; unit.xml, 2h03m old)
              36 of 40 tests passed

        10 points are missing:
              5  testing/unit
                 cause   36 of 40 tests passed
                 remedy  mend what the failing tests show

        earlier:
           88.8  2026-11-21 14:02:11  after dep_01k0b
        ");
    }

    #[test]
    fn a_score_that_is_not_known_is_a_range() {
        let mut view = view();
        view.score.low = measure(82.0);
        view.score.high = measure(96.0);
        view.score.band = None;
        view.permit = None;
        view.score.categories.clear();
        view.score.lost.clear();
        view.history.clear();
        insta::assert_snapshot!(score_text(&view, false, &Style::plain()), @r"
        shop in production: not known, it lies from 82 to 96
        a check without data holds it

        0 [============================|====??|????|--] 100

        CATEGORY  WEIGHT  SCORE  POINTS
        ");
    }

    #[test]
    fn what_is_printed_is_never_more_than_what_is_there() {
        for (value, wanted) in [
            (95.0, "95"),
            (94.999_999, "94.9"),
            (41.7, "41.7"),
            (0.05, "0"),
            (100.0, "100"),
        ] {
            assert_eq!(points(measure(value)), wanted, "{value}");
        }
    }
}
