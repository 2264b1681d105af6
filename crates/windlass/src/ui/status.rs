//! What runs where, for people.

use std::collections::BTreeSet;

use windlass_api::{
    DeploymentView, EnvironmentView, LockView, LostHistoryView, ServiceView, SilentRouterView,
    SlotView,
};
use windlass_model::{DeploymentState, EnvironmentName, Finalize, Halt, Outcome};

use super::grid::{Ease, Grid};
use super::happenings::{OUTSIDE, restarts};
use super::time::{of_calendar, took};
use super::warnings::warnings;
use super::ways::{next_lines, ways};
use super::words::{counted, harmless, listed, until};
use super::wrap::hang;
use super::{Again, Style};
use super::{last, taken_down};

/// What concerns the whole installation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    /// Who halted every raise, if somebody did.
    pub(crate) halted: Option<Halt>,
    /// The router, if it does not answer.
    pub(crate) silent: Option<Silent>,
    /// Set when the journal is older than what runs.
    pub(crate) lost: Option<LostHistoryView>,
    /// What is wrong with certificates on this machine, one line each.
    pub(crate) certificates: Vec<String>,
    /// The line about the router that answers.
    pub(crate) router: Option<String>,
    /// The environment that alone is shown, if one was asked for.
    pub(crate) only: Option<String>,
    /// The application of the folder that it is asked in: told first, and all others in short. None: all are
    /// told alike.
    pub(crate) here: Option<String>,
    /// The application of the folder that it is asked in, also where all are told alike: only that one is
    /// deployed from there.
    pub(crate) own: Option<String>,
    /// Whether a file is here that could be deployed.
    pub(crate) has_file: bool,
    /// The newest deployment of each environment, where it failed.
    pub(crate) failed: Vec<DeploymentView>,
}

/// A router that does not answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silent {
    /// What the controller knows of it.
    pub(crate) router: SilentRouterView,
    /// Whether it is seen to be stopped by a signal: only on its own machine.
    pub(crate) is_stopped: bool,
}

/// Environments of other applications that are told in short.
const OTHERS: usize = 10;

/// What concerns everything, then one block per environment; what is not of here last and in short.
pub(crate) fn status_text(
    environments: &[EnvironmentView],
    whole: &Whole,
    (now_us, fits): (i64, Option<usize>),
    style: &Style,
) -> String {
    let mut text = warnings(whole, style);
    if environments.is_empty() {
        text.push_str("nothing is deployed");
        if let Some(environment) = &whole.only {
            text.push_str(&[" in ", &harmless(environment)].concat());
        }
        let begin = if whole.has_file { "deploy" } else { "init" };
        text.push_str(&["\nto begin: windlass ", begin, "\n"].concat());
        return text;
    }
    let (own, others): (Vec<_>, Vec<_>) = environments.iter().partition(|view| {
        let here = whole.here.as_deref();
        here.is_none_or(|here| view.app.as_str() == here)
    });
    let blocks = own.into_iter();
    let own_app = whole.own.as_deref();
    let blocks = blocks.map(|view| {
        let mut failed = whole.failed.iter();
        let failed = failed.find(|it| it.app == view.app && it.environment == view.environment);
        block(view, (own_app, failed), (now_us, fits), style)
    });
    let mut blocks: Vec<String> = blocks.collect();
    if let Some(here) = whole.here.as_deref().filter(|_| blocks.is_empty()) {
        let place = whole.only.as_deref();
        let place = place.map_or_else(String::new, |place| format!(" in {}", harmless(place)));
        blocks.push(format!(
            "nothing of {} is deployed{place}\n",
            harmless(here)
        ));
    }
    if !others.is_empty() {
        blocks.push(in_short(&others, (now_us, fits)));
    }
    text.push_str(&blocks.join("\n"));
    text.extend(whole.router.iter().map(|line| format!("{line}\n")));
    text
}

/// A line for each environment of another application: what it does, or that it runs.
fn in_short(others: &[&EnvironmentView], (now_us, fits): (i64, Option<usize>)) -> String {
    let apps: BTreeSet<&str> = others.iter().map(|view| view.app.as_str()).collect();
    let mut count = counted(apps.len(), "more application");
    if others.len() > apps.len() {
        // A line each: whoever counts them counts these.
        count = format!("{count} in {} environments", others.len());
    }
    let mut text = format!("{count}: windlass status --all\n");
    let rows = others.iter().take(OTHERS).map(|view| {
        let what = match (&view.lock, &view.deployment) {
            (Some(lock), _) => under_way(lock, now_us),
            (None, Some(id)) => format!("running: {id}"),
            (None, None) => runs(view),
        };
        vec![format!("  {} in {}", view.app, view.environment), what]
    });
    let grid = Grid::new(&["", "WHAT"], rows.collect()).fit(fits, &[Ease::Wrap("WHAT")]);
    text.extend(grid.rows(fits));
    let more = others.len().saturating_sub(OTHERS);
    if more > 0 {
        let more = counted(more, "more environment");
        text.extend([format!("  and {more}\n")]);
    }
    text
}

/// How many services run there.
fn runs(view: &EnvironmentView) -> String {
    let there = view.services.values().filter(|service| !service.is_empty());
    match there.count() {
        0 => "nothing runs".to_owned(),
        1 => "1 service runs".to_owned(),
        count => format!("{count} services run"),
    }
}

/// How a deployment stands, as the beginning of a line.
fn head_of(lock: &LockView) -> &'static str {
    match lock.state {
        DeploymentState::Held => "held: ",
        DeploymentState::Stuck => "stuck: ",
        DeploymentState::Running
        | DeploymentState::Returning
        | DeploymentState::Settling
        | DeploymentState::Ended(_) => "running: ",
    }
}

/// The same in a line, with whose it is and for how long that is so.
fn under_way(lock: &LockView, now_us: i64) -> String {
    [head_of(lock), &told(lock, now_us)].concat()
}

/// Which it is, whose, for how long, and what it does or waits for.
fn told(lock: &LockView, now_us: i64) -> String {
    let (by, reason) = (harmless(&lock.by), harmless(&lock.reason));
    let age = |since_us| took(now_us - since_us);
    let so_long = match &lock.held {
        // Of one that somebody holds it matters for how long that is so.
        Some(held) => format!("for {}", age(held.since_us)),
        // A score gate is nobody, and shut since its last measurement only.
        None if lock.state == DeploymentState::Held => {
            format!("begun {} ago", age(lock.since_us))
        }
        None => format!("for {}", age(lock.since_us)),
    };
    format!("{} of {by} {so_long}, {reason}", lock.deployment)
}

/// What runs in it, what that does or waits for, and what may be said to it.
fn running(
    (lock, environment): (&LockView, &EnvironmentName),
    now_us: i64,
    fits: Option<usize>,
) -> String {
    let asks = !lock.evidence.is_empty();
    let ways = ways(&lock.deployment, lock.state, lock.held.as_ref(), asks);
    let again = Again::default().in_environment(environment);
    let ways = ways.into_iter();
    let ways: Vec<_> = ways.map(|(way, what)| (again.repeat(&way), what)).collect();
    let mut lines = vec![hang(head_of(lock), &told(lock, now_us), fits)];
    lines.extend(next_lines(&ways));
    lines.push(String::new());
    lines.join("\n")
}

/// The column of addresses.
const LISTEN: &str = "LISTEN";

/// What gives way where a table of services is too wide.
const EASES: [Ease; 7] = [
    Ease::Drop("SLOT"),
    Ease::List(LISTEN),
    Ease::List("INSTANCES"),
    Ease::Drop(LISTEN),
    Ease::Shorten("VERSION", 12),
    Ease::Shorten("SERVICE", 16),
    Ease::Drop("INSTANCES"),
];

fn block(
    view: &EnvironmentView,
    (own, failed): (Option<&str>, Option<&DeploymentView>),
    (now_us, fits): (i64, Option<usize>),
    style: &Style,
) -> String {
    let mut text = format!(
        "{} in {}, revision {}, from {}\n",
        view.app,
        view.environment,
        view.revision,
        harmless(&view.folder)
    );
    match (&view.lock, &view.deployment) {
        (Some(lock), _) => text.push_str(&running((lock, &view.environment), now_us, fits)),
        (None, Some(id)) => text.push_str(&["running: ", id.as_str(), "\n"].concat()),
        (None, None) => {}
    }
    let rows: Vec<Vec<String>> = view
        .services
        .iter()
        .flat_map(|(name, service)| rows(name.as_str(), service))
        .collect();
    if rows.is_empty() {
        let down = taken_down::last(view);
        let since = down.map(|down| format!(": {}", taken_down::told(down, &style.zone)));
        text.push_str(&["nothing runs", &since.unwrap_or_default(), "\n"].concat());
        let failed = failed.filter(|it| it.state == DeploymentState::Ended(Outcome::Failed));
        if let Some(failed) = failed {
            let ended = failed.ended_us.unwrap_or(failed.started_us);
            let at = of_calendar(ended, &style.zone);
            let line = format!(
                "what was to start it failed at {at}: windlass show {}\n",
                failed.id
            );
            text.push_str(&line);
        }
        if down.is_some() {
            text.push_str(&[&taken_down::next(view, own), "\n"].concat());
        }
        return text;
    }
    let header = [
        "SERVICE",
        "ROLE",
        "VERSION",
        "SLOT",
        "TRAFFIC",
        "INSTANCES",
        LISTEN,
    ];
    let grid = Grid::new(&header, rows).fit(fits, &EASES);
    text.push_str(&grid.text(fits));
    for (name, service) in &view.services {
        // Where it is served is told below when the table has no room for it.
        let listens = !grid.has(LISTEN) && !service.is_empty() && !service.listen.is_empty();
        if listens {
            let at = listed(&service.listen);
            text.push_str(&(hang(&format!("{name} listens on "), &at, fits) + "\n"));
        }
        let again = again(name.as_str(), service, now_us).into_iter();
        let kept = again.chain(warm(name.as_str(), service));
        let kept = kept.chain(kept_failed(name.as_str(), service));
        text.extend(kept.map(|line| hang("", &line, fits) + "\n"));
    }
    // While another one is under way that is what matters.
    let failed = failed.filter(|_| view.deployment.is_none());
    let failed = failed.and_then(|failed| last::failed(failed, &style.zone));
    text.extend(failed.map(|line| hang("", &line, fits) + "\n"));
    text
}

/// How often what is to run ended lately.
fn again(name: &str, service: &ServiceView, now_us: i64) -> Option<String> {
    let told = restarts(service.restarted.as_ref()?, now_us);
    Some(format!("{name}: {told}: {OUTSIDE}"))
}

/// How long a standby stays, and how it goes sooner.
fn warm(name: &str, service: &ServiceView) -> Option<String> {
    let (standby, kept) = (service.standby.as_ref()?, service.standby_kept.as_ref()?);
    let (version, until) = (&standby.version, until(kept.finalize));
    Some(match kept.finalize {
        Finalize::Manual => format!("{name} {version} is kept warm {until} {}", kept.by),
        Finalize::After(_) => {
            format!("{name} {version} is kept warm {until} after {}", kept.by)
        }
        Finalize::NextDeployment => format!("{name} {version} is kept warm {until}"),
    })
}

/// Where to look at a candidate that failed, and how it goes.
pub(crate) fn kept_failed(name: &str, service: &ServiceView) -> Option<String> {
    let (slot, by) = (service.failed.as_ref()?, service.failed_kept_by.as_ref()?);
    let addresses: Vec<_> = slot.instances.iter().map(|one| one.address).collect();
    let (version, at) = (&slot.version, listed(&addresses));
    Some(format!(
        "{name} {version} failed and is kept at {at} until the next deployment, or windlass finalize {by}"
    ))
}

/// One row a slot. A service without any was taken down or removed: nothing of it is left to show.
fn rows(name: &str, service: &ServiceView) -> Vec<Vec<String>> {
    let roles = [
        ("stable", &service.stable),
        ("candidate", &service.candidate),
        ("standby", &service.standby),
        ("failed", &service.failed),
    ];
    let slots: Vec<_> = roles
        .into_iter()
        .filter_map(|(role, slot)| Some((role, slot.as_ref()?)))
        .collect();
    let mut rows = Vec::new();
    for (index, (role, slot)) in slots.into_iter().enumerate() {
        let first = index == 0;
        rows.push(vec![
            if first {
                name.to_owned()
            } else {
                String::new()
            },
            role.to_owned(),
            slot.version.to_string(),
            format!("{} {}", slot.slot, slot.label),
            traffic(slot, service.listen.is_empty()),
            instances(slot) + &again_since(slot, role, service),
            if first {
                listed(&service.listen)
            } else {
                String::new()
            },
        ]);
    }
    rows
}

fn traffic(slot: &SlotView, unserved: bool) -> String {
    match (slot.weight, slot.in_flight) {
        _ if unserved => "-".to_owned(),
        (None, _) => "unknown".to_owned(),
        (Some(weight), Some(open)) if open > 0 => format!("{weight}, {open} open"),
        (Some(weight), _) => weight.to_string(),
    }
}

/// `2/2 running`, or each state that is not *running* with its count.
fn instances(slot: &SlotView) -> String {
    // The run of a command is over: what it brought is live.
    if slot.instances.iter().all(|one| one.state == "live") && !slot.instances.is_empty() {
        return "live".to_owned();
    }
    let all = slot.instances.len();
    let running = slot
        .instances
        .iter()
        .filter(|one| one.state == "running")
        .count();
    let mut text = format!("{running}/{all} running");
    let mut others: Vec<&str> = slot
        .instances
        .iter()
        .map(|one| one.state.as_str())
        .filter(|state| *state != "running")
        .collect();
    others.sort_unstable();
    others.dedup();
    for state in others {
        text.push_str(", ");
        text.push_str(&harmless(state));
    }
    text
}

/// How often its keepers have started it again since they began. Of what is noted beyond that, the line
/// below the table says it for the last 24 hours, and one number is enough.
fn again_since(slot: &SlotView, role: &str, service: &ServiceView) -> String {
    let is_told_below = service.restarted.is_some() && matches!(role, "stable" | "standby");
    let counts = slot.instances.iter().map(|one| one.restarts);
    match counts.fold(0, u32::saturating_add) {
        0 => String::new(),
        _ if is_told_below => String::new(),
        restarts => format!(", restarts {restarts}"),
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::Version;

    use super::*;
    use crate::ui::sample;

    #[test]
    fn status_is_one_row_a_slot() {
        let environments = [sample::environment()];
        let text = status_text(
            &environments,
            &Whole::default(),
            (0, Some(80)),
            &Style::plain(),
        );
        insta::assert_snapshot!(text, @r"
        shop in production, revision 4, from /srv/shop
        SERVICE  ROLE     VERSION  TRAFFIC  INSTANCES              LISTEN
        api      stable   1.4.2    100 %    1/1 running            127.0.0.1:8081
        auth     stable   1.4.2    100 %    1/2 running, exited 1  127.0.0.1:8082
                 standby  1.4.1    0 %      1/1 running
        worker   stable   7        -        1/1 running
        ");
    }

    #[test]
    fn what_is_of_this_folder_comes_first_and_the_others_in_short() {
        let mut other = sample::environment();
        other.app = windlass_model::AppName::new("blog").unwrap();
        other.lock = Some(sample::lock());
        let mut gone = other.clone();
        gone.app = windlass_model::AppName::new("zoo").unwrap();
        gone.lock = None;
        gone.services.clear();
        let mut all = [other, sample::environment(), gone];
        let said = |all: &[EnvironmentView], here: &str| {
            let whole = Whole {
                here: Some(here.to_owned()),
                ..Whole::default()
            };
            let now = sample::STARTED_US + 130_000_000;
            status_text(all, &whole, (now, Some(60)), &Style::plain())
        };
        let text = said(&all, "shop");
        let last = text.split_once("\n\n").expect("a block of others").1;
        assert!(text.starts_with("shop in production, "), "{text}");
        insta::assert_snapshot!(last, @r"
        2 more applications: windlass status --all
          blog in production  running: dep_01k0b of mira for 2m10s,
                              rolls out api
          zoo in production   nothing runs
        ");
        let none = said(&all, "hello");
        assert!(
            none.starts_with("nothing of hello is deployed\n\n3 more applications"),
            "{none}"
        );
        let [first, ..] = &mut all;
        first.lock = None;
        let text = said(&all, "shop");
        assert!(
            text.contains("  blog in production  3 services run\n"),
            "{text}"
        );
    }

    #[test]
    fn no_address_and_no_version_is_broken_however_narrow_it_is() {
        let mut environment = sample::environment();
        let mut auth = environment
            .services
            .remove(&sample::service("auth"))
            .unwrap();
        let slot = auth.stable.as_mut().unwrap();
        slot.version = Version("3f9a1c2b4d5e6f708192a3b4c5d6e7f801234567".to_owned());
        auth.listen.extend(
            [8083, 8084].map(|port| std::net::SocketAddr::from(([127, 0, 0, 1], port)).into()),
        );
        let long = sample::service("authentication-service-of-shop");
        environment.services.insert(long, auth);
        let said = |width: usize| {
            let at = (0, Some(width));
            let all = std::slice::from_ref(&environment);
            status_text(all, &Whole::default(), at, &Style::plain())
        };
        for width in [60, 80, 100, 120, 200] {
            let text = said(width);
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{text}"
            );
            for whole in [
                "127.0.0.1:8082",
                "127.0.0.1:8083",
                "127.0.0.1:8084",
                "3f9a1c2b4d5",
            ] {
                assert!(text.contains(whole), "{whole} at {width}:\n{text}");
            }
        }
        assert!(
            said(80).contains("authentication-service-of-shop  stable"),
            "{}",
            said(80)
        );
    }

    #[test]
    fn a_certificate_that_needs_a_look_is_told_first() {
        let whole = Whole {
            certificates: vec!["that of shop.example expired (WL0477)".to_owned()],
            ..Whole::default()
        };
        let text = status_text(&[], &whole, (0, Some(80)), &Style::plain());
        insta::assert_snapshot!(text, @r"
        certificates: that of shop.example expired (WL0477)
        next: windlass doctor

        nothing is deployed
        to begin: windlass init
        ");
    }

    #[test]
    fn nothing_deployed_is_said() {
        let text = status_text(&[], &Whole::default(), (0, Some(80)), &Style::plain());
        assert_eq!(text, "nothing is deployed\nto begin: windlass init\n");
        let whole = Whole {
            only: Some("staging".to_owned()),
            has_file: true,
            ..Whole::default()
        };
        let text = status_text(&[], &whole, (0, Some(80)), &Style::plain());
        let said = "nothing is deployed in staging\nto begin: windlass deploy\n";
        assert_eq!(text, said);
    }

    #[test]
    fn what_was_removed_or_taken_down_has_no_row() {
        let mut environment = sample::environment();
        let gone = |service: &mut ServiceView| {
            (service.stable, service.standby) = (None, None);
        };
        let told_in = |environment: &EnvironmentView, own: &str| {
            let whole = Whole {
                own: Some(own.to_owned()),
                ..Whole::default()
            };
            let all = std::slice::from_ref(environment);
            status_text(all, &whole, (0, Some(80)), &Style::plain())
        };
        let told = |environment: &EnvironmentView| told_in(environment, "shop");
        gone(
            environment
                .services
                .get_mut(&sample::service("api"))
                .unwrap(),
        );
        let text = told(&environment);
        assert!(!text.contains("api") && text.contains("worker"), "{text}");
        environment.services.values_mut().for_each(gone);
        let text = told(&environment);
        assert!(text.ends_with("nothing runs\n"), "{text}");
        let down = windlass_model::TakenDown {
            by: "mira".to_owned(),
            at_us: sample::STARTED_US,
        };
        for service in environment.services.values_mut() {
            service.down = Some(down.clone());
        }
        let text = told(&environment);
        let last = "nothing runs: taken down at 2026-11-21 14:02:11 by mira\n\
                    next: windlass -e production deploy\n";
        assert!(text.ends_with(last), "{text}");
        // From another application's folder that command would deploy the other one.
        insta::assert_snapshot!(told_in(&environment, "blog"), @r"
        shop in production, revision 4, from /srv/shop
        nothing runs: taken down at 2026-11-21 14:02:11 by mira
        next: deploy it from /srv/shop
        ");
    }

    #[test]
    fn lock_standby_halt_and_lost_history_are_told_with_the_next_command() {
        let mut environment = sample::environment();
        environment.lock = Some(sample::lock());
        let auth = environment
            .services
            .get_mut(&sample::service("auth"))
            .unwrap();
        auth.standby_kept = Some(sample::kept(Finalize::Manual));
        let whole = Whole {
            halted: Some(Halt {
                by: "jo".to_owned(),
                since_us: sample::STARTED_US,
                why: None,
            }),
            certificates: Vec::new(),
            silent: Some(Silent {
                router: SilentRouterView {
                    pid: Some(17),
                    answered_us: Some(sample::STARTED_US),
                },
                is_stopped: true,
            }),
            lost: Some(LostHistoryView { own: 1, heard: 7 }),
            router: Some("router 0.1.0".to_owned()),
            ..Whole::default()
        };
        let now = sample::STARTED_US + 130_000_000;
        let text = status_text(&[environment], &whole, (now, Some(80)), &Style::plain());
        insta::assert_snapshot!(text, @r"
        halted since 2026-11-21 14:02:11 by jo: nothing is raised
        next: windlass halt --lift

        no answer from the router (process 17), the last was at 2026-11-21 14:02:11: it is stopped by a signal, and so is the traffic
        next: kill -CONT 17

        lost history: the journal is at epoch 1, what runs has heard of 7; nothing is changed
        next: windlass repair --adopt

        shop in production, revision 4, from /srv/shop
        running: dep_01k0b of mira for 2m10s, rolls out api
        next: windlass events dep_01k0b --follow
        SERVICE  ROLE     VERSION  TRAFFIC  INSTANCES              LISTEN
        api      stable   1.4.2    100 %    1/1 running            127.0.0.1:8081
        auth     stable   1.4.2    100 %    1/2 running, exited 1  127.0.0.1:8082
                 standby  1.4.1    0 %      1/1 running
        worker   stable   7        -        1/1 running
        auth 1.4.1 is kept warm until: windlass finalize dep_01k0a
        router 0.1.0
        ");
    }

    #[test]
    fn what_is_held_for_evidence_says_what_is_missing_in_80_columns() {
        let mut environment = sample::environment();
        let mut lock = sample::lock();
        let id = "dep_01k0b7fq2m8x5n3v9c4t6w0e1a";
        lock.deployment = sample::deployment(id).id;
        lock.state = DeploymentState::Held;
        lock.held = Some(sample::hold());
        lock.evidence = [(sample::service("auth"), sample::lacking(false))].into();
        "the analysis of auth (inconclusive) holds it; auth has no evidence at 25 %: about 2,000 \
         more requests were needed"
            .clone_into(&mut lock.reason);
        environment.lock = Some(lock);
        environment.services.clear();
        let at = (sample::STARTED_US + 130_000_000, Some(80));
        let text = status_text(&[environment], &Whole::default(), at, &Style::plain());
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        insta::assert_snapshot!(text, @r"
        shop in production, revision 4, from /srv/shop
        held: dep_01k0b7fq2m8x5n3v9c4t6w0e1a of mira for 1m30s, the analysis of auth
              (inconclusive) holds it; auth has no evidence at 25 %: about 2,000 more
              requests were needed
        next: windlass resume dep_01k0b7fq2m8x5n3v9c4t6w0e1a   goes on to the next step
              windlass promote dep_01k0b7fq2m8x5n3v9c4t6w0e1a  skips all that is left
              windlass abort dep_01k0b7fq2m8x5n3v9c4t6w0e1a    goes back
        nothing runs
        ");
    }
}
