//! Reports, read and refused.

mod anything;
mod corpus;
mod health;
mod hostile;
mod mutated;
mod reading;
