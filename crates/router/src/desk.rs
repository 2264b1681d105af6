//! Which data thread serves a new connection.
//!
//! All threads accept from the same sockets, and the one that is awake takes most of what comes:
//! so whoever accepts hands a connection to the thread that has fewest.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, watch};

use crate::core::{Core, locked};
use crate::limits::HANDED;

/// A connection on its way to the thread that serves it.
pub(crate) struct Handed {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) listener: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) seat: Seat,
    pub(crate) closing: watch::Receiver<bool>,
}

/// Where one data thread is handed connections. Alone on its cache lines.
#[repr(align(128))]
struct Desk {
    open: AtomicUsize,
    hand: mpsc::Sender<Handed>,
    taken: Mutex<Option<mpsc::Receiver<Handed>>>,
}

/// One desk for each data thread.
pub(crate) struct Desks(Box<[Desk]>);

impl Desks {
    pub(crate) fn new(shards: usize) -> Self {
        let desk = || {
            let (hand, taken) = mpsc::channel(HANDED);
            Desk {
                open: AtomicUsize::new(0),
                hand,
                taken: Mutex::new(Some(taken)),
            }
        };
        Self((0..shards).map(|_| desk()).collect())
    }

    /// What a thread is handed; none after the first call for it.
    pub(crate) fn take(&self, shard: usize) -> Option<mpsc::Receiver<Handed>> {
        locked(&self.0.get(shard)?.taken).take()
    }

    /// The thread with the fewest connections; `own` if no other has fewer.
    fn fewest(&self, own: usize) -> usize {
        let open = |shard: usize| self.0.get(shard).map_or(0, |desk| desk.open.load(Relaxed));
        (0..self.0.len())
            .min_by_key(|shard| (open(*shard), *shard != own))
            .unwrap_or(own)
    }

    /// Hands a connection to the thread of its seat; gives it back if that one takes no more.
    pub(crate) fn hand(&self, handed: Handed) -> Result<(), Box<Handed>> {
        let Some(desk) = self.0.get(handed.seat.shard) else {
            return Err(Box::new(handed));
        };
        let sent = desk.hand.try_send(handed);
        sent.map_err(|refused| Box::new(refused.into_inner()))
    }
}

/// One connection's place among all that may be open, and on one thread.
pub(crate) struct Seat {
    core: Arc<Core>,
    pub(crate) shard: usize,
}

impl Seat {
    /// None while too many connections are open.
    pub(crate) fn take(core: &Arc<Core>, own: usize) -> Option<Self> {
        if core.connections.fetch_add(1, Relaxed) >= core.capacity {
            core.connections.fetch_sub(1, Relaxed);
            return None;
        }
        let shard = core.desks.fewest(own);
        if let Some(desk) = core.desks.0.get(shard) {
            desk.open.fetch_add(1, Relaxed);
        }
        let core = core.clone();
        Some(Self { core, shard })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.core.connections.fetch_sub(1, Relaxed);
        if let Some(desk) = self.core.desks.0.get(self.shard) {
            desk.open.fetch_sub(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn connections_spread_evenly_whoever_accepts_them() {
        let core = Arc::new(Core::new(3, 8, Path::new("state")).expect("chance"));
        let mut seats: Vec<Seat> = (0..6).filter_map(|_| Seat::take(&core, 1)).collect();
        let shards: Vec<usize> = seats.iter().map(|seat| seat.shard).collect();
        assert_eq!(shards, [1, 0, 2, 1, 0, 2]);
        seats.retain(|seat| seat.shard != 2);
        let seat = Seat::take(&core, 1).expect("room");
        assert_eq!(seat.shard, 2, "the one with fewest");
        seats.extend((0..3).filter_map(|_| Seat::take(&core, 1)));
        assert_eq!(seats.len(), 7);
        assert!(Seat::take(&core, 1).is_none(), "full");
    }
}
