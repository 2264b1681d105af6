//! What every command has: its options, its voice, and the way to the controller.

use tokio::runtime::{Builder, Runtime};
use windlass_api::Exit;
use windlass_client::{Client, ClientError, Reach, Starting, StatePaths};

use crate::arguments::Global;
use crate::beside::served_elsewhere;
use crate::diagnostic::Diagnostic;
use crate::elsewhere;
use crate::route;
use crate::ui::Ui;

/// One run of the program.
pub(crate) struct Context {
    /// Options of every command.
    pub(crate) global: Global,
    /// The only way to print.
    pub(crate) ui: Ui,
}

impl Context {
    pub(crate) fn new(global: Global, ui: Ui) -> Self {
        Self { global, ui }
    }

    /// Where state and sockets are, for what is done on the controller's own machine only.
    pub(crate) fn paths(&self) -> Result<StatePaths, Diagnostic> {
        match &self.global.server {
            Some(url) => Err(elsewhere::needs_its_machine(url)),
            None => Ok(StatePaths::locate(self.global.state_dir.as_deref())?),
        }
    }

    /// Where the controller is.
    pub(crate) fn reach(&self) -> Result<Reach, Diagnostic> {
        match &self.global.server {
            Some(url) => Ok(elsewhere::remote(url, self.global.ca.as_deref())?.into()),
            None => Ok((&self.paths()?).into()),
        }
    }

    /// The controller; on this machine started if none runs.
    pub(crate) async fn client(&self) -> Result<Client, Diagnostic> {
        let reach = self.reach()?;
        let client = Client::connect_or_start(&reach, &Starting::default()).await;
        let client = match client {
            Ok(client) => client,
            Err(why) => return Err(not_started(why, &reach).await),
        };
        let controller = client.controller();
        self.ui.say_more(&format!(
            "controller of {}: Windlass {}, process {}, epoch {}",
            place(&reach),
            controller.version,
            controller.pid,
            controller.epoch
        ));
        Ok(client)
    }

    /// The same for commands that only look: none where nothing was ever kept, so that looking makes
    /// nothing.
    pub(crate) async fn client_to_look(&self) -> Result<Option<Client>, Diagnostic> {
        match self.reach()? {
            Reach::Here(paths) if !paths.exists() => Ok(None),
            Reach::Here(_) | Reach::Elsewhere(_) => Ok(Some(self.client().await?)),
        }
    }

    /// Runs what asks the controller to its end, on this thread.
    pub(crate) fn block_on<T>(
        ask: impl Future<Output = Result<T, Diagnostic>>,
    ) -> Result<T, Diagnostic> {
        let runtime: Runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| Diagnostic::bug(&why))?;
        runtime.block_on(ask)
    }
}

/// A router that runs alone has no controller, and lets none start.
const ALONE: &str = "WL0456";

/// Why none was reached: of one that ended because what it would serve is served, in its own words.
async fn not_started(why: ClientError, reach: &Reach) -> Diagnostic {
    if let (ClientError::EndedEarly { .. }, Some(paths)) = (&why, reach.paths())
        && let Some(served) = served_elsewhere(paths).await
    {
        return served.refuses();
    }
    not_reached(why, reach)
}

fn not_reached(why: ClientError, reach: &Reach) -> Diagnostic {
    let has_ended = matches!(why, ClientError::EndedEarly { .. });
    let Some(paths) = reach.paths().filter(|_| has_ended) else {
        return Diagnostic::from(why);
    };
    if route::alone(paths).is_none() {
        return if route::is_of_one_alone(paths) {
            down_alone()
        } else {
            Diagnostic::from(why)
        };
    }
    let what = "a router runs here alone, and obeys no controller";
    Diagnostic::new(Exit::Unreachable, what)
        .code(ALONE)
        .detail("nothing was changed: it goes on, and so does its traffic")
        .hint(
            "look at it: windlass router status; for an application take a folder of its own: \
             --state-dir DIR",
        )
}

/// The router that ran alone here does not answer: a controller would start none.
fn down_alone() -> Diagnostic {
    let what = "a router runs here alone when it runs, and now none answers";
    Diagnostic::new(Exit::Unreachable, what)
        .code(ALONE)
        .detail("nothing was changed; what its file says is not served until it is started")
        .hint(route::START_ALONE)
}

/// Where it is, for a person.
fn place(reach: &Reach) -> String {
    match reach {
        Reach::Here(paths) => paths.state.display().to_string(),
        Reach::Elsewhere(remote) => remote.url().to_owned(),
    }
}
