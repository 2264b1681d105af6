//! What TLS costs: the processors' time of one request over kept connections, beside HAProxy's TLS.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::Context as _;
use windlass_model::{Listen, Tls, TlsFiles};

use crate::bench::registry::Product;
use crate::bench::router::anchors::{CERTIFICATE, KEY};
use crate::bench::router::bed::Bed;
use crate::bench::router::control::{serving, slot};
use crate::bench::router::pairs::Bar;
use crate::bench::router::wrk::{self, Place};
use crate::bench::row::Measure;

/// Times that each has its turn.
const ROUNDS: usize = 3;
/// Length of one turn.
const SECONDS: u64 = 2;

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut bed = Bed::make(product, true)?;
    let ours = secured(&mut bed)?;
    let mut turns = bed.turns(&["haproxy"], |doors| doors.secure);
    turns.ours = bed.contender(ours);
    turns.take(ROUNDS, |address| {
        wrk::load(Place::secure(address), "/1k", SECONDS, bed.folder())
    })?;
    Ok(vec![
        turns.cpu("tls_cpu_1k", "haproxy", Some(Bar::Most(1.3))),
        turns.failed("tls_failed"),
    ])
}

/// Where our router speaks TLS from now on.
pub(crate) fn secured(bed: &mut Bed) -> anyhow::Result<SocketAddr> {
    let path = |name: &str| bed.folder().join(name).display().to_string();
    let files = TlsFiles {
        certificate: path("ours.pem"),
        key: path("ours.key"),
    };
    fs::write(&files.certificate, CERTIFICATE).context("write a certificate")?;
    fs::write(&files.key, KEY).context("write its key")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("bind a listener")?;
    let address = bed.ours.control.listen(&listener)?;
    let mut route = serving(bed.ours.address, vec![slot(1, 100, &bed.origins)?]);
    route.listeners.push(Listen {
        tls: Some(Tls::Files(files)),
        ..address.into()
    });
    bed.ours.control.route(route)?;
    Ok(address)
}
