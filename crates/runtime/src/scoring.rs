//! The health score: measured, kept, told.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::StreamExt as _;
use futures_util::stream;
use windlass_analysis::score::{Place, Readings, permit, score};
use windlass_api::{Problem, ScoreList, ScoreNote, ScoreView};
use windlass_edge::Measuring;
use windlass_model::{
    AppName, CheckSource, CheckSpec, EnvironmentName, Instance, Measure, Probe, ProbeKind, Probed,
    Reading, Score, ScoreEntry, ScoreMoment, ServiceName,
};

use crate::controller::Shared;
use crate::handle::{Reply, Wanted};
use crate::problems;

/// Checks that are measured at the same time.
const AT_ONCE: usize = 8;

/// Earlier scores that are told beside a new one.
const HISTORY: u32 = 20;

/// Scores that are told in a list.
const LISTED: u32 = 100;

/// What is asked of the score.
pub(crate) enum OfScore {
    Measure(Box<Wanted>, Reply<ScoreView>),
    List {
        app: AppName,
        environment: EnvironmentName,
        reply: Reply<ScoreList>,
    },
}

/// Answers; says whether whoever asked had left.
pub(crate) async fn answer(shared: &Rc<Shared>, asked: OfScore) -> bool {
    match asked {
        OfScore::Measure(wanted, reply) => reply.send(now(shared, &wanted).await).is_err(),
        OfScore::List {
            app,
            environment,
            reply,
        } => reply.send(list(shared, &app, &environment).await).is_err(),
    }
}

/// Measures now, because somebody asks.
async fn now(shared: &Rc<Shared>, wanted: &Wanted) -> Result<ScoreView, Problem> {
    let spec = &wanted.spec;
    if spec.score.is_empty() {
        return Err(problems::no_score(&spec.app));
    }
    let score = measure(shared, wanted).await;
    let history = newest(shared, &spec.app, &spec.environment, HISTORY).await?;
    keep(shared, wanted, ScoreMoment::Asked, &score).await?;
    Ok(ScoreView {
        app: spec.app.clone(),
        environment: spec.environment.clone(),
        permit: score
            .band
            .map(|band| permit(band, Place::of(&spec.environment))),
        score,
        history: history.iter().map(ScoreNote::of).collect(),
    })
}

/// The scores of an environment, newest first.
async fn list(
    shared: &Rc<Shared>,
    app: &AppName,
    environment: &EnvironmentName,
) -> Result<ScoreList, Problem> {
    let scores = newest(shared, app, environment, LISTED).await?;
    Ok(ScoreList { scores })
}

async fn newest(
    shared: &Rc<Shared>,
    app: &AppName,
    environment: &EnvironmentName,
    limit: u32,
) -> Result<Vec<ScoreEntry>, Problem> {
    let store = &shared.border.store;
    let found = store.scores(app, environment, limit).await;
    found.map_err(|e| problems::store(&e))
}

async fn keep(
    shared: &Rc<Shared>,
    wanted: &Wanted,
    moment: ScoreMoment,
    score: &Score,
) -> Result<(), Problem> {
    let entry = ScoreEntry {
        app: wanted.spec.app.clone(),
        environment: wanted.spec.environment.clone(),
        moment,
        score: score.clone(),
    };
    let kept = shared.border.store.put_score(&entry).await;
    kept.map_err(|e| problems::store(&e))
}

async fn measure(shared: &Rc<Shared>, wanted: &Wanted) -> Score {
    let spec = &wanted.spec.score;
    let checks = spec.checks().map(|(category, name, check)| async move {
        let reading = read(shared, wanted, check).await;
        ((category.clone(), name.clone()), reading)
    });
    let readings: Readings = stream::iter(checks)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    score(spec, &readings, shared.border.clock.calendar_us())
}

async fn read(shared: &Rc<Shared>, wanted: &Wanted, check: &CheckSpec) -> Reading {
    match &check.source {
        CheckSource::Probe { service, path } => {
            ask(shared, wanted, service, path.as_deref(), check).await
        }
        CheckSource::Junit(_)
        | CheckSource::Playwright(_)
        | CheckSource::Lcov(_)
        | CheckSource::Cobertura(_)
        | CheckSource::Json { .. }
        | CheckSource::Command { .. } => {
            let asked = Measuring {
                source: check.source.clone(),
                folder: wanted.folder.clone(),
                env: surroundings(wanted),
                values: wanted.values.clone(),
                within: check.within,
            };
            shared.border.gauge.measure(&asked).await
        }
    }
}

/// What a command sees: the deployer's PATH, HOME and LANG, and of what the score is.
fn surroundings(wanted: &Wanted) -> BTreeMap<String, String> {
    let mut env = wanted.surroundings.clone();
    let spec = &wanted.spec;
    env.insert("WINDLASS_APP".to_owned(), spec.app.to_string());
    env.insert(
        "WINDLASS_ENVIRONMENT".to_owned(),
        spec.environment.to_string(),
    );
    env
}

/// Asks every instance of what is stable. One that runs but can't be asked anything is no evidence.
async fn ask(
    shared: &Rc<Shared>,
    wanted: &Wanted,
    service: &ServiceName,
    path: Option<&str>,
    check: &CheckSpec,
) -> Reading {
    let spec = &wanted.spec;
    let environment = shared.environment(&spec.app, &spec.environment);
    let state = environment.services.get(service);
    let Some(slot) = state.and_then(|state| state.stable.as_ref()) else {
        return Reading::Missing(format!("nothing of {service} runs"));
    };
    let kind = match path {
        Some(path) => ProbeKind::Http {
            path: path.to_owned(),
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
    let asked = slot
        .instances
        .iter()
        .map(|instance| question(shared, &probe, instance));
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
