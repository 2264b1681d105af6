//! The control socket: blocking, one thread per connection, a few at most.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use windlass_control::{Refusal, RouterReply, RouterRequest, encode};
use windlass_model::{Epoch, Millis};

use crate::apply::Keeper;
use crate::core::{Core, locked};
use crate::limits::{CONTROL_CONNECTIONS, CONTROL_PLACE, CONTROL_TIME, SOCKET_LOOK};
use crate::places::Places;
use crate::private::PrivateSocket;
use crate::wire::{self, Message};

/// What answers on the control socket.
pub(crate) struct Control {
    pub(crate) core: Arc<Core>,
    pub(crate) keeper: Arc<Keeper>,
    /// Readable when its other end is dropped: the router has ended.
    pub(crate) ended: io::PipeReader,
    /// That other end. Taken before the router has ended where another one has its place.
    pub(crate) alive: Mutex<Option<io::PipeWriter>>,
    /// Of the state folder. None where another one has it.
    pub(crate) lock: Mutex<Option<File>>,
    /// For connections.
    pub(crate) places: Places,
}

/// Accepts until the router has ended. A socket file that was taken away is made anew: whoever looks for
/// the router must find it.
pub(crate) fn accept(
    control: &Arc<Control>,
    mut listener: UnixListener,
    mut socket: PrivateSocket,
) {
    let mut is_told = false;
    loop {
        match wait(control, &listener, Some(&SOCKET_LOOK)) {
            Waited::Ended => return,
            Waited::Something => accept_one(control, &listener),
            // What another router has put there while it takes this one's place is as it should be.
            Waited::Nothing if socket.is_lost() => {
                match control.keeper.in_place(|| socket.bind_again()) {
                    Some(Ok(again)) => (listener, is_told) = (again, false),
                    Some(Err(why)) if !is_told => {
                        is_told = true;
                        tracing::error!(%why, "the control socket is gone and can't be made anew");
                    }
                    Some(Err(_)) | None => {}
                }
            }
            Waited::Nothing => {}
        }
    }
}

fn accept_one(control: &Arc<Control>, listener: &UnixListener) {
    let stream = match listener.accept() {
        Ok((stream, _)) => stream,
        Err(why) => {
            tracing::warn!(%why, "could not accept a control connection");
            std::thread::sleep(crate::limits::ACCEPT_PAUSE);
            return;
        }
    };
    if !is_own(&stream) {
        tracing::warn!("closed a control connection of another user");
        return;
    }
    // Who was stopped finds all at once who came meanwhile, and most of them have left.
    if !control.places.take(CONTROL_PLACE) {
        tracing::warn!("closed a control connection: {CONTROL_CONNECTIONS} are open");
        return;
    }
    let mine = control.clone();
    let thread = std::thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || {
            converse(&mine, &stream);
            mine.places.give_back();
        });
    if let Err(why) = thread {
        control.places.give_back();
        tracing::warn!(%why, "could not serve a control connection");
    }
}

/// Only the same user, and root, speak to a router.
fn is_own(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream)
        .is_ok_and(|peer| peer.uid == rustix::process::getuid() || peer.uid.is_root())
}

/// What a wait ended with.
enum Waited {
    Something,
    Nothing,
    /// The router has ended.
    Ended,
}

/// Waits for `source`, for so long at most.
fn wait(control: &Control, source: &impl AsFd, longest: Option<&Timespec>) -> Waited {
    loop {
        let mut sources = [
            PollFd::new(&control.ended, PollFlags::IN),
            PollFd::new(source, PollFlags::IN),
        ];
        match poll(&mut sources, longest) {
            Ok(0) => return Waited::Nothing,
            Ok(_) if !sources[0].revents().is_empty() => return Waited::Ended,
            Ok(_) if !sources[1].revents().is_empty() => return Waited::Something,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(why) => {
                tracing::error!(%why, "waiting on the control socket failed");
                return Waited::Ended;
            }
        }
    }
}

fn converse(control: &Control, stream: &UnixStream) {
    let limited = stream
        .set_read_timeout(Some(CONTROL_TIME))
        .and_then(|()| stream.set_write_timeout(Some(CONTROL_TIME)));
    if let Err(why) = limited {
        tracing::warn!(%why, "closed a control connection");
        return;
    }
    while matches!(wait(control, stream, None), Waited::Something) {
        let message = match wire::receive(stream) {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(why) => {
                tracing::warn!(%why, "closed a control connection");
                return;
            }
        };
        if let Err(why) = reply(control, stream, message) {
            tracing::warn!(%why, "closed a control connection without a reply");
            return;
        }
    }
}

fn welcome(control: &Control, epoch: Epoch) -> RouterReply {
    match control.keeper.hear(epoch) {
        Ok(()) => RouterReply::Welcome {
            boot: control.core.boot.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        Err(refusal) => RouterReply::Refused(refusal),
    }
}

fn ticks(control: &Control, after: u64) -> RouterReply {
    RouterReply::Ticks {
        boot: control.core.boot.clone(),
        ticks: locked(&control.core.ticks).after(after),
    }
}

fn upgrade(
    control: &Control,
    stream: &UnixStream,
    program: Option<OwnedFd>,
    within: Millis,
) -> io::Result<()> {
    let lock = locked(&control.lock).as_ref().map(File::try_clone);
    let upgraded = match lock {
        Some(Ok(lock)) => control.keeper.upgrade(&lock, program),
        Some(Err(why)) => Err(Refusal::NotHandedOver(why.to_string())),
        None => Err(Refusal::NotHandedOver(
            "another one has taken over".to_owned(),
        )),
    };
    let pid = match upgraded {
        Ok(pid) => pid,
        Err(refusal) => return send(stream, &RouterReply::Refused(refusal)),
    };
    // Whoever asks from now on asks the other one; where that dies, the next may begin at once.
    drop(locked(&control.alive).take());
    drop(locked(&control.lock).take());
    // Before it is told, so that no answer after that keeps its connection here.
    control.core.answer_the_last();
    let told = send(stream, &RouterReply::Upgraded { pid });
    // Only now: a process that carries nothing may be gone before a later reply.
    tracing::info!(pid, "handed over; ending what is open here");
    control.core.leave(within.duration());
    told
}

fn done(done: Result<(), Refusal>) -> RouterReply {
    match done {
        Ok(()) => RouterReply::Done,
        Err(refusal) => RouterReply::Refused(refusal),
    }
}

fn shut_down(control: &Control, stream: &UnixStream, epoch: Epoch) -> io::Result<()> {
    if let Err(refusal) = control.keeper.hear(epoch) {
        return send(stream, &RouterReply::Refused(refusal));
    }
    let told = send(stream, &RouterReply::Done);
    // Only now: the process may be gone before a later reply.
    tracing::info!("asked to end");
    control.core.end();
    told
}

fn reply(control: &Control, stream: &UnixStream, message: Message) -> io::Result<()> {
    let (json, mut descriptors) = message;
    let request = match serde_json::from_slice(&json) {
        Ok(request) => request,
        Err(why) => {
            let refusal = Refusal::Invalid(format!("the request could not be read: {why}"));
            return send(stream, &RouterReply::Refused(refusal));
        }
    };
    let keeper = &control.keeper;
    let answer = match request {
        RouterRequest::Hello { .. }
        | RouterRequest::Listen { .. }
        | RouterRequest::Apply { .. }
        | RouterRequest::Shutdown { .. }
            if keeper.kept.alone.is_some() =>
        {
            RouterReply::Refused(Refusal::Alone)
        }
        // Whoever comes now needs the next router, and starts it.
        RouterRequest::Hello { .. } if control.core.is_ending() => {
            return Err(io::Error::other("the router is ending"));
        }
        RouterRequest::Hello { epoch } => welcome(control, epoch),
        RouterRequest::Listen { epoch, address } => {
            done(keeper.listen(epoch, address, descriptors.pop()))
        }
        RouterRequest::Listeners => return send_listeners(control, stream),
        RouterRequest::Apply { epoch, change } => keeper.apply(epoch, &change),
        RouterRequest::Acknowledge { epoch, trip } => done(keeper.acknowledge(epoch, &trip)),
        RouterRequest::Cut {
            epoch,
            service,
            slot,
        } => keeper
            .cut(epoch, &service, slot)
            .map_or_else(RouterReply::Refused, RouterReply::Cut),
        RouterRequest::Passage {
            epoch,
            service,
            passage,
            until_us,
        } => done(keeper.passage(epoch, service.as_ref(), (passage, until_us))),
        RouterRequest::Observe => RouterReply::Observed(keeper.observe()),
        RouterRequest::Ticks { after } => ticks(control, after),
        RouterRequest::GoBack { service } => keeper
            .go_back_as_asked(service.as_ref())
            .map_or_else(RouterReply::Refused, RouterReply::WentBack),
        RouterRequest::Split(split) => keeper.split(&split),
        RouterRequest::Reload => keeper
            .reload()
            .map_or_else(RouterReply::Refused, RouterReply::Reloaded),
        RouterRequest::Upgrade { within } => {
            return upgrade(control, stream, descriptors.pop(), within);
        }
        RouterRequest::Shutdown { epoch } => return shut_down(control, stream, epoch),
    };
    send(stream, &answer)
}

fn send(stream: &UnixStream, reply: &RouterReply) -> io::Result<()> {
    let frame = encode(reply).map_err(io::Error::other)?;
    wire::send(stream, &frame, &[])
}

fn send_listeners(control: &Control, stream: &UnixStream) -> io::Result<()> {
    let listeners = control.keeper.listeners();
    let reply = RouterReply::Listeners(listeners.keys().copied().collect());
    let descriptors: Vec<_> = listeners.values().map(AsFd::as_fd).collect();
    let frame = encode(&reply).map_err(io::Error::other)?;
    wire::send(stream, &frame, &descriptors)
}
