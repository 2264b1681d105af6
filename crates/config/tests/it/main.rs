//! Files in, specifications or problems out.

mod corpus;
mod defaults;
mod hostile;
mod request;
mod schema;
mod truncated;
