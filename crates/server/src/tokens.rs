//! Tokens for the network: kept as digests, shown once.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;
use windlass_api::{Exit, Problem, TokenAnswer, TokenRequest, TokenView};

/// Most tokens, those that have expired among them.
const TOKENS_MAX: usize = 100;

/// Longest name of one, in characters.
const NAME_MAX: usize = 64;

/// Largest file that is read, in bytes.
const FILE_MAX: u64 = 256 * 1024;

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// What every secret starts with, so that scanners and people know one.
const MARK: &str = "wlt";

/// Time after which a token is looked at again. So whoever sets the clock forward lets one that has
/// expired hold no longer than this.
const LOOKED_AT: Duration = Duration::from_secs(10);

/// Why tokens can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// Their file can't be read or written.
    #[error("the tokens in {path} can't be used")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// The tokens of a controller, and the file that keeps them. Secrets are random, so a plain digest
/// keeps them: there is nothing to guess.
#[derive(Debug)]
pub struct Tokens {
    file: PathBuf,
    all: Mutex<Vec<Kept>>,
    /// Told of each end of a token.
    ended: watch::Sender<()>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    view: TokenView,
    /// SHA-256 of the secret, in hex.
    digest: String,
}

impl Tokens {
    /// Reads `file`; one that is not there has no tokens.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn open(file: &Path) -> Result<Self, TokensError> {
        let all = match std::fs::metadata(file) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(why) => return Err(failed(file, why)),
            Ok(seen) if seen.len() > FILE_MAX => {
                return Err(failed(file, std::io::Error::other("it is too long")));
            }
            Ok(_) => {
                let bytes = std::fs::read(file).map_err(|why| failed(file, why))?;
                let read = serde_json::from_slice(&bytes);
                read.map_err(|why| failed(file, std::io::Error::other(why)))?
            }
        };
        Ok(Self {
            file: file.to_owned(),
            all: Mutex::new(all),
            ended: watch::Sender::new(()),
        })
    }

    /// The token of a secret, unless it has expired. Takes the same time for every wrong secret.
    pub(crate) fn holder(&self, secret: &str) -> Option<TokenView> {
        let digest = digest(secret);
        let now = now_us();
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for kept in all.iter() {
            let same: bool = kept.digest.as_bytes().ct_eq(digest.as_bytes()).into();
            if same {
                found = Some(kept.view.clone());
            }
        }
        found.filter(|view| view.expires_us.is_none_or(|end| now < end))
    }

    /// Every token, oldest first.
    pub(crate) fn list(&self) -> Vec<TokenView> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|kept| kept.view.clone()).collect()
    }

    /// Makes one, and keeps its digest before it is shown.
    pub(crate) fn create(&self, request: &TokenRequest) -> Result<TokenAnswer, Problem> {
        named(&request.name)?;
        if request.expires_in_ms == Some(0) {
            return Err(bad("a token that has expired at once is of no use"));
        }
        let secret = random::<SECRET_BYTES>().map_err(|why| not_kept(&why))?;
        let id = random::<5>().map_err(|why| not_kept(&why))?;
        let secret = format!("{MARK}_{}", BASE64URL_NOPAD.encode(&secret));
        let now = now_us();
        let view = TokenView {
            id: format!("tok_{}", HEXLOWER.encode(&id)),
            name: request.name.clone(),
            scope: request.scope,
            created_us: now,
            expires_us: request.expires_in_ms.map(|millis| {
                let micros = i64::try_from(millis.saturating_mul(1_000)).unwrap_or(i64::MAX);
                now.saturating_add(micros)
            }),
        };
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= TOKENS_MAX {
            return Err(too_many());
        }
        let mut more = all.clone();
        more.push(Kept {
            view: view.clone(),
            digest: digest(&secret),
        });
        self.write(&more).map_err(|why| not_kept(&why))?;
        *all = more;
        Ok(TokenAnswer {
            secret,
            token: view,
        })
    }

    /// Forgets one; it holds no longer from now on.
    pub(crate) fn revoke(&self, id: &str) -> Result<TokenView, Problem> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = all.iter().position(|kept| kept.view.id == id) else {
            return Err(unknown(id));
        };
        let mut less = all.clone();
        let gone = less.remove(at);
        self.write(&less).map_err(|why| not_kept(&why))?;
        *all = less;
        self.ended.send_replace(());
        Ok(gone.view)
    }

    /// Returns once the token of this id holds no longer.
    pub(crate) async fn lost(&self, id: &str) {
        let mut ended = self.ended.subscribe();
        while let Some(left) = self.left(id) {
            // Nobody tells of a token that expires. The sender lives as long as this.
            drop(tokio::time::timeout(left.min(LOOKED_AT), ended.changed()).await);
        }
    }

    /// Whether the token of this id holds.
    pub(crate) fn holds(&self, id: &str) -> bool {
        self.left(id).is_some()
    }

    /// How long the token of this id will hold; none if it does not.
    fn left(&self, id: &str) -> Option<Duration> {
        let now = now_us();
        let found = self.list().into_iter().find(|view| view.id == id)?;
        let Some(end) = found.expires_us else {
            return Some(Duration::MAX);
        };
        let left = u64::try_from(end.saturating_sub(now)).unwrap_or(0);
        (left > 0).then(|| Duration::from_micros(left))
    }

    /// Puts a whole new file in the place of the old one.
    fn write(&self, all: &[Kept]) -> std::io::Result<()> {
        let bytes = serde_json::to_vec(all).map_err(std::io::Error::other)?;
        let beside = self.file.with_extension("new");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        // One that was left there keeps the mode that it had.
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.file)?;
        // Without it a token that was revoked could come back after a power cut.
        let folder = self.file.parent().unwrap_or(Path::new("."));
        std::fs::File::open(folder)?.sync_all()
    }
}

fn random<const BYTES: usize>() -> std::io::Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

fn digest(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

fn named(name: &str) -> Result<(), Problem> {
    let length = name.chars().count();
    if (1..=NAME_MAX).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(bad(format!(
        "a token's name has 1 to {NAME_MAX} characters"
    )))
}

fn bad(what: impl Into<String>) -> Problem {
    let title = "the request can't be understood";
    Problem::new(400, "WL0360", Exit::Usage, title).detail(what)
}

fn failed(file: &Path, source: std::io::Error) -> TokensError {
    TokensError::File {
        path: file.to_owned(),
        source,
    }
}

fn not_kept(why: &std::io::Error) -> Problem {
    Problem::new(500, "WL0374", Exit::Stuck, "the tokens can't be kept").detail(why.to_string())
}

fn too_many() -> Problem {
    Problem::new(409, "WL0375", Exit::Refused, "there are too many tokens")
        .detail(format!("{TOKENS_MAX} are kept"))
        .hint("revoke one: windlass token list, windlass token revoke ID")
}

fn unknown(id: &str) -> Problem {
    let title = format!("there is no token {id}");
    Problem::new(404, "WL0373", Exit::Usage, title).hint("windlass token list")
}

#[cfg(test)]
mod tests {
    use windlass_api::Scope;

    use super::*;

    fn ask(expires_in_ms: Option<u64>) -> TokenRequest {
        TokenRequest {
            name: "ci".to_owned(),
            scope: Scope::Deploy,
            expires_in_ms,
        }
    }

    #[test]
    fn a_token_survives_in_a_private_file_that_does_not_hold_its_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tokens.json");
        let tokens = Tokens::open(&file).expect("none yet");
        let left = file.with_extension("new");
        std::fs::write(&left, "half of an older one").expect("written");
        std::fs::set_permissions(&left, Permissions::from_mode(0o644)).expect("its own");
        let made = tokens.create(&ask(None)).expect("a token");
        let text = std::fs::read_to_string(&file).expect("it was written");
        assert!(!text.contains(&made.secret), "{text}");
        let mode = std::fs::metadata(&file).expect("it is there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        let again = Tokens::open(&file).expect("it can be read");
        assert_eq!(again.holder(&made.secret), Some(made.token.clone()));
        assert_eq!(again.holder("wlt_other"), None);
        again.revoke(&made.token.id).expect("it is there");
        assert_eq!(again.holder(&made.secret), None);
        assert_eq!(again.revoke(&made.token.id).expect_err("gone").status, 404);
    }

    #[tokio::test]
    async fn a_token_that_expired_holds_no_longer_but_is_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        let tokens = Tokens::open(&folder.path().join("tokens.json")).expect("none yet");
        let refused = tokens.create(&ask(Some(0))).expect_err("of no use");
        assert_eq!(refused.status, 400);
        let made = tokens.create(&ask(Some(1))).expect("a token");
        tokens.lost(&made.token.id).await;
        assert_eq!(tokens.holder(&made.secret), None);
        assert_eq!(tokens.list(), [made.token]);
        let long = tokens.create(&ask(Some(u64::MAX))).expect("a token");
        assert!(tokens.holder(&long.secret).is_some());
    }

    #[tokio::test]
    async fn the_end_of_a_token_is_told_when_it_comes_also_when_it_expires() {
        let folder = tempfile::tempdir().expect("a folder");
        let tokens = Tokens::open(&folder.path().join("tokens.json")).expect("none yet");
        let short = tokens.create(&ask(Some(50))).expect("a token");
        let until = tokio::time::timeout(LOOKED_AT / 2, tokens.lost(&short.token.id));
        until.await.expect("well before it is looked at again");
        let made = tokens.create(&ask(None)).expect("a token");
        let revoked = async { tokens.revoke(&made.token.id).expect("it is there") };
        tokio::join!(tokens.lost(&made.token.id), revoked);
    }

    #[test]
    fn names_and_their_number_have_limits() {
        let folder = tempfile::tempdir().expect("a folder");
        let tokens = Tokens::open(&folder.path().join("tokens.json")).expect("none yet");
        for bad in ["", "two\nlines", &"x".repeat(65)] {
            let mut request = ask(None);
            request.name = bad.to_owned();
            assert_eq!(tokens.create(&request).expect_err("bad").status, 400);
        }
        for _ in 0..TOKENS_MAX {
            tokens.create(&ask(None)).expect("there is room");
        }
        assert_eq!(
            tokens.create(&ask(None)).expect_err("full").code.0,
            "WL0375"
        );
    }
}
