//! The private socket, made anew where its file was taken away.

use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::app::ended;
use crate::door::Door;

/// Stands at each listener that comes, until the server is to end; returns what is still open.
pub(crate) async fn relisten(
    mut listeners: mpsc::Receiver<UnixListener>,
    door: impl Fn(UnixListener) -> Door,
    mut ending: watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut doors = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = ended(&mut ending) => break,
            Some(listener) = listeners.recv() => {
                doors.spawn(door(listener).stand_open());
            }
            else => {
                ended(&mut ending).await;
                break;
            }
        }
    }
    let mut left = JoinSet::new();
    while let Some(open) = doors.join_next().await {
        if let Ok(mut open) = open {
            left.spawn(async move { while open.join_next().await.is_some() {} });
        }
    }
    left
}
