//! Measures what checks of the health score ask for: reports below the file's folder, and commands in it.
//!
//! Nothing is changed by it, so it needs no shim: after a crash it is simply measured again.

mod command;
mod file;
mod kept;
mod measure;

pub use measure::FolderGauge;
