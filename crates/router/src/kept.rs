//! What was sent of a small body, as long as it may have to be sent again.
//!
//! An instance of HTTP/2 that ends a connection says which requests it has not looked at; by then some of their
//! bodies is on its way. So that is kept until the answer begins, where it is little, in a budget of its own: whoever
//! waits long for answers takes nothing from what clients may have.

use std::sync::Arc;

use bytes::Bytes;

use crate::budget::{Budget, Charge};
use crate::limits::KEPT_BODY;

pub(crate) struct Kept {
    bytes: Vec<u8>,
    charge: Charge,
}

impl Kept {
    pub(crate) fn on(budget: &Arc<Budget>) -> Self {
        Self {
            bytes: Vec::new(),
            charge: Charge::on(budget, 0),
        }
    }

    /// Keeps these too, with those before; none if that is too much.
    pub(crate) fn and(mut self, bytes: &[u8]) -> Option<Self> {
        let all = self.bytes.len() + bytes.len();
        if all > KEPT_BODY || !self.charge.has_room(bytes.len()) {
            return None;
        }
        self.charge.hold(all);
        self.bytes.extend_from_slice(bytes);
        Some(self)
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_as_long_as_it_is_small_and_there_is_room_for_all() {
        let budget = Budget::of_single(KEPT_BODY + 1);
        let piece = vec![b'x'; KEPT_BODY / 2];
        let kept = Kept::on(&budget)
            .and(&piece)
            .and_then(|kept| kept.and(&piece));
        let kept = kept.expect("as much as one may have");
        assert!(Kept::on(&budget).and(b"xx").is_none());
        assert!(Kept::on(&budget).and(b"x").is_some());
        assert_eq!(budget.taken(), KEPT_BODY);
        assert!(kept.and(b"x").is_none());
        assert_eq!(budget.taken(), 0);
        let kept = Kept::on(&budget)
            .and(b"some")
            .and_then(|kept| kept.and(b" more"));
        assert_eq!(
            kept.map(Kept::into_bytes).as_deref(),
            Some(&b"some more"[..])
        );
    }
}
