//! How many connections to instances there may be at once, of all data threads together.
//!
//! A client that speaks HTTP/2 may have many requests under way, and each may need a connection of its own to an
//! instance. Without a bound a few such clients would take every descriptor there is, and then nobody could be
//! accepted, and no instance probed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rustix::io::Errno;

use crate::budget::Budget;
use crate::limits::{ASKED, KEPT_BODIES, MEMORY_BYTES};

/// All of them.
pub(crate) struct Outlets {
    /// What clients may have of what these bring.
    pub(crate) memory: Arc<Budget>,
    /// How many requests clients that have several under way may have at once.
    pub(crate) asked: Arc<Budget>,
    /// What may be kept of bodies that were sent, to be sent again.
    pub(crate) kept: Arc<Budget>,
    most: usize,
    open: AtomicUsize,
}

/// One, held as long as its connection is open.
pub(crate) struct Outlet(Arc<Outlets>);

impl Outlets {
    /// As many as are needed by so many clients that ask one thing at a time, and a third more for others.
    pub(crate) fn beside(clients: usize) -> Arc<Self> {
        Arc::new(Self {
            memory: Budget::of(MEMORY_BYTES),
            asked: Budget::of_single(ASKED),
            kept: Budget::of_single(KEPT_BODIES),
            most: clients.saturating_add(clients / 3).max(1),
            open: AtomicUsize::new(0),
        })
    }

    /// Takes one.
    ///
    /// # Errors
    /// There is none left: the same lack as that of descriptors.
    pub(crate) fn take(self: &Arc<Self>) -> io::Result<Outlet> {
        if self.open.fetch_add(1, Relaxed) >= self.most {
            self.open.fetch_sub(1, Relaxed);
            return Err(Errno::MFILE.into());
        }
        Ok(Outlet(self.clone()))
    }

    /// Whether half of them are left: whoever could do without one of its own may have one.
    pub(crate) fn are_plenty(&self) -> bool {
        self.open.load(Relaxed) < self.most / 2
    }
}

impl Outlet {
    /// What clients may have of what this brings.
    pub(crate) fn memory(&self) -> &Arc<Budget> {
        &self.0.memory
    }

    /// How many bytes may be read in one turn.
    pub(crate) fn at_once(&self) -> usize {
        self.0.memory.at_once()
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::is_own_lack;

    #[test]
    fn there_are_no_more_than_may_be_and_one_that_ends_makes_room() {
        let outlets = Outlets::beside(3);
        let held: Vec<Outlet> = (0..4).filter_map(|_| outlets.take().ok()).collect();
        assert_eq!(held.len(), 4);
        assert!(outlets.take().is_err_and(|why| is_own_lack(&why)));
        assert!(!outlets.are_plenty());
        drop(held);
        assert!(outlets.take().is_ok() && outlets.are_plenty());
    }
}
