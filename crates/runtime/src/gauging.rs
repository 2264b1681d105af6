//! Measuring a health score.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream;
use windlass_analysis::score::{Readings, score};
use windlass_edge::{Given, Measuring};
use windlass_engine::deployment::Deployment;
use windlass_engine::rollout::{Begun, Rollout};
use windlass_model::{
    AppName, CheckSource, CheckSpec, EnvironmentName, Instance, Measure, MetricQuery, Probe,
    ProbeKind, Probed, Reading, Score, ScoreSpec, ServiceKey, ServiceName,
};

use crate::controller::Shared;
use crate::meters::place;

/// Checks that are measured at the same time.
const AT_ONCE: usize = 8;

/// Why a command can't be asked by a deployment whose plan was kept longer than what its commands are given.
const GONE: &str = "what it was given is not kept any more: deploy anew";

/// What is measured.
pub(crate) struct Subject<'s> {
    pub(crate) app: &'s AppName,
    pub(crate) environment: &'s EnvironmentName,
    pub(crate) spec: &'s ScoreSpec,
    /// The folder of the file.
    pub(crate) folder: &'s Path,
    /// What commands are given; none where that is not kept any more.
    pub(crate) given: Option<&'s Given>,
    /// A deployment whose candidates count too.
    pub(crate) beside: Option<&'s Deployment>,
}

impl Subject<'_> {
    /// The candidate of a service, where it has traffic or may have.
    fn candidate(&self, service: &ServiceName) -> Option<&Rollout> {
        let rollout = self.beside?.rollouts.get(service)?;
        rollout.may_be_watched().then_some(rollout)
    }
}

/// Measures every check now.
pub(crate) async fn measure(shared: &Rc<Shared>, subject: &Subject<'_>) -> Score {
    let spec = subject.spec;
    let checks = spec.checks().map(|(category, name, check)| async move {
        let reading = read(shared, subject, check).await;
        ((category.clone(), name.clone()), reading)
    });
    let readings: Readings = stream::iter(checks)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    score(spec, &readings, shared.border.clock.calendar_us())
}

async fn read(shared: &Rc<Shared>, subject: &Subject<'_>, check: &CheckSpec) -> Reading {
    match &check.source {
        CheckSource::Probe { service, path } => {
            ask(shared, subject, service, path.as_deref(), check).await
        }
        CheckSource::Metric {
            service,
            name,
            query,
        } => number(shared, subject, (service, name, query), check).await,
        CheckSource::Junit(_)
        | CheckSource::Playwright(_)
        | CheckSource::Lcov(_)
        | CheckSource::Cobertura(_)
        | CheckSource::Json { .. } => look(shared, subject, (check, &Given::default())).await,
        CheckSource::Command { .. } => match subject.given {
            Some(given) => look(shared, subject, (check, given)).await,
            None => Reading::Missing(GONE.to_owned()),
        },
    }
}

async fn look(
    shared: &Rc<Shared>,
    subject: &Subject<'_>,
    (check, given): (&CheckSpec, &Given),
) -> Reading {
    let asked = Measuring {
        source: check.source.clone(),
        folder: subject.folder.to_owned(),
        env: surroundings(subject, given),
        values: given.values.clone(),
        within: check.within,
    };
    shared.border.gauge.measure(&asked).await
}

/// What a command sees: the deployer's PATH, HOME and LANG, and of what the score is.
fn surroundings(subject: &Subject<'_>, given: &Given) -> BTreeMap<String, String> {
    let mut env = given.surroundings.clone();
    env.insert("WINDLASS_APP".to_owned(), subject.app.to_string());
    env.insert(
        "WINDLASS_ENVIRONMENT".to_owned(),
        subject.environment.to_string(),
    );
    env
}

/// Asks for a metric of the release that is judged, else of the stable one.
async fn number(
    shared: &Rc<Shared>,
    subject: &Subject<'_>,
    (service, name, metric): (&ServiceName, &str, &MetricQuery),
    check: &CheckSpec,
) -> Reading {
    let environment = shared.environment(subject.app, subject.environment);
    let candidate = subject.candidate(service).map(|rollout| &rollout.candidate);
    let state = environment.services.get(service);
    let stable = state.and_then(|state| state.stable.as_ref());
    let Some(slot) = candidate.or(stable) else {
        return Reading::Missing(format!("nothing of {service} runs"));
    };
    let key = ServiceKey {
        app: subject.app.clone(),
        environment: subject.environment.clone(),
        service: service.clone(),
    };
    let version = slot.release.version.to_string();
    let Ok(query) = metric.query.expand(|name| place(&key, &version, name)) else {
        // A file whose queries ask for other names was refused.
        return Reading::Missing(format!("the query of {name} asks for what is not known"));
    };
    let border = &shared.border;
    let asked = border
        .metrics
        .read(&metric.prometheus, &metric.access, &query);
    let within = check.within;
    let found = match select(asked, border.clock.sleep(within)).await {
        Either::Left((Ok(found), _)) => found,
        Either::Left((Err(error), _)) => return Reading::Missing(error.chain()),
        Either::Right(((), _)) => return Reading::Missing(format!("no answer within {within}")),
    };
    let value = found.filter(|value| value.is_finite());
    match value.map(Measure::try_from) {
        Some(Ok(value)) => Reading::Value {
            value,
            saw: format!("{name} of {service} {version} is {value}"),
            at_us: border.clock.calendar_us(),
        },
        Some(Err(_large)) => Reading::Missing(format!("{name} is too large a number")),
        None => Reading::Missing("the query finds no series, or no finite number".to_owned()),
    }
}

/// Asks every instance of what is stable, and of the candidates beside it. One that runs but can't be asked
/// anything is no evidence.
async fn ask(
    shared: &Rc<Shared>,
    subject: &Subject<'_>,
    service: &ServiceName,
    path: Option<&str>,
    check: &CheckSpec,
) -> Reading {
    let environment = shared.environment(subject.app, subject.environment);
    let state = environment.services.get(service);
    let rollout = subject.candidate(service);
    // In place, what was stable does not run any more.
    let stopped = rollout.is_some_and(|rollout| rollout.has_begun(Begun::StoppingOld));
    let stable = state.and_then(|state| state.stable.as_ref());
    let stable = stable.filter(|_| !stopped);
    let candidate = rollout.map(|rollout| &rollout.candidate);
    let Some(slot) = stable.or(candidate) else {
        return Reading::Missing(format!("nothing of {service} runs"));
    };
    let kind = match path {
        Some(path) => ProbeKind::Http {
            path: path.to_owned(),
            speaks: slot.spec.speaks,
        },
        None => slot.spec.ready.kind.clone(),
    };
    if let ProbeKind::Alive { .. } | ProbeKind::Command { .. } = kind {
        return Reading::Missing(format!("{service} has no readiness question: add `path`"));
    }
    let probe = Probe {
        kind,
        timeout: slot.spec.ready.timeout.min(check.within),
        ..slot.spec.ready.clone()
    };
    let beside = candidate.filter(|candidate| candidate.id != slot.id);
    let instances = slot.instances.iter();
    let instances = instances.chain(beside.into_iter().flat_map(|slot| &slot.instances));
    let asked = instances.map(|instance| question(shared, &probe, instance));
    let answers: Vec<Result<(), String>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let of = answers.len();
    let mut bad = answers.iter().filter_map(|answer| answer.as_ref().err());
    let first = bad.next();
    let good = of - usize::from(first.is_some()) - bad.count();
    let mut saw = format!("{good} of {of} instances answer well");
    if let Some(first) = first {
        saw = format!("{saw}; {first}");
    }
    let count = |count: usize| u32::try_from(count).map_or(f64::MAX, f64::from);
    if of == 0 {
        return Reading::Missing(format!("nothing of {service} runs"));
    }
    Reading::Value {
        value: Measure::nearest(count(good) / count(of) * 100.0),
        saw,
        at_us: shared.border.clock.calendar_us(),
    }
}

async fn question(shared: &Rc<Shared>, probe: &Probe, instance: &Instance) -> Result<(), String> {
    match shared.border.prober.probe(probe, instance).await {
        Probed::Ready => Ok(()),
        Probed::Unready { saw } => Err(format!("{}: {saw}", instance.address)),
    }
}
