//! The lab itself.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use windlass_load::{Load, LoadPlan};

use super::ask::{Answer, ask, eventually};
use super::processes::{self, Process};
use super::ran::{Following, Left};
use super::service::Service;
use super::user;

/// Longest wait for something that a command has started.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Where state is below a lab's folder when nothing says where.
pub(crate) const HOME_STATE: &str = "home/.local/state/windlass";

/// Requests that leave each second in a test under load.
const PER_SECOND: u32 = 200;

/// The next port of this process. Below the range of outgoing connections and of instances.
static NEXT_PORT: AtomicU16 = AtomicU16::new(8_000);

/// One installation, with one application. Dropping it takes it down and fails if anything is left.
pub(crate) struct Lab {
    folder: TempDir,
    commands: AtomicUsize,
    binary: PathBuf,
    ordinary: bool,
    state: PathBuf,
    addresses: RefCell<BTreeMap<String, SocketAddr>>,
}

impl Lab {
    /// A lab with this file, in which each `@name` becomes an address of its own.
    pub(crate) fn new(file: &str) -> Self {
        let lab = Self::empty();
        lab.file(file);
        lab
    }

    /// A lab whose folder is empty. Of the ordinary user if the whole run is to be his.
    pub(crate) fn empty() -> Self {
        let lab = Self::ours();
        if user::is_asked_for() {
            lab.given_away()
        } else {
            lab
        }
    }

    fn ours() -> Self {
        let folder = tempfile::Builder::new().prefix("wl-").tempdir().unwrap();
        let lab = Self {
            state: folder.path().join("state"),
            folder,
            commands: AtomicUsize::new(0),
            binary: PathBuf::from(env!("CARGO_BIN_EXE_windlass")),
            ordinary: false,
            addresses: RefCell::default(),
        };
        for name in ["app", "ran", "tmp"] {
            fs::create_dir(lab.folder.path().join(name)).unwrap();
        }
        // Named, and not there, it would be told as new.
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&lab.state)
            .unwrap();
        lab
    }

    /// The same for a user without rights, who owns all of it.
    pub(crate) fn ordinary(file: &str) -> Self {
        let lab = Self::ours().given_away();
        lab.file(file);
        lab
    }

    fn given_away(mut self) -> Self {
        self.ordinary = true;
        // Where the binary was built, that user may have no way in. Copied by another process: what
        // this one writes may be open in a child of another test, and then cannot be run.
        let binary = self.folder.path().join("windlass");
        let copied = Command::new("cp").args([&self.binary, &binary]).status();
        assert!(copied.unwrap().success());
        self.binary = binary;
        if user::is_root() {
            let owner = Some(user::ORDINARY);
            let ran = self.folder.path().join("ran");
            let own = [self.app(""), self.tmp(), self.state(""), ran];
            for path in own.into_iter().chain([self.folder.path().to_owned()]) {
                std::os::unix::fs::chown(path, owner, owner).unwrap();
            }
        }
        self
    }

    /// Gives what a test made to whoever the lab's commands run as.
    pub(crate) fn give(&self, path: &Path) {
        if self.ordinary && user::is_root() {
            let owner = Some(user::ORDINARY);
            std::os::unix::fs::chown(path, owner, owner).unwrap();
        }
    }

    /// The same with the state directory elsewhere below the lab's folder.
    pub(crate) fn state_in(mut self, below: &str) -> Self {
        self.state = self.folder.path().join(below);
        self
    }

    /// The product.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// A path in the application's folder.
    pub(crate) fn app(&self, name: &str) -> PathBuf {
        self.folder.path().join("app").join(name)
    }

    /// A path in the state directory.
    pub(crate) fn state(&self, name: &str) -> PathBuf {
        self.state.join(name)
    }

    /// Whether nothing was ever kept in the state directory.
    pub(crate) fn is_untouched(&self) -> bool {
        fs::read_dir(&self.state).unwrap().next().is_none()
    }

    /// A path for anything else.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// Writes `windlass.yaml`, in which each `@name` becomes an address of its own.
    pub(crate) fn file(&self, text: &str) {
        let mut parts = text.split('@');
        let mut written = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|c: char| !c.is_ascii_lowercase());
            let (name, rest) = part.split_at(end.unwrap_or(part.len()));
            written.push_str(&self.at(name).to_string());
            written.push_str(rest);
        }
        self.write("windlass.yaml", &written);
    }

    /// The address of this name.
    pub(crate) fn at(&self, name: &str) -> SocketAddr {
        let mut addresses = self.addresses.borrow_mut();
        *addresses.entry(name.to_owned()).or_insert_with(address)
    }

    /// Writes a file into the application's folder, as its user would.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.app(name);
        fs::write(&path, text).unwrap();
        self.give(&path);
    }

    /// Writes the program `./NAME` of a service over what is there.
    pub(crate) fn program(&self, name: &str, service: &Service) {
        self.script(name, &service.script(&self.binary));
    }

    /// Writes an executable file over what is there, in place.
    pub(crate) fn script(&self, name: &str, text: &str) {
        self.write(name, text);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.app(name), mode).unwrap();
    }

    /// A command of the product, not started yet.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = if self.ordinary {
            user::ordinary(&self.binary)
        } else {
            Command::new(&self.binary)
        };
        command.args(words);
        self.surround(&mut command);
        command
    }

    /// A shell's command, of this lab's user; `$0` is the product.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let sh = Path::new("sh");
        let mut command = if self.ordinary {
            user::ordinary(sh)
        } else {
            Command::new(sh)
        };
        command.args(["-c", script]).arg(&self.binary);
        self.surround(&mut command);
        command
    }

    /// Whether this lab's user may look into this very process.
    pub(crate) fn sees_us(&self) -> bool {
        !self.ordinary || !user::is_root()
    }

    /// The controller's private socket, connected as this lab's user: it hears its owner only.
    pub(crate) fn private_socket(&self) -> UnixStream {
        let socket = self.state("run/controller.sock");
        if self.sees_us() {
            return UnixStream::connect(socket).unwrap();
        }
        // The kernel notes the user of the thread that connects, and only of that one.
        let connecting = std::thread::spawn(|| {
            user::become_ordinary();
            UnixStream::connect(socket).unwrap()
        });
        connecting.join().unwrap()
    }

    /// Gives a command this lab's folder and surroundings, and nothing of this machine's.
    pub(crate) fn surround(&self, command: &mut Command) {
        command
            .current_dir(self.app(""))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path().join("home"))
            .env("TMPDIR", self.tmp())
            .env("USER", "mira")
            .env("WINDLASS_STATE_DIR", &self.state);
    }

    /// Starts a command and returns while it runs.
    pub(crate) fn start(&self, words: &[&str]) -> Following {
        self.start_command(self.command(words))
    }

    pub(crate) fn start_command(&self, command: Command) -> Following {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let stem = self.folder.path().join("ran").join(number.to_string());
        Following::start(command, &stem)
    }

    /// Runs a command to its end.
    #[track_caller]
    pub(crate) fn run(&self, words: &[&str]) -> Left {
        self.start(words).left()
    }

    /// Deploys, which must end with 0.
    #[track_caller]
    pub(crate) fn deploy(&self) -> Left {
        self.run(&["deploy"]).exits(0)
    }

    /// `status -o json`.
    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        self.run(&["status", "-o", "json"]).exits(0).json()
    }

    /// One service in `status -o json`, of the only application.
    #[track_caller]
    pub(crate) fn service(&self, name: &str) -> Value {
        self.status()[0]["services"][name].clone()
    }

    /// The last deployment's id.
    #[track_caller]
    pub(crate) fn last(&self) -> String {
        let list = self.run(&["list", "-o", "json"]).exits(0).json();
        list[0]["id"].as_str().unwrap().to_owned()
    }

    /// Kills the controller and waits until it is gone.
    #[track_caller]
    pub(crate) fn kill_controller(&self) -> Process {
        let dead = self.only("serve");
        processes::kill(&dead);
        eventually("the controller is gone", SOON, || {
            processes::has_ended(&dead).then_some(())
        });
        dead
    }

    pub(crate) fn processes(&self) -> Vec<Process> {
        processes::of(self.folder.path())
    }

    /// The one process `windlass WORD …`.
    #[track_caller]
    pub(crate) fn only(&self, word: &str) -> Process {
        let mut all = self.processes();
        all.retain(|process| process.is(word));
        assert_eq!(all.len(), 1, "{word}: {all:?}");
        all.remove(0)
    }

    /// The process of the instance that listens on `port`.
    #[track_caller]
    pub(crate) fn instance_at(&self, port: u16) -> Process {
        let mut all = self.processes();
        all.retain(|process| process.listens_on(port));
        assert_eq!(all.len(), 1, "{port}: {all:?}");
        all.remove(0)
    }

    /// Socket files that are there.
    pub(crate) fn sockets(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let entry = entry.unwrap();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_socket() => found.push(entry.path()),
                    Ok(_) | Err(_) => {}
                }
            }
        }
        found
    }

    /// Fails unless no process and no socket is left.
    #[track_caller]
    pub(crate) fn must_be_gone(&self) {
        eventually("no process is left", SOON, || {
            let left = self.processes();
            left.is_empty().then_some(())
        });
        let sockets = self.sockets();
        assert!(sockets.is_empty(), "sockets left: {sockets:?}");
    }

    /// Lets the folder be removed: kept releases are read-only, even for who owns them.
    fn open_up(&self) {
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).ok();
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let below = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            folders.extend(below.map(|entry| entry.path()));
        }
    }

    /// Ends everything by the product's own means; what that leaves is named and killed.
    fn end(&self) -> Vec<Process> {
        if self.processes().is_empty() {
            return Vec::new();
        }
        if self.run(&["down"]).code != 0 {
            // A deployment that runs goes back first.
            self.run(&["abort"]);
            self.run(&["down"]);
        }
        let mut left = self.processes();
        for _ in 0..200 {
            if left.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
            left = self.processes();
        }
        for process in &left {
            processes::kill(process);
        }
        left
    }
}

impl Drop for Lab {
    #[expect(
        clippy::print_stderr,
        reason = "a failed test shows what the controller said"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.state("controller.log")).unwrap_or_default();
            eprintln!("-- controller.log\n{log}");
        }
        let left = self.end();
        self.open_up();
        if !std::thread::panicking() {
            assert!(left.is_empty(), "left after down: {left:?}");
        }
    }
}

/// An address that no other test has: this process has a loopback network of its own.
fn address() -> SocketAddr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, 64 | (high & 63), middle, low);
    SocketAddr::from((own, NEXT_PORT.fetch_add(1, Ordering::Relaxed)))
}

/// Load on an address, until it is stopped.
pub(crate) fn load(target: SocketAddr) -> Load {
    let plan = LoadPlan {
        target,
        path: "/".to_owned(),
        per_second: PER_SECOND,
        connections: 8,
        fresh_every: NonZeroU32::new(10),
        timeout: Duration::from_secs(10),
    };
    windlass_load::start(plan).unwrap()
}

/// Ends a load: how many requests had a good answer, and which versions gave them.
#[track_caller]
pub(crate) fn without_failure(load: Load) -> Vec<String> {
    let counts = load.stop();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
    assert!(counts.sent > 0);
    counts.by_chain.keys().cloned().collect()
}

/// What `address` answers on `/`, once it answers.
#[track_caller]
pub(crate) fn answer(address: SocketAddr) -> Answer {
    eventually("an answer", SOON, || ask(address, "/"))
}

/// Whether nobody listens there.
pub(crate) fn is_closed(address: SocketAddr) -> bool {
    std::net::TcpStream::connect(address).is_err()
}

/// A path of this repository.
pub(crate) fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}
