//! Requests that are sent again although they went out: only where that changes nothing or nobody has looked at
//! them, and never more than a share of all. The service's policy has more of them sent again, and says the share.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hyper::http::request;
use hyper::{Method, StatusCode};
use windlass_model::{Percent, Retries};

/// What one retry takes from the budget; each request brings as much of it as the budget's percentage.
const COST: u64 = 100;

/// The retries that a service may still have.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU64,
    /// What it holds at most.
    full: u64,
}

impl Budget {
    /// A full one, of so many beside the share of all.
    pub(crate) fn of(burst: u64) -> Self {
        let full = COST * burst;
        Self {
            left: AtomicU64::new(full),
            full,
        }
    }

    /// Notes a request, which brings its share of one that is sent again.
    pub(crate) fn bring(&self, share: Percent) {
        let more = u64::from(share.get());
        let brought =
            |left: u64| (left < self.full).then_some(left.saturating_add(more).min(self.full));
        // An error is a full one.
        self.left.fetch_update(Relaxed, Relaxed, brought).ok();
    }

    /// Takes one from it, if there is one.
    pub(crate) fn take(&self) -> bool {
        let taken = |left: u64| left.checked_sub(COST);
        self.left.fetch_update(Relaxed, Relaxed, taken).is_ok()
    }
}

/// What a request can be made from again.
pub(crate) struct Spare {
    pub(crate) head: request::Parts,
    left: u16,
}

impl Spare {
    /// Keeps a copy of the head of a request without a body, if another one like it changes nothing
    /// (RFC 9110, 9.2.2).
    pub(crate) fn of(head: &request::Parts, retries: Retries) -> Option<Self> {
        let idempotent = [
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::PUT,
            Method::DELETE,
        ];
        if !idempotent.contains(&head.method) {
            return None;
        }
        Some(Self {
            head: head.clone(),
            left: retries.at_most,
        })
    }

    /// Whether it may be sent once more now; takes that from the budget.
    pub(crate) fn spend(&mut self, budget: &Budget) -> bool {
        let spent = self.left > 0 && budget.take();
        self.left -= u16::from(spent);
        spent
    }
}

/// Whether an answer says that this instance can't answer now, and another one may.
pub(crate) fn may_pass(status: StatusCode) -> bool {
    [
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ]
    .contains(&status)
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use crate::limits::RETRY_BURST;

    use super::*;

    fn retries(budget: u64) -> Retries {
        Retries {
            at_most: 1,
            budget: Percent::new(budget).expect("a share"),
        }
    }

    fn head(method: Method) -> request::Parts {
        let request = Request::builder().method(method).body(());
        request.expect("a request").into_parts().0
    }

    #[test]
    fn retries_are_a_share_of_the_requests_and_a_few() {
        let (budget, policy) = (Budget::of(RETRY_BURST), retries(20));
        let mut again = 0;
        for _ in 0..1_000 {
            budget.bring(policy.budget);
            let spare = Spare::of(&head(Method::GET), policy);
            again += u64::from(spare.expect("a copy").spend(&budget));
        }
        assert!((200..=200 + RETRY_BURST).contains(&again), "{again}");
    }

    #[test]
    fn each_request_is_sent_again_only_so_often_and_only_if_that_changes_nothing() {
        let (budget, policy) = (Budget::of(RETRY_BURST), retries(100));
        let mut spare = Spare::of(&head(Method::DELETE), policy).expect("a copy");
        assert!(spare.spend(&budget) && !spare.spend(&budget));
        for method in [Method::POST, Method::PATCH] {
            assert!(Spare::of(&head(method), policy).is_none());
        }
    }
}
