//! Doors for the runs of commands: opened when one begins, closed when its deployment has ended.

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::app::ended;
use crate::door::Door;

/// A loopback address at which the runs of one deployment report.
pub struct WayIn {
    /// It.
    pub listener: TcpListener,
    /// Closed by its other end, also when that is dropped.
    pub closes: oneshot::Receiver<()>,
}

/// Opens a door for each way in that arrives, until the server is to end; returns the connections
/// that are still open then. `door` makes one.
pub(crate) async fn receive(
    mut arriving: mpsc::Receiver<WayIn>,
    door: impl Fn(TcpListener) -> Door,
    mut ending: tokio::sync::watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut doors = JoinSet::new();
    let mut left = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = ended(&mut ending) => break,
            Some(_closed) = doors.join_next(), if !doors.is_empty() => {}
            Some(way) = arriving.recv() => {
                let door = door(way.listener);
                doors.spawn(async move {
                    tokio::select! {
                        open = door.stand_open() => open,
                        // Nobody is to be heard there any more.
                        _closed = way.closes => JoinSet::new(),
                    }
                });
            }
            else => {
                ended(&mut ending).await;
                break;
            }
        }
    }
    while let Some(open) = doors.join_next().await {
        if let Ok(mut open) = open {
            left.spawn(async move { while open.join_next().await.is_some() {} });
        }
    }
    left
}
