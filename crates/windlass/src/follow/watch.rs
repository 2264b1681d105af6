//! The loop that follows.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use windlass_api::{DeploymentView, EnvironmentView, Exit, FiguresView};
use windlass_client::{Client, ClientError, Followed, Following, Starting};
use windlass_model::{DeploymentId, DeploymentState, Plan};

use super::ending::ending;
use super::progress::Progress;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::time::now_us;
use crate::ui::words::harmless;
use crate::ui::{EVENT, Voice};

/// Time between two drawings of the live view.
const REDRAW: Duration = Duration::from_millis(250);

/// Time between two looks at what the router has counted.
const COUNTED_EVERY: Duration = Duration::from_secs(1);

/// Why a deployment is followed.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// It was begun by this command.
    Deploy {
        /// What it carries out.
        plan: Box<Plan>,
    },
    /// This command stopped it.
    Abort {
        /// The sequence at which that was journalled.
        after: u64,
    },
    /// This command repairs it.
    Repair {
        /// The sequence before that was journalled.
        after: u64,
    },
    /// Somebody wants to see it.
    Watch,
}

/// How it is followed.
struct Manner {
    /// The sequence of the last event that is not told again.
    said_after: u64,
    /// Whether it goes on while a person holds it.
    waits: bool,
}

/// How following ended.
enum Met {
    /// With its end, or with nothing more to come without a person.
    End,
    /// With Ctrl-C.
    Detached,
    /// With a reader of stdout that left.
    Unread,
}

/// Follows until the deployment ends, is stuck, or Ctrl-C detaches. Where no person reads, a command that
/// changes something also ends once a person holds it: a script would wait for ever, and nobody would see for whom.
pub(crate) async fn follow(
    context: &Context,
    client: &Client,
    view: DeploymentView,
    purpose: Purpose,
) -> Result<Report, Diagnostic> {
    let id = view.id.clone();
    context.ui.about(&view.environment);
    let (after, mut picture) = match &purpose {
        Purpose::Deploy { plan } => (0, Progress::begin(&view, Some(plan))),
        Purpose::Abort { after } | Purpose::Repair { after } => {
            (*after, Progress::begin(&view, None))
        }
        Purpose::Watch => (0, Progress::begin(&view, None)),
    };
    let mut following = Following::new(client, &Starting::default(), 0, Some(id.clone()));
    let mut voice = Voice::of(&context.ui);
    let manner = Manner {
        said_after: after,
        // Who only looks wants to see what becomes of it, and keeps no job waiting.
        waits: context.ui.is_attended() || matches!(purpose, Purpose::Watch),
    };
    let met = watch(&mut following, &mut picture, &mut voice, &manner).await;
    voice.clear();
    say_unknown(context, following.unknown());
    match met {
        Ok(Met::End) => {
            let client = following.client();
            let starting = Starting::default();
            let view = client.outliving(&starting, async |client: &Client| client.show(&id).await);
            let view = view.await?;
            let runs = environment_of(client, &view).await;
            let zone = context.ui.talk_style().zone;
            ending(&view, &picture, runs.as_ref(), (&purpose, &zone))
        }
        // Whoever reads the facts has seen enough of them; nobody is there for the end.
        Ok(Met::Unread) if matches!(purpose, Purpose::Watch) => Ok(Report::silent(Exit::Done)),
        Ok(Met::Detached | Met::Unread) => {
            context.ui.say(&format!("detached: {id} goes on"));
            // One a line, so that each can be copied by itself.
            for way in how_to(&id) {
                context.ui.say(&way);
            }
            Ok(Report::silent(Exit::Detached))
        }
        Err(lost) => {
            let lost = Diagnostic::from(lost);
            let goes_on = format!("the deployment was not stopped; {}", how_to(&id).join("; "));
            Err(match (&lost.hint, &lost.detail) {
                (None, _) => lost.hint(goes_on),
                (Some(_), None) => lost.detail(goes_on),
                (Some(_), Some(seen)) => {
                    let seen = format!("{seen}\n{goes_on}");
                    lost.detail(seen)
                }
            })
        }
    }
}

fn how_to(id: &DeploymentId) -> [String; 2] {
    [
        format!("follow it: windlass events {id} --follow"),
        format!("stop it: windlass abort {id}"),
    ]
}

async fn watch(
    following: &mut Following,
    picture: &mut Progress,
    voice: &mut Voice,
    manner: &Manner,
) -> Result<Met, ClientError> {
    let mut redraw = tokio::time::interval(REDRAW);
    let mut left = pin!(tokio::signal::ctrl_c());
    let mut counts = pin!(counts(following.client().clone()));
    loop {
        let followed = {
            let client = following.client().clone();
            let mut next = pin!(following.next());
            loop {
                let is_counted = voice.is_live() && picture.has_traffic();
                tokio::select! {
                    followed = &mut next => break followed?,
                    _at = redraw.tick() => voice.redraw(picture),
                    _signal = &mut left => return Ok(Met::Detached),
                    seen = &mut counts, if is_counted => {
                        if let Some(seen) = seen {
                            picture.count(&seen);
                        }
                        counts.set(self::counts(client.clone()));
                    }
                }
            }
        };
        match followed {
            Followed::Event(event) => {
                picture.apply(&event);
                if event.sequence > manner.said_after && voice.event(&event, picture).is_err() {
                    return Ok(Met::Unread);
                }
                if picture.has_ended() {
                    return Ok(Met::End);
                }
                if !manner.waits && picture.waits_for_a_person() {
                    // What is told may be past: it may go on already.
                    let view = following.client().show(&event.deployment).await?;
                    if view.state == DeploymentState::Held && view.sequence <= event.sequence {
                        return Ok(Met::End);
                    }
                }
                if picture.has_stuck() {
                    // What is told may be past: a person may have it tried again already.
                    let view = following.client().show(&event.deployment).await?;
                    if view.state == DeploymentState::Stuck && view.sequence <= event.sequence {
                        return Ok(Met::End);
                    }
                }
            }
            Followed::Ended => return Ok(Met::End),
            Followed::Reconnected { pid } => {
                // Who can't say it yet leaves the clocks as they are.
                if let Ok(view) = following.client().show(&picture.id).await {
                    picture.goes_on(&view, now_us());
                }
                voice.reconnected(pid);
            }
        }
    }
}

/// What the router has counted a little later, if it can be asked.
async fn counts(client: Client) -> Option<FiguresView> {
    tokio::time::sleep(COUNTED_EVERY).await;
    client.figures().await.ok()
}

/// What runs where it belongs, if it can be asked.
pub(crate) async fn environment_of(
    client: &Client,
    view: &DeploymentView,
) -> Option<EnvironmentView> {
    // Where traffic is can't be said without it; how it ended can.
    let all = client.status().await.unwrap_or_default();
    all.into_iter()
        .find(|one| one.app == view.app && one.environment == view.environment)
}

/// Says what a newer controller told that could not be shown.
pub(crate) fn say_unknown(context: &Context, names: &BTreeSet<String>) {
    if names.is_empty() {
        return;
    }
    let names: Vec<String> = names.iter().map(|name| harmless(name)).collect();
    let names = names.join(", ");
    context.ui.say(&format!(
        "the controller is newer than this program, which left out what it does not know: {names}"
    ));
}

/// Prints what happened so far and ends.
pub(crate) async fn past(
    context: &Context,
    client: &Client,
    view: &DeploymentView,
) -> Result<Report, Diagnostic> {
    let mut picture = Progress::begin(view, None);
    let mut voice = Voice::lines(&context.ui);
    let mut following = Following::new(client, &Starting::default(), 0, Some(view.id.clone()));
    let mut events = Vec::new();
    let mut left = pin!(tokio::signal::ctrl_c());
    let mut last = 0;
    while last < view.sequence {
        let followed = tokio::select! {
            followed = following.next() => followed?,
            _signal = &mut left => return Ok(Report::silent(Exit::Detached)),
        };
        let event = match followed {
            Followed::Event(event) => event,
            Followed::Reconnected { .. } => continue,
            Followed::Ended => break,
        };
        last = event.sequence;
        picture.apply(&event);
        if voice.event(&event, &picture).is_err() {
            return Ok(Report::silent(Exit::Done));
        }
        events.push(*event);
    }
    say_unknown(context, following.unknown());
    if context.ui.output() == crate::arguments::Output::Json {
        return Ok(Report::new("", &events)?.of(EVENT));
    }
    Ok(Report::silent(Exit::Done))
}
