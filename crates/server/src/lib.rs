//! The controller's API over HTTP on a private Unix socket.
//!
//! [`serve`] accepts connections of the socket owner's own user, with limits on their number, their
//! head, their body and their time, and answers them from a [`Controller`]. One file per noun in
//! `handlers/`. Whatever is refused is refused with a problem document.

mod accept;
mod answer;
mod app;
mod body;
mod controller;
mod file;
mod handlers;
mod limits;

pub use accept::{serve, serve_within};
pub use app::About;
pub use controller::Controller;
pub use limits::Limits;
