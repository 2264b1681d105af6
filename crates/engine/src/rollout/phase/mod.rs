//! The phases of a rollout, one file each, and the dispatch over them.

mod baking;
mod books;
mod clearing;
mod dispatch;
mod evidence;
mod forward;
mod holding;
mod late;
mod passed;
mod returning;
mod score;
mod settling;
mod shifting;
mod starting;
mod stopping_old;
mod stuck;
mod way_back;

pub use dispatch::step;
