//! The controller's API over HTTP, on a private Unix socket and, if it is asked to, on the network.
//!
//! [`Server::serve`] accepts connections, with limits on their number, their head, their body and their
//! time, and answers them from a [`Controller`]. The private socket is for its owner; over the network a
//! token says what its holder may do. Routes and the API's document are made from one table; there is
//! one file per noun in `handlers/`. Whatever is refused is refused with a problem document.

mod accept;
mod access;
mod answer;
mod app;
mod body;
mod certificates;
mod choices;
mod condition;
mod controller;
mod door;
mod file;
mod greeting;
mod handlers;
mod keys;
mod limits;
mod openapi;
mod operation;
mod places;
mod rate;
mod reading;
mod reception;
mod refusals;
mod relisten;
mod run_tokens;
mod says;
mod tokens;
mod turned_away;
mod unknown;
mod watchers;

pub use accept::Server;
pub use app::About;
pub use certificates::look_at_certificates;
pub use controller::Controller;
pub use door::Network;
pub use limits::{Limits, Rate};
pub use openapi::document;
pub use reception::WayIn;
pub use run_tokens::RunTokens;
pub use tokens::{Tokens, TokensError};
