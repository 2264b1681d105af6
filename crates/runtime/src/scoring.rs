//! The health score, where somebody asks for it.

use std::rc::Rc;

use windlass_analysis::score::{Place, permit};
use windlass_api::{Problem, ScoreList, ScoreNote, ScoreView};
use windlass_edge::Given;
use windlass_model::{AppName, EnvironmentName, ScoreEntry, ScoreMoment};

use crate::controller::Shared;
use crate::gauging::{Subject, measure};
use crate::handle::Reply;
use crate::problems;
use crate::wanted::Wanted;

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
    let subject = Subject {
        app: &spec.app,
        environment: &spec.environment,
        spec: &spec.score,
        folder: &wanted.folder,
        given: Some(&Given {
            surroundings: wanted.surroundings.clone(),
            values: wanted.values.clone(),
        }),
        beside: None,
    };
    let score = measure(shared, &subject).await;
    let history = newest(shared, &spec.app, &spec.environment, HISTORY).await?;
    let entry = ScoreEntry {
        app: spec.app.clone(),
        environment: spec.environment.clone(),
        moment: ScoreMoment::Asked,
        score: score.clone(),
    };
    let kept = shared.border.store.put_score(&entry).await;
    kept.map_err(|e| problems::store(&e))?;
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
