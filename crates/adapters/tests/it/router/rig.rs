//! A router process run by this test binary, and services behind it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use windlass_adapters::{EmbeddedRouter, EmbeddedRouterConfig};
use windlass_control::{Direction, Generation, RouteChange, RouterProgram};
use windlass_edge::{EdgeError, TrafficRouter};
use windlass_model::{
    Epoch, Instance, InstanceId, Label, Percent, Probe, Route, RouteMode, RouteSlot, ServiceKey,
    SlotId, Speaks, Version,
};
use windlass_router::{RouterConfig, own_session, run};

/// How long a condition may take to become true.
const DEADLINE: Duration = Duration::from_secs(30);

/// Polls `condition` until it is true, within a deadline.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < until, "not within {DEADLINE:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Not a test of its own: what the others start as a router process.
#[test]
fn is_a_router_process() {
    let told = |name: &str| std::env::args().find_map(|a| a.strip_prefix(name).map(PathBuf::from));
    // Told nothing, it is only listed beside the tests.
    let (Some(state), Some(socket)) = (told("state="), told("socket=")) else {
        return;
    };
    own_session().expect("a session");
    let config = RouterConfig {
        halted: state.join("halted"),
        state,
        socket,
        threads: NonZeroUsize::new(2).expect("some"),
        alone: None,
        program: RouterProgram::own(),
    };
    run(config).expect("a router");
}

/// A folder for one router.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn config(&self, epoch: u64) -> EmbeddedRouterConfig {
        let (state, socket) = (self.path("state"), self.path("router.sock"));
        let pair = |name: &str, path: &Path| {
            let mut argument = OsString::from(name);
            argument.push(path);
            argument
        };
        let arguments = vec![
            "router::rig::is_a_router_process".into(),
            "--exact".into(),
            "--nocapture".into(),
            pair("state=", &state),
            pair("socket=", &socket),
        ];
        EmbeddedRouterConfig {
            program: std::env::current_exe().expect("this program"),
            arguments,
            state,
            socket,
            log: self.path("log/router.log"),
            epoch: Epoch(epoch),
        }
    }

    pub(crate) async fn connect(&self, epoch: u64) -> EmbeddedRouter {
        let connected = EmbeddedRouter::connect(self.config(epoch)).await;
        connected.expect("a router")
    }

    /// The router process of this folder.
    pub(crate) fn pid(&self) -> Option<i32> {
        let socket = self.path("router.sock");
        let wanted = socket.to_str().expect("a path");
        let mut all = std::fs::read_dir("/proc").expect("/proc").flatten();
        all.find_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let command = std::fs::read(entry.path().join("cmdline")).ok()?;
            String::from_utf8_lossy(&command)
                .contains(wanted)
                .then_some(pid)
        })
    }

    /// Kills the router process outright.
    pub(crate) fn kill(&self) -> i32 {
        let pid = self.pid().expect("a router process");
        let target = rustix::process::Pid::from_raw(pid).expect("a pid");
        rustix::process::kill_process(target, rustix::process::Signal::KILL).expect("killed");
        pid
    }
}

/// A service that answers every request with its name and keeps connections.
pub(crate) fn origin(name: &'static str) -> SocketAddr {
    answering(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}",
        name.len()
    ))
}

/// A service that answers every head with `answer`.
pub(crate) fn answering(answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || {
                let mut come = Vec::new();
                let mut piece = [0; 4096];
                while let Ok(count @ 1..) = (&stream).read(&mut piece) {
                    come.extend_from_slice(&piece[..count]);
                    if come.ends_with(b"\r\n\r\n") {
                        come.clear();
                        (&stream).write_all(answer.as_bytes()).ok();
                    }
                }
            });
        }
    });
    address
}

/// An address that was free a moment ago, outside the range that the kernel gives to others.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let offset = u16::try_from(std::process::id() % 400).expect("small") * 20;
    loop {
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let address = SocketAddr::from(([127, 0, 0, 1], 20_000 + offset + next));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// Asks for `/` on a new connection: the body.
pub(crate) fn get(address: SocketAddr) -> io::Result<String> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    (&stream).write_all(b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    (&stream).read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok(body.to_owned())
}

pub(crate) fn key(service: &str) -> ServiceKey {
    ServiceKey::try_from(format!("shop/default/{service}")).expect("a key")
}

pub(crate) fn instance(address: SocketAddr) -> Instance {
    Instance {
        id: InstanceId::parse("ins_1").expect("an id"),
        place: "local".to_owned(),
        address,
    }
}

/// Everything to one instance.
pub(crate) fn to(listener: SocketAddr, address: SocketAddr) -> Route {
    Route {
        listeners: vec![listener.into()],
        mode: RouteMode::Serve,
        slots: vec![RouteSlot {
            slot: SlotId(1),
            label: Label::Blue,
            version: Version("1".to_owned()),
            weight: Percent::FULL,
            instances: vec![instance(address)],
            probe: Probe::default(),
            speaks: Speaks::default(),
        }],
        traffic: Box::default(),
        thresholds: Vec::new(),
    }
}

/// Raises one service from the generation that is in effect.
pub(crate) async fn raise(
    router: &EmbeddedRouter,
    service: &str,
    route: Option<Route>,
) -> Result<Generation, EdgeError> {
    let key = key(service);
    let table = router.observe().await?;
    let before = table.services.get(&key);
    let change = RouteChange {
        direction: Direction::Raise,
        decided_on: before.map(|s| s.generation).unwrap_or_default(),
        route,
    };
    let changes = BTreeMap::from([(key.clone(), change)]);
    let done = router.apply(changes.into()).await?;
    Ok(done[&key])
}
