//! The house rules, read from the tree itself. Each check is also shown a small bad input that it must refuse.

mod changelog;
mod deny;
mod edges;
mod exceptions;
mod functions;
mod invariants;
mod licences;
mod lock;
mod manifests;
mod modules;
mod purity;
mod sizes;
mod tree;
mod words;
