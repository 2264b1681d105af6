//! When a stream is over, whatever may still be in it.

use std::sync::Arc;

use tokio::sync::watch;

use super::events::End;
use crate::Tokens;
use crate::access::Caller;
use crate::app::{App, ended};

/// What ends the stream of one caller.
pub(super) struct Over {
    ending: watch::Receiver<bool>,
    tokens: Arc<Tokens>,
    caller: Caller,
}

impl Over {
    pub(super) fn of<C>(app: &App<C>, caller: Caller) -> Self {
        Self {
            ending: app.ending.clone(),
            tokens: Arc::clone(&app.tokens),
            caller,
        }
    }

    /// Returns once the server ends, or the caller's token holds no longer. Cancelling it loses nothing.
    pub(super) async fn comes(&mut self) -> End {
        tokio::select! {
            () = ended(&mut self.ending) => End::Away,
            () = self.caller.lost(&self.tokens) => End::Revoked,
        }
    }
}
