//! Measuring the health score for a deployment, as long as it wants it.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable, Either, select};
use windlass_analysis::score::{Place, permit};
use windlass_edge::Given;
use windlass_engine::deployment::{Event, ScoreWish};
use windlass_model::{
    AppName, DeploymentId, EnvironmentName, Measure, Millis, Plan, Score, ScoreEntry, ScoreMoment,
    ScoreStage, ScoreSummary,
};

use crate::controller::Shared;
use crate::drive::{Driven, Inbox, Input};
use crate::gauging::{Subject, measure};
use crate::lookout::tell_all;

/// Time between the end of a measurement and the next one for the same wish.
const AGAIN: Millis = Millis::from_secs(10);

/// Longest time that all checks together are measured for once everything is done; the slowest check has
/// the time that it was given all the same. What is not known by then is not known.
const AFTER_AT_MOST: Millis = Millis::from_secs(120);

/// Longest wait for a last measurement to be given up: its row has to be written.
const GIVEN_UP_WITHIN: Millis = Millis::from_secs(5);

/// The measurements of one deployment: one at a time. Dropping it ends them, with their commands.
#[derive(Default)]
pub(crate) struct Scorer {
    running: Option<(ScoreWish, AbortHandle)>,
}

impl Scorer {
    /// From now on the score is measured for what the deployment wants now. A measurement for another wish
    /// is let go: what it saw is no answer to this one.
    pub(crate) fn follow(&mut self, shared: &Rc<Shared>, driven: &Driven) {
        let now = driven.now.borrow();
        let wish = now.score_wish();
        if self.running.as_ref().map(|(known, _)| known) == wish.as_ref() {
            return;
        }
        self.stop();
        let Some(wish) = wish else {
            return;
        };
        let (abort, registration) = AbortHandle::new_pair();
        self.running = Some((wish.clone(), abort));
        let measuring = Measuring {
            shared: Rc::clone(shared),
            inbox: driven.inbox.clone(),
            id: now.id.clone(),
            plan: now.plan.clone(),
            wish,
        };
        shared.border.spawner.spawn(Box::pin(
            Abortable::new(measuring.run(), registration).map(|_| ()),
        ));
    }

    fn stop(&mut self) {
        if let Some((_, running)) = self.running.take() {
            running.abort();
        }
    }
}

impl Drop for Scorer {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Measuring {
    shared: Rc<Shared>,
    inbox: Inbox,
    id: DeploymentId,
    plan: Plan,
    wish: ScoreWish,
}

impl Measuring {
    async fn run(self) {
        let mut kept: Option<ScoreSummary> = None;
        loop {
            let Some(score) = self.in_time().await else {
                let unknown = unmeasured(self.shared.border.clock.calendar_us());
                return self.inbox.send(Input::Event(unknown)).await;
            };
            let place = Place::of(&self.plan.environment);
            let allowed = score.band.map(|band| permit(band, place));
            let summary = ScoreSummary::of(&score, allowed);
            let is_news = kept
                .as_ref()
                .is_none_or(|kept| !kept.says_the_same(&summary));
            if is_news {
                self.keep(&score).await;
            }
            self.judge(&summary).await;
            let score = Box::new(summary.clone());
            let of = self.wish.clone();
            let event = Event::Scored { of, score };
            self.inbox.send(Input::Event(event)).await;
            kept = Some(summary);
            self.shared.border.clock.sleep(AGAIN).await;
        }
    }

    /// None if it took too long: what waits for the end has no other limit.
    async fn in_time(&self) -> Option<Score> {
        let measuring = pin!(self.measure());
        if self.wish.stage != ScoreStage::After {
            return Some(measuring.await);
        }
        let slowest = self.plan.score.checks().map(|(_, _, check)| check.within);
        let limit = slowest.max().unwrap_or_default().max(AFTER_AT_MOST);
        match select(measuring, self.shared.border.clock.sleep(limit)).await {
            Either::Left((score, _)) => Some(score),
            Either::Right(((), _)) => None,
        }
    }

    async fn measure(&self) -> Score {
        let plan = &self.plan;
        let given = self.given().await;
        let now = self.shared.running.borrow().get(&self.id).cloned();
        let now = now.map(|driven| driven.now.borrow().clone());
        let subject = Subject {
            app: &plan.app,
            environment: &plan.environment,
            spec: &plan.score,
            folder: Path::new(&plan.folder),
            given: given.as_ref(),
            beside: now.as_ref(),
        };
        measure(&self.shared, &subject).await
    }

    /// What the commands are given; without it they are no data.
    async fn given(&self) -> Option<Given> {
        let kept = self.shared.border.gauge.kept(&self.plan.id).await;
        kept.unwrap_or_else(|error| {
            tracing::warn!("what commands of the score are given: {}", error.chain());
            None
        })
    }

    /// Once per moment, however often it is measured: before the deployment hears of it, so that what is
    /// journalled is in the history. A history that can't be written stops nothing.
    async fn keep(&self, score: &Score) {
        let moment = match self.wish.stage {
            ScoreStage::Before => ScoreMoment::Before(self.id.clone()),
            ScoreStage::After => ScoreMoment::After(self.id.clone()),
            ScoreStage::During => return,
        };
        let entry = ScoreEntry {
            app: self.plan.app.clone(),
            environment: self.plan.environment.clone(),
            moment,
            score: score.clone(),
        };
        if let Err(error) = self.shared.border.store.put_score(&entry).await {
            tracing::warn!("a score is not kept: {}", error.chain());
        }
    }

    /// Triggers that rest on the score see each measurement, also one that says the same.
    async fn judge(&self, score: &ScoreSummary) {
        if self.wish.stage != ScoreStage::During {
            return;
        }
        let words = {
            let mut judge = self.shared.lookout.judge.borrow_mut();
            let now = self.shared.border.clock.work();
            judge.scored(&self.id, now, score.known())
        };
        tell_all(&self.shared, words).await;
    }
}

/// The answer to the last measurement where nobody waits for it.
pub(crate) fn unmeasured(at_us: i64) -> Event {
    let score = ScoreSummary {
        at_us,
        low: Measure::nearest(0.0),
        high: Measure::nearest(100.0),
        band: None,
        permit: None,
        lost: Vec::new(),
    };
    Event::Scored {
        of: ScoreWish {
            stage: ScoreStage::After,
            steps: BTreeMap::new(),
        },
        score: Box::new(score),
    }
}

/// Somebody asks for the environment: a deployment that is over but for its last measurement gives that up,
/// and its lock with it. One that does anything else stays as it is.
pub(crate) async fn give_up(shared: &Rc<Shared>, app: &AppName, environment: &EnvironmentName) {
    let lock = shared.environment(app, environment).lock;
    let driven = lock.and_then(|id| shared.running.borrow().get(&id).cloned());
    let Some(driven) = driven.filter(Driven::is_over) else {
        return;
    };
    let (reply, answer) = oneshot::channel();
    let event = unmeasured(shared.border.clock.calendar_us());
    driven.inbox.send(Input::Reported { event, reply }).await;
    // Where the journal can't be written the lock stays, and whoever asks is told so.
    let _late = select(answer, shared.border.clock.sleep(GIVEN_UP_WITHIN)).await;
}
