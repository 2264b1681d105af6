//! What one instance of a demo service has answered, kept in a file.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::service::Options;

/// What a ledger file holds. Health questions are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// The service.
    pub(crate) service: String,
    /// The version that answered.
    pub(crate) version: String,
    /// Requests answered, whatever the status.
    pub(crate) answered: u64,
    /// Those answered with a status of 500 and above.
    pub(crate) errors: u64,
}

/// The counts of a running instance.
pub(crate) struct Ledger {
    service: String,
    version: String,
    file: Option<PathBuf>,
    answered: AtomicU64,
    errors: AtomicU64,
    /// What the file holds.
    written: Mutex<Option<Tally>>,
}

impl Tally {
    /// Reads a ledger file; none if there is none.
    pub(crate) fn read(file: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(io::Error::other),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why),
        }
    }
}

/// Adds one line for the start of an instance: service, version and port. Lines of several instances
/// don't mix.
///
/// # Errors
/// When the file can't be written.
pub(crate) fn add_start(file: &Path, options: &Options) -> io::Result<()> {
    let Options {
        name,
        version,
        port,
        ..
    } = options;
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(format!("{name} {version} {port}\n").as_bytes())
}

impl Ledger {
    /// Opens a ledger and writes its file. A restarted instance goes on with what its file says.
    ///
    /// # Errors
    /// When the file can't be read or written, or is of another service or version.
    pub(crate) fn open(service: &str, version: &str, file: Option<PathBuf>) -> io::Result<Self> {
        let new = Tally {
            service: service.to_owned(),
            version: version.to_owned(),
            ..Tally::default()
        };
        let before = match &file {
            Some(path) => Tally::read(path)?.unwrap_or_else(|| new.clone()),
            None => new.clone(),
        };
        if (&before.service, &before.version) != (&new.service, &new.version) {
            let what = format!("the ledger is of {} {}", before.service, before.version);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let ledger = Self {
            service: new.service,
            version: new.version,
            file,
            answered: AtomicU64::new(before.answered),
            errors: AtomicU64::new(before.errors),
            written: Mutex::new(None),
        };
        ledger.flush()?;
        Ok(ledger)
    }

    /// Counts one answer.
    pub(crate) fn count(&self, status: u16) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        if status >= 500 {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Replaces the file in one step, if something was counted since the last time.
    ///
    /// # Errors
    /// When it can't be written; the next flush tries again.
    pub(crate) fn flush(&self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let tally = Tally {
            service: self.service.clone(),
            version: self.version.clone(),
            answered: self.answered.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
        };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.as_ref() == Some(&tally) {
            return Ok(());
        }
        let mut next = file.clone().into_os_string();
        next.push(".next");
        std::fs::write(&next, serde_json::to_vec(&tally)?)?;
        std::fs::rename(&next, file)?;
        *written = Some(tally);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restarted_instance_goes_on_counting() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("api.json");
        for round in 1..=2 {
            let ledger = Ledger::open("api", "2", Some(file.clone())).expect("opened");
            ledger.count(200);
            ledger.count(502);
            ledger.flush().expect("written");
            let tally = Tally::read(&file).expect("readable").expect("there");
            assert_eq!((tally.answered, tally.errors), (2 * round, round));
        }
        assert!(
            Ledger::open("api", "3", Some(file)).is_err(),
            "another version's"
        );
    }

    #[test]
    fn every_start_adds_a_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("starts");
        let options = |port| Options {
            name: "api".to_owned(),
            version: "2".to_owned(),
            port,
            upstreams: Vec::new(),
            ledger: None,
            starts: None,
            fault: None,
            takes: std::time::Duration::ZERO,
        };
        for port in [1, 2, 1] {
            add_start(&file, &options(port)).expect("written");
        }
        let written = std::fs::read_to_string(&file).expect("readable");
        assert_eq!(written, "api 2 1\napi 2 2\napi 2 1\n");
    }

    #[test]
    fn it_is_there_from_the_beginning() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("api.json");
        Ledger::open("api", "2", Some(file.clone())).expect("opened");
        let tally = Tally::read(&file).expect("readable").expect("there");
        assert_eq!(
            (tally.service.as_str(), tally.version.as_str()),
            ("api", "2")
        );
        assert_eq!(tally.answered, 0);
        assert!(Ledger::open("api", "2", Some(folder.path().join("no/where"))).is_err());
    }
}
