//! The stage: a folder with this very binary as the program, addresses, and the file.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use windlass_api::FileRequest;

/// The application's file, as it can be read in the repository.
const FILE: &str = include_str!("../../../../examples/demo/windlass.yaml");

/// The addresses that the file names, with the service that each belongs to.
const WRITTEN: [(&str, &str); 3] = [
    ("auth", "127.0.0.1:8082"),
    ("api", "127.0.0.1:8081"),
    ("web", "127.0.0.1:8080"),
];

/// Where the file names what a service runs.
const NAMED: &str = "demo-service --name ";

/// The folder of the program's ledgers below the stage.
const LEDGERS: &str = "ledgers";

/// Where the demo plays.
pub(crate) struct Stage {
    folder: PathBuf,
    /// Where web is served.
    pub(crate) web: SocketAddr,
    text: String,
}

impl Stage {
    /// Sets the stage in `folder`, which is made: the program, the ledgers' folder, free addresses.
    pub(crate) fn set(folder: &Path, web: Option<SocketAddr>) -> io::Result<Self> {
        std::fs::create_dir_all(folder.join(LEDGERS))?;
        let program = folder.join("windlass");
        // A second demo in the same place plays with the binary of now.
        if program.exists() {
            std::fs::remove_file(&program)?;
        }
        std::fs::copy("/proc/self/exe", program)?;
        // Held together, so that no address is handed out twice.
        let held = [bind()?, bind()?, bind()?];
        let mut text = FILE.to_owned();
        let mut served = None;
        for ((service, written), listener) in WRITTEN.iter().zip(&held) {
            let mut address = listener.local_addr()?;
            if *service == "web" {
                address = web.unwrap_or(address);
                served = Some(address);
            }
            text = text.replace(written, &address.to_string());
        }
        let web = served.ok_or_else(|| io::Error::other("the file has no web"))?;
        Ok(Self {
            folder: folder.to_owned(),
            web,
            text,
        })
    }

    /// What is deployed for `version` of all services, of which `bad` answers errors.
    pub(crate) fn request(&self, version: &str, bad: Option<&str>) -> FileRequest {
        let ledgers = self.ledgers().display().to_string();
        FileRequest {
            text: bad.map_or_else(|| self.text.clone(), |bad| with_fault(&self.text, bad)),
            name: "windlass.yaml".to_owned(),
            folder: self.folder.display().to_string(),
            environment: None,
            set: WRITTEN
                .iter()
                .map(|(s, _)| ((*s).to_owned(), version.to_owned()))
                .collect(),
            values: BTreeMap::from([("LEDGERS".to_owned(), ledgers)]),
            surroundings: ["PATH", "HOME", "LANG"]
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
                .collect(),
        }
    }

    /// Where the services count.
    pub(crate) fn ledgers(&self) -> PathBuf {
        self.folder.join(LEDGERS)
    }
}

fn bind() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

/// The file with a `service` that answers errors.
fn with_fault(text: &str, service: &str) -> String {
    let named = format!("{NAMED}{service} ");
    text.replace(&named, &format!("{named}--fault errors "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_is_in_one_service_only() {
        let text = with_fault(FILE, "api");
        assert_eq!(text.matches("--fault errors").count(), 1, "{text}");
        assert!(
            text.contains("--name api --fault errors --version"),
            "{text}"
        );
    }
}
