//! Signals as bytes in a pipe, so that `poll` sees them.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// The signals a shim listens for.
pub(crate) struct Signals {
    pipe: UnixStream,
    terminate: Arc<AtomicBool>,
}

impl Signals {
    /// Catches SIGCHLD and SIGTERM, and makes SIGHUP, SIGINT and SIGQUIT harmless. They are caught
    /// and not ignored, because the group would inherit what is ignored. (SIGPIPE is ignored by the
    /// language's own start-up, which gives the default back to children.)
    pub(crate) fn catch() -> io::Result<Self> {
        let (pipe, writer) = UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        let terminate = Arc::new(AtomicBool::new(false));
        // The flag first: it is set when the byte arrives.
        signal_hook::flag::register(SIGTERM, Arc::clone(&terminate))?;
        signal_hook::low_level::pipe::register(SIGTERM, writer.try_clone()?)?;
        signal_hook::low_level::pipe::register(SIGCHLD, writer)?;
        let nobody = Arc::new(AtomicBool::new(false));
        for harmless in [SIGHUP, SIGINT, SIGQUIT] {
            signal_hook::flag::register(harmless, Arc::clone(&nobody))?;
        }
        Ok(Self { pipe, terminate })
    }

    /// Readable when a signal came.
    pub(crate) fn pipe(&self) -> &UnixStream {
        &self.pipe
    }

    /// Empties the pipe.
    pub(crate) fn drain(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.pipe.read(&mut bytes), Ok(count) if count > 0) {}
    }

    /// Whether SIGTERM came since the last question.
    pub(crate) fn take_terminate(&self) -> bool {
        self.terminate.swap(false, Ordering::SeqCst)
    }
}
