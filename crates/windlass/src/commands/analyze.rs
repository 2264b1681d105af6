//! `windlass analyze`: what would be decided on recorded counts. Asks no controller.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use windlass_analysis::kayenta::classify::CONFIDENCE;
use windlass_analysis::kayenta::quirks::{JUDGE, QUIRKS};
use windlass_analysis::kayenta::{Class, Metric, difference};
use windlass_analysis::ratio::comparison::Plan;
use windlass_analysis::ratio::sensitivity::Regression;
use windlass_analysis::replay::{self, Replay, Ruled};
use windlass_analysis::vectors;
use windlass_api::Exit;
use windlass_model::{Millis, Rule, Trigger};

use super::changes;
use super::file::Found;
use crate::arguments::duration;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::words::listed;

/// What was recorded can't be read.
const UNREADABLE: &str = "WL0449";

/// The file has no service of that name.
const NO_SERVICE: &str = "WL0470";

/// Where it is said what such a file holds.
const FORM: &str = "what such a file holds: windlass analyze --help";

/// Options of `analyze`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Counts, one tick a line: [requests, bad, requests, bad], first those of the stable release; - for
    /// what comes in
    #[arg(value_name = "TICKS", required_unless_present_any = ["vectors", "control", "changes"])]
    ticks: Option<PathBuf>,

    /// Try a trigger on them, as `rollback_on` writes it; may be given several times
    #[arg(
        long = "rule",
        value_name = "TRIGGER",
        value_parser = windlass_config::trigger,
        conflicts_with_all = ["control", "vectors", "changes"]
    )]
    rules: Vec<Trigger>,

    /// Try the rules that this service has in the file
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["control", "vectors", "changes"])]
    service: Option<String>,

    /// How long a tick lasts
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = tick)]
    every: Millis,

    /// The chance of a false rollback that is accepted
    #[arg(long, value_name = "CHANCE", default_value_t = 0.01, value_parser = chance)]
    alpha: f64,

    /// The worsening that must not be missed: so many times as often
    #[arg(long, value_name = "TIMES", default_value_t = 2.0, value_parser = above_one)]
    regression: f64,

    /// A worsening that takes nothing back: up to so many times as often
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = from_one)]
    tolerance: f64,

    /// A series of the stable release, one figure a line, judged once as Kayenta does
    #[arg(
        long,
        value_name = "FILE",
        requires = "experiment",
        conflicts_with = "ticks"
    )]
    control: Option<PathBuf>,

    /// The series of the candidate
    #[arg(long, value_name = "FILE", requires = "control")]
    experiment: Option<PathBuf>,

    /// Where a series changed for good: one figure a line, one for each deployment, oldest first
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ticks", "control", "vectors"])]
    changes: Option<PathBuf>,

    /// Check a file of test vectors instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ticks", "control"])]
    vectors: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    if let Some(file) = &options.vectors {
        return check(file);
    }
    if let (Some(control), Some(experiment)) = (&options.control, &options.experiment) {
        return batch(control, experiment);
    }
    if let Some(file) = &options.changes {
        let series = replay::series(&read(file)?).map_err(|why| unreadable(file, &why))?;
        return changes::report(&series);
    }
    let file = options.ticks.as_deref().unwrap_or_else(|| Path::new("-"));
    let plan = Plan {
        alpha: options.alpha,
        tolerance: options.tolerance,
        regression: Regression {
            times: options.regression,
            ..Regression::default()
        },
        ..Plan::default()
    };
    let rules = wanted(context, options)?;
    let text = read(file)?;
    let unreadable = |why| unreadable(file, &why);
    let tried = Tried {
        replay: replay::replay(&text, plan).map_err(unreadable)?,
        rules: replay::rules(&text, &rules, options.every, plan).map_err(unreadable)?,
    };
    if context.ui.wants_lines() {
        return Report::new(String::new(), &lines(&tried)?);
    }
    Report::new(told(&tried), &tried)
}

/// A recording, compared and held against rules.
#[derive(Debug, Serialize)]
struct Tried {
    #[serde(flatten)]
    replay: Replay,
    rules: Vec<Ruled>,
}

/// The rules to try: those that were typed, and those of the service in the file.
fn wanted(context: &Context, options: &Options) -> Result<Vec<Rule>, Diagnostic> {
    let mut rules: Vec<Rule> = options.rules.iter().cloned().map(Rule::from).collect();
    if let Some(name) = &options.service {
        let spec = Found::find(context)?.load(context, &[])?.spec;
        let mut services = spec.services.iter();
        let service = services.find(|(known, _)| known.as_str() == name);
        let (_, service) = service.ok_or_else(|| {
            let known: Vec<_> = spec.services.keys().collect();
            Diagnostic::new(Exit::Usage, format!("the file has no service {name}"))
                .code(NO_SERVICE)
                .hint(format!("it has {}", listed(&known)))
        })?;
        rules.extend(service.rollback_on.iter().cloned());
    }
    Ok(rules)
}

/// Each step, and last what was decided.
fn lines(tried: &Tried) -> Result<Vec<serde_json::Value>, Diagnostic> {
    let found = &tried.replay;
    let steps = found.steps.iter().map(serde_json::to_value);
    let mut lines: Vec<_> = steps
        .collect::<Result<_, _>>()
        .map_err(|why| Diagnostic::bug(&why))?;
    lines.push(serde_json::json!({
        "decided_at": found.decided_at,
        "verdict": found.verdict,
        "finding": found.finding,
        "words": found.words,
        "rules": tried.rules,
    }));
    Ok(lines)
}

fn told(tried: &Tried) -> String {
    let found = &tried.replay;
    let mut lines: Vec<String> = found.steps.iter().map(ToString::to_string).collect();
    lines.push(match found.decided_at {
        Some(tick) => format!("decided at tick {tick}: {}", found.verdict),
        None => format!("not decided; at the end: {}", found.verdict),
    });
    lines.push(found.words.clone());
    lines.extend(tried.rules.iter().map(ToString::to_string));
    lines.join("\n") + "\n"
}

fn check(file: &Path) -> Result<Report, Diagnostic> {
    let report = vectors::check(&read(file)?).map_err(|why| unreadable(file, &why))?;
    let lines = report.blocks.iter().map(|block| {
        let state = match &block.first_failure {
            None => "ok".to_owned(),
            Some(why) => format!("{} of {} failed; {why}", block.failed, block.cases),
        };
        format!(
            "{}: {} cases, worst error {:.1e} of {:.1e}: {state}\n",
            block.name, block.cases, block.worst_error, block.tolerance
        )
    });
    let mut told = Report::new(lines.collect::<String>(), &report)?;
    if !report.ok {
        told.exit = Exit::Failed;
        told.failure = Some(
            Diagnostic::new(Exit::Failed, format!("{} does not hold", file.display()))
                .code("WL0418")
                .hint("what it means: windlass explain WL0418"),
        );
    }
    Ok(told)
}

/// What the judge of batches says of two series.
#[derive(Debug, Serialize)]
struct Judged {
    mode: &'static str,
    judge: &'static str,
    quirks: [&'static str; 4],
    classification: Class,
    low: f64,
    high: f64,
    estimate: f64,
}

fn batch(control: &Path, experiment: &Path) -> Result<Report, Diagnostic> {
    let series = |file: &Path| replay::series(&read(file)?).map_err(|why| unreadable(file, &why));
    let (control, experiment) = (series(control)?, series(experiment)?);
    let class = Metric::default().judge(&experiment, &control).class;
    let known =
        |series: &[f64]| -> Vec<f64> { series.iter().copied().filter(|v| !v.is_nan()).collect() };
    let (known_experiment, known_control) = (known(&experiment), known(&control));
    if known_experiment.is_empty() || known_control.is_empty() {
        let said = serde_json::json!({
            "mode": MODE, "judge": JUDGE, "quirks": QUIRKS, "classification": class,
        });
        return Report::new(
            format!("{class:?}: one of the series has no figure\n"),
            &said,
        );
    }
    let found = difference(&known_experiment, &known_control, CONFIDENCE);
    let text = format!(
        "{class:?}: the experiment lies {:.4} above the control, between {:.4} and {:.4} at 98 %\n\
         the judge is Kayenta's {JUDGE}, with its quirks:\n  - {}\n",
        found.estimate,
        found.low,
        found.high,
        QUIRKS.join("\n  - "),
    );
    Report::new(
        text,
        &Judged {
            mode: MODE,
            judge: JUDGE,
            quirks: QUIRKS,
            classification: class,
            low: found.low,
            high: found.high,
            estimate: found.estimate,
        },
    )
}

/// How the judge of batches is labelled, so that nobody takes it for a test that may be looked at any
/// time.
const MODE: &str = "batch";

/// The longest file that is read, in bytes.
const LONGEST: u64 = 256 * 1024 * 1024;

fn read(file: &Path) -> Result<String, Diagnostic> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(LONGEST)
            .read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(text),
        Err(why) => Err(Diagnostic::new(
            Exit::Usage,
            format!("{} can't be read: {why}", file.display()),
        )
        .code(UNREADABLE)
        .hint(FORM)),
    }
}

fn unreadable(file: &Path, why: &dyn std::error::Error) -> Diagnostic {
    let what = format!("{}: {why}", file.display());
    Diagnostic::new(Exit::Configuration, what)
        .code(UNREADABLE)
        .hint(FORM)
}

/// No time at all between two ticks leaves no rate.
fn tick(text: &str) -> Result<Millis, String> {
    match duration(text)? {
        Millis::ZERO => Err("write more than no time, as 1s".to_owned()),
        every => Ok(every),
    }
}

fn figure(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_why| "write a figure".to_owned())
}

fn chance(text: &str) -> Result<f64, String> {
    match figure(text)? {
        alpha if alpha > 0.0 && alpha < 1.0 => Ok(alpha),
        _other => Err("write a chance between 0 and 1, as 0.01".to_owned()),
    }
}

fn above_one(text: &str) -> Result<f64, String> {
    match figure(text)? {
        times if times > 1.0 && times.is_finite() => Ok(times),
        _other => Err("write a figure above 1, as 2".to_owned()),
    }
}

fn from_one(text: &str) -> Result<f64, String> {
    match figure(text)? {
        times if times >= 1.0 && times.is_finite() => Ok(times),
        _other => Err("write a figure from 1 on, as 1.1".to_owned()),
    }
}
