//! What is as the file says and is not ready: where nothing is new, that is not yet well.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};
use windlass_api::{EnvironmentView, Exit, ServiceView, Source};
use windlass_client::Client;
use windlass_config::{Request, load};
use windlass_model::{Plan, Probe, ServiceName, Version};

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::ui::words::{command_in, counted, harmless, listed};

/// What is as the file says is not ready.
const NOT_READY: &str = "WL0494";

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// A service of which fewer instances are ready than should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct NotReady {
    service: ServiceName,
    version: Version,
    ready: usize,
    instances: usize,
    /// How those are that are not.
    states: BTreeSet<String>,
    /// Why one can't be started again, while that is tried.
    trouble: Option<String>,
    /// Where a rollback of it would go.
    #[serde(skip)]
    goes_back_to: Option<Version>,
}

impl NotReady {
    fn of(name: &ServiceName, service: &ServiceView) -> Option<Self> {
        let stable = service.stable.as_ref()?;
        let all = &stable.instances;
        let off = || all.iter().filter(|one| !one.may_answer());
        (off().count() > 0).then(|| Self {
            service: name.clone(),
            version: stable.version.clone(),
            ready: all.len() - off().count(),
            instances: all.len(),
            states: off().map(|one| one.state.clone()).collect(),
            trouble: off().find_map(|one| one.trouble.clone()),
            goes_back_to: service.goes_back_to.clone(),
        })
    }

    /// "api 1.4.2: 0 of 1 instance is ready (not listening)".
    fn told(&self) -> String {
        let states: Vec<&str> = self.states.iter().map(String::as_str).collect();
        let trouble = self.trouble.as_ref();
        let trouble = trouble.map(|why| format!("; it can't be started again: {}", harmless(why)));
        format!(
            "{} {}: {} of {} ready ({}){}",
            self.service,
            harmless(&self.version.0),
            self.ready,
            counted(self.instances, "instance"),
            listed(&states),
            trouble.unwrap_or_default()
        )
    }
}

/// The services that a plan leaves as they are and that are not as they should be. A deployment that runs
/// there says itself what becomes of them.
pub(super) fn seen(status: &[EnvironmentView], plan: &Plan) -> Vec<NotReady> {
    among(status, plan, |name| plan.unchanged.contains(name))
}

/// The services that a plan changes and of which what is stable is not as it should be: what fails then may
/// have nothing to go back to that answers.
pub(super) fn to_go_back_to(status: &[EnvironmentView], plan: &Plan) -> Vec<NotReady> {
    among(status, plan, |name| plan.rollouts.contains_key(name))
}

fn among(
    status: &[EnvironmentView],
    plan: &Plan,
    is_meant: impl Fn(&ServiceName) -> bool,
) -> Vec<NotReady> {
    let own = status.iter().find(|view| {
        view.app == plan.app && view.environment == plan.environment && view.deployment.is_none()
    });
    let services = own.into_iter().flat_map(|view| &view.services);
    let meant = services.filter(|(name, _)| is_meant(name));
    let unready = meant.filter_map(|(name, service)| NotReady::of(name, service));
    unready.collect()
}

/// Says of what is stable and would be gone back to that it is not ready.
pub(super) fn warn(context: &Context, unready: &[NotReady]) {
    for one in unready {
        context.ui.say(&format!(
            "warning: {}; should the new release fail, that is what it goes back to",
            one.told()
        ));
    }
}

/// Waits until all of a plan that changes nothing is ready, as long as that may take by the file; the
/// controller has started at once what was down. With `detach` nobody waits.
///
/// # Errors
/// What is not ready then, by name.
pub(super) async fn wait(
    context: &Context,
    client: &Client,
    (plan, source): (&Plan, &Source),
    detach: bool,
) -> Result<(), Diagnostic> {
    let mut unready = seen(&client.status().await?, plan);
    if unready.is_empty() {
        return Ok(());
    }
    let within = if detach {
        Duration::ZERO
    } else {
        within(source, &unready)
    };
    if !detach {
        let told = listed(&unready.iter().map(NotReady::told).collect::<Vec<_>>());
        let limit = within.as_secs();
        context.ui.say(&format!(
            "nothing is new; it is started again and waited for up to {limit}s: {told}"
        ));
    }
    let until = Instant::now() + within;
    while !unready.is_empty() {
        if Instant::now() >= until {
            return Err(told(plan, &unready, within));
        }
        sleep(LOOK).await;
        unready = seen(&client.status().await?, plan);
    }
    Ok(())
}

/// The longest time that the file gives one of them to become ready.
fn within(source: &Source, unready: &[NotReady]) -> Duration {
    let usual = Probe::default().within.duration();
    let Source::File(file) = source else {
        return usual;
    };
    let loaded = load(&Request {
        text: &file.text,
        name: &file.name,
        environment: file.environment.as_deref(),
        set: &file.set,
    });
    let longest = loaded.ok().and_then(|loaded| {
        let services = unready.iter();
        let specs = services.filter_map(|one| loaded.spec.services.get(&one.service));
        specs.map(|spec| spec.ready.within.duration()).max()
    });
    longest.unwrap_or(usual)
}

/// Nothing is new, and all the same it is not well.
pub(super) fn told(plan: &Plan, unready: &[NotReady], waited: Duration) -> Diagnostic {
    let names: Vec<&str> = unready.iter().map(|one| one.service.as_str()).collect();
    let (are, first) = match names[..] {
        [only] => ("is", only),
        _ => ("are", names.first().copied().unwrap_or_default()),
    };
    let summary = format!(
        "nothing is new in {} in {}, and {} {are} not ready",
        plan.app,
        plan.environment,
        listed(&names)
    );
    let mut lines: Vec<String> = unready.iter().map(NotReady::told).collect();
    if !waited.is_zero() {
        lines.push(format!("it was waited for {}s", waited.as_secs()));
    }
    lines.push(
        "nothing was changed; what is down is started again by itself, with a longer wait each time"
            .to_owned(),
    );
    let typed = |words: &str| command_in(&plan.environment, words);
    let mut hint = format!(
        "{}, mend it, then: {}",
        typed(&format!("logs {first}")),
        typed("deploy"),
    );
    let back = unready.first().and_then(|one| one.goes_back_to.as_ref());
    if let Some(earlier) = back {
        let back = typed(&format!("rollback {first}"));
        hint.push_str(&["; or go back to ", &harmless(&earlier.0), ": ", &back].concat());
    }
    Diagnostic::new(Exit::Stuck, summary)
        .code(NOT_READY)
        .detail(lines.join("\n"))
        .hint(hint)
}
