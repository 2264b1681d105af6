//! A controller with a few deployments behind it, on the network.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::say;

/// Longest wait for the controller to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(20);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// It; dropping it ends all that it runs.
pub(super) struct Subject {
    binary: PathBuf,
    folder: PathBuf,
    pub(super) address: SocketAddr,
    controller: Child,
}

impl Subject {
    /// Starts it in a short folder (its sockets are in it) and deploys two versions.
    pub(super) fn start(binary: &Path) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("wlf-{}", std::process::id()));
        fs::create_dir_all(folder.join("app"))
            .with_context(|| format!("make {}", folder.display()))?;
        let [api, web] = free_addresses()?;
        write(&folder, binary, web).context("write the application")?;
        let controller = command(binary, &folder)
            .args(["serve", "--listen", &api.to_string()])
            .spawn()
            .context("start the controller")?;
        let subject = Self {
            binary: binary.to_owned(),
            folder,
            address: api,
            controller,
        };
        subject.until_it_listens()?;
        for version in ["1", "2"] {
            subject.run(&["deploy", "-q", "--set", &format!("web={version}")])?;
        }
        Ok(subject)
    }

    fn until_it_listens(&self) -> anyhow::Result<()> {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let late = begin.elapsed() > LISTENS_WITHIN;
            anyhow::ensure!(!late, "nothing listens on {}", self.address);
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// A token of the widest scope.
    pub(super) fn token(&self) -> anyhow::Result<String> {
        self.run(&["token", "create", "--scope", "deploy", "-q"])
            .map(|out| out.trim_end().to_owned())
    }

    /// Runs one command to its end.
    ///
    /// # Errors
    /// It ended with anything but 0.
    pub(super) fn run(&self, words: &[&str]) -> anyhow::Result<String> {
        let ended = command(&self.binary, &self.folder)
            .args(words)
            .output()
            .with_context(|| format!("run windlass {}", words.join(" ")))?;
        let err = String::from_utf8_lossy(&ended.stderr);
        anyhow::ensure!(
            ended.status.success(),
            "windlass {} ended with {}: {err}",
            words.join(" "),
            ended.status
        );
        Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let down = self.run(&["down"]);
        // The controller ends with its last application; it is killed where that failed.
        let killed = down.and_then(|_| self.controller.wait().context("wait for the controller"));
        if let Err(why) = killed {
            say::aside(&format!("{why:#}"));
            drop(self.controller.kill());
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn command(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .current_dir(folder.join("app"))
        .env("WINDLASS_STATE_DIR", folder.join("state"))
        .env("XDG_RUNTIME_DIR", folder)
        .stdin(Stdio::null());
    command
}

fn write(folder: &Path, binary: &Path, web: SocketAddr) -> std::io::Result<()> {
    let file = format!(
        "app: hello\nservices:\n  web:\n    run: ./server --port ${{PORT}} --version ${{VERSION}}\n    listen: {web}\n    \
         ready: /health/ready\n    bake: 100ms\n"
    );
    fs::write(folder.join("app/windlass.yaml"), file)?;
    let binary = binary.display();
    let server = format!("#!/bin/sh\nexec '{binary}' demo-service --name web \"$@\"\n");
    let path = folder.join("app/server");
    fs::write(&path, server)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

fn free_addresses() -> anyhow::Result<[SocketAddr; 2]> {
    // Both are held until both are known.
    let [one, two] = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let (one, two) = (one.context("a port")?, two.context("a port")?);
    Ok([one.local_addr()?, two.local_addr()?])
}
