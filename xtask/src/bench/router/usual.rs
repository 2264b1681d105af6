//! The usual load on our router, with nobody beside it: requests in each protocol, and with each of them what is
//! decided by cookie and header.

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::turns::Loaded;
use crate::bench::router::wrk::{self, Place};
use crate::bench::router::{features, h2load, secure, sockets};

/// Length of each.
const SECONDS: u64 = 3;

/// Plays it to its end, or until Ctrl-C.
///
/// # Errors
/// A load can't be played, or a request failed.
pub(crate) fn play(product: &Product) -> anyhow::Result<()> {
    interrupt::listen()?;
    let mut bed = Bed::make(product, false)?;
    let secured = secure::secured(&mut bed)?;
    let (plain, folder) = (bed.ours.address, bed.folder());
    for path in ["/1k", "/64k"] {
        whole(&wrk::load(plain, path, SECONDS, folder)?)?;
    }
    whole(&wrk::load(Place::secure(secured), "/1k", SECONDS, folder)?)?;
    whole(&h2load::load(plain, "/1k", SECONDS, folder)?)?;
    whole(&sockets::load(
        &product.sockets,
        plain,
        &sockets::MANY,
        folder,
    )?)?;
    let lost = features::part(product)?;
    let lost = lost.iter().find(|row| row.name == features::FAILED);
    anyhow::ensure!(lost.is_some_and(|row| row.value == 0.0), "requests failed");
    Ok(())
}

fn whole(loaded: &Loaded) -> anyhow::Result<()> {
    let failed = loaded.failed;
    anyhow::ensure!(failed == 0, "{failed} requests failed");
    Ok(())
}
