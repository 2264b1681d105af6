//! What TLS costs: the processors' time of one request over kept connections, beside HAProxy's TLS.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::Context as _;
use windlass_model::{Listen, Tls, TlsFiles};

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::anchors::{CERTIFICATE, KEY};
use crate::bench::router::bed::Bed;
use crate::bench::router::control::{serving, slot};
use crate::bench::router::cpu;
use crate::bench::router::pairs::{Bar, Pairs};
use crate::bench::router::wrk::{self, Place};
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::count;

/// Times that each has its turn.
const ROUNDS: usize = 3;
/// Length of one turn.
const SECONDS: u64 = 2;

/// Whoever speaks TLS, and what its turns came to.
struct Turns {
    address: SocketAddr,
    pid: u32,
    /// Microseconds of the processors for a request.
    cpu: Vec<f64>,
    failed: u64,
}

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut bed = Bed::make(product, true)?;
    let mut all = vec![turns(secured(&mut bed)?, bed.ours.process.pid())];
    let haproxy = bed
        .targets()
        .into_iter()
        .find(|(name, ..)| *name == "haproxy");
    if let Some((_, _, Some(pid))) = haproxy {
        all.push(turns(bed.secure, pid));
    }
    for _ in 0..ROUNDS {
        for turns in &mut all {
            turn(&bed, turns)?;
        }
    }
    let ours = all.first().context("ours was not measured")?;
    let haproxy = all.get(1).map(|turns| turns.cpu.as_slice());
    Ok(vec![
        Pairs::new(&ours.cpu, haproxy, "haproxy").measure("tls_cpu_1k", "us", Some(Bar::Most(1.3))),
        Measure {
            name: "tls_failed",
            value: count(ours.failed),
            unit: "requests",
            anchor: None,
            goal: Goal::AtMost(0.0),
        },
    ])
}

fn turns(address: SocketAddr, pid: u32) -> Turns {
    Turns {
        address,
        pid,
        cpu: Vec::new(),
        failed: 0,
    }
}

/// Where our router speaks TLS from now on.
fn secured(bed: &mut Bed) -> anyhow::Result<SocketAddr> {
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

fn turn(bed: &Bed, turns: &mut Turns) -> anyhow::Result<()> {
    interrupt::check()?;
    let before = cpu::used(turns.pid)?;
    let place = Place::secure(turns.address);
    let loaded = wrk::load(place, "/1k", SECONDS, bed.folder())?;
    let spent: Duration = cpu::used(turns.pid)?.saturating_sub(before);
    let requests = count(loaded.requests.max(1));
    turns.cpu.push(spent.as_secs_f64() * 1e6 / requests);
    turns.failed += loaded.failed;
    Ok(())
}
