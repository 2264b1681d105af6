//! A whole router against real sockets: request-level assertions.

mod client;
mod cut;
mod drain;
mod figures;
mod frames;
mod grpc;
mod health;
mod instances;
mod latch;
mod listeners;
mod multiplexed;
mod origin;
mod pause;
mod places;
mod proxies;
mod rig;
mod safety;
mod smuggling;
mod split;
mod sticky;
mod streaming;
mod table;
mod terms;
mod tls;
mod tripwire;
mod upgrade;
