//! `windlass doctor`: what is not as it should be, and what would mend it. Starts nothing.

use serde::Serialize;
use windlass_api::Exit;
use windlass_client::StatePaths;

use super::file::Found;
use super::version::VERSION;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::doctor::{
    Finding, Level, certificates, controller, drift, file, instances, journal, machine, open,
    releases, restored, router, sockets, state, tokens, unreadable,
};
use crate::report::Report;
use crate::ui::words::{counted, harmless};
use crate::ui::wrap::hang;
use crate::ui::{Role, Style};

/// All that was found.
#[derive(Debug, Serialize)]
struct Examined {
    state_dir: String,
    /// Where the API is served to this user; nobody need listen there.
    controller_socket: String,
    broken: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

pub(crate) async fn run(context: &Context) -> Result<Report, Diagnostic> {
    let paths = context.paths()?;
    let mut findings = if paths.exists() {
        installation(&paths, &context.ui.style()).await
    } else {
        Vec::new()
    };
    findings.extend(file_here(context));
    findings.extend(machine());
    // What can't go on first, whatever was looked at before.
    findings.sort_by_key(|found| std::cmp::Reverse(found.level));
    for found in &mut findings {
        // For scripts too, which nobody else makes whole.
        found.fix = found.fix.take().map(|fix| context.ui.again(&fix));
    }
    let count = |level| findings.iter().filter(|found| found.level == level).count();
    let examined = Examined {
        state_dir: paths.state.display().to_string(),
        controller_socket: paths.controller_socket.display().to_string(),
        broken: count(Level::Broken),
        warnings: count(Level::Warning),
        findings,
    };
    let shown = (context.ui.columns(), &context.ui.style());
    let text = told(&examined, paths.exists(), shown);
    let mut report = Report::new(text, &examined)?.sentences();
    if examined.broken > 0 {
        report.exit = Exit::Stuck;
    }
    Ok(report)
}

/// The file of this folder, where there is one.
fn file_here(context: &Context) -> Option<Finding> {
    if !Found::is_here(context) {
        return None;
    }
    let found = match Found::find(context) {
        Ok(found) => found,
        Err(why) => return Some(unreadable(&why)),
    };
    let read = found.try_load(context.global.environment.as_deref(), &[]);
    Some(match &read {
        Ok(loaded) => file(&found.name, Ok(&loaded.warnings)),
        // Which of its environments is meant is not asked here.
        Err(refused) if refused.lacks_an_environment() => file(&found.name, Ok(&refused.warnings)),
        Err(refused) => file(&found.name, Err(&refused.problems)),
    })
}

/// What concerns one state directory.
async fn installation(paths: &StatePaths, style: &Style) -> Vec<Finding> {
    let mut findings = state(paths);
    let (seen, opens) = journal(paths).await;
    findings.push(seen);
    findings.push(releases(paths).await);
    findings.push(tokens(paths));
    let seen = controller(paths, VERSION, opens).await;
    findings.push(seen.finding);
    findings.extend(seen.unready);
    findings.extend(seen.status.as_deref().map(open).unwrap_or_default());
    findings.extend(router(paths, opens));
    findings.extend(restored(paths).await);
    findings.extend(certificates(paths, style));
    findings.extend(seen.status.as_deref().map(drift));
    findings.push(instances(paths, seen.status.as_deref()));
    findings.push(sockets(paths));
    findings
}

fn told(examined: &Examined, there: bool, (fits, style): (Option<usize>, &Style)) -> String {
    let mut text = String::new();
    if !there {
        text.push_str(&format_nothing(&examined.state_dir));
    }
    let width = examined
        .findings
        .iter()
        .map(|found| found.check.len())
        .max();
    let width = width.unwrap_or_default();
    for found in &examined.findings {
        let (word, role) = match found.level {
            Level::Ok => ("ok     ", Role::Good),
            Level::Warning => ("warning", Role::Warn),
            Level::Broken => ("broken ", Role::Bad),
        };
        let head = style.paint(role, word);
        let (check, saw) = (found.check, harmless(&found.saw));
        let head = format!("{head}  {check:width$}  ");
        text.push_str(&(hang(&head, &saw, fits) + "\n"));
        for line in &found.printed {
            text.push_str(&["         | ", &harmless(line), "\n"].concat());
        }
        if let Some(fix) = &found.fix {
            text.push_str(&(hang("         fix: ", &harmless(fix), fits) + "\n"));
        }
    }
    text.push_str(&summary(examined));
    text
}

fn format_nothing(state: &str) -> String {
    format!("nothing was ever deployed: {state} is not there\n")
}

fn summary(examined: &Examined) -> String {
    match (examined.broken, examined.warnings) {
        (0, 0) => "all is well\n".to_owned(),
        (0, warnings) => format!("nothing is broken, {}\n", counted(warnings, "warning")),
        (broken, warnings) => format!("{broken} broken, {}\n", counted(warnings, "warning")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_is_a_line_and_what_is_not_well_has_a_fix_below() {
        let found = |check, level, saw: &str, fix: Option<&str>| Finding {
            check,
            level,
            saw: saw.to_owned(),
            printed: Vec::new(),
            fix: fix.map(str::to_owned),
        };
        let examined = Examined {
            state_dir: "/srv/state".to_owned(),
            controller_socket: "/srv/state/run/controller.sock".to_owned(),
            broken: 1,
            warnings: 1,
            findings: vec![
                found("state directory", Level::Ok, "/srv/state, private", None),
                found(
                    "halt",
                    Level::Warning,
                    "jo has halted every raise",
                    Some("windlass halt --lift"),
                ),
                found(
                    "controller",
                    Level::Broken,
                    "process 4711 is stopped",
                    Some("let it go on: kill -CONT 4711"),
                ),
            ],
        };
        insta::assert_snapshot!(told(&examined, true, (None, &Style::plain())), @r"
        ok       state directory  /srv/state, private
        warning  halt             jo has halted every raise
                 fix: windlass halt --lift
        broken   controller       process 4711 is stopped
                 fix: let it go on: kill -CONT 4711
        1 broken, 1 warning
        ");
    }
}
