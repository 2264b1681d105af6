//! A private socket whose file may be taken away.
//!
//! The folder of such sockets is often one of the session (`XDG_RUNTIME_DIR`), and is wiped when its user
//! logs out. Whoever listens there lives on, and must be found again.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// A socket file, and which one it is.
#[derive(Debug)]
pub struct PrivateSocket {
    path: PathBuf,
    /// Device and number of the file.
    file: (u64, u64),
}

impl PrivateSocket {
    /// Listens at `path`, open to its own user only, in place of whatever lies there: the caller holds
    /// the lock that says that nobody else listens there.
    ///
    /// # Errors
    /// What the file system says.
    pub fn bind(path: &Path) -> io::Result<(UnixListener, Self)> {
        match fs::remove_file(path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        let socket = Self {
            path: path.to_owned(),
            file: which(&fs::symlink_metadata(path)?),
        };
        Ok((listener, socket))
    }

    /// Whether the file is not there any more, or is another one.
    pub fn is_lost(&self) -> bool {
        fs::symlink_metadata(&self.path).map_or(true, |found| which(&found) != self.file)
    }

    /// Listens there again, and makes its folders anew where they are gone.
    ///
    /// # Errors
    /// What the file system says: the folder above may be gone too, until its user is back.
    pub fn bind_again(&mut self) -> io::Result<UnixListener> {
        if let Some(folder) = self.path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        let (listener, socket) = Self::bind(&self.path)?;
        *self = socket;
        Ok(listener)
    }
}

fn which(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_socket_whose_folder_was_wiped_is_there_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let session = folder.path().join("windlass");
        let below = session.join("shop");
        fs::create_dir_all(&below).expect("a folder");
        let path = below.join("a.sock");
        let (_listener, mut socket) = PrivateSocket::bind(&path).expect("a listener");
        assert!(!socket.is_lost());
        fs::remove_dir_all(&session).expect("it was there");
        assert!(socket.is_lost());
        let _again = socket.bind_again().expect("a listener");
        assert!(!socket.is_lost());
        assert!(UnixStream::connect(&path).is_ok());
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let modes = [&session, &below, &path].map(|made| mode(made));
        assert_eq!(modes, [0o700, 0o700, 0o600]);
    }

    #[test]
    fn a_file_of_somebody_else_in_its_place_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.sock");
        let (_listener, mut socket) = PrivateSocket::bind(&path).expect("a listener");
        fs::remove_file(&path).expect("it was there");
        fs::write(&path, "").expect("a file");
        assert!(socket.is_lost());
        let _again = socket.bind_again().expect("a listener");
        assert!(UnixStream::connect(&path).is_ok());
    }
}
