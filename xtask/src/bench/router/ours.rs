//! Our router, alone: the binary that ships, told its table as a controller would.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::bench::registry::Product;
use crate::bench::router::bed::{Running, STARTED_WITHIN};
use crate::bench::router::control::{Control, serving, slot};
use crate::bench::router::name;
use crate::bench::router::session;

/// Our router and what speaks to it.
pub(crate) struct Ours {
    pub(crate) process: Running,
    pub(crate) control: Control,
    pub(crate) address: SocketAddr,
    /// From its start to its first answer.
    pub(crate) ready_after: Duration,
}

/// Starts it in `folder` with the whole share on `origins`.
///
/// # Errors
/// It does not start, or does not take its table.
pub(crate) fn start(
    product: &Product,
    folder: &Path,
    origins: &[SocketAddr],
) -> anyhow::Result<Ours> {
    let state = folder.join("router");
    let mut command = session::own(&product.binary);
    // Without that variable the sockets are in the state directory.
    command
        .env_remove("XDG_RUNTIME_DIR")
        .args(["router", "--state-dir"])
        .arg(&state);
    let begun = Instant::now();
    let process = Running::start("router", &mut command, folder)?;
    let socket = state.join("run/router.sock");
    let until = Instant::now() + STARTED_WITHIN;
    let mut control = loop {
        match Control::connect(&socket) {
            Ok(control) => break control,
            Err(why) if Instant::now() > until => return Err(why),
            Err(_not_yet) => std::thread::yield_now(),
        }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("bind a listener")?;
    let address = control.listen(&listener)?;
    control.route(serving(address, vec![slot(1, 100, origins)?]))?;
    let answered = name::Client::connect(address)?.ask()?;
    anyhow::ensure!(
        answered.starts_with("origin-"),
        "the router answered {answered:?}"
    );
    let ready_after = begun.elapsed();
    Ok(Ours {
        process,
        control,
        address,
        ready_after,
    })
}
