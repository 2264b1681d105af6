//! What happened outside of deployments, in memory.

use std::cell::{Cell, RefCell};

use windlass_edge::EdgeError;
use windlass_model::Happening;

use crate::disk::Disk;
use crate::errors;

/// Happenings with their numbers, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    all: RefCell<Vec<(u64, Happening)>>,
    last: Cell<u64>,
}

impl Noted {
    /// Adds one; what is one more of an earlier one takes its place at the end. No commit of a journal: it
    /// takes no turn among those at which a test lets something happen.
    pub(crate) fn note(&self, happening: &Happening, is_full: bool) -> Result<(), EdgeError> {
        if is_full {
            return Err(errors::unreachable("the disk is full"));
        }
        let mut all = self.all.borrow_mut();
        let mut new = happening.clone();
        let gist = new.gist();
        if let Some(place) = all.iter().rposition(|(_, it)| it.gist() == gist) {
            new = new.once_more(&all[place].1);
            if new.holds(&all[place].1) {
                all.remove(place);
            }
        }
        self.last.set(self.last.get() + 1);
        all.push((self.last.get(), new));
        Ok(())
    }

    /// Those before a number, newest first.
    pub(crate) fn before(&self, before: Option<u64>, limit: u32) -> Vec<(u64, Happening)> {
        let all = self.all.borrow();
        let earlier = |(number, _): &&(u64, Happening)| before.is_none_or(|it| *number < it);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let newest = all.iter().rev().filter(earlier).take(limit);
        newest.cloned().collect()
    }
}

impl Disk {
    /// What happened outside of deployments, oldest first.
    pub fn happenings(&self) -> Vec<Happening> {
        let all = self.noted.all.borrow();
        all.iter().map(|(_, happening)| happening.clone()).collect()
    }
}
