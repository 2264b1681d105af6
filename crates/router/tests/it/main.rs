//! A whole router against real sockets: request-level assertions.

mod access;
mod alone;
mod client;
mod cut;
mod drain;
mod figures;
mod floods;
mod frames;
mod grpc;
mod health;
mod instances;
mod latch;
mod listeners;
mod multiplexed;
mod origin;
mod places;
mod proxies;
mod rig;
mod safety;
mod smuggling;
mod split;
mod streaming;
mod table;
mod tls;
mod tripwire;
mod upgrade;
