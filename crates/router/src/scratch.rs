//! Room for bytes between the kernel and where they belong.

use std::cell::RefCell;

use crate::limits::SCRATCH_BYTES;

thread_local! {
    static ROOM: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into());
}

/// Lends the room of this thread, with whatever was left there: only what is written to it now may be
/// read. Kept, because as much on the stack would be touched page by page with each read.
pub(crate) fn with_scratch<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    ROOM.with_borrow_mut(|room| read(room))
}
