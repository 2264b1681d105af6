//! What `windlass init` sees in a folder and the file that it drafts from it. Reads, decides and
//! words; the command writes.

mod asked;
mod cargo;
mod compose;
mod docker;
mod draft;
mod fixed;
mod folder;
mod look;
mod npm;
mod others;
mod own;
mod places;
mod procfile;
mod published;
mod python;
mod readable;
mod run;
mod script;
mod wrapped;

pub(crate) use draft::{Draft, file};
pub(crate) use folder::Folder;
pub(crate) use look::look;
