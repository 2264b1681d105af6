//! Small numerical tools that the judgements share.

pub(crate) mod bits;
pub(crate) mod minimum;
pub(crate) mod percentile;
pub(crate) mod real;
pub(crate) mod root;
pub(crate) mod special;
pub(crate) mod sum;

pub use percentile::percentile;
pub(crate) use real::real;
