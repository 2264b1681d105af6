//! One attempt: a request goes to one instance on one connection.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::http::request;
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::{Instant, timeout_at};

use crate::connection::Line;
use crate::headers;
use crate::limits::GO_ON_TIME;
use crate::live::InstanceState;
use crate::origin::{self, Link};
use crate::outgoing::Outgoing;
use crate::pool::Lent;
use crate::refused::Refused;
use crate::retry::may_pass;
use crate::terms::Terms;
use crate::unshared::Unshared;
use crate::upload::{Progress, Upload};

/// A connection, and whether it was used before.
pub(crate) struct Reached {
    link: Link,
    used: bool,
    /// Why nobody else is to use it, if so.
    unshared: Option<Unshared>,
}

impl Reached {
    /// One that was kept.
    pub(crate) fn kept(link: Link, unshared: Option<Unshared>) -> Self {
        Self {
            link,
            used: true,
            unshared,
        }
    }

    /// A new one.
    pub(crate) fn opened(link: Link, unshared: Option<Unshared>) -> Self {
        Self {
            link,
            used: false,
            unshared,
        }
    }
}

/// How an attempt ended.
pub(crate) enum Sent {
    Answered(Box<(Response<Incoming>, Lent)>),
    /// It can be sent again.
    Again(Lost, Box<Outgoing>),
    Failed(Refused),
}

/// Why a request was lost that can be sent again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nothing of it went out.
    Unsent,
    /// Its instance says that it has not looked at it (RFC 9113, 8.7).
    Refused,
    /// Its kept connection ended without a byte of an answer, and it changes nothing when it comes twice
    /// (RFC 9112, 9.3.1).
    Stale,
}

impl Sent {
    /// Whether another instance may do better.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Answered(answered) => may_pass(answered.0.status()),
            Self::Again(..) => false,
            Self::Failed(why) => *why == Refused::AnswerBroken,
        }
    }
}

/// What is known of a request that is under way.
struct UnderWay {
    progress: Rc<Progress>,
    repeatable: bool,
    last: bool,
    /// What it can be sent again from, if it can.
    copy: Option<request::Parts>,
    may_be_stale: bool,
}

impl UnderWay {
    fn again(
        self,
        lost: Lost,
        head: request::Parts,
        (body, progress): (Upload, Rc<Progress>),
    ) -> Sent {
        let outgoing = Outgoing {
            head,
            body,
            progress,
            repeatable: self.repeatable,
            last: self.last,
        };
        Sent::Again(lost, Box::new(outgoing))
    }

    /// What becomes of it when no answer came.
    fn failed(
        mut self,
        mut failure: TrySendError<Request<Upload>>,
        (instance, link, unshared): (&InstanceState, &Link, Option<Unshared>),
        terms: &Terms,
    ) -> Sent {
        let progress = self.progress.clone();
        link.lost(failure.error());
        if let Some(unsent) = failure.take_message()
            && !progress.was_polled()
        {
            let (head, body) = unsent.into_parts();
            return self.again(Lost::Unsent, head, (body, progress));
        }
        if progress.is_too_large() {
            return Sent::Failed(Refused::BodyTooLarge);
        }
        if progress.has_failed() {
            return Sent::Failed(Refused::BadRequest);
        }
        if unshared == Some(Unshared::LargeHead) {
            tracing::debug!(instance.id = %instance.id, why = %failure.error(), "a large head got no answer");
            return Sent::Failed(Refused::HeadNotTaken);
        }
        let lost = if origin::was_refused(failure.error()) {
            Some(Lost::Refused)
        } else {
            instance.resting.failed(terms);
            let is_stale = self.may_be_stale && link.has_said_nothing(failure.error());
            is_stale.then_some(Lost::Stale)
        };
        if let (Some(lost), Some(head)) = (lost, self.copy.take())
            && let Some(body) = progress.take_back(terms.body)
        {
            return self.again(lost, head, body);
        }
        tracing::debug!(instance.id = %instance.id, why = %failure.error(), "an answer broke off");
        Sent::Failed(Refused::AnswerBroken)
    }
}

/// Sends on one connection and waits for the answer's head.
pub(crate) async fn send(
    line: &Line,
    instance: Arc<InstanceState>,
    reached: Reached,
    (outgoing, terms): (Outgoing, &Terms),
) -> Sent {
    let Reached {
        mut link,
        used,
        unshared,
    } = reached;
    let Outgoing {
        mut head,
        mut body,
        progress,
        repeatable,
        last,
    } = outgoing;
    let multiplexed = link.version() == Version::HTTP_2;
    if multiplexed {
        // There the library does not tell what an instance says before its answer.
        body.let_go();
        body.keep(&line.thread.core.outlets.kept);
        body.hold_place(link.place());
    }
    if headers::speak(&mut head, link.version(), instance.address, &body).is_err() {
        return Sent::Failed(Refused::BadRequest);
    }
    // Only a kept connection can turn out to be stale, and only HTTP/2 says what was not looked at.
    let may_be_stale = repeatable && used;
    let copy = (may_be_stale || multiplexed).then(|| head.clone());
    let asks_for_head = head.method == Method::HEAD;
    let answer = link.send(Request::from_parts(head, body));
    match in_time(answer, &progress, terms).await {
        Err(Refused::AnswerTooLate) => {
            instance.resting.failed(terms);
            Sent::Failed(Refused::AnswerTooLate)
        }
        Err(why) => Sent::Failed(why),
        Ok(Ok(response)) => {
            instance.resting.answered();
            progress.answered();
            let lent = Lent {
                pool: line.thread.pool.clone(),
                instance,
                link,
                unshared,
                progress,
                last,
                is_bare: asks_for_head || is_bare(response.status()),
            };
            Sent::Answered(Box::new((response, lent)))
        }
        Ok(Err(failure)) => {
            let under_way = UnderWay {
                progress,
                repeatable,
                last,
                copy,
                may_be_stale,
            };
            under_way.failed(failure, (&instance, &link, unshared), terms)
        }
    }
}

/// Waits for an answer as long as the request moves, and after that as long as whoever's turn it is may take.
///
/// # Errors
/// Which of both was too late.
async fn in_time<F: Future>(
    answer: F,
    progress: &Progress,
    terms: &Terms,
) -> Result<F::Output, Refused> {
    let mut answer = pin!(answer);
    let least = terms.answer.min(terms.upload);
    let mut until = progress.last() + least;
    loop {
        if let Ok(answered) = timeout_at(until, answer.as_mut()).await {
            return Ok(answered);
        }
        let (within, late) = if progress.is_awaited() {
            (terms.upload, Refused::BodyTooSlow)
        } else if progress.is_held() {
            // Its time begins with what it is to answer: an instance that does not know this says nothing.
            (GO_ON_TIME + terms.answer, Refused::AnswerTooLate)
        } else {
            (terms.answer, Refused::AnswerTooLate)
        };
        let now = Instant::now();
        let last = progress.last();
        if last + within <= now {
            return Err(late);
        }
        // Whose turn it is may change without a word.
        until = (last + within).min(now + least);
    }
}

/// Whether an answer with this status has no body (RFC 9110, 6.4.1).
fn is_bare(status: StatusCode) -> bool {
    [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status)
}
