//! Asks for what candidates are judged by beside their answers: metrics, probes, memory.

use std::rc::Rc;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream;
use windlass_analysis::watch::{Gauge, Read};
use windlass_edge::{EdgeError, Examined};
use windlass_model::{Instance, Probe, Probed, ServiceSpec};

use crate::controller::Shared;
use crate::judge::Candidate;
use crate::lookout::tell_all;
use crate::meters::{Answer, Question, Source};

/// Instances that are asked at the same time.
const AT_ONCE: usize = 8;

/// Why there is nothing to read of a candidate without instances.
const NOBODY: &str = "there is no instance to ask";

/// Asks for what is due. Each question is on its own, so that a source that is slow holds up nothing.
pub(crate) fn ask(shared: &Rc<Shared>) {
    let now = shared.border.clock.work();
    for (candidate, question, instances) in shared.lookout.judge.borrow_mut().due(now) {
        let shared_too = Rc::clone(shared);
        shared.border.spawner.spawn(Box::pin(async move {
            let answer = read(&shared_too, &question, &instances).await;
            hear(&shared_too, &candidate, &question, &answer).await;
        }));
    }
}

/// The answer; no data is never a reason to go back.
async fn read(shared: &Rc<Shared>, question: &Question, instances: &[Instance]) -> Answer {
    let nothing = |why: String| {
        tracing::warn!("{}: {why}", names(question));
        let each = question.gauges.iter();
        each.map(|gauge| (gauge.clone(), Err(why.clone())))
            .collect()
    };
    let asked = Box::pin(asked(shared, question, instances));
    let within = question.within;
    match select(asked, shared.border.clock.sleep(within)).await {
        Either::Left((Ok(answer), _)) => answer,
        Either::Left((Err(error), _)) => nothing(error.chain()),
        Either::Right(((), _)) => nothing(format!("no answer in {within}")),
    }
}

fn names(question: &Question) -> String {
    let names = question.gauges.iter().map(ToString::to_string);
    names.collect::<Vec<_>>().join(", ")
}

async fn asked(
    shared: &Rc<Shared>,
    question: &Question,
    instances: &[Instance],
) -> Result<Answer, EdgeError> {
    let border = &shared.border;
    let for_all = |read: Option<Read>, else_why: &str| {
        let read = read.ok_or_else(|| else_why.to_owned());
        let each = question.gauges.iter();
        each.map(|gauge| (gauge.clone(), read.clone())).collect()
    };
    Ok(match &question.source {
        Source::Prometheus { url, access, query } => {
            let value = border.metrics.read(url, access, query).await?;
            let number = value.filter(|value| value.is_finite()).map(Read::from);
            for_all(number, "the query finds no series, or no finite number")
        }
        Source::Memory(limit) => {
            let held = stream::iter(instances).map(|instance| border.target.memory(instance));
            let held: Vec<_> = held.buffered(AT_ONCE).collect().await;
            // The one that holds most: each has the limit of its own.
            let most = held.into_iter().filter_map(Result::ok).flatten().max();
            let read = most.map(|most| Read::from(share(most, *limit)));
            for_all(read, "no instance tells what it holds")
        }
        Source::Ready(probe) => {
            let asked =
                stream::iter(instances).map(|instance| border.prober.probe(probe, instance));
            let answers: Vec<Probed> = asked.buffered(AT_ONCE).collect().await;
            for_all(worst(answers.iter()), NOBODY)
        }
        Source::Detailed(probe) => detailed(shared, question, (probe, instances)).await,
    })
}

/// What the instances say in detail: each part is as bad as at the worst of them.
async fn detailed(
    shared: &Rc<Shared>,
    question: &Question,
    (probe, instances): (&Probe, &[Instance]),
) -> Answer {
    let prober = &shared.border.prober;
    let asked = stream::iter(instances).map(|instance| prober.examine(probe, instance));
    let answers: Vec<Examined> = asked.buffered(AT_ONCE).collect().await;
    let of = |gauge: &Gauge| {
        let Gauge::Probe(name) = gauge else {
            return None;
        };
        if name == ServiceSpec::DETAILED {
            return worst(answers.iter().map(|answer| &answer.whole));
        }
        worst(answers.iter().filter_map(|answer| answer.parts.get(name)))
    };
    let why = if answers.is_empty() {
        NOBODY
    } else {
        "no answer names it"
    };
    let each = question.gauges.iter();
    each.map(|gauge| (gauge.clone(), of(gauge).ok_or_else(|| why.to_owned())))
        .collect()
}

/// The worst of some answers; none of none.
fn worst<'a>(answers: impl Iterator<Item = &'a Probed>) -> Option<Read> {
    let mut found = None;
    for answer in answers {
        match answer {
            Probed::Ready => found = found.or(Some(Read::from(Read::WORKS))),
            Probed::Unready { saw } => {
                return Some(Read {
                    value: Read::FAILS,
                    saw: Some(saw.clone()),
                });
            }
        }
    }
    found
}

/// In thousandths, which is finer than any limit that is written.
fn share(held: u64, limit: u64) -> f64 {
    let thousandths = u128::from(held) * 1_000 / u128::from(limit.max(1));
    f64::from(u32::try_from(thousandths).unwrap_or(u32::MAX)) / 1_000.0
}

async fn hear(shared: &Rc<Shared>, candidate: &Candidate, question: &Question, answer: &Answer) {
    let now = shared.border.clock.work();
    let words = {
        let mut judge = shared.lookout.judge.borrow_mut();
        judge.measured(candidate, question.number, now, answer)
    };
    tell_all(shared, words).await;
}
