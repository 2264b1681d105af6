//! Text into one spanned tree, decoders that collect every problem, the schema from the same field tables.
//!
//! [`load`] is the whole of it: what a person typed goes in, a [`windlass_model::Spec`] or every
//! problem at once comes out. Nothing here opens a file, asks for a name or reads a clock.
//!
//! ```text
//! text ─ parse ─► tree ─┬─ decode the file as written ─► every structural problem
//!                       └─ overlay: defaults < service < environment ─ decode ─► check ─► Spec
//! ```
//!
//! The field tables of `decode` name each key once: its decoder, its schema and its description. A
//! key without a row is unknown. What takes more than one value to see is in `check`.

mod alone;
mod assemble;
mod check;
mod decode;
mod elsewhere;
mod environment;
mod field;
mod format;
mod limit;
mod load;
mod overlay;
mod page;
mod parse;
mod problem;
mod reader;
mod reference;
mod render;
mod schema;
mod score;
mod sentence;
mod tree;
mod words;

pub use alone::{LoadedAlone, load_alone};
pub use format::Format;
pub use limit::{
    MAX_ALIASED_BYTES, MAX_DEPTH, MAX_NODES, MAX_PAGE_BYTES, MAX_PROBLEMS_PRINTED, MAX_TEXT_BYTES,
};
pub use load::{
    CertificateAt, Loaded, Refused, RefusedKind, Request, load, not_here, unset, unusable,
    which_environment,
};
pub use problem::{CODES, Code, Problem, SeenBy};
pub use reference::reference;
pub use render::{render_all, render_plain};
pub use schema::{as_json, schema, schema_alone};
pub use sentence::{NoTrigger, trigger};
pub use tree::Span;
pub use words::words;
