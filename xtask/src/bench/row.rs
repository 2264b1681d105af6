//! One figure, its anchor, and whether it meets its goal.

use serde::Serialize;

/// What a bench measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measure {
    /// What was measured, as a word with underscores.
    pub(crate) name: &'static str,
    /// How much.
    pub(crate) value: f64,
    /// Of what.
    pub(crate) unit: &'static str,
    /// Something known, measured in the same run.
    pub(crate) anchor: Option<Anchor>,
    /// What it should be.
    pub(crate) goal: Goal,
}

/// Something known that says how fast this machine is today; same unit as the value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Anchor {
    /// What it is.
    pub(crate) name: &'static str,
    /// How much of it.
    pub(crate) value: f64,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// Nothing is asked; the figure is only told.
    Told,
    /// No more than this, in the row's unit.
    AtMost(f64),
    /// No less than this, in the row's unit.
    AtLeast(f64),
    /// No more than this many times the anchor.
    TimesAnchor(f64),
    /// No further from the anchor than this part of it.
    NearAnchor(f64),
    /// The same, judged by rounds whose ratios lay from `least` to `most`: missed only if all of
    /// them lie beyond the bar.
    PairsAtMost { bar: f64, least: f64, most: f64 },
    /// No less than this many times the anchor, judged likewise.
    PairsAtLeast { bar: f64, least: f64, most: f64 },
    /// No more than this, in the row's unit, judged by rounds that came to `least` to `most`.
    RoundsAtMost { bar: f64, least: f64, most: f64 },
}

impl Goal {
    /// What is asked, whether it is met, and the rounds by which that is judged.
    fn judged(
        self,
        measure: &Measure,
        ratio: Option<f64>,
    ) -> (String, Option<bool>, Option<[f64; 2]>) {
        let unit = measure.unit;
        match self {
            Self::Told => (String::new(), None, None),
            Self::AtMost(limit) => (
                format!("<= {limit} {unit}"),
                Some(measure.value <= limit),
                None,
            ),
            Self::AtLeast(limit) => (
                format!(">= {limit} {unit}"),
                Some(measure.value >= limit),
                None,
            ),
            Self::NearAnchor(part) => (
                format!("anchor +- {:.0} %", part * 100.0),
                Some(ratio.is_some_and(|x| (x - 1.0).abs() <= part)),
                None,
            ),
            // Without an anchor there is nothing to be in proportion to, so the goal is missed.
            Self::TimesAnchor(limit) => (
                format!("<= {limit} x anchor"),
                Some(ratio.is_some_and(|x| x <= limit)),
                None,
            ),
            Self::PairsAtMost { bar, least, most } => (
                format!("<= {bar} x anchor"),
                Some(least <= bar),
                Some([least, most]),
            ),
            Self::PairsAtLeast { bar, least, most } => (
                format!(">= {bar} x anchor"),
                Some(most >= bar),
                Some([least, most]),
            ),
            Self::RoundsAtMost { bar, least, most } => (
                format!("<= {bar} {unit}"),
                Some(least <= bar),
                Some([least, most]),
            ),
        }
    }
}

/// One row of the result, as it is printed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) bench: &'static str,
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) anchor: Option<&'static str>,
    pub(crate) anchor_value: Option<f64>,
    pub(crate) ratio: Option<f64>,
    /// The least and the greatest round, of ratios or of what the goal is about.
    pub(crate) rounds: Option<[f64; 2]>,
    pub(crate) goal: Option<String>,
    /// `None` where nothing is asked.
    pub(crate) pass: Option<bool>,
    /// The machine's load average over a minute when this was measured.
    pub(crate) load: f64,
}

impl Row {
    /// Judges a measure taken under this load.
    pub(crate) fn judge(bench: &'static str, measure: &Measure, load: f64) -> Self {
        let anchor_value = measure.anchor.as_ref().map(|anchor| anchor.value);
        let ratio = anchor_value
            .filter(|value| *value > 0.0)
            .map(|value| measure.value / value);
        let (goal, pass, rounds) = measure.goal.judged(measure, ratio);
        Self {
            bench,
            name: measure.name,
            value: measure.value,
            unit: measure.unit,
            anchor: measure.anchor.as_ref().map(|anchor| anchor.name),
            anchor_value,
            ratio,
            rounds,
            goal: pass.map(|_| goal.trim_end().to_owned()),
            pass,
            load,
        }
    }
}

/// A figure with its unit, in as many digits as say something.
pub(crate) fn amount(value: f64, unit: &str) -> String {
    let size = value.abs();
    let digits = if value.fract() == 0.0 || size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 0.1 {
        2
    } else {
        4
    };
    let text = format!("{value:.digits$}");
    // Small ones are shares, of which what is left of four places counts.
    let text = if digits == 4 {
        text.trim_end_matches('0')
    } else {
        &text
    };
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.char_indices() {
        let follow = whole.len() - at;
        if follow.is_multiple_of(3) && grouped.ends_with(|last: char| last.is_ascii_digit()) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let unit = if unit == "us" { "µs" } else { unit };
    format!("{grouped}{fraction} {unit}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(value: f64, goal: Goal) -> Measure {
        let anchor = Some(Anchor {
            name: "bare",
            value: 2.0,
        });
        Measure {
            name: "thing",
            value,
            unit: "ms",
            anchor,
            goal,
        }
    }

    #[test]
    fn a_limit_is_met_up_to_and_including_itself() {
        assert_eq!(
            Row::judge("b", &measure(5.0, Goal::AtMost(5.0)), 0.0).pass,
            Some(true)
        );
        assert_eq!(
            Row::judge("b", &measure(5.1, Goal::AtMost(5.0)), 0.0).pass,
            Some(false)
        );
    }

    #[test]
    fn a_goal_in_proportion_is_judged_by_the_ratio() {
        let row = Row::judge("b", &measure(6.0, Goal::TimesAnchor(3.0)), 0.0);
        assert_eq!((row.ratio, row.pass), (Some(3.0), Some(true)));
        assert_eq!(
            Row::judge("b", &measure(6.2, Goal::TimesAnchor(3.0)), 0.0).pass,
            Some(false)
        );
    }

    #[test]
    fn a_floor_and_a_corridor_are_met_up_to_their_ends() {
        let pass = |value, goal| Row::judge("b", &measure(value, goal), 0.0).pass;
        assert_eq!(pass(5.0, Goal::AtLeast(5.0)), Some(true));
        assert_eq!(pass(4.9, Goal::AtLeast(5.0)), Some(false));
        assert_eq!(pass(2.2, Goal::NearAnchor(0.11)), Some(true));
        assert_eq!(pass(1.7, Goal::NearAnchor(0.11)), Some(false));
    }

    #[test]
    fn a_limit_of_rounds_is_missed_only_if_all_of_them_lie_beyond_it() {
        let pass = |least| {
            let goal = Goal::RoundsAtMost {
                bar: 5.0,
                least,
                most: 9.0,
            };
            Row::judge("b", &measure(7.0, goal), 0.0).pass
        };
        assert_eq!((pass(4.0), pass(5.1)), (Some(true), Some(false)));
    }

    #[test]
    fn a_figure_has_as_many_digits_as_say_something() {
        let told = [
            (46_751.2, "/s"),
            (1_234_567.0, ""),
            (-123.4, "ms"),
            (23.84, "us"),
            (0.456, "ms"),
            (0.0091, "of runs"),
            (0.05, "ms"),
            (0.0, "requests"),
        ];
        let told = told.map(|(value, unit)| amount(value, unit));
        let expected = [
            "46,751 /s",
            "1,234,567",
            "-123 ms",
            "23.8 µs",
            "0.46 ms",
            "0.0091 of runs",
            "0.05 ms",
            "0 requests",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_goal_in_proportion_to_nothing_is_missed() {
        let mut alone = measure(1.0, Goal::TimesAnchor(3.0));
        alone.anchor = None;
        assert_eq!(Row::judge("b", &alone, 0.0).pass, Some(false));
    }

    #[test]
    fn a_figure_without_a_goal_neither_passes_nor_fails() {
        let row = Row::judge("b", &measure(1.0, Goal::Told), 0.5);
        assert_eq!((row.goal, row.pass, row.load), (None, None, 0.5));
    }
}
