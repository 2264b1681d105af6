//! The store as its users see it.

mod adopting;
mod anything;
mod conformance;
mod copying;
mod damage;
mod fixture;
mod group;
mod happening;
mod kill;
mod mutated;
mod opening;
mod schema;
mod story;
