//! What clients are told while a service is worked on.

use bytes::Bytes;
use hyper::Response;
use hyper::header::{HeaderValue, RETRY_AFTER};
use windlass_model::Maintenance;

use crate::accept::Form;
use crate::answer::AnswerBody;
use crate::asked::Asked;
use crate::refused::Refused;

/// The answer, with what the service says of itself in the place of the router's own words.
pub(crate) fn answer(said: &Maintenance, asked: &Asked) -> Response<AnswerBody> {
    let why = Refused::Maintenance;
    let line = said.text.as_deref().unwrap_or_else(|| why.line());
    let mut answer = why.saying(asked, line);
    if let Some(page) = said.page.as_ref().filter(|_| asked.form == Form::Html) {
        *answer.body_mut() = AnswerBody::own(Bytes::copy_from_slice(page.as_bytes()));
    }
    if let Some(after) = said.retry_after {
        // Whole seconds, as the header has them, and none too early.
        let seconds = after.duration().as_millis().div_ceil(1_000);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}
