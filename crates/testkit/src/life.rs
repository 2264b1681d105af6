//! The life of one controller: its tasks, which all end with it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::task::JoinSet;
use windlass_edge::Spawner;

/// One controller's tasks.
#[derive(Debug, Default)]
pub struct Life {
    dead: Rc<Cell<bool>>,
    tasks: RefCell<JoinSet<()>>,
    panicked: Cell<bool>,
}

/// A task that does nothing more from the instant its controller is dead.
struct Mortal {
    dead: Rc<Cell<bool>>,
    task: Pin<Box<dyn Future<Output = ()>>>,
}

impl Future for Mortal {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.dead.get() {
            return Poll::Pending;
        }
        self.task.as_mut().poll(context)
    }
}

impl Life {
    /// Runs a task until it ends or the controller dies.
    pub fn spawn(&self, task: Pin<Box<dyn Future<Output = ()>>>) {
        let mut tasks = self.tasks.borrow_mut();
        while let Some(ended) = tasks.try_join_next() {
            self.note(ended);
        }
        let dead = Rc::clone(&self.dead);
        tasks.spawn_local(Mortal { dead, task });
    }

    fn note(&self, ended: Result<(), tokio::task::JoinError>) {
        if ended.is_err_and(|error| error.is_panic()) {
            self.panicked.set(true);
        }
    }

    /// Stops every task where it stands: from this instant none takes another step.
    pub fn kill(&self) {
        self.dead.set(true);
    }

    /// Whether it was killed.
    pub fn is_dead(&self) -> bool {
        self.dead.get()
    }

    /// Drops what a killed life was doing.
    pub async fn bury(&self) {
        let mut tasks = self.tasks.take();
        tasks.abort_all();
        while let Some(ended) = tasks.join_next().await {
            self.note(ended);
        }
    }

    /// Whether one of its tasks panicked.
    pub fn panicked(&self) -> bool {
        while let Some(ended) = self.tasks.borrow_mut().try_join_next() {
            self.note(ended);
        }
        self.panicked.get()
    }

    /// Tasks that have not ended.
    pub fn tasks(&self) -> usize {
        while let Some(ended) = self.tasks.borrow_mut().try_join_next() {
            self.note(ended);
        }
        self.tasks.borrow().len()
    }
}

/// Starts tasks that end with a [`Life`].
#[derive(Clone, Debug)]
pub struct FakeSpawner(pub Rc<Life>);

impl Spawner for FakeSpawner {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()>>>) {
        self.0.spawn(task);
    }
}
