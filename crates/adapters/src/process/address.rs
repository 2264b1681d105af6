//! Addresses that instances have.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};

use windlass_edge::EdgeError;
use windlass_model::InstanceId;

use super::fail::{conflict, rejected};
use super::layout::{Layout, read_json};
use super::record::InstanceRecord;

/// The address of every instance with a trace on disk.
pub(super) fn known(layout: &Layout) -> BTreeMap<InstanceId, SocketAddr> {
    let folders = fs::read_dir(layout.instances());
    folders
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|folder| {
            let record = read_json::<InstanceRecord>(&folder.path().join("instance.json"));
            let instance = record.ok().flatten()?.instance;
            Some((instance.id, instance.address))
        })
        .collect()
}

/// Checks that nobody listens at `address`, wildcard listeners included.
pub(super) fn check_free(address: SocketAddr) -> Result<(), EdgeError> {
    match TcpListener::bind(address) {
        Ok(_closed_again) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => {
            Err(conflict(format!("the address {address} is taken")).because(e))
        }
        Err(e) => Err(rejected(format!("nobody can listen at {address}")).because(e)),
    }
}
