//! The door to the network, as a person asked for it. The word is kept, so that a controller that a
//! command starts after a crash stands where the one before it stood.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use windlass_server::Network;

use crate::diagnostic::Diagnostic;
use crate::listen::Listen;

/// Where it is kept, in the state directory.
pub(crate) const KEPT: &str = "listen.json";

/// What whoever starts a controller says of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Nothing: it is where it was, if there was one.
    AsBefore,
    /// There is to be none.
    None,
    /// There.
    At(Listen),
}

impl Door {
    /// One that was asked for is tried before `holder` is asked to give up its place. None where there is
    /// nothing to try, or where the address becomes free with its end.
    ///
    /// # Errors
    /// One that was asked for can't be had: the other one shall stay.
    pub(crate) async fn ahead(&self, holder: u32) -> Result<Option<Network>, Diagnostic> {
        match self {
            Self::At(listen) => listen.open_beside(holder).await,
            Self::None | Self::AsBefore => Ok(None),
        }
    }

    /// Opens it, unless it was `ahead`, and keeps the word. One that is only kept is no reason not to
    /// start: what is done on this machine does not need it.
    ///
    /// # Errors
    /// One that was asked for can't be had.
    pub(crate) async fn open(
        &self,
        state: &Path,
        ahead: Option<Network>,
    ) -> Result<Option<Network>, Diagnostic> {
        match self {
            Self::At(listen) => {
                let network = match ahead {
                    Some(network) => network,
                    None => listen.open().await?,
                };
                let mut kept = listen.clone();
                // Port 0 was any: from now on it is this one.
                kept.address = network.listener.local_addr().unwrap_or(listen.address);
                if let Err(why) = keep(state, &kept) {
                    tracing::warn!("a controller that is started later will not listen: {why}");
                }
                Ok(Some(network))
            }
            Self::None => {
                forget(state);
                Ok(None)
            }
            Self::AsBefore => Ok(again(state).await),
        }
    }
}

/// There is none any more.
pub(crate) fn forget(state: &Path) {
    if let Err(why) = fs::remove_file(state.join(KEPT))
        && why.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!("{KEPT} stays: {why}");
    }
}

async fn again(state: &Path) -> Option<Network> {
    let listen = match kept(state) {
        Ok(listen) => listen?,
        Err(why) => {
            tracing::warn!("{KEPT} can't be used, so there is no door to the network: {why}");
            return None;
        }
    };
    match listen.open().await {
        Ok(network) => Some(network),
        Err(Diagnostic {
            summary, detail, ..
        }) => {
            let why = detail.unwrap_or_default();
            tracing::warn!("there is no door to the network: {summary}: {why}");
            None
        }
    }
}

fn kept(state: &Path) -> io::Result<Option<Listen>> {
    let bytes = match fs::read(state.join(KEPT)) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why),
    };
    let listen: Listen = serde_json::from_slice(&bytes)?;
    // It may have been written by hand: tokens pass in the clear on no account.
    let checked = Listen::new(listen.address, listen.tls);
    checked
        .map(Some)
        .map_err(|why| io::Error::other(why.summary))
}

fn keep(state: &Path, listen: &Listen) -> io::Result<()> {
    let new: PathBuf = state.join(KEPT).with_extension("new");
    fs::write(&new, serde_json::to_vec(listen)?)?;
    fs::rename(&new, state.join(KEPT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::{TlsFiles, address};

    fn at(text: &str) -> Listen {
        Listen::new(address(text).unwrap(), None).unwrap()
    }

    #[tokio::test]
    async fn the_last_word_of_a_person_holds_until_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let open = async |door: Door| {
            door.open(state, None)
                .await
                .map(|network| network.is_some())
        };
        assert!(!open(Door::AsBefore).await.unwrap());
        assert!(open(Door::At(at("127.0.0.1:0"))).await.unwrap());
        assert!(open(Door::AsBefore).await.unwrap());
        assert!(!open(Door::None).await.unwrap());
        assert!(!open(Door::AsBefore).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_kept_and_can_not_be_had_keeps_no_controller_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = at(&taken.local_addr().unwrap().to_string());
        keep(folder.path(), &listen).unwrap();
        assert!(again(folder.path()).await.is_none());
        let asked = Door::At(listen).open(folder.path(), None).await;
        assert!(asked.is_err(), "what is asked for is another matter");
        let clear = r#"{"address":"0.0.0.0:0","tls":null}"#;
        for text in [clear, "nonsense", ""] {
            fs::write(folder.path().join(KEPT), text).unwrap();
            assert!(again(folder.path()).await.is_none(), "{text}");
        }
    }

    #[test]
    fn files_of_tls_are_kept_too() {
        let folder = tempfile::tempdir().unwrap();
        let tls = TlsFiles {
            cert: "/etc/tls/cert.pem".into(),
            key: "/etc/tls/key.pem".into(),
        };
        let listen = Listen::new(address("0.0.0.0:7070").unwrap(), Some(tls)).unwrap();
        keep(folder.path(), &listen).unwrap();
        assert_eq!(kept(folder.path()).unwrap(), Some(listen));
    }
}
