//! Keeps the controller's private socket where commands look for it.

use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::mpsc;
use windlass_router::PrivateSocket;

/// Time between two looks at the socket's file.
const LOOK: Duration = Duration::from_secs(1);

/// Listeners on their way to the server: each is one that was made anew.
const ON_THEIR_WAY: usize = 1;

/// Listens at `path`. The lock says that whoever left a socket there is gone.
pub(crate) fn listen(path: &Path) -> std::io::Result<(UnixListener, PrivateSocket)> {
    let (listener, socket) = PrivateSocket::bind(path)?;
    Ok((usable(listener)?, socket))
}

fn usable(listener: StdListener) -> std::io::Result<UnixListener> {
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

/// Looks every second whether the socket is still there, and gives a new listener to the server where it is
/// not. Ends with the server; to be run on a task of its own.
pub(crate) fn stay_findable(
    mut socket: PrivateSocket,
) -> (mpsc::Receiver<UnixListener>, impl Future<Output = ()>) {
    let (found_again, again) = mpsc::channel(ON_THEIR_WAY);
    let looking = async move {
        let mut is_told = false;
        loop {
            tokio::time::sleep(LOOK).await;
            if !socket.is_lost() {
                continue;
            }
            match socket.bind_again().and_then(usable) {
                Ok(listener) => {
                    is_told = false;
                    tracing::warn!("the private socket was gone, and is there again");
                    if found_again.send(listener).await.is_err() {
                        return;
                    }
                }
                Err(why) if !is_told => {
                    is_told = true;
                    tracing::error!(%why, "the private socket is gone and can't be made anew");
                }
                Err(_) => {}
            }
        }
    };
    (again, looking)
}
