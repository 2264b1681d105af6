//! What a kept release consists of, its digest, and whether it is still that.
//!
//! A release lies in `releases/DIGEST/`: `files/`, and a `manifest.json` that names every path of it with its
//! digest. Who keeps releases, who starts them again and who looks after them ask here whether the bytes are
//! those that were kept.

mod compare;
mod digests;
mod manifest;

pub use compare::{How, Unlike, compare, trust};
pub use digests::{Digests, hash_file};
pub use manifest::{Entry, Manifest, finish};
