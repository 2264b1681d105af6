//! What the processes say to each other, when it is damaged.

mod anything;
mod mutated;
mod versions;
