//! Reports, read and refused.

mod anything;
mod corpus;
mod hostile;
mod mutated;
mod reading;
