//! The other proxies, as Debian packs them. One that is not installed is left out with a word.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;

use crate::bench::router::bed::{Doors, Running, Target};
use crate::bench::router::session;
use crate::say;
use crate::setup::on_path;

/// A proxy to measure beside ours.
struct Anchor {
    program: &'static str,
    /// The file that it is told.
    file: &'static str,
    text: &'static str,
    /// What stands before the file on its command line.
    words: &'static [&'static str],
}

/// What is shown where TLS is measured; nobody checks it there.
pub(crate) const CERTIFICATE: &str = include_str!("../../../../crates/tls/pems/shop.pem");
/// Its key.
pub(crate) const KEY: &str = include_str!("../../../../crates/tls/pems/shop.key");

const NGINX: Anchor = Anchor {
    program: "nginx",
    file: "nginx.conf",
    text: include_str!("nginx.conf"),
    words: &["-c"],
};

const ANCHORS: [Anchor; 3] = [
    Anchor {
        program: "haproxy",
        file: "haproxy.cfg",
        text: include_str!("haproxy.cfg"),
        words: &["-f"],
    },
    NGINX,
    Anchor {
        program: "caddy",
        file: "caddy.json",
        text: include_str!("caddy.json"),
        words: &["run", "--config"],
    },
];

impl Anchor {
    /// Writes its file into `folder`; where that is.
    fn write(
        &self,
        folder: &Path,
        doors: &Doors,
        origins: [SocketAddr; 2],
    ) -> anyhow::Result<PathBuf> {
        let path = folder.join(self.file);
        let text = self
            .text
            .replace("@THREADS@", &threads()?)
            .replace("@FOLDER@", &folder.to_string_lossy())
            .replace("@LISTEN@", &doors.plain.to_string())
            .replace("@SECURE@", &doors.secure.to_string())
            .replace("@MULTIPLEXED@", &doors.multiplexed.to_string())
            .replace("@TOLD@", &doors.told.to_string())
            .replace("@ONE@", &origins[0].to_string())
            .replace("@TWO@", &origins[1].to_string());
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}

/// As many as there are cores.
fn threads() -> anyhow::Result<String> {
    let threads = std::thread::available_parallelism().context("count the cores")?;
    Ok(threads.to_string())
}

/// Writes nginx's file anew, for what it is to go by from when it is told to read it again.
///
/// # Errors
/// It can't be written.
pub(crate) fn rewrite_nginx(
    folder: &Path,
    doors: &Doors,
    origins: [SocketAddr; 2],
) -> anyhow::Result<PathBuf> {
    NGINX.write(folder, doors, origins)
}

/// Starts those that are installed, each on its own of `doors`, in front of `origins`.
///
/// # Errors
/// One that is installed can't be started.
pub(crate) fn start(
    folder: &Path,
    doors: &[Doors],
    origins: [SocketAddr; 2],
) -> anyhow::Result<Vec<Target>> {
    let pair = folder.join("secure.pem");
    fs::write(&pair, [CERTIFICATE, KEY].concat()).context("write a certificate")?;
    let mut started = Vec::new();
    for (anchor, doors) in ANCHORS.iter().zip(doors) {
        if !on_path(anchor.program) {
            say::aside(&format!("== left out: {} is not installed", anchor.program));
            continue;
        }
        let path = anchor.write(folder, doors, origins)?;
        let threads = threads()?;
        let mut command = session::own(anchor.program);
        command
            .args(anchor.words)
            .arg(&path)
            .env("HOME", folder)
            .env("GOMAXPROCS", threads);
        let begun = Instant::now();
        let process = Running::start(anchor.program, &mut command, folder)?;
        process.wait_for(doors.plain)?;
        started.push(Target {
            name: anchor.program,
            doors: *doors,
            process: Some(process),
            ready_after: begun.elapsed(),
        });
    }
    Ok(started)
}
