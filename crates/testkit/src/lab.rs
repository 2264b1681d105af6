//! A world and the controllers that live in it, one after the other.

use std::rc::Rc;

use windlass_model::{DeploymentId, Fact, Millis, Outcome};
use windlass_runtime::{From, Handle, Terms, When, start};

use crate::files::App;
use crate::life::Life;
use crate::time::pass;
use crate::world::World;

/// Longest time a deployment may take, in its own time.
const DEPLOYMENT_LONGEST: Millis = Millis::from_secs(3_600);

/// Time for what goes on after a deployment's last row.
const AFTERWARDS: Millis = Millis::from_secs(3);

/// Longest time between two looks.
const LOOK: Millis = Millis::from_secs(1);

/// How a deployment was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has ended.
    Ended(Outcome),
    /// It can go neither on nor back.
    Stuck,
    /// It went on for longer than anything may.
    Unfinished,
}

/// Why a lab's controller did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It died on the way.
    Died,
    /// It said no; holds its words.
    Refused(String),
}

/// A world with a controller in it.
pub struct Lab {
    /// Everything outside.
    pub world: World,
    life: Rc<Life>,
    handle: Option<Handle>,
    down_for: Millis,
    panicked: bool,
}

impl Lab {
    /// A fresh world with a controller.
    pub async fn new() -> Self {
        let mut lab = Self::in_world(World::new());
        lab.start().await;
        lab
    }

    /// A lab in `world`, without a controller yet.
    pub fn in_world(world: World) -> Self {
        Self {
            world,
            life: Rc::default(),
            handle: None,
            down_for: Millis::ZERO,
            panicked: false,
        }
    }

    /// How long nobody is there after a death.
    pub fn stay_down_for(&mut self, time: Millis) {
        self.down_for = time;
    }

    /// The way into the living controller.
    pub fn handle(&self) -> Handle {
        self.handle.clone().expect("a controller lives")
    }

    /// Starts a controller under the next epoch; one that dies while starting is followed by
    /// another.
    pub async fn start(&mut self) {
        loop {
            let life = Rc::new(Life::default());
            self.life = Rc::clone(&life);
            let border = self.world.border(&life);
            let disk = Rc::clone(&self.world.disk);
            let crashed = disk.crashed.notified();
            let running = tokio::select! {
                biased;
                () = crashed => None,
                running = start(border) => Some(running),
            };
            match running {
                Some(running) => {
                    let running = running.expect("the journal can be read");
                    life.spawn(running.done);
                    self.handle = Some(running.handle);
                    return;
                }
                None => self.bury().await,
            }
        }
    }

    async fn bury(&mut self) {
        self.life.kill();
        self.life.bury().await;
        self.panicked |= self.life.panicked();
        self.handle = None;
        self.world.disk.is_crashing.set(false);
        pass(self.down_for).await;
    }

    /// The controller dies at once, wherever it is.
    pub async fn crash(&mut self) {
        self.bury().await;
    }

    /// The controller dies at once; another one follows.
    pub async fn crash_and_restart(&mut self) {
        self.bury().await;
        self.start().await;
    }

    /// The machine starts anew, and a controller with it.
    pub async fn reboot(&mut self) {
        self.bury().await;
        self.world.reboot();
        self.start().await;
    }

    /// If the disk has ordered a death, it happens now, and another controller follows.
    pub async fn obey(&mut self) {
        while self.world.disk.is_crashing.get() {
            self.crash_and_restart().await;
        }
    }

    /// Whether any controller's task panicked.
    pub fn panicked(&self) -> bool {
        self.panicked || self.life.panicked()
    }

    /// Tasks of the living controller.
    pub fn tasks(&self) -> usize {
        self.life.tasks()
    }

    /// Waits for `ask`, unless the controller dies first.
    ///
    /// # Errors
    /// [`Stopped::Died`] then.
    pub async fn unless_it_dies<T>(&self, ask: impl Future<Output = T>) -> Result<T, Stopped> {
        let crashed = self.world.disk.crashed.notified();
        if self.world.disk.is_crashing.get() {
            return Err(Stopped::Died);
        }
        tokio::select! {
            biased;
            () = crashed => Err(Stopped::Died),
            answer = ask => Ok(answer),
        }
    }

    /// Asks for a deployment of `app`; none when there is nothing to do.
    ///
    /// # Errors
    /// What the controller says, or its death.
    pub async fn deploy(&self, app: &App) -> Result<Option<DeploymentId>, Stopped> {
        self.deploy_from(From::File(Box::new(app.wanted()))).await
    }

    /// The same from anything.
    ///
    /// # Errors
    /// The same.
    pub async fn deploy_from(&self, from: From) -> Result<Option<DeploymentId>, Stopped> {
        let handle = self.handle();
        let ask = handle.deploy(from, Terms::of("tester".to_owned()), When::Now);
        let answer = self.unless_it_dies(ask).await?;
        let refused = |problem| Stopped::Refused(format!("{problem:?}"));
        answer.map(|(id, _)| id).map_err(refused)
    }

    /// Asks for a deployment of `app` that changes something, and waits until it has ended.
    pub async fn deployed(&mut self, app: &App) -> (DeploymentId, Ending) {
        let id = self.deploy(app).await.expect("the deployment is accepted");
        let id = id.expect("there is something to do");
        let ending = self.until_ended(&id).await;
        (id, ending)
    }

    /// How a deployment stands, by its rows.
    pub fn ending(&self, id: &DeploymentId) -> Option<Ending> {
        self.world.disk.with_rows(id, |rows| {
            let facts = rows.rev().flat_map(|row| row.facts.iter().rev());
            for fact in facts {
                match fact {
                    Fact::Ended { outcome } => return Some(Ending::Ended(*outcome)),
                    Fact::Stuck { .. } | Fact::RenameFailed { .. } => return Some(Ending::Stuck),
                    // What was stuck is tried again.
                    Fact::AbortRequested { .. } | Fact::Repaired { .. } => return None,
                    _ => {}
                }
            }
            None
        })
    }

    /// Lets time pass until a deployment has ended; controllers that die on the way are followed by
    /// others.
    pub async fn until_ended(&mut self, id: &DeploymentId) -> Ending {
        let until = self.world.time.now().plus(DEPLOYMENT_LONGEST);
        while self.world.time.now() < until {
            self.obey().await;
            if let Some(ending) = self.ending(id) {
                self.settle().await;
                return ending;
            }
            self.wait_for_news().await;
        }
        Ending::Unfinished
    }

    /// Gives one controller the time for what goes on after a last row.
    async fn settle(&mut self) {
        loop {
            let born = Rc::clone(&self.life);
            self.pass(AFTERWARDS).await;
            if Rc::ptr_eq(&born, &self.life) {
                return;
            }
        }
    }

    async fn wait_for_news(&self) {
        let disk = &self.world.disk;
        tokio::select! {
            biased;
            () = disk.crashed.notified() => {}
            () = disk.committed.notified() => {}
            () = pass(LOOK) => {}
        }
    }

    /// Lets time pass; controllers that die meanwhile are followed by others.
    pub async fn pass(&mut self, time: Millis) {
        let until = self.world.time.now().plus(time);
        loop {
            self.obey().await;
            let left = until.less(self.world.time.now());
            if left == Millis::ZERO {
                return;
            }
            let disk = Rc::clone(&self.world.disk);
            tokio::select! {
                biased;
                () = disk.crashed.notified() => {}
                () = pass(left) => {}
            }
        }
    }

    /// Lets time pass until `seen` holds of the facts of a deployment.
    ///
    /// # Errors
    /// How it ended, if that came first.
    pub async fn until(
        &mut self,
        id: &DeploymentId,
        seen: impl Fn(&Fact) -> bool,
    ) -> Result<(), Ending> {
        let until = self.world.time.now().plus(DEPLOYMENT_LONGEST);
        while self.world.time.now() < until {
            self.obey().await;
            let disk = &self.world.disk;
            if disk.with_rows(id, |rows| rows.flat_map(|row| &row.facts).any(&seen)) {
                return Ok(());
            }
            if let Some(ending) = self.ending(id) {
                return Err(ending);
            }
            self.wait_for_news().await;
        }
        Err(Ending::Unfinished)
    }
}
