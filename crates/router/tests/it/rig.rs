//! A router in this process and the controller's side of its socket.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::{Pid, Signal, kill_process};
use windlass_control::{
    Direction, Generation, ObservedTable, Refusal, RouteChange, RouterProgram, RouterReply,
    RouterRequest, TableChange, Tick, Trip, Tripwire, TripwireId, decode_length, encode,
};
use windlass_model::{
    Epoch, Instance, InstanceId, Label, Listen, Millis, Percent, Probe, ProbeKind, Route,
    RouteMode, RouteSlot, ServiceKey, SlotId, Speaks, Version,
};
use windlass_router::{Alone, RouterConfig, RouterError, Routes, run};

/// How long a condition may take to become true.
const DEADLINE: Duration = Duration::from_secs(20);

/// Polls `condition` until it is true, within a deadline.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < until, "not within {DEADLINE:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Not a test of its own: what some of the others start as a router process, to kill it.
#[test]
fn is_a_router_process() {
    let told = |name: &str| std::env::args().find_map(|a| a.strip_prefix(name).map(PathBuf::from));
    // Told nothing, it is only listed beside the tests.
    let Some(folder) = told("folder=") else {
        return;
    };
    // What was started to take another one's place may be told to do nothing.
    let hangs = std::env::var_os("WINDLASS_ROUTER_TAKES_PLACE").is_some();
    while hangs && folder.join("hangs").exists() {
        std::thread::park_timeout(DEADLINE);
    }
    run(config_in(&folder, 2)).expect("a router");
}

/// What the file of a router that runs alone says, in the folder of its rig.
const FILE: &str = "alone.json";

fn config_in(folder: &Path, threads: usize) -> RouterConfig {
    let path = folder.join(FILE);
    let read = move || -> Result<Routes, String> {
        let json = std::fs::read(&path).map_err(|why| why.to_string())?;
        serde_json::from_slice(&json).map_err(|why| why.to_string())
    };
    RouterConfig {
        state: folder.join("state"),
        socket: folder.join("router.sock"),
        halted: folder.join("halted"),
        threads: NonZeroUsize::new(threads).expect("some"),
        alone: read().ok().map(|routes| Alone::new(routes, read)),
        program: RouterProgram::own(),
    }
}

/// Whether a process has ended, although nobody may have asked how.
pub(crate) fn is_gone(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

/// A connection to a router's control socket.
pub(crate) struct Control(UnixStream);

impl Control {
    pub(crate) fn connect(socket: &PathBuf) -> Self {
        let mut stream = None;
        eventually("the router answers", || {
            stream = UnixStream::connect(socket).ok();
            stream.is_some()
        });
        Self(stream.expect("connected"))
    }

    pub(crate) fn call(&self, request: &RouterRequest) -> RouterReply {
        self.exchange(request, &[]).0
    }

    pub(crate) fn exchange(
        &self,
        request: &RouterRequest,
        descriptors: &[BorrowedFd<'_>],
    ) -> (RouterReply, Vec<OwnedFd>) {
        self.try_exchange(request, descriptors).expect("a reply")
    }

    pub(crate) fn try_exchange(
        &self,
        request: &RouterRequest,
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<(RouterReply, Vec<OwnedFd>)> {
        self.send(&encode(request).expect("a frame"), descriptors)?;
        self.receive()
    }

    /// Sends what is not waited for.
    pub(crate) fn ask(&self, request: &RouterRequest) {
        let frame = encode(request).expect("a frame");
        self.send(&frame, &[]).expect("sent");
    }

    fn send(&self, frame: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
        }
        let bytes = [IoSlice::new(frame)];
        let sent = sendmsg(&self.0, &bytes, &mut control, SendFlags::empty())?;
        (&self.0).write_all(&frame[sent..])
    }

    pub(crate) fn receive(&self) -> io::Result<(RouterReply, Vec<OwnedFd>)> {
        let mut descriptors = Vec::new();
        let mut header = [0; 4];
        self.fill(&mut header, &mut descriptors)?;
        let length = decode_length(header).map_err(io::Error::other)?;
        let mut json = vec![0; length];
        self.fill(&mut json, &mut descriptors)?;
        Ok((serde_json::from_slice(&json)?, descriptors))
    }

    fn fill(&self, bytes: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<()> {
        let mut filled = 0;
        while filled < bytes.len() {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(64))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut into = [IoSliceMut::new(&mut bytes[filled..])];
            let flags = RecvFlags::CMSG_CLOEXEC;
            let received = recvmsg(&self.0, &mut into, &mut control, flags)?;
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(came) = message {
                    descriptors.extend(came);
                }
            }
            if received.bytes == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += received.bytes;
        }
        Ok(())
    }
}

/// A router with its state folder.
pub(crate) struct Rig {
    folder: tempfile::TempDir,
    threads: usize,
    /// It runs as a process that can be killed, instead of as a thread.
    outside: bool,
    child: RefCell<Option<Child>>,
    /// The one that has taken its place, and those whose place was taken.
    heir: Cell<Option<Pid>>,
    elders: RefCell<Vec<Child>>,
    router: RefCell<Option<JoinHandle<Result<(), RouterError>>>>,
    control: RefCell<Option<Control>>,
    pub(crate) epoch: Epoch,
}

impl Rig {
    /// A router on a fresh folder, with two data threads.
    pub(crate) fn start() -> Self {
        Self::with_threads(2)
    }

    pub(crate) fn with_threads(threads: usize) -> Self {
        let rig = Self::new(threads, false);
        rig.begin();
        rig
    }

    /// A router process of its own, not yet begun.
    pub(crate) fn outside() -> Self {
        Self::new(2, true)
    }

    /// A router that runs alone by a file, as a process.
    pub(crate) fn alone(routes: &BTreeMap<ServiceKey, Route>) -> Self {
        let rig = Self::outside();
        rig.file(routes);
        rig.begin();
        rig
    }

    /// Writes what the router will be told when it begins.
    pub(crate) fn file(&self, routes: &BTreeMap<ServiceKey, Route>) {
        let json = serde_json::to_vec(routes).expect("JSON");
        std::fs::write(self.path(FILE), json).expect("written");
    }

    fn new(threads: usize, outside: bool) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            threads,
            outside,
            child: RefCell::new(None),
            heir: Cell::new(None),
            elders: RefCell::default(),
            router: RefCell::new(None),
            control: RefCell::new(None),
            epoch: Epoch(1),
        }
    }

    /// Starts the router on what lies in the folder.
    pub(crate) fn begin(&self) {
        let config = self.config();
        let socket = config.socket.clone();
        if self.outside {
            let folder = self.folder.path().display();
            let child = Command::new(std::env::current_exe().expect("this program"))
                .args(["rig::is_a_router_process", "--exact", "--nocapture"])
                .arg(format!("folder={folder}"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            self.child.replace(Some(child.expect("a process")));
        } else {
            let router = std::thread::spawn(move || run(config));
            self.router.replace(Some(router));
        }
        self.control.replace(Some(Control::connect(&socket)));
    }

    /// The router process.
    pub(crate) fn pid(&self) -> Pid {
        if let Some(heir) = self.heir.get() {
            return heir;
        }
        let child = self.child.borrow();
        child.as_ref().map(Pid::from_child).expect("a process")
    }

    /// Asks the router to have `program` take its place.
    pub(crate) fn upgrade(&self, program: &Path, within: Duration) -> RouterReply {
        let program = File::open(program).expect("a program");
        let within = Millis::from_millis(u64::try_from(within.as_millis()).expect("short"));
        let reply = {
            let control = self.control.borrow();
            let control = control.as_ref().expect("a router");
            control
                .exchange(&RouterRequest::Upgrade { within }, &[program.as_fd()])
                .0
        };
        if let RouterReply::Upgraded { pid } = reply {
            self.elders.borrow_mut().extend(self.child.take());
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            self.heir.set(pid);
            self.control.replace(Some(Control::connect(&self.socket())));
        }
        reply
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.config().socket
    }

    /// The process that has taken the place of the one that was killed.
    pub(crate) fn adopt(&self, heir: Pid) {
        self.heir.set(Some(heir));
        self.control.replace(Some(Control::connect(&self.socket())));
    }

    /// Those whose place was taken were killed.
    pub(crate) fn forget_elders(&self) {
        for mut elder in self.elders.take() {
            elder.wait().expect("gone");
        }
    }

    /// Waits until all whose place was taken have ended well, but for those that nobody here started.
    pub(crate) fn elders_end(&self) {
        for mut elder in self.elders.take() {
            assert!(elder.wait().expect("gone").success());
        }
    }

    /// Memory that the router process has, in megabytes.
    pub(crate) fn megabytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most that it ever had.
    pub(crate) fn most_megabytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, of: &str) -> u64 {
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(path).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(of));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        kilobytes
            .and_then(|number| number.parse::<u64>().ok())
            .expect("a size")
            / 1024
    }

    /// Ends the router and waits until it is gone.
    pub(crate) fn end(&self) {
        let observed = self.observe();
        if observed.alone {
            kill_process(self.pid(), Signal::TERM).expect("it runs");
        } else {
            let epoch = observed.epoch;
            let reply = self.call(&RouterRequest::Shutdown { epoch });
            assert_eq!(reply, RouterReply::Done);
        }
        self.join();
    }

    /// Kills the router process as SIGKILL does.
    pub(crate) fn kill(&self) {
        if let Some(heir) = self.heir.take() {
            kill_process(heir, Signal::KILL).expect("killed");
            eventually("it is gone", || is_gone(heir));
            self.control.replace(None);
            return;
        }
        let mut child = self.child.take().expect("a router process");
        child.kill().expect("killed");
        child.wait().expect("gone");
        self.control.replace(None);
    }

    pub(crate) fn join(&self) {
        self.control.replace(None);
        self.elders_end();
        if let Some(heir) = self.heir.take() {
            eventually("it is gone", || is_gone(heir));
        }
        if let Some(mut child) = self.child.take() {
            assert!(child.wait().expect("gone").success());
        }
        if let Some(router) = self.router.take() {
            let ended = router.join().expect("no panic");
            ended.expect("a clean end");
        }
    }

    pub(crate) fn config(&self) -> RouterConfig {
        config_in(self.folder.path(), self.threads)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn table_path(&self) -> PathBuf {
        self.folder.path().join("state/table.json")
    }

    pub(crate) fn call(&self, request: &RouterRequest) -> RouterReply {
        let control = self.control.borrow();
        control.as_ref().expect("a router").call(request)
    }

    pub(crate) fn listeners(&self) -> (Vec<SocketAddr>, Vec<OwnedFd>) {
        let control = self.control.borrow();
        let control = control.as_ref().expect("a router");
        let (reply, descriptors) = control.exchange(&RouterRequest::Listeners, &[]);
        let RouterReply::Listeners(addresses) = reply else {
            unreachable!("not listeners: {reply:?}");
        };
        (addresses, descriptors)
    }

    /// Hands a socket over and keeps no duplicate.
    pub(crate) fn hand_over(&self, address: SocketAddr, socket: BorrowedFd<'_>) -> RouterReply {
        let control = self.control.borrow();
        let control = control.as_ref().expect("a router");
        let epoch = self.epoch;
        let request = RouterRequest::Listen { epoch, address };
        control.exchange(&request, &[socket]).0
    }

    /// Binds a free port, hands it over, keeps no duplicate.
    pub(crate) fn listener(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        assert_eq!(self.hand_over(address, listener.as_fd()), RouterReply::Done);
        address
    }

    pub(crate) fn observe(&self) -> ObservedTable {
        match self.call(&RouterRequest::Observe) {
            RouterReply::Observed(table) => table,
            other => unreachable!("not a table: {other:?}"),
        }
    }

    pub(crate) fn generation(&self, key: &ServiceKey) -> Generation {
        let table = self.observe();
        table
            .services
            .get(key)
            .map_or(Generation(0), |s| s.generation)
    }

    pub(crate) fn change(
        &self,
        direction: Direction,
        key: &ServiceKey,
        route: Option<Route>,
    ) -> Result<Generation, Refusal> {
        let decided_on = self.generation(key);
        let change = RouteChange {
            direction,
            decided_on,
            route,
        };
        let changes = BTreeMap::from([(key.clone(), change)]);
        let done = self.apply(self.epoch, changes)?;
        Ok(done[key])
    }

    pub(crate) fn apply(
        &self,
        epoch: Epoch,
        changes: BTreeMap<ServiceKey, RouteChange>,
    ) -> Result<BTreeMap<ServiceKey, Generation>, Refusal> {
        self.swap(epoch, changes.into())
    }

    /// One swap, with tripwires.
    pub(crate) fn swap(
        &self,
        epoch: Epoch,
        change: TableChange,
    ) -> Result<BTreeMap<ServiceKey, Generation>, Refusal> {
        match self.call(&RouterRequest::Apply { epoch, change }) {
            RouterReply::Applied(generations) => Ok(generations),
            RouterReply::Refused(refusal) => Err(refusal),
            other => unreachable!("neither applied nor refused: {other:?}"),
        }
    }

    /// Raises `key` to `route`, which must be accepted.
    pub(crate) fn route(&self, key: &ServiceKey, route: Route) {
        let done = self.change(Direction::Raise, key, Some(route));
        assert!(done.is_ok(), "{done:?}");
    }

    /// Raises services to routes and arms tripwires, by the service they watch, in one swap.
    pub(crate) fn arm(
        &self,
        routes: &[(&ServiceKey, &Route)],
        tripwires: &[(&ServiceKey, &Tripwire)],
    ) -> Result<BTreeMap<ServiceKey, Generation>, Refusal> {
        let raised = |(key, route): &(&ServiceKey, &Route)| {
            let change = RouteChange {
                direction: Direction::Raise,
                decided_on: self.generation(key),
                route: Some((*route).clone()),
            };
            ((*key).clone(), change)
        };
        let armed =
            |(key, wire): &(&ServiceKey, &Tripwire)| ((*key).clone(), Some((*wire).clone()));
        let change = TableChange {
            routes: routes.iter().map(raised).collect(),
            tripwires: tripwires.iter().map(armed).collect(),
            relies_on: BTreeMap::new(),
        };
        self.swap(self.epoch, change)
    }

    pub(crate) fn trips(&self) -> Vec<Trip> {
        self.observe().trips
    }

    pub(crate) fn acknowledge(&self, epoch: Epoch, trip: &TripwireId) -> RouterReply {
        let trip = trip.clone();
        self.call(&RouterRequest::Acknowledge { epoch, trip })
    }

    /// The share of `slot` in effect.
    pub(crate) fn share(&self, key: &ServiceKey, slot: u32) -> u8 {
        self.observe().services[key]
            .route
            .weight(SlotId(slot))
            .get()
    }

    pub(crate) fn in_flight(&self, key: &ServiceKey, slot: u32) -> u64 {
        let table = self.observe();
        let service = table.services.get(key);
        service
            .and_then(|s| s.slots.get(&SlotId(slot)))
            .map_or(0, |s| s.in_flight)
    }

    /// Requests that wait for a service.
    pub(crate) fn waiting(&self, key: &ServiceKey) -> u64 {
        self.observe().services[key].waiting
    }

    pub(crate) fn ticks(&self, after: u64) -> Vec<Tick> {
        match self.call(&RouterRequest::Ticks { after }) {
            RouterReply::Ticks { ticks, .. } => ticks,
            other => unreachable!("no ticks: {other:?}"),
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(heir) = self.heir.get() {
                kill_process(heir, Signal::KILL).ok();
            }
            for child in self.child.get_mut().iter_mut().chain(self.elders.get_mut()) {
                child.kill().expect("killed");
            }
        } else if self.router.borrow().is_some()
            || self.child.borrow().is_some()
            || self.heir.get().is_some()
        {
            self.end();
        }
    }
}

pub(crate) fn key(service: &str) -> ServiceKey {
    ServiceKey::try_from(format!("shop/default/{service}")).expect("a key")
}

/// A slot whose instances are probed by TCP.
pub(crate) fn slot(id: u32, weight: u64, addresses: &[SocketAddr]) -> RouteSlot {
    let instances = (0..).zip(addresses).map(|(n, address)| Instance {
        id: InstanceId::parse(&format!("ins_{id}x{n}")).expect("an id"),
        place: "local".to_owned(),
        address: *address,
    });
    RouteSlot {
        slot: SlotId(id),
        label: if id.is_multiple_of(2) {
            Label::Green
        } else {
            Label::Blue
        },
        version: Version(format!("v{id}")),
        weight: Percent::new(weight).expect("a share"),
        instances: instances.collect(),
        probe: Probe {
            kind: ProbeKind::Alive {
                at_least: Millis::ZERO,
            },
            ..Probe::default()
        },
        speaks: Speaks::default(),
    }
}

pub(crate) fn serving(listener: impl Into<Listen>, slots: Vec<RouteSlot>) -> Route {
    Route {
        listeners: vec![listener.into()],
        mode: RouteMode::Serve,
        slots,
        traffic: Box::default(),
        thresholds: Vec::new(),
    }
}
