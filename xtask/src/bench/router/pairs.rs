//! Figures of rounds, ours and another's: round by round, so that what moved the machine moved both.

use anyhow::Context as _;

use crate::bench::row::{Anchor, Goal, Measure};

/// Ours and another's, one pair a round.
pub(crate) struct Pairs<'a> {
    ours: &'a [f64],
    /// None: it is not installed, and nothing is asked.
    other: Option<&'a [f64]>,
    anchor: &'static str,
}

/// What ours should be as a multiple of the other's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// No more.
    Most(f64),
    /// No less.
    Least(f64),
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(ours: &'a [f64], other: Option<&'a [f64]>, anchor: &'static str) -> Self {
        Self {
            ours,
            other,
            anchor,
        }
    }

    /// The medians as a row, judged by the rounds: it fails only if all of them lie beyond the bar.
    pub(crate) fn measure(
        &self,
        name: &'static str,
        unit: &'static str,
        bar: Option<Bar>,
    ) -> Measure {
        let goal = match (self.spread(), bar) {
            (Some([least, most]), Some(bar)) => match bar {
                Bar::Most(bar) => Goal::PairsAtMost { bar, least, most },
                Bar::Least(bar) => Goal::PairsAtLeast { bar, least, most },
            },
            (Some(_) | None, _) => Goal::Told,
        };
        Measure {
            name,
            value: middle(self.ours),
            unit,
            anchor: self.other.map(|other| Anchor {
                name: self.anchor,
                value: middle(other),
            }),
            goal,
        }
    }

    /// The least and the greatest ratio of a round.
    fn spread(&self) -> Option<[f64; 2]> {
        let pairs = self.ours.iter().zip(self.other?);
        spread(pairs.map(|(ours, other)| ours / other))
    }
}

/// The middle of some rounds as a row: it fails only if all of them lie beyond the bar, and none is no row.
///
/// # Errors
/// There was no round.
pub(crate) fn rounds(
    name: &'static str,
    unit: &'static str,
    figures: &[f64],
    bar: f64,
) -> anyhow::Result<Measure> {
    let [least, most] =
        spread(figures.iter().copied()).with_context(|| format!("{name} was not measured"))?;
    Ok(Measure {
        name,
        value: middle(figures),
        unit,
        anchor: None,
        goal: Goal::RoundsAtMost { bar, least, most },
    })
}

/// The least and the greatest of some figures.
fn spread(mut figures: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let first = figures.next()?;
    Some(figures.fold([first, first], |[least, most], figure| {
        [figure.min(least), figure.max(most)]
    }))
}

/// The middle one; of two middle ones the greater.
pub(crate) fn middle(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::row::Row;

    fn judged(ours: &[f64], bar: Bar) -> Option<bool> {
        let pairs = Pairs::new(ours, Some(&[10.0, 20.0, 30.0]), "other");
        let measure = pairs.measure("cpu", "us", Some(bar));
        Row::judge("router", &measure, 0.0).pass
    }

    #[test]
    fn a_row_fails_only_if_every_round_lies_beyond_its_bar() {
        assert_eq!(judged(&[12.0, 24.0, 34.0], Bar::Most(1.15)), Some(true));
        assert_eq!(judged(&[12.0, 24.0, 36.0], Bar::Most(1.15)), Some(false));
        assert_eq!(judged(&[7.0, 14.0, 25.0], Bar::Least(0.8)), Some(true));
        assert_eq!(judged(&[7.0, 14.0, 21.0], Bar::Least(0.8)), Some(false));
    }

    #[test]
    fn of_rounds_the_middle_is_told_and_none_is_no_row() {
        let row = rounds("late", "ms", &[30.0, 12.0, 25.0], 20.0).expect("measured");
        assert!((row.value - 25.0).abs() < 1e-9, "{row:?}");
        assert_eq!(Row::judge("router", &row, 0.0).pass, Some(true));
        let late = rounds("late", "ms", &[30.0, 25.0], 20.0).expect("measured");
        assert_eq!(Row::judge("router", &late, 0.0).pass, Some(false));
        assert!(rounds("late", "ms", &[], 20.0).is_err());
    }

    #[test]
    fn beside_what_is_not_installed_nothing_is_asked() {
        let pairs = Pairs::new(&[1.0], None, "other");
        let measure = pairs.measure("cpu", "us", Some(Bar::Most(1.0)));
        assert_eq!((measure.goal, measure.anchor), (Goal::Told, None));
    }
}
