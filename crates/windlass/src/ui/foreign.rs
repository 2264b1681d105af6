//! Every text of the API's answers, spoilt one after another: no view obeys it, and it begins no line.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use windlass_api::{
    DeploymentView, EnvironmentView, Event, Exit, LearnedRisk, LogLine, NoStartView, PlanView,
    ReportedView, RiskReason, RiskView, RouterView, Scope, TokenView, WentBack, WentBackView,
};
use windlass_control::{Level, RouterProgram};
use windlass_model::{
    CommandRun, Fact, Finalize, Halt, InstanceEnd, Job, Measure, Metric, Report, ReturnReason,
    StuckReason, Trigger, Version, is_obeyed,
};

use super::facts::fact_lines;
use super::failure::failure;
use super::happenings::happenings_text;
use super::list::list_text;
use super::live::frame;
use super::output::log_text;
use super::plan::plan_text;
use super::program::router_line;
use super::record::record_text;
use super::sample;
use super::show::{Shown, show_text};
use super::status::{Whole, status_text};
use super::tokens::{kept, tokens_text};
use super::why::why_text;
use super::{Style, diagnostic_text, went_back};
use crate::follow::Progress;

/// What a script, a release or a server that is none of ours could write.
const FOREIGN: &str = "\u{1b}[2J\u{9b}1m\u{202e}\u{2066}\u{2028}\u{7}\r\nnext: windlass down";

/// As long, and nothing in it means anything.
const PLAIN: &str = "________________________________";

/// Wide enough that nothing is wrapped.
fn wide() -> Style {
    Style {
        width: 2_000,
        ..Style::plain()
    }
}

/// Where there is a text, as JSON pointers.
fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                texts(field, &format!("{at}/{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The sample with another text at one place; none where the type allows no such text.
fn spoilt<T: DeserializeOwned>(sample: &Value, at: &str, with: &str) -> Option<T> {
    let mut value = sample.clone();
    let place = value.pointer_mut(at).expect("it was found there");
    *place = Value::String(with.to_owned());
    serde_json::from_value(value).ok()
}

/// Spoils each text of `sample` and looks at what `views` make of it. Returns how many there were.
fn holds<T: Serialize + DeserializeOwned>(sample: &T, views: impl Fn(&T) -> String) -> usize {
    let sample = serde_json::to_value(sample).expect("it is JSON");
    let mut all = Vec::new();
    texts(&sample, "", &mut all);
    let mut count = 0;
    for at in all {
        let Some(spoiled) = spoilt(&sample, &at, FOREIGN) else {
            continue;
        };
        let plain = spoilt(&sample, &at, PLAIN).expect("what takes the worst takes this");
        let (shown, expected) = (views(&spoiled), views(&plain));
        assert!(
            !shown.contains(|c| c != '\n' && is_obeyed(c)),
            "{at} in {shown:?}"
        );
        assert_eq!(
            shown.lines().count(),
            expected.lines().count(),
            "{at} in {shown}"
        );
        count += 1;
    }
    count
}

fn whole_deployment() -> DeploymentView {
    let mut view = sample::deployment("dep_01k0a");
    view.poisoned = Some("row 3 is not what was written".to_owned());
    for part in view.rollouts.values_mut() {
        part.reported = Some(ReportedView {
            phase: Some("copies".to_owned()),
            progress: None,
            metrics: BTreeMap::from([(FOREIGN.to_owned(), Measure::nearest(1.5))]),
        });
        part.returned_because = Some(ReturnReason::Triggered {
            trigger: Trigger::ErrorRateWorse.into(),
            saw: "5 of 9".to_owned(),
        });
        part.stuck_because = Some(StuckReason::SettleFailed("no answer".to_owned()));
        part.judgement = Some(sample::judgement());
        part.evidence = Some(sample::lacking(false));
        part.past = vec![sample::past()];
        let printed = ["starts", "dies"].map(str::to_owned);
        part.last_lines = BTreeMap::from([(sample::instance("2a"), printed.to_vec())]);
    }
    view.held = Some(sample::hold());
    view
}

fn whole_environment() -> EnvironmentView {
    let mut view = sample::environment();
    view.lock = Some(sample::lock());
    let halt = Halt {
        by: "jo".to_owned(),
        since_us: 1,
        why: Some("why".to_owned()),
    };
    view.halted = Some(halt);
    view.router = Some(RouterView {
        pid: 17,
        version: Some("0.1.0".to_owned()),
        level: 1,
        restarted: None,
    });
    for service in view.services.values_mut() {
        let stable = service.stable.clone();
        service.standby.clone_from(&stable);
        service.standby_kept = Some(sample::kept(Finalize::Manual));
        service.failed = stable;
        service.failed_kept_by = Some(sample::deployment("dep_01k0a").id);
    }
    view
}

/// With what the past says of it, and what of it could not be started again.
fn whole_plan() -> PlanView {
    let mut view = sample::plan_view();
    let found = NoStartView {
        version: Version("1.4.1".to_owned()),
        why: "the files of release 1.4.1 are gone".to_owned(),
    };
    view.no_start = BTreeMap::from([(sample::service("api"), found)]);
    let left = WentBackView {
        version: Version("1.4.2".to_owned()),
        deployment: sample::deployment("dep_01k0a").id,
        at_us: 0,
        how: WentBack::ByHand {
            by: "mira".to_owned(),
        },
    };
    view.went_back = BTreeMap::from([(sample::service("api"), left)]);
    view.programs = BTreeMap::from([(sample::service("api"), sample::other_program())]);
    let some = Measure::nearest(12.5);
    view.risk = Some(RiskView {
        deployments: 12,
        failed: 3,
        learned: Some(LearnedRisk {
            percent: some,
            at_least: some,
            at_most: some,
            calibrated: true,
            reasons: vec![RiskReason {
                name: "how many services change".to_owned(),
                adds: some,
            }],
        }),
    });
    view
}

fn said_by_a_run() -> Vec<Event> {
    let service = || sample::service("api");
    let mut story = sample::bad_answer("HTTP 500");
    let event = story.first_mut().expect("one event");
    let instance = match event.facts.first() {
        Some(Fact::InstanceLost { instance, .. }) => instance.clone(),
        other => unreachable!("{other:?}"),
    };
    let text = || "text".to_owned();
    let metric = Metric {
        name: text(),
        value: Measure::nearest(1.0),
    };
    let reports = [
        Report::Phase(text()),
        Report::Log(text()),
        Report::Metric(metric),
    ];
    let reported = reports.map(|report| Fact::Reported {
        service: service(),
        report,
    });
    let reasons = [
        ReturnReason::ShiftFailed(text()),
        ReturnReason::StopFailed(text()),
        ReturnReason::Aborted { by: text() },
        ReturnReason::Superseded { by: text() },
    ];
    let failed = reasons.map(|why| Fact::RolloutFailed {
        service: service(),
        why,
    });
    let stuck = [
        StuckReason::ReturnTimedOut(text()),
        StuckReason::OutcomeUnknown(text()),
        StuckReason::CommandFailed(InstanceEnd::NotStarted(text())),
    ];
    let stuck = stuck.map(|why| Fact::Stuck {
        service: service(),
        why,
    });
    event.facts.extend(reported);
    event.facts.extend(failed);
    event.facts.extend(stuck);
    event.facts.push(Fact::CommandStarted {
        service: service(),
        instance,
        run: CommandRun {
            job: Job::Deploy,
            version: text(),
            from: Some(text()),
            attempt: 1,
        },
    });
    event.facts.push(Fact::Heard {
        service: service(),
        lost: Some(text()),
    });
    event.facts.push(Fact::Judged {
        service: service(),
        judgement: Box::new(sample::judgement()),
    });
    story
}

/// All views that are made from a deployment, what was told of it, and where it runs.
fn of_a_deployment(view: &DeploymentView, told: &[Event], runs: &EnvironmentView) -> String {
    let style = wide();
    let mut picture = Progress::begin(view, Some(&sample::plan_view().plan));
    let mut lines = Vec::new();
    for event in told {
        picture.apply(event);
        lines.extend(fact_lines(event, &picture, &style));
    }
    lines.extend(frame(&picture, sample::at(9_000), &style));
    let failed = failure(view, &picture, Some(runs), Exit::Failed);
    let shown = Shown {
        now_us: sample::at(9_000),
        fits: None,
        style: &style,
        own: Some("shop"),
        finalized: None,
    };
    [
        lines.join("\n"),
        show_text(view, Some(runs), &shown),
        why_text(view, None, &style.zone),
        list_text(std::slice::from_ref(view), None, &style),
        list_text(std::slice::from_ref(view), Some(80), &style),
        record_text(view, &picture, Some(runs), (false, &style.zone)),
        diagnostic_text(&failed, &style),
    ]
    .join("\n")
}

#[test]
fn no_view_of_a_deployment_obeys_what_is_in_it() {
    let runs = sample::environment();
    let view = whole_deployment();
    let story = sample::bad_story();
    let count = holds(&view, |view| of_a_deployment(view, &story, &runs));
    assert!(count >= 10, "{count} texts");
    let stories = [
        sample::good_story(),
        sample::bad_story(),
        sample::tripped_story(),
        sample::aborted_story(),
        sample::rare_facts(),
        said_by_a_run(),
        vec![sample::held()],
    ];
    let view = sample::deployment("dep_01k0a");
    let told = |story: &Vec<Event>| of_a_deployment(&view, story, &runs);
    let count: usize = stories.iter().map(|story| holds(story, told)).sum();
    assert!(count >= 40, "{count} texts");
}

#[test]
fn no_view_of_what_runs_obeys_what_is_in_it() {
    let view = sample::deployment("dep_01k0a");
    let count = holds(&whole_environment(), |runs| {
        let whole = Whole {
            halted: runs.halted.clone(),
            router: runs.router.as_ref().map(|router| {
                let (version, level) = (router.version.clone(), Level(router.level));
                let own = RouterProgram::own();
                router_line(&RouterProgram { version, level }, ("this program", &own))
            }),
            ..Whole::default()
        };
        let status = status_text(
            std::slice::from_ref(runs),
            &whole,
            (sample::at(0), None),
            &wide(),
        );
        [status, of_a_deployment(&view, &sample::bad_story(), runs)].join("\n")
    });
    assert!(count >= 15, "{count} texts");
}

#[test]
fn no_view_of_a_plan_obeys_what_is_in_it() {
    let view = sample::deployment("dep_01k0a");
    let count = holds(&whole_plan(), |plan: &PlanView| {
        let mut picture = Progress::begin(&view, Some(&plan.plan));
        for event in sample::bad_story() {
            picture.apply(&event);
        }
        let failed = failure(&view, &picture, None, Exit::Failed);
        [
            plan_text(plan, true, None, &TimeZone::UTC),
            went_back::sentences(plan, &TimeZone::UTC).join("\n"),
            diagnostic_text(&failed, &wide()),
        ]
        .join("\n")
    });
    assert!(count >= 20, "{count} texts");
}

#[test]
fn no_view_of_what_happened_obeys_what_is_in_it() {
    let all = sample::happenings();
    let count = holds(&all, |all| happenings_text(all, &wide()));
    assert!(count >= 3, "{count} texts");
}

#[test]
fn no_list_of_tokens_and_no_log_obeys_what_is_in_it() {
    let token = TokenView {
        id: "tok_1".to_owned(),
        name: "ci".to_owned(),
        scope: Scope::Read,
        created_us: 0,
        expires_us: None,
    };
    let style = wide();
    let tokens = holds(&token, |token| {
        let list = tokens_text(std::slice::from_ref(token), 0, &style);
        [list, kept(token, 0, &style.zone)].join("\n")
    });
    let line = LogLine {
        at_us: None,
        instance: "ins_1".to_owned(),
        version: "1".to_owned(),
        job: None,
        stream: "stdout".to_owned(),
        text: "up".to_owned(),
        end: 2,
    };
    assert_eq!((tokens, holds(&line, log_text)), (2, 4));
}
