//! A folder with a service, a target that runs it, and looks at what is left.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use windlass_adapters::{PortRange, ProcessTarget, ProcessTargetConfig};
use windlass_control::{Restart, ShimStatus};
use windlass_edge::{
    Addresses, EdgeError, InstanceState, KeepRelease, Kept, StartInstance, Target,
};
use windlass_model::{
    Epoch, InstallationId, Instance, InstanceId, Millis, Overlap, Probe, ProcessSpec, Release,
    ServiceKey, ServiceSpec, Stop, Strategy, Template,
};

/// How long anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Not a test of its own: what this binary does when it is started as a shim.
#[test]
fn be_a_shim() {
    let arguments: Vec<String> = std::env::args().collect();
    let Some(place) = arguments.iter().position(|word| word == "--folder") else {
        return;
    };
    let outcome = windlass_shim::run(Path::new(&arguments[place + 1]));
    assert!(outcome.is_ok(), "{outcome:?}");
}

/// Not a test of its own: a service that listens at PORT until its input or life ends.
#[test]
fn be_a_listener() {
    if std::env::var("BE").as_deref() != Ok("a listener") {
        return;
    }
    let port = std::env::var("PORT").expect("PORT");
    let listener = TcpListener::bind(format!("0.0.0.0:{port}")).expect("a listener");
    for stream in listener.incoming() {
        let mut byte = [0];
        stream.expect("a peer").read_exact(&mut byte).unwrap_or(());
    }
}

/// Runs a test on the kind of runtime that the product has.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(async {
            tokio::time::timeout(PATIENCE * 3, test)
                .await
                .expect("within the time of a test")
        })
}

/// Looks until `condition` holds.
pub(crate) async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let by = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = condition().await {
            return seen;
        }
        assert!(Instant::now() < by, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A source folder and a state folder.
pub(crate) struct Bench {
    pub(crate) root: TempDir,
    pub(crate) target: ProcessTarget,
    addresses: PortRange,
}

pub(crate) fn config(root: &Path, epoch: u64) -> ProcessTargetConfig {
    let binary = std::env::current_exe().expect("this binary");
    let binary = binary.into_os_string().into_string().expect("text");
    let words = ["--exact", "process::bench::be_a_shim", "--"];
    let shim = std::iter::once(binary).chain(words.map(str::to_owned));
    ProcessTargetConfig {
        shim: shim.collect(),
        state: root.join("state"),
        run: root.join("run"),
        epoch: Epoch(epoch),
        installation: InstallationId::parse("inst_1").expect("an id"),
        key: b"secret".to_vec(),
    }
}

/// What runs these words.
pub(crate) fn service(argv: &[&str]) -> ServiceSpec {
    ServiceSpec {
        needs: [].into(),
        version: None,
        process: ProcessSpec {
            argv: argv
                .iter()
                .map(|word| Template::parse(word).expect("a template"))
                .collect(),
            files: Vec::new(),
            instances: 1,
            env: BTreeMap::new(),
            memory: None,
            stop: Stop {
                signal: "TERM".to_owned(),
                within: Millis::from_secs(10),
            },
        },
        command: None,
        listen: None,
        traffic: Box::default(),
        speaks: windlass_model::Speaks::Http1,
        ready: Probe::default(),
        strategy: Strategy::BlueGreen,
        overlap: Overlap::No,
        bake: Millis::ZERO,
        drain: Millis::ZERO,
        analysis: None,
        rollback_on: windlass_model::Rule::defaults(),
        detailed: None,
        metrics: BTreeMap::new(),
        rollback_within: ServiceSpec::ROLLBACK_WITHIN,
        was: None,
    }
}

/// A service that listens: this binary, with one small file to keep.
pub(crate) fn listener() -> ServiceSpec {
    let binary = std::env::current_exe().expect("this binary");
    let binary = binary.to_str().expect("text");
    let mut spec = service(&[binary, "--exact", "process::bench::be_a_listener"]);
    spec.process.files = vec!["./service".to_owned()];
    let be = Template::literal("a listener");
    spec.process.env.insert("BE".to_owned(), be);
    spec.listen = Some(SocketAddr::from(([127, 0, 0, 1], 8080)).into());
    spec
}

impl Bench {
    /// With `./service`, a script of this body.
    pub(crate) fn new(body: &str) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let target = ProcessTarget::new(config(root.path(), 5)).expect("a target");
        let seed = u64::from(std::process::id()) * 7919 + root.path().as_os_str().len() as u64;
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a time");
        let addresses = PortRange::of_this_machine(seed + u64::from(nanos.subsec_nanos()));
        let bench = Self {
            root,
            target,
            addresses,
        };
        bench.script("service", body);
        bench
    }

    /// Another controller on the same state.
    pub(crate) fn target_of_epoch(&self, epoch: u64) -> ProcessTarget {
        ProcessTarget::new(config(self.root.path(), epoch)).expect("a target")
    }

    pub(crate) fn source(&self, path: &str) -> PathBuf {
        self.root.path().join("source").join(path)
    }

    pub(crate) fn put(&self, path: &str, content: &str) {
        let place = self.source(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("folders");
        fs::write(place, content).expect("a file");
    }

    pub(crate) fn script(&self, path: &str, body: &str) {
        self.put(path, &format!("#!/bin/sh\n{body}\n"));
        self.mode(path, 0o755);
    }

    pub(crate) fn mode(&self, path: &str, mode: u32) {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.source(path), permissions).expect("a mode");
    }

    pub(crate) fn request(&self, spec: ServiceSpec) -> KeepRelease {
        let path = ("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        KeepRelease {
            service: ServiceKey::try_from("shop/default/api".to_owned()).expect("a key"),
            spec,
            folder: self.source(""),
            values: BTreeMap::new(),
            need_urls: BTreeMap::new(),
            surroundings: BTreeMap::from([path]),
        }
    }

    pub(crate) async fn try_keep(&self, spec: ServiceSpec) -> Result<Kept, EdgeError> {
        self.target.keep(&self.request(spec)).await
    }

    pub(crate) async fn keep(&self, argv: &[&str]) -> Kept {
        self.try_keep(service(argv)).await.expect("a release")
    }

    /// The reason why a release can't be kept.
    pub(crate) async fn refusal(&self, spec: ServiceSpec) -> String {
        let problem = self.try_keep(spec).await.expect_err("it is refused");
        assert_eq!(problem.kind, windlass_edge::ErrorKind::Rejected);
        problem.what
    }

    pub(crate) fn files(&self, release: &Release) -> PathBuf {
        self.releases()
            .join(release.artefact.as_str())
            .join("files")
    }

    pub(crate) fn releases(&self) -> PathBuf {
        self.root.path().join("state/releases")
    }

    pub(crate) fn instance(&self, tail: &str) -> Instance {
        Instance {
            id: InstanceId::from_tail(tail).expect("an id"),
            place: "local".to_owned(),
            address: self.addresses.allot(&|_| false).expect("an address"),
        }
    }

    pub(crate) fn starting(&self, release: Release, spec: ServiceSpec) -> StartInstance {
        StartInstance {
            slot: windlass_model::SlotId::default(),
            again: false,
            command: None,
            service: ServiceKey::try_from("shop/default/api".to_owned()).expect("a key"),
            instance: self.instance("1"),
            release,
            spec,
            ordinal: 0,
            restart: Restart::Never,
        }
    }

    /// Keeps and starts a service.
    pub(crate) async fn start(&self, spec: ServiceSpec) -> StartInstance {
        let kept = self.try_keep(spec.clone()).await.expect("a release");
        let request = self.starting(kept.release, spec);
        self.target.start(&request).await.expect("a start");
        request
    }

    pub(crate) async fn observe(&self, instance: &Instance) -> InstanceState {
        self.target.observe(instance).await.expect("a state")
    }

    pub(crate) fn trace(&self, instance: &Instance) -> PathBuf {
        let instances = self.root.path().join("state/instances");
        instances.join(instance.id.as_str())
    }

    pub(crate) fn printed(&self, instance: &Instance) -> String {
        fs::read_to_string(self.trace(instance).join("stdout.log")).unwrap_or_default()
    }

    /// Waits until the instance printed a whole line; returns everything.
    pub(crate) async fn line(&self, instance: &Instance) -> String {
        until("a line", async || {
            let text = self.printed(instance);
            text.ends_with('\n').then_some(text)
        })
        .await
    }

    pub(crate) fn status(&self, instance: &Instance) -> ShimStatus {
        let text = fs::read(self.trace(instance).join("status.json")).expect("a status");
        serde_json::from_slice(&text).expect("a status")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Whatever a test started is ended, also when the test failed.
        let instances = fs::read_dir(self.root.path().join("state/instances"));
        for folder in instances.into_iter().flatten().flatten() {
            let text = fs::read(folder.path().join("status.json")).unwrap_or_default();
            let Ok(status) = serde_json::from_slice::<ShimStatus>(&text) else {
                continue;
            };
            let leader = match status.state {
                windlass_control::ShimState::Running { pid, start_time } => (pid, start_time),
                windlass_control::ShimState::BackingOff { .. }
                | windlass_control::ShimState::Ended { .. } => status.shim,
            };
            for (pid, start_time) in [status.shim, leader] {
                if started(pid) == Some(start_time) {
                    kill(pid);
                }
            }
        }
        // The copies are read-only, also for whoever cleans up.
        let _mode = std::process::Command::new("chmod")
            .args(["-R", "u+w"])
            .arg(self.root.path())
            .status();
    }
}

/// The start time of a living process.
pub(crate) fn started(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, tail) = text.rsplit_once(')')?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    (fields[0] != "Z" && fields[0] != "X").then(|| fields[19].parse().expect("a number"))
}

pub(crate) fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
    let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}
