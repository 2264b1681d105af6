//! The store as its users see it.

mod adopting;
mod conformance;
mod copying;
mod damage;
mod fixture;
mod group;
mod kill;
mod opening;
mod schema;
mod story;
