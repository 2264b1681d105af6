//! Change points: split wherever parts seem to differ, then merge again what does not hold.
//!
//! After Fleming et al., "Hunter: using change point detection to hunt for performance regressions"
//! (ICPE 2023, arXiv 2301.03034), as Apache Otava runs it. Nothing is drawn by lot, so the same
//! history gives the same answer.

use serde::{Deserialize, Serialize};

use super::energy::candidate;
use super::student::compare;

/// With fewer values nothing is said.
pub const FEWEST: usize = 8;

/// How boldly changes are reported.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Values that are looked at together; at least 2.
    pub window: usize,
    /// The largest p-value that counts.
    pub p: f64,
    /// The smallest change that counts, as a part of the smaller of the two means.
    pub magnitude: f64,
}

impl Default for Settings {
    /// Windows of 50, p at most 0.001, changes above 5 %.
    fn default() -> Self {
        Self {
            window: 50,
            p: 0.001,
            magnitude: 0.05,
        }
    }
}

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The first value after it.
    pub index: usize,
    /// The chance of parts that differ so much if nothing had changed.
    pub p: f64,
    /// The mean from the change before up to it.
    pub before: f64,
    /// The mean from it to the next change.
    pub after: f64,
}

impl Change {
    fn magnitude(&self) -> f64 {
        let relative = |to: f64, from: f64| {
            if from == 0.0 {
                0.0
            } else {
                (to / from - 1.0).abs()
            }
        };
        relative(self.after, self.before).max(relative(self.before, self.after))
    }
}

/// The changes of a series, in order. None of a series that is shorter than [`FEWEST`].
pub fn changes(series: &[f64], settings: Settings) -> Vec<Change> {
    if series.len() < FEWEST {
        return Vec::new();
    }
    let weak = split(series, settings);
    merge(series, weak, settings)
}

/// Splitting is easier than it is in the end: such points are only proposed.
fn easier(p: f64) -> f64 {
    if p < 0.05 {
        p * 10.0
    } else if p < 0.5 {
        p * 2.0
    } else {
        p
    }
}

fn split(series: &[f64], settings: Settings) -> Vec<usize> {
    let window = settings.window.max(2);
    let mut found: Vec<usize> = Vec::new();
    let mut start = 0;
    while start < series.len() {
        let end = series.len().min(start + window);
        let new = split_window(&series[start..end], easier(settings.p));
        let last = new.last().map_or(0, |index| index + start);
        for index in new {
            let index = index + start;
            if !found.contains(&index) {
                found.push(index);
            }
        }
        start = last.max(start + window / 2);
    }
    found.sort_unstable();
    found
}

/// Splits the best part of a window until its best split is not significant.
fn split_window(window: &[f64], p: f64) -> Vec<usize> {
    let mut points: Vec<usize> = Vec::new();
    loop {
        let parts = parts(&points, window.len());
        let mut best: Option<((usize, usize), super::Candidate)> = None;
        for (from, until) in parts {
            let Some(found) = candidate(&window[from..until]) else {
                continue;
            };
            if best.as_ref().is_none_or(|(_, best)| found.q > best.q) {
                best = Some(((from, until), found));
            }
        }
        let Some(((from, until), found)) = best else {
            return points;
        };
        let at = from + found.index;
        if compare(&window[from..at], &window[at..until]).p > p {
            return points;
        }
        points.push(at);
        points.sort_unstable();
    }
}

/// The stretches between points.
fn parts(points: &[usize], length: usize) -> Vec<(usize, usize)> {
    let starts = std::iter::once(0).chain(points.iter().copied());
    let ends = points.iter().copied().chain(std::iter::once(length));
    starts.zip(ends).collect()
}

fn merge(series: &[f64], points: Vec<usize>, settings: Settings) -> Vec<Change> {
    let mut changes: Vec<Change> = (0..points.len())
        .map(|place| judged(series, &points, place))
        .collect();
    let mut points = points;
    while let Some(weakest) = weakest(&changes, settings) {
        changes.remove(weakest);
        points.remove(weakest);
        // As Otava does it, the change to the left keeps the figures it was judged by.
        for place in weakest..changes.len().min(weakest + 2) {
            changes[place] = judged(series, &points, place);
        }
    }
    changes
}

/// The change that must go: the least significant, or, where all are significant, the smallest that
/// is too small. The first of equals.
fn weakest(changes: &[Change], settings: Settings) -> Option<usize> {
    let by = |better: fn(f64, f64) -> bool, of: fn(&Change) -> f64| {
        let mut best: Option<(usize, f64)> = None;
        for (place, figure) in changes.iter().map(of).enumerate() {
            if best.is_none_or(|(_, best)| better(figure, best)) {
                best = Some((place, figure));
            }
        }
        best
    };
    let (place, p) = by(|a, b| a > b, |change| change.p)?;
    if p >= settings.p {
        return Some(place);
    }
    let (place, magnitude) = by(|a, b| a < b, Change::magnitude)?;
    (magnitude <= settings.magnitude).then_some(place)
}

/// The change at a place in the list, from the points around it.
fn judged(series: &[f64], points: &[usize], place: usize) -> Change {
    let from = place.checked_sub(1).map_or(0, |before| points[before]);
    let index = points[place];
    let until = points.get(place + 1).copied().unwrap_or(series.len());
    let compared = compare(&series[from..index], &series[index..until]);
    Change {
        index,
        p: compared.p,
        before: compared.before,
        after: compared.after,
    }
}
