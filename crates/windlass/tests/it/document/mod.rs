//! The served document against the real controller: whatever is asked, the answer is one that the
//! document promises.

mod asked;
mod every;
mod fitting;
mod heard;
mod operation;
