//! Certificates in use, read anew when their files change.
//!
//! Files that have become bad change nothing: the pair that was read last stays, and one line of the
//! log says so. What a renewal writes in two steps is therefore taken when both are there.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwapOption;
use windlass_model::{Host, TlsFiles};
use windlass_tls::{BadPair, Pair};

use crate::core::locked;

/// One pair of files.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: TlsFiles,
    /// The host for which the router orders it itself: then it may be in use before it is there.
    ordered_for: Option<Host>,
    /// None until the files were good for the first time.
    pair: ArcSwapOption<Pair>,
    seen: Mutex<Option<Seen>>,
}

/// The files as they were looked at last.
#[derive(Debug)]
struct Seen {
    stamps: [Option<Stamp>; 2],
    /// What was wrong with them.
    fault: Option<String>,
}

/// What changes when a file does.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    changed: (i64, i64),
    size: u64,
}

impl Stamp {
    fn of(path: &str) -> Option<Self> {
        let about = std::fs::metadata(Path::new(path)).ok()?;
        Some(Self {
            device: about.dev(),
            inode: about.ino(),
            changed: (about.mtime(), about.mtime_nsec()),
            size: about.size(),
        })
    }
}

impl Certificate {
    fn new(files: TlsFiles, ordered_for: Option<Host>) -> Self {
        let new = Self {
            files,
            ordered_for,
            pair: ArcSwapOption::empty(),
            seen: Mutex::default(),
        };
        new.look();
        new
    }

    /// Reads the files if they are not those that were looked at last.
    pub(crate) fn look(&self) {
        let mut seen = locked(&self.seen);
        // Before they are read: what changes meanwhile is seen by the next look.
        let stamps = [&self.files.certificate, &self.files.key].map(|path| Stamp::of(path));
        if seen.as_ref().is_some_and(|before| before.stamps == stamps) {
            return;
        }
        let not_yet = self.ordered_for.is_some() && self.pair.load().is_none();
        if not_yet && stamps.iter().all(Option::is_none) {
            *seen = Some(Seen {
                stamps,
                fault: None,
            });
            return;
        }
        let read = Pair::read(
            Path::new(&self.files.certificate),
            Path::new(&self.files.key),
        );
        let fault = match read {
            Ok(pair) => {
                self.pair.store(Some(Arc::new(pair)));
                tracing::info!(
                    certificate = self.files.certificate,
                    "took up a certificate"
                );
                None
            }
            Err(why) => {
                let why = told(&why);
                let kept = self.pair.load().is_some();
                tracing::warn!(
                    certificate = self.files.certificate,
                    %why,
                    kept,
                    "could not take up a certificate"
                );
                Some(why)
            }
        };
        *seen = Some(Seen { stamps, fault });
    }

    /// What clients are shown; none if the files were never good.
    pub(crate) fn pair(&self) -> Option<Arc<Pair>> {
        self.pair.load_full()
    }

    /// Whether it is on order for this name, and not there yet.
    pub(crate) fn is_awaited_by(&self, name: &str) -> bool {
        let host = self.ordered_for.as_ref();
        host.is_some_and(|host| host.as_str().eq_ignore_ascii_case(name))
            && self.pair.load().is_none()
    }

    /// Why there is nothing to show, if there is nothing and nothing is on its way.
    pub(crate) fn fault(&self) -> Option<String> {
        if self.ordered_for.is_some() || self.pair.load().is_some() {
            return None;
        }
        locked(&self.seen).as_ref()?.fault.clone()
    }
}

/// With its cause, in one line.
fn told(why: &BadPair) -> String {
    match std::error::Error::source(why) {
        Some(cause) => format!("{why}: {cause}"),
        None => why.to_string(),
    }
}

/// Which one: its files, and the host that it is ordered for.
type Which = (TlsFiles, Option<Host>);

/// Every certificate that a table names.
#[derive(Debug, Default)]
pub(crate) struct Certificates(Mutex<BTreeMap<Which, Arc<Certificate>>>);

impl Certificates {
    /// The certificate of these files, which somebody else cares for. Those that no table names yet are
    /// read now; what is in use is not looked at, so that no return waits for a file.
    pub(crate) fn of(&self, files: &TlsFiles) -> Arc<Certificate> {
        self.known(files.clone(), None)
    }

    /// The same of files that the router writes itself, once it has what it ordered for this host.
    pub(crate) fn ordered(&self, files: TlsFiles, host: &Host) -> Arc<Certificate> {
        self.known(files, Some(host.clone()))
    }

    fn known(&self, files: TlsFiles, ordered_for: Option<Host>) -> Arc<Certificate> {
        let mut all = locked(&self.0);
        let known = all.entry((files, ordered_for));
        let (files, ordered_for) = known.key().clone();
        known
            .or_insert_with(|| Arc::new(Certificate::new(files, ordered_for)))
            .clone()
    }

    /// Looks at the files of all that are in use, and forgets the others.
    pub(crate) fn renew(&self) {
        let used: Vec<_> = {
            let mut all = locked(&self.0);
            all.retain(|_, certificate| Arc::strong_count(certificate) > 1);
            all.values().cloned().collect()
        };
        for certificate in used {
            certificate.look();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn pem(name: &str) -> PathBuf {
        let pems = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tls/pems");
        pems.join(name)
    }

    #[test]
    fn files_that_become_bad_change_nothing_until_they_are_good_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let put = |from: &str, name: &str| {
            let new = path("new");
            std::fs::copy(pem(from), &new).expect("copied");
            std::fs::rename(new, path(name)).expect("in place");
        };
        let files = TlsFiles {
            certificate: path("cert.pem"),
            key: path("key.pem"),
        };
        let all = Certificates::default();
        let used = all.of(&files);
        assert!(used.fault().expect("nothing there").contains("cert.pem"));
        put("shop.pem", "cert.pem");
        put("shop.key", "key.pem");
        all.renew();
        let is_for = |name| used.pair().is_some_and(|pair| pair.fit(name).is_some());
        assert!(used.fault().is_none() && is_for("a.shop.example"));
        put("next.pem", "cert.pem");
        all.renew();
        assert!(!is_for("next.example"), "a half renewal is not taken");
        put("next.key", "key.pem");
        all.renew();
        assert!(is_for("next.example"));
        drop(used);
        all.renew();
        assert!(locked(&all.0).is_empty());
    }

    #[test]
    fn a_certificate_that_is_ordered_may_come_when_it_is_in_use() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pair.pem");
        let both = path.display().to_string();
        let files = TlsFiles {
            certificate: both.clone(),
            key: both,
        };
        let all = Certificates::default();
        let host = Host::new("shop.example").expect("a host");
        let used = all.ordered(files, &host);
        assert!(used.fault().is_none() && used.pair().is_none());
        let read = |name: &str| std::fs::read(pem(name)).expect("a file");
        let whole = [read("shop.key"), read("shop.pem")].concat();
        std::fs::write(&path, whole).expect("written");
        all.renew();
        assert!(used.pair().is_some());
        std::fs::remove_file(&path).expect("removed");
        all.renew();
        assert!(used.pair().is_some(), "what is in use stays");
    }
}
