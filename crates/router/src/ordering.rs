//! Has certificates ordered, on a thread of its own beside all that serves.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use windlass_acme::Wanted;
use windlass_model::Tls;

use crate::core::Core;
use crate::limits::ORDER_EVERY;
use crate::live::Live;

/// Orders what the table in effect wants, until the router ends. An order that is under way then is
/// left.
pub(crate) fn run(core: &Arc<Core>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut ending = core.ending();
    runtime.block_on(async {
        tokio::select! {
            // An error is a router that is gone.
            _over = ending.wait_for(|ending| *ending) => {}
            () = orders(core) => {}
        }
    });
    // Nobody waits for the name of an authority that is still being looked up.
    runtime.shutdown_background();
    Ok(())
}

async fn orders(core: &Core) {
    let mut swapped = core.swapped.subscribe();
    loop {
        swapped.mark_unchanged();
        let wanted = wanted(&core.live.load());
        let took = |_: &Wanted| core.certificates.renew();
        core.orders.turn(&wanted, SystemTime::now(), took).await;
        let changed = swapped.changed();
        if wanted.is_empty() {
            if changed.await.is_err() {
                return;
            }
        } else {
            // By the calendar, which may jump: it is looked at again and again.
            drop(tokio::time::timeout(ORDER_EVERY, changed).await);
        }
    }
}

/// Every certificate that a table has ordered.
fn wanted(live: &Live) -> BTreeSet<Wanted> {
    let listeners = live.services.values().flat_map(|it| &it.route.listeners);
    let ordered = listeners.filter_map(|listen| match listen.tls.as_ref()? {
        Tls::Acme { acme } => Some(acme),
        Tls::Files(_) => None,
    });
    ordered.flat_map(Wanted::all).collect()
}
