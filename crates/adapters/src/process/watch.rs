//! States of one instance as they change.

use std::rc::Rc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::sleep;
use windlass_control::{ShimReply, ShimRequest, ShimState, ShimStatus};
use windlass_edge::{InstanceState, InstanceWatch};
use windlass_model::Instance;

use super::link::{ANSWER_WITHIN, Link, Reached};
use super::observe::{Fixed, state};
use super::proc::ended;
use super::target::Inner;

/// How often a running group without a listener is looked at, at first.
const LOOK_OFTEN: Duration = Duration::from_millis(20);

/// How many such looks there are.
const OFTEN: u32 = 150;

/// How often after that, and how often a shim is tried again that takes in nobody.
const LOOK: Duration = Duration::from_millis(100);

/// How often it is looked whether the trace of an ended instance was dropped.
const LOOK_FOR_TRACE: Duration = Duration::from_secs(1);

/// Where the states come from.
enum Source {
    /// Not looked yet, or what was there is gone.
    Unknown,
    /// The shim pushes them.
    Pushed(Box<Pushed>),
    /// There is no shim; this process is the leader, if it lives.
    Remains(Option<(i32, u64)>),
}

/// What a shim pushed last.
struct Pushed {
    /// None once the shim closed it.
    link: Option<Link>,
    status: ShimStatus,
    fixed: Fixed,
}

struct Watcher {
    inner: Rc<Inner>,
    instance: Instance,
    source: Source,
    last: Option<InstanceState>,
    looks: u32,
}

/// The present state, and each next one.
pub(super) fn watch(inner: Rc<Inner>, instance: Instance) -> InstanceWatch {
    let watcher = Watcher {
        inner,
        instance,
        source: Source::Unknown,
        last: None,
        looks: 0,
    };
    stream::unfold(watcher, |mut watcher| async move {
        let state = watcher.next().await?;
        Some((state, watcher))
    })
    .boxed_local()
}

impl Watcher {
    async fn next(&mut self) -> Option<InstanceState> {
        if self.last == Some(InstanceState::Absent) {
            return None;
        }
        loop {
            if matches!(self.source, Source::Unknown) {
                self.find().await;
            }
            let state = self.look();
            if state.is_some() && state != self.last {
                self.last.clone_from(&state);
                return state;
            }
            self.change(state.as_ref()).await;
        }
    }

    /// Finds out who can tell.
    async fn find(&mut self) {
        self.source = match self.inner.reach(&self.instance.id).await {
            Ok(Reached::Shim(link)) => self.subscribe(link).await,
            Ok(Reached::Nobody) => Source::Remains(None),
            Err(_busy) => Source::Unknown,
        };
        if matches!(self.source, Source::Unknown) {
            sleep(LOOK).await;
        }
    }

    async fn subscribe(&self, mut link: Link) -> Source {
        let Ok(fixed) = self.inner.fixed(&self.instance) else {
            return Source::Unknown;
        };
        match link.ask(&ShimRequest::Watch, ANSWER_WITHIN).await {
            Ok(Some(ShimReply::Status(status))) => Source::Pushed(Box::new(Pushed {
                link: Some(link),
                status,
                fixed,
            })),
            Ok(Some(ShimReply::Done | ShimReply::Refused(_)) | None) | Err(_) => Source::Unknown,
        }
    }

    /// The state as it is now; none when that can't be told.
    fn look(&mut self) -> Option<InstanceState> {
        self.catch_up();
        let (state, runs) = match &mut self.source {
            Source::Unknown => return None,
            Source::Pushed(pushed) => {
                let runs = matches!(pushed.status.state, ShimState::Running { .. });
                (state(&pushed.status, &pushed.fixed), runs)
            }
            Source::Remains(leader) => {
                let (state, found) = self.inner.observe_remains(&self.instance).ok()?;
                *leader = found;
                (state, found.is_some())
            }
        };
        // A process that ends closes its sockets first. Once it listened, the next that is told of
        // it is its end; a listener lost without that is for the probes to see.
        match (&self.last, &state) {
            (
                Some(InstanceState::Running {
                    listening: true,
                    restarts: before,
                }),
                InstanceState::Running { restarts, .. },
            ) if runs && before == restarts => self.last.clone(),
            (_, _) => Some(state),
        }
    }

    /// Takes in what was pushed while nobody asked. An end that a shim told before it went is still
    /// told; anything else it said is not true any more.
    fn catch_up(&mut self) {
        let Source::Pushed(pushed) = &mut self.source else {
            return;
        };
        while let Some(link) = &mut pushed.link {
            match link.receive().now_or_never() {
                Some(Ok(ShimReply::Status(newer))) => pushed.status = newer,
                Some(Ok(ShimReply::Done | ShimReply::Refused(_))) => {}
                Some(Err(_gone)) => pushed.link = None,
                None => return,
            }
        }
        if !matches!(pushed.status.state, ShimState::Ended { .. }) {
            self.source = Source::Unknown;
        }
    }

    /// Waits until there may be another state than `now`.
    async fn change(&mut self, now: Option<&InstanceState>) {
        let pause = match now {
            Some(InstanceState::Running {
                listening: false, ..
            }) => {
                self.looks = self.looks.saturating_add(1);
                let often = self.looks <= OFTEN;
                Some(if often { LOOK_OFTEN } else { LOOK })
            }
            Some(InstanceState::Running { .. }) => None,
            Some(InstanceState::Ended(_) | InstanceState::Absent) => Some(LOOK_FOR_TRACE),
            None => Some(LOOK),
        };
        let pause = async {
            match pause {
                Some(pause) => sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        let next = match &mut self.source {
            Source::Unknown => return,
            Source::Pushed(pushed) => match &mut pushed.link {
                None => Source::Unknown,
                Some(link) => {
                    tokio::select! {
                        () = pause => {}
                        reply = link.receive() => match reply {
                            Ok(ShimReply::Status(newer)) => {
                                self.looks = 0;
                                pushed.status = newer;
                            }
                            Ok(ShimReply::Done | ShimReply::Refused(_)) => {}
                            Err(_gone) => pushed.link = None,
                        },
                    }
                    return;
                }
            },
            Source::Remains(Some((pid, start_time))) => {
                let (pid, start_time) = (*pid, *start_time);
                tokio::select! {
                    () = pause => return,
                    () = ended(pid, start_time) => return,
                }
            }
            Source::Remains(None) => {
                // A shim may be coming up; or there is nobody, for good.
                match now {
                    Some(InstanceState::Running {
                        listening: true, ..
                    }) => sleep(LOOK).await,
                    Some(_) | None => pause.await,
                }
                Source::Unknown
            }
        };
        self.source = next;
    }
}
