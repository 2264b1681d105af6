//! What is kept on disk: accounts, certificates, and how the last order went.
//!
//! ```text
//! acme/<authority>/account-<who>.json        the key of the account there
//! acme/<authority>/hosts/<host>/pair.pem     key and certificate, in one file: never half of a renewal
//! acme/<authority>/hosts/<host>/order.json   the last order, and when the next one may be
//! ```
//!
//! What is damaged of it is laid aside, under the same name that ends in `.lost`. What can't be read for now,
//! and what a newer Windlass wrote, stays where it is.
//!
//! Authorities and account holders are told apart by the beginning of a SHA-256. Files are for their owner
//! alone; each is written beside and renamed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use instant_acme::AccountCredentials;
use rustix::fs::OFlags;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use windlass_model::{Host, TlsFiles};

use crate::limits::NOTE_BYTES;
use crate::wanted::Wanted;

#[cfg(test)]
#[path = "../../../fuzz/damage.rs"]
mod damage;

/// The format of the files; a newer one is not touched.
const FORMAT: u32 = 1;
/// How the last order of a host went.
const NOTE: &str = "order.json";
/// How a file's name ends that was laid aside.
const LOST: &str = "lost";
/// Digits of a digest that name an authority or somebody there.
const NAME_DIGITS: usize = 16;
/// The key and certificate of a host, and those that are not in use yet.
const PAIR: &str = "pair.pem";
const NEXT: &str = "next.pem";

/// The folder of a router's certificates.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// How the last order of a certificate went. Times are in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub(crate) format: u32,
    /// The authority's directory, for people.
    pub directory: String,
    /// When the last order began.
    pub tried: i64,
    /// Whether it has not come to an end: it is under way, or who was at it is gone.
    pub under_way: bool,
    /// Orders in a row that did not bring a certificate, this one included.
    pub failures: u32,
    /// Why the last one did not; none if it did, or has not come to an end.
    pub why: Option<String>,
    /// Before this there is no other order.
    pub not_before: i64,
}

/// The key of an account.
#[derive(Serialize, Deserialize)]
struct Account {
    format: u32,
    credentials: AccountCredentials,
}

/// Why what is on disk can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{} {what}", path.display())]
pub struct BadNote {
    path: PathBuf,
    what: String,
    /// It will never be read: it may be laid aside. Else it stays as it is.
    pub(crate) is_damaged: bool,
}

/// What all files have in common, whichever Windlass wrote them.
#[derive(Deserialize)]
struct Formatted {
    format: u32,
}

impl Store {
    /// Below `state`, the router's state folder. Nothing is made yet.
    pub fn new(state: &Path) -> Self {
        Self {
            folder: state.join("acme"),
        }
    }

    /// The file that holds both the key and the certificate of `host`, once it was ordered.
    pub fn pair(&self, directory: &str, host: &Host) -> PathBuf {
        self.host(directory, host).join(PAIR)
    }

    /// The same, as the pair of files that a listener reads.
    pub fn files(&self, directory: &str, host: &Host) -> TlsFiles {
        let path = self.pair(directory, host).display().to_string();
        TlsFiles {
            certificate: path.clone(),
            key: path,
        }
    }

    /// How the last order of `host` went; none if there was none.
    ///
    /// # Errors
    /// A file that can't be read or is of a newer Windlass.
    pub fn note(&self, directory: &str, host: &Host) -> Result<Option<Note>, BadNote> {
        let path = self.host(directory, host).join(NOTE);
        read(&path)
    }

    /// Keeps a note in place of the last one.
    pub(crate) fn keep_note(
        &self,
        directory: &str,
        host: &Host,
        note: &mut Note,
    ) -> io::Result<()> {
        note.format = FORMAT;
        directory.clone_into(&mut note.directory);
        let folder = self.host(directory, host);
        write(&folder, NOTE, &serde_json::to_vec(note)?)
    }

    /// Lays the note of a host aside, in place of one that was laid aside before.
    pub(crate) fn lose_note(&self, directory: &str, host: &Host) -> io::Result<()> {
        lay_aside(&self.host(directory, host).join(NOTE))
    }

    /// Keeps a key with its certificate beside those that are in use. Gives the file.
    pub(crate) fn write_pair(
        &self,
        directory: &str,
        host: &Host,
        key: &str,
        chain: &str,
    ) -> io::Result<PathBuf> {
        let text = format!("{}\n{}\n", key.trim_end(), chain.trim_end());
        let folder = self.host(directory, host);
        write(&folder, NEXT, text.as_bytes())?;
        Ok(folder.join(NEXT))
    }

    /// Has them in use, in place of those before.
    pub(crate) fn take_pair(&self, directory: &str, host: &Host) -> io::Result<()> {
        let folder = self.host(directory, host);
        fs::rename(folder.join(NEXT), folder.join(PAIR))?;
        File::open(folder)?.sync_all()
    }

    /// The account of this order's sender; none if there is none yet.
    pub(crate) fn account(&self, wanted: &Wanted) -> Result<Option<AccountCredentials>, BadNote> {
        let path = self.authority(&wanted.directory).join(account_file(wanted));
        let account: Option<Account> = read(&path)?;
        Ok(account.map(|account| account.credentials))
    }

    /// Keeps a new account.
    pub(crate) fn keep_account(
        &self,
        wanted: &Wanted,
        credentials: AccountCredentials,
    ) -> io::Result<()> {
        let account = Account {
            format: FORMAT,
            credentials,
        };
        let folder = self.authority(&wanted.directory);
        write(
            &folder,
            &account_file(wanted),
            &serde_json::to_vec(&account)?,
        )
    }

    /// Lays the account aside: its authority does not know it, or it can't be read.
    pub(crate) fn lose_account(&self, wanted: &Wanted) -> io::Result<()> {
        lay_aside(&self.authority(&wanted.directory).join(account_file(wanted)))
    }

    fn authority(&self, directory: &str) -> PathBuf {
        self.folder.join(short(directory))
    }

    fn host(&self, directory: &str, host: &Host) -> PathBuf {
        self.authority(directory).join("hosts").join(host.as_str())
    }
}

fn account_file(wanted: &Wanted) -> String {
    format!(
        "account-{}.json",
        short(wanted.email.as_deref().unwrap_or_default())
    )
}

fn short(text: &str) -> String {
    let mut digits = HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    digits.truncate(NAME_DIGITS);
    digits
}

/// Opens a file and never waits for it. An error other than that there is none may be over the next time.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn lay_aside(path: &Path) -> io::Result<()> {
    fs::rename(path, path.with_extension(LOST))
}

fn read<V: DeserializeOwned>(path: &Path) -> Result<Option<V>, BadNote> {
    let bad = |what: String, is_damaged| BadNote {
        path: path.to_owned(),
        what,
        is_damaged,
    };
    let for_now = |why: io::Error| bad(format!("can't be read: {why}"), false);
    let no_file = || bad("is no regular file".to_owned(), true);
    let file = match open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        // A link is no file of ours; one in the way to it is somebody's own matter.
        Err(_) if path.is_symlink() => return Err(no_file()),
        Err(why) => return Err(for_now(why)),
    };
    if !file.metadata().map_err(for_now)?.is_file() {
        return Err(no_file());
    }
    let mut bytes = Vec::new();
    file.take(NOTE_BYTES)
        .read_to_end(&mut bytes)
        .map_err(for_now)?;
    let Formatted { format } = parse(&bytes).map_err(|what| bad(what, true))?;
    // First: what else it says may be said otherwise there.
    if format > FORMAT {
        return Err(bad("is of a newer Windlass".to_owned(), false));
    }
    parse(&bytes).map(Some).map_err(|what| bad(what, true))
}

/// What a file says, whatever bytes it holds; or what is wrong with them.
fn parse<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, String> {
    serde_json::from_slice(bytes).map_err(|why| format!("is damaged: {why}"))
}

/// Writes beside, syncs, renames, syncs the folder. For nobody else's eyes from the first byte.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let beside = folder.join(format!("{name}.new"));
    match fs::remove_file(&beside) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// How many damaged notes are read.
    const MUTATIONS: u64 = 20_000;

    const CA: &str = "https://ca.example/dir";

    #[test]
    fn what_is_kept_is_found_again_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path());
        // The longest there is: it fits in a name of a file.
        let long = format!("{}.{}", vec!["a".repeat(63); 3].join("."), "b".repeat(61));
        let host = Host::new(&long).expect("a host");
        assert_eq!(store.note(CA, &host).expect("nothing wrong"), None);
        let mut note = Note {
            failures: 3,
            why: Some("no".to_owned()),
            ..Note::default()
        };
        store.keep_note(CA, &host, &mut note).expect("kept");
        assert_eq!(store.note(CA, &host).expect("readable"), Some(note));
        assert_eq!(store.note("https://b/", &host).expect("none"), None);
        let next = store.write_pair(CA, &host, "key\n", "chain").expect("kept");
        let path = store.pair(CA, &host);
        assert!(next.exists() && !path.exists());
        store.take_pair(CA, &host).expect("taken");
        assert_eq!(fs::read_to_string(&path).expect("there"), "key\nchain\n");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    }

    #[test]
    fn what_is_damaged_is_told_apart_from_what_is_newer_or_can_not_be_read_for_now() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path());
        let host = Host::new("shop.example").expect("a host");
        store
            .keep_note(CA, &host, &mut Note::default())
            .expect("kept");
        let path = store.host(CA, &host).join(NOTE);
        let bad = || {
            let why = store.note(CA, &host).expect_err("bad");
            (why.is_damaged, why.to_string())
        };
        fs::write(&path, "{").expect("written");
        let (is_damaged, told) = bad();
        assert!(is_damaged && told.contains("order.json is damaged"));
        fs::write(&path, r#"{"format":2,"words":"of its own"}"#).expect("written");
        let (is_damaged, told) = bad();
        assert!(!is_damaged && told.ends_with("is of a newer Windlass"));
        fs::remove_file(&path).expect("removed");
        std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
        let (is_damaged, told) = bad();
        assert!(is_damaged && told.ends_with("is no regular file"));
        let hosts = store.host(CA, &host);
        fs::remove_dir_all(&hosts).expect("removed");
        fs::write(&hosts, "in its way").expect("written");
        let (is_damaged, told) = bad();
        assert!(!is_damaged && told.contains("can't be read"), "{told}");
    }

    #[test]
    fn a_damaged_note_is_refused_or_read_as_what_it_says() {
        let note = Note {
            format: FORMAT,
            directory: CA.to_owned(),
            tried: 1_700_000_000,
            failures: 3,
            why: Some("no".to_owned()),
            not_before: 1_700_000_240,
            ..Note::default()
        };
        let good = vec![serde_json::to_vec(&note).expect("text"), b"{}".to_vec()];
        let mut refused = 0;
        for seed in 0..MUTATIONS {
            let read: Result<Note, String> = parse(&damage::damaged(&good, seed));
            let Ok(read) = read else {
                refused += 1;
                continue;
            };
            let again = serde_json::to_vec(&read).expect("text");
            assert_eq!(parse(&again), Ok(read));
        }
        assert!(refused > MUTATIONS / 2, "damage is seen: {refused}");
    }
}
