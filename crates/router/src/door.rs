//! A data thread: accepts from the shared listeners, serves what it accepted.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::access::Sampled;
use crate::asked::Names;
use crate::connection::{Arrival, serve};
use crate::core::{Core, Doors};
use crate::desk::{Handed, Seat};
use crate::guests::Guest;
use crate::limits::{ACCEPT_PAUSE, KEPT_SWEEP, LINGER_TIME};
use crate::mirror::Copies;
use crate::pool::Pool;
use crate::waves::Waves;

/// What the connections of one data thread share.
pub(crate) struct Thread {
    pub(crate) core: Arc<Core>,
    /// Which of the shards of a count is this thread's.
    pub(crate) shard: usize,
    pub(crate) pool: Rc<Pool>,
    pub(crate) names: Names,
    pub(crate) sampled: Sampled,
    pub(crate) copies: Copies,
    pub(crate) waves: Waves,
    open: Cell<usize>,
    closed: Notify,
}

/// One client connection or tunnel of this thread, counted as long as it is open.
pub(crate) struct Permit {
    thread: Rc<Thread>,
    _seat: Seat,
    /// Set as soon as it is known whose it is.
    guest: OnceCell<Guest>,
}

impl Permit {
    /// Has the connection counted among those of its client.
    pub(crate) fn admit(&self, guest: Guest) {
        // It is admitted once; another count of it would end here.
        drop(self.guest.set(guest));
    }

    fn new(thread: &Rc<Thread>, seat: Seat) -> Rc<Self> {
        thread.open.set(thread.open.get() + 1);
        Rc::new(Self {
            thread: thread.clone(),
            _seat: seat,
            guest: OnceCell::new(),
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.thread.open.set(self.thread.open.get() - 1);
        self.thread.closed.notify_one();
    }
}

/// Tells that a data thread has ended, however it did.
struct Ended(Arc<Core>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended.send_modify(|count| *count += 1);
    }
}

/// Runs one data thread until the router ends.
pub(crate) fn run(core: &Arc<Core>, shard: usize) -> io::Result<()> {
    let _ended = Ended(core.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = Rc::new(Thread {
        core: core.clone(),
        shard,
        pool: Rc::default(),
        names: Names::new(),
        sampled: Sampled::default(),
        copies: Copies::default(),
        waves: Waves::new(),
        open: Cell::new(0),
        closed: Notify::new(),
    });
    let handed = core.desks.take(shard);
    let handed = handed.ok_or_else(|| io::Error::other("this data thread runs already"))?;
    LocalSet::new().block_on(&runtime, tend(thread, handed));
    Ok(())
}

/// An open listener of this thread; dropping the sender closes it.
type Open = BTreeMap<SocketAddr, (Arc<std::net::TcpListener>, watch::Sender<bool>)>;

async fn tend(thread: Rc<Thread>, mut handed: mpsc::Receiver<Handed>) {
    let mut doors = thread.core.doors.subscribe();
    let mut swapped = thread.core.swapped.subscribe();
    let mut ending = thread.core.ending();
    let mut sweep = interval(KEPT_SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let core = thread.core.clone();
    let mut left = pin!(core.left());
    let mut open = Open::new();
    loop {
        let wanted = doors.borrow_and_update().clone();
        refresh(&thread, &mut open, &wanted);
        // Errors would mean that the core is gone, which this thread holds.
        tokio::select! {
            _changed = doors.changed() => {}
            _changed = swapped.changed() => thread.pool.sweep(),
            _now = sweep.tick() => thread.pool.sweep(),
            Some(handed) = handed.recv() => serve_handed(&thread, handed),
            _ending = ending.wait_for(|ending| *ending) => break,
            () = left.as_mut() => break,
        }
    }
    open.clear();
    // What is on its way still comes in.
    handed.close();
    while let Some(handed) = handed.recv().await {
        serve_handed(&thread, handed);
    }
    let quiet = async {
        while thread.open.get() > 0 {
            thread.closed.notified().await;
        }
    };
    let mut quiet = pin!(quiet);
    if timeout(thread.core.drain_time(), quiet.as_mut())
        .await
        .is_err()
    {
        // What can still be told that it ends is told.
        thread.core.cut_all();
        if timeout(LINGER_TIME, quiet).await.is_ok() {
            return;
        }
        let cut = thread.open.get();
        tracing::warn!(
            connections = cut,
            "cut connections that were still open at the end"
        );
    }
}

/// Closes what is not wanted any more, opens what is new.
fn refresh(thread: &Rc<Thread>, open: &mut Open, wanted: &Doors) {
    open.retain(|address, (listener, _)| {
        wanted
            .get(address)
            .is_some_and(|now| Arc::ptr_eq(now, listener))
    });
    for (address, listener) in wanted.iter() {
        if open.contains_key(address) {
            continue;
        }
        let twin = listener.try_clone().and_then(TcpListener::from_std);
        match twin {
            Ok(twin) => {
                let closing = watch::Sender::new(false);
                let accepting = accept(thread.clone(), twin, *address, closing.subscribe());
                // Ends when `closing` is dropped, with this thread at the latest.
                tokio::task::spawn_local(accepting);
                open.insert(*address, (listener.clone(), closing));
            }
            Err(why) => tracing::error!(%address, %why, "could not open a listener"),
        }
    }
}

async fn accept(
    thread: Rc<Thread>,
    listener: TcpListener,
    address: SocketAddr,
    closing: watch::Receiver<bool>,
) {
    let mut closed = closing.clone();
    // Told once, however often it is tried again.
    let mut lacks = false;
    loop {
        let accepted = tokio::select! {
            biased;
            _gone = closed.wait_for(|closing| *closing) => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => {
                lacks = false;
                accepted
            }
            Err(why) => {
                if !lacks {
                    tracing::warn!(%address, %why, "could not accept connections; trying again");
                }
                lacks = true;
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if let Err(why) = stream.set_nodelay(true) {
            tracing::debug!(%why, "a client left at once");
            continue;
        }
        let seat = loop {
            match Seat::take(&thread.core, thread.shard) {
                Some(seat) => break seat,
                None => sleep(ACCEPT_PAUSE).await,
            }
        };
        if seat.shard == thread.shard {
            let arrival = Arrival {
                stream,
                listener: address,
                peer,
            };
            begin(&thread, arrival, seat, closing.clone());
            continue;
        }
        let stream = match stream.into_std() {
            Ok(stream) => stream,
            Err(why) => {
                tracing::warn!(%address, %why, "could not hand a connection over");
                continue;
            }
        };
        let handed = Handed {
            stream,
            listener: address,
            peer,
            seat,
            closing: closing.clone(),
        };
        if let Err(back) = thread.core.desks.hand(handed) {
            serve_handed(&thread, *back);
        }
    }
}

/// Serves a connection that another thread accepted.
fn serve_handed(thread: &Rc<Thread>, handed: Handed) {
    let Handed {
        stream,
        listener,
        peer,
        seat,
        closing,
    } = handed;
    match TcpStream::from_std(stream) {
        Ok(stream) => {
            let arrival = Arrival {
                stream,
                listener,
                peer,
            };
            begin(thread, arrival, seat, closing);
        }
        Err(why) => tracing::warn!(address = %listener, %why, "could not take a connection over"),
    }
}

fn begin(thread: &Rc<Thread>, arrival: Arrival, seat: Seat, closing: watch::Receiver<bool>) {
    let permit = Permit::new(thread, seat);
    // Ends with the connection; the permit keeps the thread until then.
    tokio::task::spawn_local(serve(thread.clone(), arrival, permit, closing));
}
