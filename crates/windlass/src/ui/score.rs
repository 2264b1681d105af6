//! The health score, for people.

use windlass_analysis::score::Place;
use windlass_api::{ScoreNote, ScoreView, points};
use windlass_model::{
    Band, CategoryScore, CheckName, CheckScore, Counted, Measure, Permit, Score, ScoreMoment,
};

use super::grid::{Ease, Grid};
use super::time::{of_calendar, took};
use super::words::{harmless, listed};
use super::{Role, Style};

/// Characters of the bar: with so many of them each band begins at one.
const BAR: u32 = 40;

/// The characters at which the bands begin, and the scores that these are.
const MARKS: [(u32, &str); 3] = [(28, "70"), (34, "85"), (38, "95")];

/// Characters before the first of the bar.
const BEFORE_BAR: usize = "0 [".len();

/// What the bar's signs and marks stand for.
const LEGEND: &str =
    "= reached  - missing  ? not known; 70 staging, 85 deploy and watch, 95 deploy";

/// Lost points that are told unless everything is.
const LOST: usize = 10;

/// Earlier scores that are told.
const EARLIER: usize = 5;

/// How much is told beside the score, its categories and what they lack.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    /// Every check, and every lost point.
    pub(crate) explained: bool,
    /// What was measured before.
    pub(crate) history: bool,
}

/// The score, its categories, what it lacks, and what it was.
pub(crate) fn score_text(view: &ScoreView, told: Told, style: &Style) -> String {
    let score = &view.score;
    let mut text = format!("{}\n\n{}\n\n", headline(view, style), bar(score));
    text.push_str(&categories(score, style));
    if told.explained {
        for category in &score.categories {
            text.push('\n');
            text.push_str(&checks(category));
        }
    }
    text.push_str(&skipped(score, style));
    text.push_str(&lost(score, told.explained, style));
    if told.history {
        text.push_str(&earlier(&view.history, style));
    }
    text
}

/// What it comes to, then what that allows there.
fn headline(view: &ScoreView, style: &Style) -> String {
    let (app, environment, score) = (&view.app, &view.environment, &view.score);
    let Some(known) = score.known() else {
        let words = format!("not known, it lies {}", range(score));
        let words = style.paint(Role::Warn, &words);
        return format!("{app} in {environment}: {words}\na check without data holds it");
    };
    let role = match view.permit {
        Some(Permit::Yes) => Role::Good,
        Some(Permit::Watched) => Role::Warn,
        Some(Permit::No) | None => Role::Bad,
    };
    let of = style.paint(role, &format!("{} of 100", points(known)));
    format!("{app} in {environment}: {of}\n{}", allows(view))
}

/// What the score allows in its environment, as a sentence.
fn allows(view: &ScoreView) -> String {
    let environment = &view.environment;
    let place = match Place::of(environment) {
        Place::Development => "is for development",
        Place::Staging => "is for staging",
        Place::Production => "counts as production",
    };
    let place = format!("{environment} {place}");
    match (view.permit, view.score.band) {
        (Some(Permit::Yes), _) => format!("good enough to deploy: {place}"),
        (Some(Permit::Watched), _) => format!("deploy, and watch it: {place}"),
        (Some(Permit::No), Some(Band::StagingOnly)) => {
            format!("do not deploy: it is enough for staging, and {place}")
        }
        (Some(Permit::No) | None, _) => {
            format!("do not deploy: it is enough for development, and {place}")
        }
    }
}

/// What was left out for want of data, so that the score says less than it seems to.
fn skipped(score: &Score, style: &Style) -> String {
    let mut text = String::new();
    for category in &score.categories {
        let gone = |check: &&CheckScore| check.counted == Counted::Skipped;
        let names: Vec<&CheckName> = category
            .checks
            .iter()
            .filter(gone)
            .map(|check| &check.name)
            .collect();
        if names.is_empty() {
            continue;
        }
        let (name, names) = (&category.name, listed(&names));
        let warning = style.paint(Role::Warn, "warning");
        let what = if category.weight == 0 {
            format!(
                "nothing of {name} was measured ({names} skipped):\n  the score says nothing of it; its weight went to the other categories"
            )
        } else {
            format!(
                "{names} of {name} skipped for want of data:\n  the score says nothing of that; its weight went to the others of {name}"
            )
        };
        text.push_str(&["\n", &warning, ": ", &what, "\n"].concat());
    }
    text
}

/// Where a score that is not known lies.
pub(crate) fn range(score: &Score) -> String {
    format!("from {} to {}", points(score.low), points(score.high))
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
    let (mut cells, mut marks) = (String::new(), String::new());
    for at in 0..BAR {
        if let Some((_, from)) = MARKS.iter().find(|(mark, _)| *mark == at) {
            let before = BEFORE_BAR + cells.len();
            marks.push_str(&[&" ".repeat(before.saturating_sub(marks.len())), *from].concat());
            cells.push('|');
        }
        cells.push(cell(at));
    }
    format!("0 [{cells}] 100\n{marks}\n{LEGEND}")
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
    let fits = Some(style.width);
    let grid = Grid::new(&header, rows.collect());
    grid.fit(fits, &[Ease::Shorten("CATEGORY", 16)]).text(fits)
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

    const ALL: Told = Told {
        explained: true,
        history: true,
    };

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
        insta::assert_snapshot!(score_text(&view(), Told::default(), &Style::plain()), @r"
        shop in production: 90 of 100
        deploy, and watch it: production counts as production

        0 [============================|======|==--|--] 100
                                       70     85   95
        = reached  - missing  ? not known; 70 staging, 85 deploy and watch, 95 deploy

        CATEGORY        WEIGHT  SCORE  POINTS
        content         7       47     3.2 of 7
        infrastructure  43      97     41.7 of 43
        testing         50      90     45 of 50

        10 points are missing:
              5  testing/unit
                 cause   36 of 40 tests passed
                 remedy  mend what the failing tests show
        ");
    }

    #[test]
    fn explained_it_says_every_check() {
        insta::assert_snapshot!(score_text(&view(), ALL, &Style::plain()), @r"
        shop in production: 90 of 100
        deploy, and watch it: production counts as production

        0 [============================|======|==--|--] 100
                                       70     85   95
        = reached  - missing  ? not known; 70 staging, 85 deploy and watch, 95 deploy

        CATEGORY        WEIGHT  SCORE  POINTS
        content         7       47     3.2 of 7
        infrastructure  43      97     41.7 of 43
        testing         50      90     45 of 50

        content: 47

        infrastructure: 97

        testing: 90
          unit: 90 (weight 1; unit.xml, 2h3m old)
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
    fn what_was_left_out_for_want_of_data_is_warned_of() {
        let mut view = view();
        view.history.clear();
        view.score.lost.clear();
        let skip = |name| check(name, Counted::Skipped, "there is none");
        view.score.categories = vec![
            category("content", 0, 0.0, vec![skip("links"), skip("words")]),
            category(
                "testing",
                100,
                90.0,
                vec![
                    check("unit", Counted::Measured(measure(90.0)), "9 of 10"),
                    skip("browser"),
                ],
            ),
        ];
        let text = score_text(&view, Told::default(), &Style::plain());
        let (_, warned) = text.split_once("\n\nwarning").expect("a warning");
        insta::assert_snapshot!(warned, @r"
        : nothing of content was measured (links, words skipped):
          the score says nothing of it; its weight went to the other categories

        warning: browser of testing skipped for want of data:
          the score says nothing of that; its weight went to the others of testing
        ");
    }

    #[test]
    fn what_is_allowed_is_said_once_and_with_the_kind_of_place() {
        let said = |environment: &str, band, permit| {
            let mut view = view();
            view.environment = EnvironmentName::new(environment).expect("a name");
            view.score.band = Some(band);
            view.permit = Some(permit);
            allows(&view)
        };
        let all = [
            said("default", Band::Deploy, Permit::Yes),
            said("default", Band::StagingOnly, Permit::No),
            said("qa", Band::DevelopmentOnly, Permit::No),
            said("qa", Band::StagingOnly, Permit::Yes),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        good enough to deploy: default counts as production
        do not deploy: it is enough for staging, and default counts as production
        do not deploy: it is enough for development, and qa is for staging
        good enough to deploy: qa is for staging
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
        insta::assert_snapshot!(score_text(&view, Told::default(), &Style::plain()), @r"
        shop in production: not known, it lies from 82 to 96
        a check without data holds it

        0 [============================|====??|????|--] 100
                                       70     85   95
        = reached  - missing  ? not known; 70 staging, 85 deploy and watch, 95 deploy

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
