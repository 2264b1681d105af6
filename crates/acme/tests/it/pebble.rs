//! Pebble, and the DNS that it asks: every host is where the front is.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// How long one of them may take to be there.
const DEADLINE: Duration = Duration::from_secs(20);

/// The certificate by which pebble itself is asked, and whom to trust therefore.
pub(crate) fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tls/pems")
        .join(name)
}

/// An address of this machine that is free, and stays so until somebody is told to listen there.
///
/// Not one that the kernel chooses (32768 and above by default): it gives such a port to whoever connects next, and the
/// tests beside this one connect all the time. Each process begins at a place of its own.
pub(crate) fn free() -> SocketAddr {
    const FIRST: u16 = 12_000;
    const PLACES: u16 = 1_200;
    const EACH: u16 = 16;
    static NEXT: AtomicU16 = AtomicU16::new(0);

    let place = u16::try_from(std::process::id() % u32::from(PLACES)).expect("less than PLACES");
    let nth = || (place * EACH).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
    std::iter::repeat_with(|| FIRST + nth() % (PLACES * EACH))
        .take(usize::from(PLACES))
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a port")
}

/// An authority. Where it is asked stays the same when it is started again; what it knew is lost then.
pub(crate) struct Pebble {
    folder: tempfile::TempDir,
    acme: SocketAddr,
    management: SocketAddr,
    names: SocketAddr,
    names_management: SocketAddr,
    front: SocketAddr,
    processes: Vec<Child>,
}

impl Pebble {
    /// One that looks at proofs at `front`, and whose certificates are good for `life`.
    pub(crate) fn start(front: SocketAddr, life: Duration) -> Self {
        let mut pebble = Self {
            folder: tempfile::tempdir().expect("a folder"),
            acme: free(),
            management: free(),
            names: free(),
            names_management: free(),
            front,
            processes: Vec::new(),
        };
        pebble.again(life);
        pebble
    }

    /// Starts it after [`Pebble::stop`].
    pub(crate) fn again(&mut self, life: Duration) {
        let names = Command::new("pebble-challtestsrv")
            .args(["-dns01", &self.names.to_string()])
            .args(["-management", &self.names_management.to_string()])
            .args(["-defaultIPv4", &self.front.ip().to_string()])
            .args(["-defaultIPv6", ""])
            .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        self.processes.push(names.expect("pebble-challtestsrv"));
        let config = self.folder.path().join("pebble.json");
        let text = serde_json::json!({ "pebble": {
            "listenAddress": self.acme.to_string(),
            "managementListenAddress": self.management.to_string(),
            "certificate": pem("shop.pem"),
            "privateKey": pem("shop.key"),
            "httpPort": 1,
            "tlsPort": self.front.port(),
            "certificateValidityPeriod": life.as_secs(),
        } });
        std::fs::write(&config, text.to_string()).expect("written");
        let pebble = Command::new("pebble")
            .arg("-config")
            .arg(&config)
            .args(["-strict", "-dnsserver", &self.names.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            // Each order is proven, and nothing is left to chance.
            .env("PEBBLE_AUTHZREUSE", "0")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        self.processes.push(pebble.expect("pebble"));
        for address in [self.names, self.acme, self.management] {
            let until = Instant::now() + DEADLINE;
            while TcpStream::connect(address).is_err() {
                assert!(Instant::now() < until, "nothing listens on {address}");
                for process in &mut self.processes {
                    let ended = process.try_wait().expect("a child");
                    assert!(ended.is_none(), "{address} is not served: {ended:?}");
                }
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        for mut process in self.processes.drain(..) {
            drop(process.kill());
            drop(process.wait());
        }
    }

    /// The address of its directory.
    pub(crate) fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.acme.port())
    }

    /// Where it tells the root of what it issues, in this life.
    pub(crate) fn root(&self) -> (SocketAddr, &'static str) {
        (self.management, "/roots/0")
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.stop();
    }
}
