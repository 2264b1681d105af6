//! Connections to instances, kept open per data thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout};

use crate::limits::{END_TIME, KEPT_CONNECTIONS, KEPT_FOR_LONG, KEPT_TIME, SHARED_STREAMS};
use crate::live::InstanceState;
use crate::origin::{InTurn, Link, Multiplexed};
use crate::unshared::Unshared;
use crate::upload::Progress;

/// The kept connections of one data thread, by instance. They die with the instance's place in the
/// table: nothing of a slot that is gone is used again.
#[derive(Default)]
pub(crate) struct Pool {
    /// Those that nobody uses.
    unused: ByInstance<InTurn>,
    /// Those that many use.
    shared: ByInstance<Multiplexed>,
    /// Those that many could use and one at a time does, for a long body. Nobody uses them.
    alone: ByInstance<Multiplexed>,
}

struct Kept<L> {
    link: L,
    instance: Arc<InstanceState>,
    since: Instant,
}

impl<L> Kept<L> {
    fn now(link: L, instance: Arc<InstanceState>) -> Self {
        Self {
            link,
            instance,
            since: Instant::now(),
        }
    }

    fn is_fresh(&self) -> bool {
        self.since.elapsed() < KEPT_TIME
    }
}

impl Kept<InTurn> {
    fn is_usable(&self) -> bool {
        self.is_open() && self.is_fresh()
    }

    fn is_open(&self) -> bool {
        !self.link.sender.is_closed() && !self.instance.is_retired()
    }
}

impl Kept<Multiplexed> {
    fn is_usable(&self) -> bool {
        let is_used = self.link.shared_by() > 1;
        !self.link.is_closed() && !self.instance.is_retired() && (is_used || self.is_fresh())
    }

    /// Whether a long body may still go on it, which can't be sent again.
    fn takes_long(&self) -> bool {
        self.is_usable() && self.since.elapsed() < KEPT_FOR_LONG
    }
}

/// What may be sent on a kept connection, whose instance may close it at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// It can be sent again if the connection was stale.
    Repeatable,
    /// It can't: the kernel is asked first whether the end has come already.
    OnlyOnce,
}

impl Pool {
    /// A kept connection to `instance` for what may share it, or for what may not for this reason: the one used
    /// last first, or one that has room.
    pub(crate) async fn take(
        &self,
        instance: &InstanceState,
        care: Care,
        unshared: Option<Unshared>,
    ) -> Option<Link> {
        let many = match unshared {
            None => self.join(instance),
            Some(Unshared::LongBody) => self.take_alone(instance),
            Some(Unshared::LargeHead | Unshared::Trailers) => return None,
        };
        if let Some(link) = many {
            return Some(Link::Multiplexed(link));
        }
        loop {
            let kept = self.unused.borrow_mut().get_mut(&instance.number)?.pop()?;
            let stale = !kept.is_usable() || (care == Care::OnlyOnce && !kept.link.wire.is_quiet());
            if stale {
                continue;
            }
            let mut link = kept.link;
            if link.is_ready_soon().await {
                return Some(Link::InTurn(link));
            }
        }
    }

    fn join(&self, instance: &InstanceState) -> Option<Multiplexed> {
        let mut shared = self.shared.borrow_mut();
        let of_instance = shared.get_mut(&instance.number)?;
        let has_room = |kept: &&mut Kept<Multiplexed>| {
            // One of those who have it is the pool.
            kept.is_usable() && kept.link.shared_by() <= kept.link.most()
        };
        let kept = of_instance.iter_mut().find(has_room)?;
        kept.since = Instant::now();
        Some(kept.link.join())
    }

    fn take_alone(&self, instance: &InstanceState) -> Option<Multiplexed> {
        let mut alone = self.alone.borrow_mut();
        let of_instance = alone.get_mut(&instance.number)?;
        loop {
            let kept = of_instance.pop()?;
            if kept.takes_long() {
                return Some(kept.link);
            }
        }
    }

    /// Lets others use a new connection beside whoever opened it, if it can carry many.
    pub(crate) fn share(&self, link: &Link, instance: &Arc<InstanceState>) {
        let Link::Multiplexed(link) = link else {
            return;
        };
        let mut shared = self.shared.borrow_mut();
        let of_instance = shared.entry(instance.number).or_default();
        // An instance that takes few at a time ends its connections often.
        of_instance.retain(Kept::<Multiplexed>::is_usable);
        let carried: usize = of_instance.iter().map(|kept| kept.link.most()).sum();
        if carried < SHARED_STREAMS && of_instance.len() < KEPT_CONNECTIONS {
            of_instance.push(Kept::now(link.join(), instance.clone()));
        }
    }

    fn put(&self, link: InTurn, instance: Arc<InstanceState>) {
        let kept = Kept::now(link, instance);
        if kept.is_open() {
            keep(&self.unused, kept);
        }
    }

    fn put_alone(&self, link: Multiplexed, instance: Arc<InstanceState>) {
        let kept = Kept::now(link, instance);
        if kept.is_usable() {
            keep(&self.alone, kept);
        }
    }

    /// Drops all that nobody uses: somebody needs what they hold.
    pub(crate) fn let_go(&self) {
        self.unused.borrow_mut().clear();
        self.alone.borrow_mut().clear();
    }

    /// Drops what is closed, too old, or of an instance that no table names.
    pub(crate) fn sweep(&self) {
        retain(&self.unused, Kept::<InTurn>::is_usable);
        retain(&self.shared, Kept::<Multiplexed>::is_usable);
        retain(&self.alone, Kept::<Multiplexed>::takes_long);
    }
}

/// Connections by the number of their instance.
type ByInstance<L> = RefCell<BTreeMap<u64, Vec<Kept<L>>>>;

/// Keeps one more, if there are not too many of its instance.
fn keep<L>(all: &ByInstance<L>, kept: Kept<L>) {
    let mut all = all.borrow_mut();
    let of_instance = all.entry(kept.instance.number).or_default();
    if of_instance.len() < KEPT_CONNECTIONS {
        of_instance.push(kept);
    }
}

fn retain<L>(all: &ByInstance<L>, is_usable: impl Fn(&Kept<L>) -> bool) {
    all.borrow_mut().retain(|_, of_instance| {
        of_instance.retain(&is_usable);
        !of_instance.is_empty()
    });
}

/// A connection in use, to be given back when the answer has ended.
pub(crate) struct Lent {
    pub(crate) pool: Rc<Pool>,
    pub(crate) instance: Arc<InstanceState>,
    pub(crate) link: Link,
    /// Why nobody else uses that, if so.
    pub(crate) unshared: Option<Unshared>,
    pub(crate) progress: Rc<Progress>,
    /// It takes no other request.
    pub(crate) last: bool,
    /// Its answer has no body, whatever its stream does.
    pub(crate) is_bare: bool,
}

impl Lent {
    /// Leaves the connection to a tunnel, which ends it.
    pub(crate) fn switched(&mut self) {
        match &mut self.link {
            Link::InTurn(link) => link.switched(),
            Link::Multiplexed(_) => {}
        }
    }

    /// Whether the answer's stream goes on although nothing is to come of the answer: until it has ended, its
    /// instance counts it among those that it takes at once.
    pub(crate) fn goes_on(&self, body: &Incoming) -> bool {
        matches!(self.link, Link::Multiplexed(_)) && !body.is_end_stream()
    }

    /// Gives the connection back once its answer's stream has ended, or should have.
    pub(crate) fn see_end(self, mut body: Incoming) {
        // Ends with its time at the latest.
        tokio::task::spawn_local(async move {
            let end = async { while let Some(Ok(_nothing)) = body.frame().await {} };
            timeout(END_TIME, end).await.ok();
            self.give_back();
        });
    }

    /// Keeps the connection for the next request. One whose request has not gone out whole can't
    /// take another, and is closed.
    pub(crate) fn give_back(self) {
        match self.link {
            Link::InTurn(mut link) if self.progress.has_ended() => {
                link.ended();
                if !self.last {
                    self.pool.put(link, self.instance);
                }
            }
            Link::Multiplexed(link)
                if self.unshared == Some(Unshared::LongBody) && link.is_idle() =>
            {
                self.pool.put_alone(link, self.instance);
            }
            // The pool has the others, or nobody is to have them.
            Link::InTurn(_) | Link::Multiplexed(_) => {}
        }
    }
}
