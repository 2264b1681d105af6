//! Files in, specifications or problems out.

mod alone;
mod anything;
mod corpus;
mod defaults;
mod hostile;
mod mutated;
mod reference;
mod request;
mod schema;
mod translated;
mod truncated;
