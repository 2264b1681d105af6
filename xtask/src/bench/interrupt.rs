//! Ctrl-C: a bench ends its lab before it ends itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C and SIGTERM are noted instead of obeyed; who waits asks [`check`].
///
/// # Errors
/// The thread that listens can't be started.
pub(crate) fn listen() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("listen for Ctrl-C")?;
    let listening = {
        let _entered = runtime.enter();
        [SignalKind::interrupt(), SignalKind::terminate()].map(signal)
    };
    let [interrupt, terminate] = listening;
    let mut interrupt = interrupt.context("listen for Ctrl-C")?;
    let mut terminate = terminate.context("listen for SIGTERM")?;
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            ASKED.store(true, Ordering::Relaxed);
        })
        .context("listen for Ctrl-C")?;
    Ok(())
}

/// # Errors
/// Somebody wants the bench to end.
pub(crate) fn check() -> anyhow::Result<()> {
    anyhow::ensure!(!ASKED.load(Ordering::Relaxed), "it was interrupted");
    Ok(())
}
