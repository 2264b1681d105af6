//! The refusals of the controller, each with its code.

use windlass_api::{DeploymentView, Exit, LostHistoryView, Problem, command_in};
use windlass_edge::EdgeError;
use windlass_engine::deployment::{Accepted, Command, Deployment};
use windlass_engine::plan::PlanProblem;
use windlass_model::{
    AppName, DeploymentId, DeploymentState, Environment, Millis, Outcome, Percent, Plan, PlanId,
    PlanKind, Repair, ServiceName, Slot, TaskKind, nearest,
};

use crate::controller::Shared;
use crate::kept::waits_for;
use crate::taken_down;

/// The controller is ending.
pub(crate) fn stopping() -> Problem {
    Problem::new(503, "WL0301", Exit::Unreachable, "the controller is ending")
        .hint("run the command again; it starts a new one")
}

/// Too many requests wait.
pub(crate) fn busy() -> Problem {
    Problem::new(429, "WL0302", Exit::Unreachable, "the controller is busy")
        .hint("try again in a moment")
}

/// Somebody has seen a sequence that this journal does not have.
pub(crate) fn beyond_the_end(after: u64, end: u64) -> Problem {
    let title = format!("the journal ends at {end}, before {after}");
    Problem::new(409, "WL0471", Exit::Refused, title)
        .detail(
            "what was seen before was of another journal, or of this one before it was restored",
        )
        .hint(format!(
            "read it anew: after=0; or only what comes: after={end}"
        ))
}

/// The store failed.
pub(crate) fn store(error: &EdgeError) -> Problem {
    Problem::new(
        500,
        "WL0303",
        Exit::Stuck,
        "the journal could not be read or written",
    )
    .detail(error.chain())
    .hint("nothing was changed; look at the disk and at the file: windlass explain WL0303")
}

/// Another deployment holds the lock, and one was to begin.
pub(crate) fn locked(shared: &Shared, holder: &DeploymentId) -> Problem {
    let ways = format!(
        "stop it: windlass abort {holder}; begin when it has ended: windlass deploy --wait 10m; \
         take its place: windlass deploy --supersede"
    );
    held(shared, holder, &ways)
}

/// The same for another command, which waits for nobody.
pub(crate) fn locked_for(shared: &Shared, holder: &DeploymentId, asked: &str) -> Problem {
    let ways = format!("or stop it: windlass abort {holder}; when it has ended: {asked}");
    held(shared, holder, &ways)
}

/// Who holds the lock, since when, and what ends that.
fn held(shared: &Shared, holder: &DeploymentId, ways: &str) -> Problem {
    let problem = Problem::new(
        409,
        "WL0304",
        Exit::Refused,
        format!("deployment {holder} is running"),
    )
    .hint(format!(
        "follow it: windlass events {holder} --follow; {ways}"
    ));
    let running = shared.running.borrow();
    let Some(driven) = running.get(holder) else {
        return problem.detail(UNCHANGED);
    };
    let now = shared.border.clock.calendar_us();
    let spent = u64::try_from(now.saturating_sub(driven.started_us)).unwrap_or_default();
    let since = Millis::from_secs(spent / 1_000_000);
    let begun = format!("begun by {} {since} ago", driven.by);
    if let Some((who, end)) = waits_for(shared, driven, holder) {
        let title = format!("deployment {holder} is running, and {who}");
        let problem = Problem::new(409, "WL0304", Exit::Refused, title);
        return problem
            .detail(format!("{begun}; {UNCHANGED}"))
            .hint(format!("{end}; {ways}"));
    }
    let problem = problem.detail(format!("{begun}; {UNCHANGED}"));
    if driven.now.borrow().state() != DeploymentState::Stuck {
        return problem;
    }
    Problem {
        title: format!("deployment {holder} is stuck and keeps its lock"),
        ..problem.hint(mend(holder))
    }
}

/// What a refusal leaves.
const UNCHANGED: &str = "nothing was changed";

/// How a person ends what is stuck.
fn mend(id: &DeploymentId) -> String {
    mend_by(id, "--retry | --done | --abandon")
}

fn mend_by(id: &DeploymentId, ways: &str) -> String {
    format!("look with: windlass show {id}; mend it with: windlass repair {id} {ways}")
}

/// The plan's revision moved.
pub(crate) fn stale(shared: &Shared, plan: &Plan, now: &Environment) -> Problem {
    let title = format!(
        "plan {} is stale: what is stable has changed since",
        plan.id
    );
    let detail = format!(
        "planned at revision {}, now {}",
        plan.revision, now.revision
    );
    let problem = Problem::new(409, "WL0305", Exit::Refused, title);
    let typed = |words: &str| command_in(&plan.environment, words);
    match now.taken_down(plan.rollouts.keys()) {
        Some(down) => {
            let how = taken_down::how(shared, down);
            problem
                .detail(format!("{detail}: it {how}"))
                .hint(format!("to bring it up again: {}", typed("deploy")))
        }
        None => problem
            .detail(detail)
            .hint(format!("run {} again", typed("plan"))),
    }
}

/// No such plan.
pub(crate) fn unknown_plan(id: &PlanId) -> Problem {
    Problem::new(404, "WL0306", Exit::Usage, format!("there is no plan {id}"))
        .hint("plans are kept for 30 days; run windlass plan")
}

/// No such deployment.
pub(crate) fn unknown_deployment(id: &DeploymentId) -> Problem {
    Problem::new(
        404,
        "WL0307",
        Exit::Usage,
        format!("there is no deployment {id}"),
    )
    .hint("windlass list shows them")
}

/// No such service; `known` are those of which something runs there.
pub(crate) fn unknown_service<'n>(
    name: &ServiceName,
    known: impl IntoIterator<Item = &'n ServiceName>,
) -> Problem {
    let problem = Problem::new(
        404,
        "WL0308",
        Exit::Usage,
        format!("nothing runs of a service {name}"),
    );
    // One of which nothing runs may be known all the same.
    let others = known.into_iter().filter(|other| *other != name);
    let known = others.map(ServiceName::as_str);
    problem.hint(match nearest(name.as_str(), known) {
        Some(meant) => format!("did you mean {meant}? windlass status shows what runs"),
        None => "windlass status shows what runs".to_owned(),
    })
}

/// Nothing of a service that was asked for was printed, or is kept; `there`: what else is.
pub(crate) fn no_log(what: &str, why: &str, there: &[String]) -> Problem {
    let problem = Problem::new(
        404,
        "WL0489",
        Exit::Usage,
        format!("there is no log of {what}"),
    );
    problem.detail(why).hint(if there.is_empty() {
        "windlass list shows the deployments".to_owned()
    } else {
        format!("still there: {}", there.join(", "))
    })
}

/// The application belongs to another folder.
pub(crate) fn other_folder(app: &AppName, known: &str, now: &str) -> Problem {
    Problem::new(
        409,
        "WL0309",
        Exit::Refused,
        format!("{app} was deployed from another folder"),
    )
    .detail(format!("known: {known}\nnow:   {now}"))
    .hint("if it has moved: windlass deploy --move; otherwise give this one another `app`")
}

/// The file measures nothing.
pub(crate) fn no_score(app: &AppName) -> Problem {
    let title = format!("the file of {app} says nothing of a score");
    Problem::new(422, "WL0325", Exit::Configuration, title)
        .hint("add `score:` with categories and checks: windlass docs score")
}

/// No address is left.
pub(crate) fn no_address(error: &EdgeError) -> Problem {
    Problem::new(
        503,
        "WL0312",
        Exit::Refused,
        "there is no free address for an instance",
    )
    .detail(error.chain())
    .hint("nothing was changed; end what holds so many ports (ss -ltn), or run fewer instances")
}

/// A command that no longer applies.
pub(crate) fn not_now(why: &str) -> Problem {
    let title = format!("that does not apply: {why}");
    Problem::new(409, "WL0313", Exit::Refused, title).hint("see how it stands: windlass status")
}

/// The same, with what does apply to one that is stuck.
pub(crate) fn not_in_state(now: &Deployment, why: &str) -> Problem {
    let problem = not_now(why);
    if now.state() == DeploymentState::Stuck {
        // What is not done on anybody's word is not offered.
        return problem.hint(match now.accepts(Command::Repair(Repair::Done)) {
            Accepted::Yes | Accepted::NoChange => mend(&now.id),
            Accepted::No(_) => mend_by(&now.id, "--retry | --abandon"),
        });
    }
    problem.hint(match going_back_later(now) {
        Some(when) => when,
        None => format!("see how it stands: windlass show {}", now.id),
    })
}

/// What somebody says was judged by what it was stuck on, and it is stuck on something else.
pub(crate) fn stuck_anew(now: &Deployment) -> Problem {
    let title = format!("what {} is stuck on has changed meanwhile", now.id);
    Problem::new(409, "WL0313", Exit::Refused, title)
        .detail("nothing was written down: what you said was about what it was stuck on before")
        .hint(mend(&now.id))
}

/// Many have said why they want what is so already.
pub(crate) fn no_more_reasons(id: &DeploymentId) -> Problem {
    let title = format!("{id} keeps no further reason for what is so already");
    Problem::new(409, "WL0313", Exit::Refused, title)
        .detail("it is as you want it; only why you do is not kept")
        .hint(format!(
            "without -m it is no refusal; see how it stands: windlass show {id}"
        ))
}

/// How to go back from one that is promoted and still ends what served before.
fn going_back_later(now: &Deployment) -> Option<String> {
    if now.state() != DeploymentState::Settling || now.plan.kind != PlanKind::Deploy {
        return None;
    }
    let drains = now.plan.tasks.iter().filter_map(|task| {
        if let TaskKind::Drain { within, .. } = task.kind {
            Some(within)
        } else {
            None
        }
    });
    let id = &now.id;
    drains.max().map(|within| {
        format!(
            "it drains for at most {within}; to go back from it: windlass events {id} --follow, \
             then windlass rollback"
        )
    })
}

/// The same for a deployment whose loop has ended.
pub(crate) fn over(shared: &Shared, view: &DeploymentView) -> Problem {
    let id = &view.id;
    let environment = shared.environment(&view.app, &view.environment);
    let down = environment.taken_down(view.rollouts.keys());
    // What was taken down before it began says nothing about its end.
    if let Some(down) = down.filter(|down| down.at_us >= view.started_us) {
        return not_now("it has ended")
            .detail(format!(
                "what it deployed {}",
                taken_down::how(shared, down)
            ))
            .hint("to bring it up again: windlass deploy");
    }
    let look = || format!("see how it ended: windlass show {id}");
    let again = || format!("the same once more: windlass retry {id}");
    let (how, next) = match view.state {
        DeploymentState::Ended(Outcome::Promoted) => match view.kind {
            PlanKind::Deploy => (
                "it was promoted",
                "to go back from it: windlass rollback".to_owned(),
            ),
            PlanKind::Rollback | PlanKind::Remove => ("it was promoted", look()),
        },
        DeploymentState::Ended(Outcome::PartlyPromoted) => ("it was promoted in part", look()),
        DeploymentState::Ended(Outcome::RolledBack) => {
            ("it went back to the previous releases", again())
        }
        DeploymentState::Ended(Outcome::Failed) => ("it failed, and nothing ran before", again()),
        DeploymentState::Ended(Outcome::Abandoned) => ("it was given up as it was", look()),
        DeploymentState::Stuck => ("it is stuck", mend(id)),
        DeploymentState::Running
        | DeploymentState::Held
        | DeploymentState::Returning
        | DeploymentState::Settling => ("it is ending", look()),
    };
    not_now("it has ended").detail(how).hint(next)
}

/// A run that nobody listens to.
pub(crate) fn not_heard(id: &DeploymentId, service: &ServiceName) -> Problem {
    let title = format!("no run of {service} in {id} is heard");
    Problem::new(403, "WL0377", Exit::Refused, title)
        .detail("the deployment has ended, or it runs no command of this service")
        .hint(format!("windlass show {id} says how it ended"))
}

/// A damaged journal.
pub(crate) fn unreadable(id: &DeploymentId, why: &str) -> Problem {
    Problem::new(
        500,
        "WL0314",
        Exit::Stuck,
        format!("the journal of {id} can't be read"),
    )
    .detail(why)
    .hint("windlass doctor says which row is damaged")
}

/// The router can't be asked.
pub(crate) fn no_router(error: &EdgeError) -> Problem {
    Problem::new(502, "WL0316", Exit::Stuck, "the router can't be asked")
        .detail(error.chain())
        .hint(
            "try again in a second: a router that has died is started again; else windlass doctor",
        )
}

/// The journal is older than what runs.
pub(crate) fn lost_history(lost: &LostHistoryView) -> Problem {
    let title = "the journal is older than what runs; nothing was changed";
    Problem::new(409, "WL0330", Exit::Stuck, title)
        .detail(format!(
            "this controller's epoch is {}, and router or shims have heard epoch {}",
            lost.own, lost.heard
        ))
        .hint("to take over what runs now: windlass repair --adopt")
}

/// Nothing is to be adopted.
pub(crate) fn not_lost() -> Problem {
    let title = "the journal is as new as what runs: there is nothing to adopt";
    Problem::new(409, "WL0331", Exit::Refused, title).hint("look at what runs: windlass status")
}

/// What runs can't be seen.
pub(crate) fn not_adopted(error: &EdgeError) -> Problem {
    let title = "what runs can't be looked at; nothing was adopted";
    Problem::new(502, "WL0332", Exit::Stuck, title)
        .detail(error.chain())
        .hint("windlass doctor, then the same again")
}

/// Too many wait for the lock.
pub(crate) fn queue_full(most: usize) -> Problem {
    let title = format!("{most} deployments wait for this environment already");
    Problem::new(429, "WL0341", Exit::Refused, title).hint("try again when one of them has ended")
}

/// `--wait` ran out.
pub(crate) fn waited(shared: &Shared, limit: Millis, holder: Option<&DeploymentId>) -> Problem {
    let running = shared.running.borrow();
    let driven = holder.and_then(|id| Some((id, running.get(id)?)));
    let waits = driven.and_then(|(id, driven)| Some((id, waits_for(shared, driven, id)?)));
    if let Some((id, (who, end))) = waits {
        let title = format!("deployment {id} still runs after {limit}: {who}");
        let problem = Problem::new(409, "WL0342", Exit::Waiting, title);
        return problem.hint(format!("nothing was begun; {end}"));
    }
    let title = match holder {
        Some(holder) => format!("deployment {holder} still runs after {limit}"),
        None => format!("others came first for {limit}"),
    };
    let hint = match holder {
        Some(holder) => {
            format!("nothing was begun; follow it with: windlass events {holder} --follow")
        }
        None => "nothing was begun; ask again".to_owned(),
    };
    Problem::new(409, "WL0342", Exit::Waiting, title).hint(hint)
}

/// What should be superseded can't go back by itself.
pub(crate) fn in_the_way(holder: &DeploymentId) -> Problem {
    let title = format!("deployment {holder} is stuck and can't be superseded");
    Problem::new(409, "WL0343", Exit::Stuck, title).hint(mend(holder))
}

/// A service that can't be taken away.
pub(crate) fn not_removed(service: &ServiceName, found: &[PlanProblem]) -> Problem {
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    let title = format!("{service} can't be removed");
    Problem::new(409, "WL0347", Exit::Refused, title)
        .detail(lines.join("\n"))
        .hint("nothing was changed; what runs and needs it: windlass status")
}

/// A deployment that runs has left nothing yet.
pub(crate) fn not_final_yet(id: &DeploymentId) -> Problem {
    let title = format!("{id} has not ended: nothing that it leaves can be dropped yet");
    Problem::new(409, "WL0348", Exit::Refused, title)
        .hint(format!("follow it: windlass events {id} --follow"))
}

/// One that is stuck may still go on.
pub(crate) fn not_final_while_stuck(id: &DeploymentId) -> Problem {
    let title = format!("{id} is stuck: nothing that it leaves can be dropped yet");
    Problem::new(409, "WL0348", Exit::Refused, title).hint(mend(id))
}

/// What somebody let go of is in no slot: nobody knows what runs of it.
pub(crate) fn abandoned(id: &DeploymentId) -> Problem {
    let title = format!("{id} was abandoned: what it left is in no slot, and may run");
    Problem::new(409, "WL0352", Exit::Refused, title)
        .hint("windlass doctor names what no slot has; a new controller ends it: windlass serve --replace")
}

/// Only a candidate that failed is left of a service.
pub(crate) fn only_failed(service: &ServiceName, by: &DeploymentId) -> Problem {
    let title = format!("of {service} only a failed candidate runs, kept to be looked at");
    Problem::new(409, "WL0354", Exit::Refused, title)
        .hint(format!("drop it: windlass finalize {by}"))
}

/// What could not be dropped.
pub(crate) fn not_finalized(id: &DeploymentId, error: &EdgeError) -> Problem {
    let title = format!("what {id} has left could not be dropped");
    Problem::new(500, "WL0349", Exit::Stuck, title)
        .detail(error.chain())
        .hint("run the command again; it goes on where it stopped")
}

/// Only giving up mends a deployment whose journal is damaged.
pub(crate) fn only_abandon(id: &DeploymentId, why: &str) -> Problem {
    let title = format!("the journal of {id} is damaged: nobody knows what it was doing");
    Problem::new(409, "WL0350", Exit::Refused, title)
        .detail(why)
        .hint(format!("let go of it with: windlass repair {id} --abandon"))
}

/// A standby that is to be stopped first has traffic.
pub(crate) fn standby_serves(service: &ServiceName, slot: &Slot, share: Percent) -> Problem {
    let version = &slot.release.version;
    let title =
        format!("{service} {version} is to be stopped first, and gets {share} of the requests");
    Problem::new(409, "WL0379", Exit::Refused, title)
        .detail("who has the traffic is not what the journal says".to_owned())
        .hint("a new controller gives it to what is stable: windlass serve --replace")
}

/// A service that is needed and stays as it is answers badly.
pub(crate) fn need_not_ready(plan: &Plan, [need, by]: [&ServiceName; 2], saw: &str) -> Problem {
    let title = format!("{by} needs {need}, and no instance of {need} is ready");
    let look = command_in(&plan.environment, &format!("logs {need}"));
    Problem::new(409, "WL0351", Exit::Refused, title)
        .detail(format!("last answer: {saw}"))
        .hint(format!("look with: {look}"))
}
