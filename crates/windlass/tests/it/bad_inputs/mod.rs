//! Bad inputs: what is given, how it is refused, and that nothing which runs has changed.

mod api;
mod binary;
mod cli;
mod environment;
mod file;
mod judge;
mod network;
mod process;
mod row;
mod state;
mod table;
