//! Certificates and keys from files: read, checked, found by name.
//!
//! The router's listeners and the controller's API both show who they are by a pair of PEM files. A
//! [`Pair`] is such files as they were read at one moment, known to belong together. [`roots`] are whom those
//! trust who ask others.

mod about;
mod name;
mod pair;
mod roots;

pub use about::About;
pub use name::Fit;
pub use pair::{BadPair, Blame, Pair};
pub use roots::{BadRoots, roots};
