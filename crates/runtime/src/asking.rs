//! Asking the router for whoever looks: a person who looks because something is wrong must not wait for
//! what is wrong.

use std::rc::Rc;

use futures_util::future::{Either, select};
use windlass_api::SilentRouterView;
use windlass_control::ObservedTable;
use windlass_model::Millis;

use crate::controller::Shared;

/// Longest wait for what the router says.
const WITHIN: Millis = Millis::from_secs(2);

/// The router has answered just now.
pub(crate) fn note_answer(shared: &Shared) {
    let now_us = shared.border.clock.calendar_us();
    shared.router_answered_us.set(Some(now_us));
}

/// What is in effect, or that the router does not say so in time.
pub(crate) async fn in_effect(shared: &Rc<Shared>) -> Result<ObservedTable, SilentRouterView> {
    let border = &shared.border;
    let late = border.clock.sleep(WITHIN);
    match select(border.router.observe(), late).await {
        Either::Left((Ok(table), _)) => {
            note_answer(shared);
            Ok(table)
        }
        Either::Left((Err(_), _)) | Either::Right(_) => Err(SilentRouterView {
            pid: border.router.process().await,
            answered_us: shared.router_answered_us.get(),
        }),
    }
}
