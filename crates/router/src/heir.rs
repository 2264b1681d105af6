//! The router that is there: has another program take its place, and then ends what it carries.
//!
//! Nothing is given away before the other one has proven itself, and until it serves, this one can go on as
//! if nothing had been: then the other one is killed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Instant;

use windlass_control::{Refusal, Table};

use crate::apply::{Keeper, entries};
use crate::core::locked;
use crate::handing::{FromNew, FromOld, TAKES_PLACE, bounded, hear, hears, say};
use crate::latch::unacknowledged;
use crate::limits::{HEIR_END, LOCK_PAUSE, PROVE_TIME, TAKE_TIME};

/// A process that is to take this one's place: killed, unless it was let go of.
struct Heir {
    child: Option<Child>,
    stream: UnixStream,
}

impl Drop for Heir {
    fn drop(&mut self) {
        self.end();
    }
}

/// One hand-over, until this is dropped.
struct Handing<'k>(&'k Keeper);

impl<'k> Handing<'k> {
    /// None while there is another one.
    fn begin(keeper: &'k Keeper) -> Option<Self> {
        let mut handing = locked(&keeper.handing);
        let is_first = !std::mem::replace(&mut *handing, true);
        // Made only then: dropping one ends the hand-over of whoever began it.
        is_first.then(|| Self(keeper))
    }
}

impl Drop for Handing<'_> {
    fn drop(&mut self) {
        *locked(&self.0.handing) = false;
    }
}

impl Keeper {
    /// Has `program` take this router's place: it is started as this one was. The process that serves from
    /// now on; a refusal changes nothing.
    pub(crate) fn upgrade(
        self: &Arc<Self>,
        lock: &File,
        program: Option<OwnedFd>,
    ) -> Result<u32, Refusal> {
        let refused = |why: String| {
            tracing::error!(%why, "did not hand over; this router goes on");
            Refusal::NotHandedOver(why)
        };
        let _one_at_a_time = Handing::begin(self)
            .ok_or_else(|| refused("another one is taking over already".to_owned()))?;
        // It leaves only when whoever asked first was told.
        if self.core.is_ending() || locked(&self.held).is_given_away {
            return Err(refused("this router is ending".to_owned()));
        }
        let program = program.ok_or_else(|| refused("no program came along".to_owned()))?;
        let mut heir = Heir::start(&program)
            .map_err(|why| refused(format!("the program could not be started: {why}")))?;
        heir.prove(self, lock).map_err(refused)?;
        // Before anything is given away: only one of the two orders certificates.
        let shut = self.core.ordering.shut();
        if let Err(why) = shut.and_then(|()| self.hand_over(&mut heir)) {
            heir.end();
            self.core.ordering.open();
            return Err(refused(why));
        }
        Ok(heir.let_go())
    }

    /// Does what is this router's to do; nothing while another one takes its place, or has it.
    pub(crate) fn in_place<T>(&self, act: impl FnOnce() -> T) -> Option<T> {
        // To its end: an upgrade that begins meanwhile waits for it.
        let handing = locked(&self.handing);
        (!*handing && !locked(&self.held).is_given_away).then(act)
    }

    /// Gives away the table, the trips, and the sockets, in one moment in which nothing changes.
    fn hand_over(self: &Arc<Self>, heir: &mut Heir) -> Result<(), String> {
        let _raising = locked(&self.raising);
        let mut held = locked(&self.held);
        let failed = |why: io::Error| format!("the table could not be kept: {why}");
        let table = held.table(&self.core.live.load().services);
        self.kept.disk.save(&table).map_err(failed)?;
        // Not later: the other one writes there too as soon as it begins.
        self.kept.disk.write_second().map_err(failed)?;
        self.kept.latches.sync().map_err(failed)?;
        let on_disk = unacknowledged(&self.kept.disk.folder()).map_err(failed)?;
        let mut latched = self.kept.latches.all();
        latched.retain(|latched| !latched.acknowledged);
        if on_disk.len() != latched.len() {
            return Err("a trip is not on disk".to_owned());
        }
        if let Err(why) = heir.begin(&held.listeners, || !self.core.is_ending()) {
            // While nothing can change here: it may have begun to serve.
            heir.end();
            return Err(why);
        }
        held.is_given_away = true;
        self.kept.disk.give_away();
        held.listeners.clear();
        drop(held);
        let way = heir.stream.try_clone().map_err(|why| why.to_string());
        let mine = self.clone();
        // Ends with the other router, or with this one.
        let follows = std::thread::Builder::new()
            .name("heir".to_owned())
            .spawn(move || way.map(|way| mine.follow(&way)));
        if let Err(why) = follows {
            // It serves: what is open here ends as it is.
            tracing::error!(%why, "can't follow the router that took over");
        }
        Ok(())
    }

    /// Does what the one in its place does, so that what is still open here is treated the same.
    fn follow(&self, way: &UnixStream) {
        let followed = loop {
            let (table, cuts) = match hear(way) {
                Ok((FromNew::Follow { table, cuts }, _)) => (table, cuts),
                Ok(_other) => continue,
                Err(why) => break why,
            };
            if let Some(table) = table {
                self.take_over_table(table);
            }
            for (service, slot) in &cuts {
                self.core.cut(service, *slot);
            }
            if let Err(why) = say(way, &FromOld::Carries(self.core.carries()), &[]) {
                break why;
            }
        };
        tracing::warn!(why = %followed, "the router that took over is not heard any more");
    }

    fn take_over_table(&self, table: serde_json::Value) {
        let read = serde_json::from_value::<Table>(table).map_err(|why| why.to_string());
        match read.and_then(|table| entries(&self.core, &table)) {
            Ok(services) => self.core.swap(services),
            Err(why) => tracing::warn!(%why, "can't follow a table of the router that took over"),
        }
    }
}

impl Heir {
    /// Starts `program` with the arguments, folder, environment and output of this process.
    fn start(program: &OwnedFd) -> io::Result<Self> {
        let (stream, theirs) = UnixStream::pair()?;
        bounded(&stream)?;
        // By its descriptor: it is the very program of whoever asked, also when its file was replaced.
        let path = format!("/proc/self/fd/{}", program.as_raw_fd());
        let mut own = std::env::args_os();
        let mut command = Command::new(path);
        if let Some(name) = own.next() {
            command.arg0(name);
        }
        let child = command
            .args(own)
            .env(TAKES_PLACE, "1")
            .stdin(OwnedFd::from(theirs))
            .spawn()?;
        tracing::info!(pid = child.id(), "started the program that is to take over");
        Ok(Self {
            child: Some(child),
            stream,
        })
    }

    /// Returns when it is ready.
    fn prove(&mut self, keeper: &Keeper, lock: &File) -> Result<(), String> {
        let listeners = keeper.listeners();
        let said = FromOld::Prove {
            addresses: listeners.keys().copied().collect(),
            ready: keeper.core.ready(),
        };
        let mut descriptors = vec![lock.as_fd()];
        descriptors.extend(fds(&listeners));
        say(&self.stream, &said, &descriptors).map_err(|why| self.gone(&why))?;
        let until = Instant::now() + PROVE_TIME;
        let goes_on = || !keeper.core.is_ending();
        match self.answer(until, goes_on)? {
            Some(FromNew::Ready) => Ok(()),
            Some(FromNew::Unable(why)) => Err(why),
            Some(other) => Err(format!("it answered something else: {other:?}")),
            None => Err(format!("it was not ready in {PROVE_TIME:?}")),
        }
    }

    /// Returns when it serves.
    fn begin(
        &mut self,
        listeners: &BTreeMap<SocketAddr, Arc<TcpListener>>,
        goes_on: impl Fn() -> bool,
    ) -> Result<(), String> {
        let said = FromOld::Begin {
            addresses: listeners.keys().copied().collect(),
        };
        let descriptors: Vec<_> = fds(listeners).collect();
        say(&self.stream, &said, &descriptors).map_err(|why| self.gone(&why))?;
        match self.answer(Instant::now() + TAKE_TIME, goes_on)? {
            Some(FromNew::Serves) => Ok(()),
            Some(FromNew::Unable(why)) => Err(why),
            Some(other) => Err(format!("it answered something else: {other:?}")),
            None => Err(format!("it did not serve in {TAKE_TIME:?}")),
        }
    }

    fn answer(
        &mut self,
        until: Instant,
        goes_on: impl Fn() -> bool,
    ) -> Result<Option<FromNew>, String> {
        let heard = match hears(&self.stream, until, goes_on) {
            Ok(true) => hear(&self.stream),
            Ok(false) => return Ok(None),
            Err(why) => Err(why),
        };
        heard
            .map(|(said, _)| Some(said))
            .map_err(|why| self.gone(&why))
    }

    /// Why it says nothing any more.
    fn gone(&mut self, why: &io::Error) -> String {
        // Its sockets close a moment before it can be asked how it ended.
        let until = Instant::now() + HEIR_END;
        while Instant::now() < until {
            if let Some(Ok(Some(status))) = self.child.as_mut().map(Child::try_wait) {
                return format!("the program ended ({status})");
            }
            std::thread::park_timeout(LOCK_PAUSE);
        }
        format!("the program says nothing: {why}")
    }

    /// Returns when it is gone.
    fn end(&mut self) {
        if let Some(mut child) = self.child.take()
            && let Err(why) = child.kill().and_then(|()| child.wait())
        {
            tracing::error!(%why, "could not end the program that was to take over");
        }
    }

    /// It goes on by itself; its process.
    fn let_go(mut self) -> u32 {
        self.child.take().map_or(0, |child| child.id())
    }
}

fn fds(listeners: &BTreeMap<SocketAddr, Arc<TcpListener>>) -> impl Iterator<Item = BorrowedFd<'_>> {
    listeners.values().map(|listener| listener.as_fd())
}
