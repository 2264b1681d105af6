//! Asks for the metrics that candidates are judged by.

use std::rc::Rc;

use futures_util::future::{Either, select};

use crate::controller::Shared;
use crate::judge::Candidate;
use crate::lookout::tell_all;
use crate::meters::Question;

/// Asks for what is due. Each question is on its own, so that a source that is slow holds up nothing.
pub(crate) fn ask(shared: &Rc<Shared>) {
    let now = shared.border.clock.work();
    for (candidate, question) in shared.lookout.judge.borrow_mut().due(now) {
        let shared_too = Rc::clone(shared);
        shared.border.spawner.spawn(Box::pin(async move {
            let value = read(&shared_too, &question).await;
            hear(&shared_too, &candidate, &question, value).await;
        }));
    }
}

/// The answer; none where there is no data, or none in time. It is never a reason to go back.
async fn read(shared: &Rc<Shared>, question: &Question) -> Option<f64> {
    let border = &shared.border;
    let asked = border.metrics.read(&question.prometheus, &question.query);
    match select(asked, border.clock.sleep(question.within)).await {
        Either::Left((Ok(value), _)) => value.filter(|value| value.is_finite()),
        Either::Left((Err(error), _)) => {
            tracing::warn!("metric {}: {}", question.metric, error.chain());
            None
        }
        Either::Right(((), _)) => {
            let within = question.within;
            tracing::warn!("metric {}: no answer in {within}", question.metric);
            None
        }
    }
}

async fn hear(shared: &Rc<Shared>, candidate: &Candidate, question: &Question, value: Option<f64>) {
    let now = shared.border.clock.work();
    let words = {
        let mut judge = shared.lookout.judge.borrow_mut();
        judge.measured(candidate, &question.metric, now, value)
    };
    tell_all(shared, words).await;
}
